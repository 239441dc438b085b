/* native_chain.h - A row of native stages, replicated over the cores.
 *
 * DESIGN
 *
 * Each worker is a thread with a state of its own for every stage. It reads a
 * block from the source and runs it through the chain by direct calls before it
 * reads the next, so a block's bytes stay in that core's cache and no two threads
 * meet on the way. They meet at the source, which hands out blocks, and at the
 * serial part, if there is one: the stages from the first serial one on, or the
 * outlet where the output is to be ordered. The serial part takes one block at a
 * time and, in an ordered chain, in the order of the source. Blocks that come
 * before their turn are parked, up to a budget of bytes; a worker whose turn it is
 * never waits for another one, so the budget can't lock the chain up.
 *
 * Without a source among its stages a chain reads parcels from its inlet. What its
 * last stage emits goes to the outlet, and so do rejected records.
 *
 * At the end of the input the last worker merges and flushes the stages in order,
 * closes them, and closes the outlet.
 *
 * A chain belongs to the process that made it. After a fork the child may only
 * forget it.
 */
#ifndef MG_NATIVE_CHAIN_H
#define MG_NATIVE_CHAIN_H

#include "native_pipe.h"
#include "stage.h"
#include "status.h"

enum { MG_NATIVE_STAGES = 32 }; /* in one chain */

typedef struct mg_native_chain mg_native_chain_t;

typedef struct {
    uint32_t workers;
    bool ordered;
    bool wanted;   /* somebody reads the outlet's blocks; else only rejects go there */
    size_t budget; /* bytes that may wait at each border; 0 for the default */
} mg_native_chain_options_t;

typedef struct {
    uint64_t consumed, produced, failed; /* records */
    uint64_t nanoseconds;                /* at work in this stage, on all workers */
} mg_native_counters_t;

/* MG_INVALID - no workers, or too many.
 * MG_NOMEM   - no memory. */
mg_status_t mg_native_chain_new(mg_native_chain_t **chain, const mg_native_chain_options_t *options);

/* Adds a stage at the end. The options must live as long as the chain.
 * MG_INVALID - the stage can't be used; `error` tells why. */
mg_status_t mg_native_chain_add(mg_native_chain_t *chain, const mg_stage_t *stage,
                                const mg_options_t *options, mg_error_t *error);

/* Tells whether a stage can be used by this version: MG_OK, or MG_INVALID with the
 * reason. `stage` may be NULL or point to something else's memory, so a mistake is
 * likely seen but not surely. */
mg_status_t mg_native_stage_check(const mg_stage_t *stage, mg_error_t *error);

/* True if the first stage is a source: then the inlet isn't used. */
bool mg_native_chain_has_source(const mg_native_chain_t *chain);

/* Opens the stages and starts the workers; inside the gate, so that no fork comes
 * between.
 * MG_INVALID - a stage refused; see mg_native_chain_error.
 * MG_SYSERR, MG_NOMEM */
mg_status_t mg_native_chain_start(mg_native_chain_t *chain);

mg_native_pipe_t *mg_native_chain_inlet(mg_native_chain_t *chain);
mg_native_pipe_t *mg_native_chain_outlet(mg_native_chain_t *chain);
mg_native_parcels_t *mg_native_chain_parcels(mg_native_chain_t *chain);

/* Gives a parcel from the Ruby side its place in the order. One thread. */
void mg_native_chain_number(mg_native_chain_t *chain, mg_native_parcel_t *parcel);

/* True if all parcels that were pushed into the inlet have gone through: what they gave is
 * in the outlet, or was taken from there, or is kept by stages for the end. When that
 * comes true the outlet's park rings. Any thread. */
bool mg_native_chain_idle(mg_native_chain_t *chain);

/* A copy of the columns that lives as long as the chain; equal columns give the same
 * one. NULL if there is no memory. Any thread. */
const mg_columns_t *mg_native_chain_columns(mg_native_chain_t *chain, const mg_columns_t *columns);

/* Ends the input here, as a stage does that has enough: nothing more is read, and the
 * chain ends well. Any thread, any number of times. */
void mg_native_chain_end(mg_native_chain_t *chain);

/* Makes all workers leave soon. Any thread, any number of times. */
void mg_native_chain_cancel(mg_native_chain_t *chain);

/* Waits for the workers, after the outlet has closed or after a cancel. */
void mg_native_chain_join(mg_native_chain_t *chain);

/* The first failure of a stage: its number, or -1 if there was none. */
int mg_native_chain_error(mg_native_chain_t *chain, mg_error_t *error);

/* Any thread, any time. */
void mg_native_chain_counters(mg_native_chain_t *chain, uint32_t stage,
                              mg_native_counters_t *counters);

uint32_t mg_native_chain_size(const mg_native_chain_t *chain);
const char *mg_native_chain_name(const mg_native_chain_t *chain, uint32_t stage);

/* Cancels a started chain without waiting for its workers, instead of joining it. When the last of
 * them has left, `dispose` is called with `data`, by that worker or by this call, to free the chain
 * and whatever it has in use. Owner, once; the chain is not to be used after it. */
void mg_native_chain_abandon(mg_native_chain_t *chain, void (*dispose)(void *data), void *data);

/* Frees a chain that was not started, was joined, or is disposed of. NULL is allowed. */
void mg_native_chain_free(mg_native_chain_t *chain);

#endif
