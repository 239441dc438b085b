#include "turn.h"

#include "clock.h"
#include "platform.h"

#include <sched.h>

enum {
    LOOKS = 8, /* at the turn between two at the clock */
    MOST_LEFT_OUT = 1023
};

static bool
is_left_out(mg_waits_t *waits)
{
    uint32_t left = atomic_load_explicit(&waits->left_out, memory_order_relaxed);
    if (left == 0) return false;
    atomic_store_explicit(&waits->left_out, left - 1, memory_order_relaxed);
    return true;
}

/* Those who learn at the same time may forget what the other has learnt. */
static void
learn(mg_waits_t *waits, bool paid)
{
    uint32_t penalty = atomic_load_explicit(&waits->penalty, memory_order_relaxed);
    penalty = paid ? penalty / 2 : 2 * penalty + 1;
    if (penalty > MOST_LEFT_OUT) penalty = MOST_LEFT_OUT;
    atomic_store_explicit(&waits->penalty, penalty, memory_order_relaxed);
    if (!paid) atomic_store_explicit(&waits->left_out, penalty, memory_order_relaxed);
}

void
mg_turn_take(mg_turn_t *turn)
{
    atomic_store_explicit(&turn->held, true, memory_order_relaxed);
}

void
mg_turn_pass(mg_turn_t *turn)
{
    atomic_store_explicit(&turn->held, false, memory_order_relaxed);
}

void
mg_turn_linger(mg_turn_t *turn, mg_park_t *park)
{
    if (mg_park_is_rung(park) || is_left_out(&turn->lingers)) return;

    uint64_t until = mg_clock_now() + turn->lingers.patience;
    bool rang;
    do {
        sched_yield();
        rang = mg_park_is_rung(park);
    } while (!rang && mg_clock_now() < until);
    learn(&turn->lingers, rang);
}

static bool
take_if_passed(mg_turn_t *turn)
{
    return !atomic_load_explicit(&turn->held, memory_order_relaxed) &&
           !atomic_exchange_explicit(&turn->held, true, memory_order_relaxed);
}

static bool
await(mg_turn_t *turn, const _Atomic bool *given_up, uint64_t until)
{
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (take_if_passed(turn)) return true;
            mg_cpu_relax();
        }
    } while (!atomic_load_explicit(given_up, memory_order_relaxed) && mg_clock_now() < until);
    return false;
}

bool
mg_turn_await(mg_turn_t *turn, const _Atomic bool *given_up)
{
    if (take_if_passed(turn)) return true;

    uint64_t now = mg_clock_now(), until = now + turn->awaits.patience;
    uint64_t awaited = atomic_load_explicit(&turn->awaited_until, memory_order_relaxed);
    if (awaited > now || is_left_out(&turn->awaits)) return false;
    if (!atomic_compare_exchange_strong(&turn->awaited_until, &awaited, until)) return false;

    bool won = await(turn, given_up, until);
    if (won || !atomic_load_explicit(given_up, memory_order_relaxed)) learn(&turn->awaits, won);
    atomic_store_explicit(&turn->awaited_until, 0, memory_order_relaxed);
    return won;
}
