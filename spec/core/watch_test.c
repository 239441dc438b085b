/* Which stages are found to spend their time waiting. */
#include "core/watch.h"
#include "core/clock.h"

#include "rig.h"
#include "test.h"

#include <time.h>

enum { ITEM = 3000000 }; /* ns */

static void
wait_for_it(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = ITEM }, NULL);
}

/* Others had the processors for most of the time of an item, so that work looked like waiting. */
static bool starved;
static uint32_t proofs;

static void
work(void)
{
    uint64_t from = mg_clock_now(), own = mg_clock_thread_cpu();
    while (mg_clock_thread_cpu() - own < ITEM) continue;
    starved = starved || mg_clock_now() - from > 4 * ITEM;
}

static mg_status_t
watched(mg_hand_t *hand, void (*code)(void))
{
    mg_watch_t watch;
    double seconds;
    mg_watch_begin(hand, &watch);
    code();
    if (mg_watch_end(hand, &watch, &seconds)) proofs++;
    CHECK(seconds >= 0 && seconds < MG_TEST_SECONDS);
    return MG_OK;
}

static mg_status_t
waits(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    (void)item;
    return watched(hand, wait_for_it);
}

static mg_status_t
works(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    (void)item;
    return watched(hand, work);
}

static void
nothing(void)
{
}

static mg_status_t
waits_bound(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    mg_hand_bind(hand);
    return waits(stage, hand, item);
}

/* Two slow items in a row, then a quick one. */
static mg_status_t
waits_at_times(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    return watched(hand, item % 3 == 0 ? nothing : wait_for_it);
}

static void
run_stage(rig_each_t *each, bool may_split)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 12), stage = rig_stage(&rig, MG_KIND_EACH, each);
    rig_edge(&rig, source, stage);
    rig.stages[stage].spec.may_split = may_split;
    proofs = 0;
    starved = false;
    CHECK(rig_run(&rig) == MG_OK);
    rig_fini(&rig);
}

TEST(watch_proves_that_a_stage_waits)
{
    run_stage(waits, true);
    CHECK(proofs == 1);
    run_stage(works, true);
    CHECK(proofs == 0 || starved);
    run_stage(waits_at_times, true);
    CHECK(proofs == 0);
    run_stage(waits, false);
    CHECK(proofs == 0);
    run_stage(waits_bound, true);
    CHECK(proofs == 0);
}

/* Another of the process's threads may be what is waited for: its lock, as with Ruby. */
static _Atomic bool enough;

static void *
spin(void *data)
{
    while (!enough) continue;
    return data;
}

static void
wait_for_the_other(void)
{
    uint64_t from = mg_clock_now(), all = mg_clock_process_cpu();
    wait_for_it();
    starved = starved || (mg_clock_process_cpu() - all) * 3 < (mg_clock_now() - from) * 2;
}

static mg_status_t
waits_for_the_other(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    (void)item;
    return watched(hand, wait_for_the_other);
}

TEST(watch_is_not_taken_in_by_a_busy_process)
{
    pthread_t thread;
    enough = false;
    CHECK(pthread_create(&thread, NULL, spin, NULL) == 0);
    run_stage(waits_for_the_other, true);
    CHECK(proofs == 0 || starved);
    enough = true;
    pthread_join(thread, NULL);
}

/* Two workers because it waited; then it is quick, and has one again. */
static mg_status_t
widened(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    mg_step_t *step = hand->step;
    if (item == 1) mg_step_widen(step);
    watched(hand, item == 100 ? wait_for_it : nothing);
    if (step->workers == 1 && stage->argument == 0) stage->argument = (uint32_t)item;
    return MG_OK;
}

TEST(watch_takes_workers_back_from_a_stage_that_is_quick)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 500), stage = rig_stage(&rig, MG_KIND_EACH, widened);
    rig_edge(&rig, source, stage);
    rig.stages[stage].plan = MG_PLAN_HEAD;
    rig.stages[stage].spec.max_workers = 2;
    CHECK(rig_run(&rig) == MG_OK);
    CHECK(rig.stages[stage].argument > 0 && rig.stages[stage].nseen == 500);
    rig_fini(&rig);
}
