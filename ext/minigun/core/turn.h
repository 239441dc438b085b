/* turn.h - Threads that hand work to each other under one lock, and wait awake for it.
 *
 * DESIGN
 *
 * Threads that work under one lock, as Ruby's do, wake the next one while they still
 * hold the lock. It would go to sleep again at the lock, and be woken a second time;
 * and what wakes it on an idle processor takes longer than there is to do with a
 * queueful of small items. So there are two waits without sleep. A thread that has
 * nothing to do lingers for a while, to be still there when its bell rings, and lets
 * all others have the processor before it looks again. And one thread at a time whose
 * bell rang awaits its turn: that the holder says it lets go of the lock.
 *
 * Both last for about as long as what they save: "competitive spinning", Karlin, Li,
 * Manasse, Owicki, Empirical Studies of Competitive Spinning for a Shared-Memory
 * Multiprocessor, SOSP 1991. Each wait that was for nothing makes more of those that
 * follow be left out, each that was not, fewer.
 *
 * All of this is a hint. The lock itself is what keeps threads apart, and a turn
 * that says wrong costs time alone.
 */
#ifndef MG_TURN_H
#define MG_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "park.h"

/* All but `patience` is zero to begin with. */
typedef struct {
    uint64_t patience; /* nanoseconds */
    _Atomic uint32_t left_out; /* waits to be left out */
    _Atomic uint32_t penalty;  /* how many were, after the last failure */
} mg_waits_t;

/* Any thread may call what is here. */
typedef struct {
    mg_waits_t lingers, awaits;
    _Atomic bool held;
    _Atomic uint64_t awaited_until; /* mg_clock_now's; somebody waits, unless it has passed */
} mg_turn_t;

/* The caller holds the lock now, and: has let it go. */
void mg_turn_take(mg_turn_t *turn);
void mg_turn_pass(mg_turn_t *turn);

/* Waits until the bell rings, and leaves it rung, or until patience is at an end. */
void mg_turn_linger(mg_turn_t *turn, mg_park_t *park);

/* Waits until the turn was passed, until patience is at an end, or until `given_up`
 * is set.
 *
 * True: it has been passed, and is the caller's. */
bool mg_turn_await(mg_turn_t *turn, const _Atomic bool *given_up);

#endif
