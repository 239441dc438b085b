/* turn.h - Who is awake waits awake for a lock that is about to be let go.
 *
 * DESIGN
 *
 * Threads that work under one lock, as Ruby's do, and hand work to each other wake
 * the next one while they still hold the lock. It would go to sleep again at the
 * lock, and be woken a second time. Two such sleeps take longer than what there is
 * to do with a queueful of small items. So one thread at a time waits awake, for
 * about as long as that, until the holder says that it lets go. Each wait that was
 * for nothing makes more of those that follow be left out, each that was not, fewer.
 *
 * All of this is a hint. The lock itself is what keeps threads apart, and a turn
 * that says wrong costs time alone.
 *
 * Waiting for no longer than a sleep costs is "competitive spinning": Karlin, Li,
 * Manasse, Owicki, Empirical Studies of Competitive Spinning for a Shared-Memory
 * Multiprocessor, SOSP 1991.
 */
#ifndef MG_TURN_H
#define MG_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All but `patience` is zero to begin with. Any thread may call what is here. */
typedef struct {
    uint64_t patience; /* nanoseconds */
    _Atomic bool held;
    _Atomic uint64_t awaited_until; /* mg_clock_now's; somebody waits, unless it has passed */
    _Atomic uint32_t left_out;      /* waits to be left out */
    _Atomic uint32_t penalty;       /* how many were, after the last failure */
} mg_turn_t;

/* The caller holds the lock now, and: has let it go. */
void mg_turn_take(mg_turn_t *turn);
void mg_turn_pass(mg_turn_t *turn);

/* Waits until the turn was passed, for as long as its patience lasts, or until
 * `given_up` is set.
 *
 * True: it has been passed, and is the caller's. */
bool mg_turn_await(mg_turn_t *turn, const _Atomic bool *given_up);

#endif
