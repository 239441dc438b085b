/* exchange.h - A process and the workers it forks: the memory they share, their
 * transports and doorbells, and the one wait for all of them.
 *
 * One is made before the first worker is forked. Afterwards the process that made
 * it is the parent, and each worker enters one of its places. One thread at a time
 * may use it, but for mg_exchange_sleep and mg_exchange_wake.
 */
#ifndef MG_EXCHANGE_H
#define MG_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"
#include "status.h"
#include "transport.h"

typedef struct mg_exchange mg_exchange_t;

/* Makes places for `workers` workers, with rings of `capacity` bytes.
 * MG_INVALID - no workers, or see mg_ring_init.
 * MG_NOMEM, MG_SYSERR - nothing was kept. */
mg_status_t mg_exchange_new(mg_exchange_t **out, uint32_t workers, size_t capacity);

/* Frees what this process has of it. NULL is fine. */
void mg_exchange_free(mg_exchange_t *exchange);

/* Parent: its end of the transport to a place. In a worker: the worker's own. */
mg_transport_t *mg_exchange_transport(mg_exchange_t *exchange, uint32_t place);

/* In a worker, once after its fork: makes it the one at `place`. It ends itself when
 * its parent ends, after `grace` milliseconds.
 * MG_SYSERR - it could not be arranged that it does. */
mg_status_t mg_exchange_enter(mg_exchange_t *exchange, uint32_t place, pid_t parent,
                              unsigned grace);

/* Worker: has the parent ended? */
bool mg_exchange_orphaned(const mg_exchange_t *exchange);

/* Parent: watches the worker at `place`, from its fork to its end. True where the
 * system tells of that end; else the parent has to look for itself, now and then. */
bool mg_exchange_watch(mg_exchange_t *exchange, uint32_t place, pid_t pid);

/* Parent: was the worker found to have ended, in a wait? */
bool mg_exchange_ended(const mg_exchange_t *exchange, uint32_t place);

/* Parent: forgets the worker at `place` and readies the place for another. */
void mg_exchange_vacate(mg_exchange_t *exchange, uint32_t place);

/* Sleeps until a message or room has come, a worker has ended, mg_exchange_wake was
 * called, a signal came, or `milliseconds` have passed (-1: no limit). A worker waits
 * for its own transport alone, and with something unsent for room alone. While results flow, the parent only naps, a few
 * milliseconds: workers with enough left to do needn't wake it for each message. */
void mg_exchange_wait(mg_exchange_t *exchange, int milliseconds);

/* The same in parts, of which only mg_exchange_sleep may run while another thread
 * uses the exchange for other things. True if it is to be called. */
bool mg_exchange_doze(mg_exchange_t *exchange);
void mg_exchange_sleep(mg_exchange_t *exchange, int milliseconds);
void mg_exchange_rise(mg_exchange_t *exchange);

/* Ends this process's present or next sleep. From any thread or signal handler. */
void mg_exchange_wake(mg_exchange_t *exchange);

#endif
