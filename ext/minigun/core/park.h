/* park.h - One thread's place to sleep, and the bell that wakes it.
 *
 * DESIGN
 *
 * The bell is sticky: a ring before the sleep makes the next sleep return at
 * once. So whoever changes what the sleeper waits for, then rings, loses no
 * wake-up, whatever the order. One thread sleeps; any thread may ring, also from
 * a signal handler where futexes exist (elsewhere a condition variable stands
 * in, and a ring from a handler is not safe).
 */
#ifndef MG_PARK_H
#define MG_PARK_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

#ifdef MG_LINUX
typedef struct {
    _Atomic uint32_t rung;
} mg_park_t;
#else
#include <pthread.h>
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t bell;
    bool rung; /* Guarded by lock. */
} mg_park_t;
#endif

void mg_park_init(mg_park_t *park);
void mg_park_fini(mg_park_t *park);

/* Sleeps until the bell rings or `deadline` (mg_clock_now's nanoseconds; 0 for
 * none) has passed, and takes the ring away. True if it rang. */
bool mg_park_sleep(mg_park_t *park, uint64_t deadline);

void mg_park_ring(mg_park_t *park);

/* Has it rung, so that the next sleep will be none? */
bool mg_park_is_rung(mg_park_t *park);

#endif
