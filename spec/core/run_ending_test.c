/* How runs end before their time: by a cancel, a drain, or because nobody wants more. */
#include "rig.h"

#include "test.h"

TEST(run_counts_what_a_cancel_leaves_behind)
{
    for (mg_item_t at = 1; at <= 700; at += 43) {
        rig_t rig;
        rig_init(&rig);
        uint32_t source = rig_producer(&rig, 700);
        uint32_t stop = rig_stage(&rig, MG_KIND_EACH, rig_cancel);
        uint32_t loop = rig_stage(&rig, MG_KIND_LOOP, rig_linger);
        uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
        rig_edge(&rig, source, stop);
        rig_edge(&rig, stop, loop);
        rig_edge(&rig, loop, sink);
        rig.chaos = RIG_YIELD;
        rig.random = (uint32_t)at;
        rig.stages[stop].argument = (uint32_t)at;
        rig.stages[loop].spec.capacity = 3;
        CHECK(rig_run(&rig) == MG_CANCELLED);
        CHECK(rig.stages[stop].nseen == at);
        rig_fini(&rig);
    }
}

static mg_status_t
wait_for_cancel(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)hand;
    (void)item;
    while (!stage->rig->run.cancelled) rig_yield(stage->rig);
    return MG_CANCELLED;
}

TEST(run_counts_what_is_queued_at_a_cancel)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 700);
    uint32_t stop = rig_stage(&rig, MG_KIND_EACH, rig_cancel);
    uint32_t loop = rig_stage(&rig, MG_KIND_LOOP, wait_for_cancel);
    rig_edge(&rig, source, stop);
    rig_edge(&rig, stop, loop);
    rig.stages[stop].argument = 500;
    rig.stages[loop].spec.capacity = 0;
    CHECK(rig_run(&rig) == MG_CANCELLED);
    CHECK(rig.stages[loop].cancelled > rig.stages[loop].at_once);
    rig_fini(&rig);
}

static void
drain_once_under_way(rig_t *rig)
{
    if (rig->stages[1].nseen > 0) mg_run_drain(&rig->run);
}

TEST(run_that_drains_finishes_what_it_accepted)
{
    for (uint32_t seed = 1; seed <= 10; seed++) {
        rig_t rig;
        rig_init(&rig);
        uint32_t source = rig_producer(&rig, 1000);
        uint32_t middle = rig_stage(&rig, MG_KIND_EACH, rig_pass);
        uint32_t batch = rig_stage(&rig, MG_KIND_BATCH, NULL);
        uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
        rig_edge(&rig, source, middle);
        rig_edge(&rig, middle, batch);
        rig_edge(&rig, batch, sink);
        rig.stages[source].endless = true;
        rig.stages[middle].plan = MG_PLAN_HEAD;
        rig.chaos = RIG_YIELD;
        rig.random = seed;
        rig.looks = drain_once_under_way;
        CHECK(rig_run(&rig) == MG_OK);
        CHECK(rig.stages[sink].nseen > 0 && rig.stages[sink].nseen == rig.stages[middle].nseen);
        rig_fini(&rig);
    }
}

/* A loop that leaves before the end of its input. */
static mg_status_t
take_ten(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)hand;
    (void)item;
    return stage->nseen == 10 ? MG_CLOSED : MG_OK;
}

TEST(run_stops_a_producer_whose_items_nobody_wants)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 1000);
    uint32_t middle = rig_stage(&rig, MG_KIND_EACH, rig_pass);
    uint32_t taker = rig_stage(&rig, MG_KIND_LOOP, take_ten);
    rig_edge(&rig, source, middle);
    rig_edge(&rig, middle, taker);
    rig.stages[source].endless = true;
    rig.chaos = RIG_YIELD;
    CHECK(rig_run(&rig) == MG_OK);
    CHECK(rig.stages[taker].nseen == 10);
    rig_fini(&rig);
}
