#include "turn.h"

#include "clock.h"
#include "platform.h"

enum {
    LOOKS = 8,        /* at the turn between two at the clock */
    MOST_LEFT_OUT = 1023
};

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

static bool
take_if_passed(mg_turn_t *turn)
{
    return !atomic_load_explicit(&turn->held, memory_order_relaxed) &&
           !atomic_exchange_explicit(&turn->held, true, memory_order_relaxed);
}

static bool
wait_awake(mg_turn_t *turn, const _Atomic bool *given_up, uint64_t until)
{
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (take_if_passed(turn)) return true;
            mg_cpu_relax();
        }
    } while (!atomic_load_explicit(given_up, memory_order_relaxed) && mg_clock_now() < until);
    return false;
}

static bool
is_left_out(mg_turn_t *turn)
{
    uint32_t left = atomic_load_explicit(&turn->left_out, memory_order_relaxed);
    if (left == 0) return false;
    atomic_store_explicit(&turn->left_out, left - 1, memory_order_relaxed);
    return true;
}

/* Those who learn at the same time may forget what the other has learnt. */
static void
learn(mg_turn_t *turn, bool won)
{
    uint32_t penalty = atomic_load_explicit(&turn->penalty, memory_order_relaxed);
    penalty = won ? penalty / 2 : 2 * penalty + 1;
    if (penalty > MOST_LEFT_OUT) penalty = MOST_LEFT_OUT;
    atomic_store_explicit(&turn->penalty, penalty, memory_order_relaxed);
    if (!won) atomic_store_explicit(&turn->left_out, penalty, memory_order_relaxed);
}

bool
mg_turn_await(mg_turn_t *turn, const _Atomic bool *given_up)
{
    if (take_if_passed(turn)) return true;

    uint64_t now = mg_clock_now();
    uint64_t awaited = atomic_load_explicit(&turn->awaited_until, memory_order_relaxed);
    if (awaited > now || is_left_out(turn)) return false;
    if (!atomic_compare_exchange_strong(&turn->awaited_until, &awaited, now + turn->patience)) return false;

    bool won = wait_awake(turn, given_up, now + turn->patience);
    if (won || !atomic_load_explicit(given_up, memory_order_relaxed)) learn(turn, won);
    atomic_store_explicit(&turn->awaited_until, 0, memory_order_relaxed);
    return won;
}
