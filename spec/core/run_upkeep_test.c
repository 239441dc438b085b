/* What a run's owner asks of it besides: what it holds, whether it gets on, and what to do about
 * stages that wait for nothing or for too long. */
#include "rig.h"

#include "test.h"

#include <string.h>

static bool held[RIG_VALUES];

static void
mark(mg_item_t item, void *data)
{
    (void)data;
    CHECK(item > 0 && item < RIG_VALUES);
    held[item] = true;
}

/* All that was made and has not come to the last stage is held somewhere: else a collector of
 * garbage would take it. */
static mg_status_t
check_held(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    const rig_t *rig = stage->rig;
    (void)hand;
    (void)item;
    memset(held, 0, sizeof(held));
    mg_run_each_item(&rig->run, mark, NULL);
    for (mg_item_t i = 1; i < RIG_VALUES; i++) CHECK(held[i] || !rig->stages[0].made[i] || stage->seen[i]);
    return MG_OK;
}

TEST(run_knows_every_item_it_holds)
{
    for (uint32_t seed = 1; seed <= 10; seed++) {
        rig_t rig;
        rig_init(&rig);
        uint32_t source = rig_producer(&rig, 300);
        uint32_t flaky = rig_stage(&rig, MG_KIND_EACH, rig_retry);
        uint32_t pool = rig_stage(&rig, MG_KIND_EACH, rig_linger);
        uint32_t router = rig_stage(&rig, MG_KIND_EACH, rig_route);
        uint32_t behind = rig_stage(&rig, MG_KIND_EACH, rig_pass);
        uint32_t sink = rig_stage(&rig, MG_KIND_EACH, check_held);
        for (uint32_t i = source; i < sink; i++) rig_edge(&rig, i, i + 1);
        rig.stages[flaky].argument = 2;
        rig.stages[pool].plan = MG_PLAN_ALONE;
        rig.stages[pool].spec.workers = 3;
        rig.stages[pool].spec.ordered = true;
        rig.stages[router].argument = sink;
        rig.stages[router].spec.addresses = true;
        rig.stages[behind].plan = rig.stages[sink].plan = MG_PLAN_HEAD;
        for (uint32_t i = 1; i <= sink; i++) rig.stages[i].spec.capacity = 1 + (seed + i) % 9;
        rig.chaos = RIG_YIELD;
        rig.random = seed;
        CHECK(rig_run(&rig) == MG_OK);
        rig_fini(&rig);
    }
}

static uint64_t progress;

static void
check_progress(rig_t *rig)
{
    uint64_t now = mg_run_progress(&rig->run);
    CHECK(now >= progress);
    progress = now;
}

TEST(run_tells_whether_it_gets_on)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 1000), stage = rig_stage(&rig, MG_KIND_EACH, rig_linger);
    rig_edge(&rig, source, stage);
    rig.looks = check_progress;
    rig.chaos = RIG_YIELD;
    progress = 0;
    CHECK(rig_run(&rig) == MG_OK);
    rig_fini(&rig);
}

static bool
stage_3_has_ended(const rig_t *rig)
{
    return rig->run.steps[3].ended;
}

/* Those that something came to are not concerned. */
static void
expire_once_under_way(rig_t *rig)
{
    if (rig->run.steps[2].accepted == 0) return;
    for (uint32_t i = 0; i < rig->nstages; i++) mg_run_expire(&rig->run, i);
}

/* The producer waits for the end of a stage that a live one could still send to. */
TEST(run_ends_a_stage_that_nothing_came_to_in_time)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 100);
    uint32_t router = rig_stage(&rig, MG_KIND_EACH, rig_route);
    uint32_t aside = rig_stage(&rig, MG_KIND_EACH, rig_count);
    uint32_t never = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, router);
    rig.stages[source].until = stage_3_has_ended;
    rig.stages[router].argument = aside;
    rig.stages[router].spec.addresses = true;
    rig.stages[aside].spec.open_input = rig.stages[never].spec.open_input = true;
    rig.looks = expire_once_under_way;
    CHECK(rig_run(&rig) == MG_OK);
    CHECK(rig.stages[aside].nseen == 50 && rig.stages[never].nseen == 0);
    rig_fini(&rig);
}

