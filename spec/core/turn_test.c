#include "core/turn.h"

#include "core/clock.h"

#include "test.h"

#include <pthread.h>
#include <sched.h>

static const _Atomic bool never = false;

enum { SHORT = 1000, LONG = 1000000000 }; /* ns */

TEST(turn_is_there_for_who_comes_after_it_was_passed)
{
    mg_turn_t turn = { .awaits.patience = SHORT };
    CHECK(mg_turn_await(&turn, &never));
    CHECK(turn.held);
    mg_turn_pass(&turn);
    CHECK(mg_turn_await(&turn, &never));
}

TEST(turn_is_not_waited_for_without_end)
{
    mg_turn_t turn = { .awaits.patience = SHORT };
    mg_turn_take(&turn);
    CHECK(!mg_turn_await(&turn, &never));
}

TEST(turn_is_waited_for_by_one_thread_at_a_time)
{
    mg_turn_t turn = { .awaits.patience = SHORT, .awaited_until = mg_clock_now() + 1000000000000 };
    mg_turn_take(&turn);
    CHECK(!mg_turn_await(&turn, &never));
    CHECK(turn.awaits.penalty == 0); /* it did not wait */
    mg_turn_pass(&turn);
    CHECK(mg_turn_await(&turn, &never));
}

TEST(turn_of_a_waiter_that_never_came_back_can_be_waited_for)
{
    mg_turn_t turn = { .awaits.patience = SHORT, .awaited_until = mg_clock_now() };
    mg_turn_take(&turn);
    CHECK(!mg_turn_await(&turn, &never));
    CHECK(turn.awaits.penalty == 1); /* it waited */
}

TEST(turn_waits_that_were_for_nothing_leave_more_and_more_out)
{
    mg_turn_t turn = { .awaits.patience = SHORT };
    uint32_t waited = 0;
    mg_turn_take(&turn);
    for (int i = 0; i < 5000; i++) {
        uint32_t before = turn.awaits.penalty;
        mg_turn_await(&turn, &never);
        waited += turn.awaits.penalty != before;
    }
    CHECK(waited == 10);
    CHECK(turn.awaits.penalty == 1023);
}

/* Passes the turn whenever somebody waits for it. */
typedef struct {
    mg_turn_t turn;
    _Atomic bool over;
} giver_t;

static void *
give(void *data)
{
    giver_t *giver = data;
    while (!giver->over) {
        if (giver->turn.awaited_until) mg_turn_pass(&giver->turn);
        sched_yield();
    }
    return NULL;
}

TEST(turn_that_is_passed_to_who_waits_makes_waits_come_back)
{
    giver_t giver = { .turn = { .awaits = { .patience = LONG, .penalty = 1023 } } };
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, give, &giver) == 0);
    for (int i = 0; i < 10000 && giver.turn.awaits.penalty > 0; i++) {
        mg_turn_take(&giver.turn);
        CHECK(mg_turn_await(&giver.turn, &never));
    }
    giver.over = true;
    pthread_join(thread, NULL);
    CHECK(giver.turn.awaits.penalty == 0);
}

TEST(turn_is_not_waited_for_by_who_was_interrupted)
{
    _Atomic bool given_up = true;
    mg_turn_t turn = { .awaits.patience = LONG };
    mg_turn_take(&turn);
    for (int i = 0; i < 100; i++) CHECK(!mg_turn_await(&turn, &given_up));
    CHECK(turn.awaits.penalty == 0);
}

typedef struct {
    mg_turn_t turn;
    mg_park_t park;
} lingerer_t;

static void *
linger(void *data)
{
    lingerer_t *lingerer = data;
    mg_turn_linger(&lingerer->turn, &lingerer->park);
    return NULL;
}

TEST(turn_lingers_until_the_bell_rings_and_leaves_it_rung)
{
    lingerer_t lingerer = { .turn.lingers = { .patience = LONG, .penalty = 1 } };
    pthread_t thread;
    mg_park_init(&lingerer.park);
    for (int i = 0; i < 1000 && lingerer.turn.lingers.penalty > 0; i++) {
        CHECK(pthread_create(&thread, NULL, linger, &lingerer) == 0);
        sched_yield(); /* it may ring before anybody lingers */
        mg_park_ring(&lingerer.park);
        pthread_join(thread, NULL);
        CHECK(mg_park_sleep(&lingerer.park, 1));
    }
    CHECK(lingerer.turn.lingers.penalty == 0);
    mg_park_fini(&lingerer.park);
}

TEST(turn_lingers_not_without_end_and_less_and_less_often)
{
    mg_turn_t turn = { .lingers.patience = SHORT };
    mg_park_t park;
    mg_park_init(&park);
    mg_turn_linger(&turn, &park);
    CHECK(turn.lingers.penalty == 1 && turn.lingers.left_out == 1);
    mg_turn_linger(&turn, &park);
    CHECK(turn.lingers.penalty == 1 && turn.lingers.left_out == 0);
    mg_turn_linger(&turn, &park);
    CHECK(turn.lingers.penalty == 3);
    CHECK(!mg_park_sleep(&park, 1));
    mg_park_fini(&park);
}
