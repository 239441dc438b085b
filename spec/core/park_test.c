#include "core/park.h"

#include "core/clock.h"

#include "test.h"

#include <pthread.h>
#include <sched.h>

TEST(park_ring_before_the_sleep_is_kept)
{
    mg_park_t park;
    mg_park_init(&park);
    CHECK(!mg_park_is_rung(&park));
    mg_park_ring(&park);
    mg_park_ring(&park);
    CHECK(mg_park_is_rung(&park));
    CHECK(mg_park_sleep(&park, 0));
    CHECK(!mg_park_is_rung(&park));
    CHECK(!mg_park_sleep(&park, mg_clock_now() + 1000000)); /* both rings were one */
    mg_park_fini(&park);
}

TEST(park_deadline_in_the_past_is_over_but_for_a_ring)
{
    mg_park_t park;
    mg_park_init(&park);
    CHECK(!mg_park_sleep(&park, 1));
    mg_park_ring(&park);
    CHECK(mg_park_sleep(&park, 1));
    mg_park_fini(&park);
}

/* Two threads that hand a number to and fro, each waiting for the other's ring. */
typedef struct {
    mg_park_t parks[2];
    _Atomic uint32_t number;
    uint32_t rounds;
} game_t;

static void
play(game_t *game, uint32_t side)
{
    while (game->number < game->rounds) {
        if (game->number % 2 != side) {
            mg_park_sleep(&game->parks[side], 0);
            continue;
        }
        game->number++;
        if (game->number % 7 == 0) sched_yield();
        mg_park_ring(&game->parks[1 - side]);
    }
    mg_park_ring(&game->parks[1 - side]);
}

static void *
play_second(void *game)
{
    play(game, 1);
    return NULL;
}

TEST(park_loses_no_ring)
{
    game_t game = { .rounds = 20000 };
    pthread_t second;
    mg_park_init(&game.parks[0]);
    mg_park_init(&game.parks[1]);
    CHECK(pthread_create(&second, NULL, play_second, &game) == 0);
    play(&game, 0);
    pthread_join(second, NULL);
    CHECK(game.number >= game.rounds);
    mg_park_fini(&game.parks[0]);
    mg_park_fini(&game.parks[1]);
}