static bool
stage_1_waited_in_vain(const rig_t *rig)
{
    return rig->stages[1].timeouts >= 3;
}

TEST(run_loop_waits_no_longer_than_it_wants)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 10);
    uint32_t loop = rig_stage(&rig, MG_KIND_LOOP, rig_pass);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, loop);
    rig_edge(&rig, loop, sink);
    rig.stages[source].until = stage_1_waited_in_vain;
    rig.stages[loop].patience = 200000;
    CHECK(rig_run(&rig) == MG_OK);
    CHECK(rig.stages[sink].nseen == 10 && rig.stages[loop].timeouts >= 3);
    rig_fini(&rig);
}

static bool
stage_2_saw_five(const rig_t *rig)
{
    return rig->stages[2].nseen == 5;
}

/* The producer doesn't end before its items, too few for a batch, have come through. */
TEST(run_batch_waits_no_longer_than_it_may)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 5);
    uint32_t batch = rig_stage(&rig, MG_KIND_BATCH, NULL);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, batch);
    rig_edge(&rig, batch, sink);
    rig.stages[source].until = stage_2_saw_five;
    rig.stages[source].spec.traced = true;
    rig.stages[batch].at_once = RIG_KEPT;
    rig.stages[batch].patience = 200000;
    rig.stages[batch].plan = MG_PLAN_HEAD;
    rig.chaos = RIG_TEND;
    CHECK(rig_run(&rig) == MG_OK);
    rig_fini(&rig);
}

/* The thread ends, as a killed one does, without its worker having left. */
static mg_status_t
die(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    mg_worker_t *worker = hand->worker;
    if (item < 100) return rig_emit(hand, item);
    mg_worker_abandon(worker);
    mg_worker_abandon(worker);
    pthread_mutex_unlock(&stage->rig->lock);
    pthread_exit(NULL);
}

TEST(run_whose_worker_is_gone_is_cancelled)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 500);
    uint32_t middle = rig_stage(&rig, MG_KIND_EACH, rig_pass);
    uint32_t fatal = rig_stage(&rig, MG_KIND_EACH, die);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, middle);
    rig_edge(&rig, middle, fatal);
    rig_edge(&rig, fatal, sink);
    CHECK(rig_run(&rig) == MG_CANCELLED);
    CHECK(rig.stages[fatal].nseen == 100 && rig.stages[fatal].cancelled >= 1);
    rig_fini(&rig);
}

TEST(run_batch_without_items_is_flushed)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 0);
    uint32_t batch = rig_stage(&rig, MG_KIND_BATCH, NULL);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, batch);
    rig_edge(&rig, batch, sink);
    rig.stages[batch].plan = MG_PLAN_HEAD;
    CHECK(rig_run(&rig) == MG_OK);
    CHECK(rig.stages[sink].nseen == 0);
    rig_fini(&rig);
}

/* A producer that is found slow hands on what it holds, room or not, and then waits for room. */
static void
check_bounded(rig_t *rig)
{
    const mg_step_t *source = &rig->run.steps[0], *sink = &rig->run.steps[1];
    const mg_hand_t *hand = &source->hand;
    CHECK(sink->queued + (hand->out ? mg_chunk_size(hand->out) : 0) <= sink->capacity + MG_CHUNK_ITEMS + 1);
}

TEST(run_slow_producer_keeps_to_the_bounds)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        rig_t rig;
        rig_init(&rig);
        uint32_t source = rig_producer(&rig, 1000), sink = rig_stage(&rig, MG_KIND_EACH, rig_linger);
        rig_edge(&rig, source, sink);
        rig.stages[sink].plan = MG_PLAN_ALONE;
        rig.stages[source].slow = true;
        rig.stages[sink].spec.capacity = 4;
        rig.chaos = RIG_TEND | RIG_YIELD;
        rig.random = seed;
        rig.looks = check_bounded;
        CHECK(rig_run(&rig) == MG_OK);
        rig_fini(&rig);
    }
}
