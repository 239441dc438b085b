/* doorbell.h - Wakes a process that waits for what another one writes to shared
 * memory.
 *
 * DESIGN
 *
 * A word in shared memory says whether the waiter sleeps; a descriptor made before
 * the fork (an eventfd, elsewhere a pipe) wakes it. So a bell rung while the waiter
 * is awake costs no system call, and the waiter can sleep on the bell and on the
 * ends of other processes in one poll(2), which a futex would not allow.
 *
 * The waiter announces its sleep, looks again at what it waits for, and only then
 * sleeps; the ringer changes that first, and then looks at the word. One of the two
 * sees the other.
 */
#ifndef MG_DOORBELL_H
#define MG_DOORBELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"

/* In shared memory, zeroed to begin with. */
typedef struct {
    _Atomic uint32_t asleep;
} mg_doorbell_word_t;

/* All zero but the descriptors, which are -1 while there are none. */
typedef struct {
    mg_doorbell_word_t *word;
    int read_fd; /* readable once the bell rang */
    int write_fd;
} mg_doorbell_t;

/* MG_SYSERR - no descriptor to be had. */
mg_status_t mg_doorbell_open(mg_doorbell_t *bell, mg_doorbell_word_t *word);
void mg_doorbell_close(mg_doorbell_t *bell);

/* Any process: wakes the waiter if it sleeps or is about to; if `softly`, not from a
 * nap. Call it after what the waiter waits for was published. */
void mg_doorbell_ring(mg_doorbell_t *bell, bool softly);

/* Any thread, also in a signal handler: makes the present or the next sleep end. */
void mg_doorbell_wake(mg_doorbell_t *bell);

/* The waiter, around its sleep: announces it, and ends it. A nap is a sleep that ends
 * soon by itself. `rang` tells that the bell's descriptor was readable; a ring that is
 * left stands for the next sleep. */
void mg_doorbell_doze(mg_doorbell_t *bell, bool nap);
void mg_doorbell_rise(mg_doorbell_t *bell, bool rang);

#endif
