#include "rig.h"

#include "test.h"

/* Each item came to the stage so many times. */
static void
check_each(const rig_stage_t *stage, mg_item_t from, mg_item_t to, uint32_t times)
{
    for (mg_item_t item = from; item <= to; item++) CHECK(stage->seen[item] == times);
}

TEST(run_without_stages_is_over_at_once)
{
    rig_t rig;
    rig_init(&rig);
    CHECK(rig_run(&rig) == MG_OK);
    rig_fini(&rig);
}

TEST(run_brings_every_item_through_a_chain_in_order)
{
    static const size_t capacities[] = { 1, 2, 3, 7, 64, 0 };
    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        for (uint8_t heads = 0; heads < 2; heads++) {
            rig_t rig;
            rig_init(&rig);
            uint32_t source = rig_producer(&rig, 1000);
            uint32_t middle = rig_stage(&rig, MG_KIND_EACH, rig_pass);
            uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
            rig_edge(&rig, source, middle);
            rig_edge(&rig, middle, sink);
            rig.chaos = RIG_YIELD;
            rig.stages[middle].plan = rig.stages[sink].plan = heads ? MG_PLAN_HEAD : 0;
            rig.stages[middle].spec.capacity = rig.stages[sink].spec.capacity = capacities[c];
            CHECK(rig_run(&rig) == MG_OK);
            check_each(&rig.stages[sink], 1, 1000, 1);
            CHECK(rig.stages[sink].ascending);
            rig_fini(&rig);
        }
    }
}

TEST(run_exposes_a_worker_once_for_many_chunks)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 40 * MG_CHUNK_ITEMS);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, sink);
    rig.stages[sink].plan = MG_PLAN_HEAD;
    rig.stages[sink].spec.capacity = 0; /* nobody but the producer runs before all are made */
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[sink], 1, 40 * MG_CHUNK_ITEMS, 1);
    CHECK(rig.exposures == 3);
    rig_fini(&rig);
}

/* What the step's inbox holds weighs no more than it may, or is one item. */
static mg_status_t
rig_weigh(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    const mg_step_t *step = hand->step;
    (void)stage;
    (void)item;
    return step->queued_bytes <= step->max_bytes || step->queued == 1 ? MG_OK : MG_CANCELLED;
}

TEST(run_bounds_a_queue_by_what_its_items_weigh)
{
    static const uint64_t bounds[] = { 1, 10, 25, 64, MG_LARGE_ITEM, MG_LARGE_ITEM * 3 };
    for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
        for (uint32_t workers = 1; workers <= 3; workers += 2) {
            rig_t rig;
            rig_init(&rig);
            uint32_t source = rig_producer(&rig, 1000);
            uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_weigh);
            rig_edge(&rig, source, sink);
            rig.chaos = RIG_YIELD;
            rig.stages[sink].plan = MG_PLAN_HEAD;
            rig.stages[sink].spec.capacity = workers == 1 ? 0 : 100;
            rig.stages[sink].spec.max_bytes = bounds[b];
            rig.stages[sink].spec.weighs_all = true;
            rig.stages[sink].spec.workers = rig.stages[sink].spec.max_workers = workers;
            CHECK(rig_run(&rig) == MG_OK);
            check_each(&rig.stages[sink], 1, 1000, 1);
            rig_fini(&rig);
        }
    }
}

/* Lets the others on until a writer waits for room in its inbox, or none is left. */
static mg_status_t
rig_await_writer(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    const mg_step_t *step = hand->step;
    (void)item;
    while (step->writers == NULL && step->live_upstreams) rig_breathe(stage->rig);
    if (step->queued > stage->most_queued) stage->most_queued = step->queued;
    return MG_OK;
}

TEST(run_keeps_inboxes_within_bounds)
{
    for (size_t capacity = 1; capacity < 10; capacity++) {
        rig_t rig;
        rig_init(&rig);
        uint32_t source = rig_producer(&rig, 500);
        uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_await_writer);
        rig_edge(&rig, source, sink);
        rig.stages[sink].plan = MG_PLAN_ALONE;
        rig.stages[sink].spec.workers = 2;
        rig.stages[sink].spec.capacity = capacity;
        rig.chaos = RIG_YIELD;
        CHECK(rig_run(&rig) == MG_OK);
        CHECK(rig.stages[sink].most_queued > 0 && rig.stages[sink].most_queued <= capacity);
        check_each(&rig.stages[sink], 1, 500, 1);
        rig_fini(&rig);
    }
}

TEST(run_broadcasts_and_merges)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 500);
    uint32_t one = rig_stage(&rig, MG_KIND_EACH, rig_twice);
    uint32_t other = rig_stage(&rig, MG_KIND_EACH, rig_some);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, one);
    rig_edge(&rig, source, other);
    rig_edge(&rig, one, sink);
    rig_edge(&rig, other, sink);
    CHECK(rig_run(&rig) == MG_OK);
    for (mg_item_t item = 1; item <= 500; item++) {
        CHECK(rig.stages[sink].seen[item] == (item % 3 == 0 ? 2u : 3u));
    }
    rig_fini(&rig);
}

TEST(run_shares_out_by_turns)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 1000);
    uint32_t router = rig_stage(&rig, MG_KIND_ROUTER, NULL);
    rig_edge(&rig, source, router);
    rig.stages[router].spec.round_robin = true;
    uint32_t sinks[3];
    for (int i = 0; i < 3; i++) {
        sinks[i] = rig_stage(&rig, MG_KIND_EACH, rig_count);
        rig_edge(&rig, router, sinks[i]);
        rig.stages[sinks[i]].plan = i == 0 ? 0 : MG_PLAN_HEAD;
    }
    CHECK(rig_run(&rig) == MG_OK);
    for (mg_item_t item = 1; item <= 1000; item++) {
        for (uint32_t i = 0; i < 3; i++) {
            CHECK(rig.stages[sinks[i]].seen[item] == ((item - 1) % 3 == i ? 1u : 0u));
        }
    }
    rig_fini(&rig);
}

static mg_status_t
wait_for_source(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)hand;
    (void)item;
    while (!stage->rig->run.steps[0].ended) rig_yield(stage->rig);
    return MG_OK;
}

/* The producer ends while the router has its only chunk in hand, and no room for it. */
TEST(run_router_that_waits_for_room_has_not_ended)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, MG_CHUNK_ITEMS);
    uint32_t router = rig_stage(&rig, MG_KIND_ROUTER, NULL);
    rig.stages[source].slow = true;
    rig_edge(&rig, source, router);
    for (uint32_t i = 2; i < 4; i++) {
        rig_edge(&rig, router, rig_stage(&rig, MG_KIND_EACH, wait_for_source));
        rig.stages[i].spec.capacity = 1;
        rig.stages[i].plan = MG_PLAN_HEAD;
    }
    rig.stages[router].plan = MG_PLAN_HEAD;
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[2], 1, MG_CHUNK_ITEMS, 1);
    check_each(&rig.stages[3], 1, MG_CHUNK_ITEMS, 1);
    rig_fini(&rig);
}

TEST(run_keeps_batches_and_flushes_the_rest)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 1003);
    uint32_t batch = rig_stage(&rig, MG_KIND_BATCH, NULL);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig.stages[batch].at_once = 10;
    rig_edge(&rig, source, batch);
    rig_edge(&rig, batch, sink);
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[sink], 1, 1003, 1);
    CHECK(rig.stages[sink].ascending);
    rig_fini(&rig);
}

TEST(run_serves_a_loop_until_the_end_of_its_input)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 2000);
    uint32_t loop = rig_stage(&rig, MG_KIND_LOOP, rig_pass);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, loop);
    rig_edge(&rig, loop, sink);
    rig.chaos = RIG_YIELD | RIG_INTERRUPT;
    rig.stages[loop].spec.capacity = 7;
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[sink], 1, 2000, 1);
    CHECK(rig.stages[sink].ascending);
    rig_fini(&rig);
}

TEST(run_shares_a_stage_among_workers)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 2000);
    uint32_t pool = rig_stage(&rig, MG_KIND_EACH, rig_linger);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, pool);
    rig_edge(&rig, pool, sink);
    rig.stages[pool].plan = MG_PLAN_ALONE;
    rig.stages[pool].spec.workers = 4;
    rig.chaos = RIG_YIELD;
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[sink], 1, 2000, 1);
    rig_fini(&rig);
}

TEST(run_puts_the_output_of_workers_in_order)
{
    static const size_t capacities[] = { 1, 3, 64 };
    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        rig_t rig;
        rig_init(&rig);
        uint32_t source = rig_producer(&rig, 1500);
        uint32_t pool = rig_stage(&rig, MG_KIND_EACH, rig_linger);
        uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
        rig_edge(&rig, source, pool);
        rig_edge(&rig, pool, sink);
        rig.stages[pool].plan = MG_PLAN_ALONE;
        rig.stages[pool].spec.workers = 4;
        rig.stages[pool].spec.ordered = true;
        rig.stages[sink].spec.capacity = capacities[c];
        rig.chaos = RIG_YIELD;
        CHECK(rig_run(&rig) == MG_OK);
        check_each(&rig.stages[sink], 1, 1500, 1);
        CHECK(rig.stages[sink].ascending);
        rig_fini(&rig);
    }
}

TEST(run_tries_again_and_emits_once)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 300);
    uint32_t flaky = rig_stage(&rig, MG_KIND_EACH, rig_retry);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, flaky);
    rig_edge(&rig, flaky, sink);
    rig.stages[flaky].argument = 2;
    rig.stages[flaky].spec.may_split = false;
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[sink], 1, 300, 1);
    rig_fini(&rig);
}

TEST(run_sends_by_name_to_a_stage_that_awaits_it)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 999);
    uint32_t router = rig_stage(&rig, MG_KIND_EACH, rig_route);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    uint32_t aside = rig_stage(&rig, MG_KIND_EACH, rig_pass);
    uint32_t end = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, router);
    rig_edge(&rig, router, sink);
    rig_edge(&rig, aside, end);
    rig.stages[router].argument = aside;
    rig.stages[router].spec.addresses = true;
    rig.stages[aside].spec.open_input = true;
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[sink], 1, 999, 1);
    for (mg_item_t item = 1; item <= 999; item++) CHECK(rig.stages[end].seen[item] == item % 2);
    rig_fini(&rig);
}

/* Emits even items, and sends odd ones to the stage `argument`. */
static mg_status_t
emit_or_send(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    return item % 2 ? rig_send(stage, hand, stage->argument, item) : rig_emit(hand, item);
}

TEST(run_keeps_the_order_of_what_is_emitted_and_sent_to_one_stage)
{
    static const unsigned chaos[] = { 0, RIG_YIELD, RIG_YIELD | RIG_SPLIT, RIG_INTERRUPT };
    for (size_t c = 0; c < sizeof(chaos) / sizeof(chaos[0]); c++) {
        for (uint8_t heads = 0; heads < 2; heads++) {
            rig_t rig;
            rig_init(&rig);
            uint32_t source = rig_producer(&rig, 1000);
            uint32_t router = rig_stage(&rig, MG_KIND_EACH, emit_or_send);
            uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
            rig_edge(&rig, source, router);
            rig_edge(&rig, router, sink);
            rig.chaos = chaos[c];
            rig.stages[router].argument = sink;
            rig.stages[router].spec.addresses = true;
            rig.stages[sink].plan = heads ? MG_PLAN_HEAD : 0;
            CHECK(rig_run(&rig) == MG_OK);
            check_each(&rig.stages[sink], 1, 1000, 1);
            CHECK(rig.stages[sink].ascending);
            rig_fini(&rig);
        }
    }
}

/* Sends each item back to the stage `argument` until it came three times. */
static mg_status_t
send_back(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    if (stage->seen[item] >= 3) return rig_emit(hand, item);
    return rig_send(stage, hand, stage->argument, item);
}

TEST(run_ends_a_circle_of_full_inboxes)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, 400);
    uint32_t first = rig_stage(&rig, MG_KIND_EACH, rig_pass);
    uint32_t again = rig_stage(&rig, MG_KIND_EACH, send_back);
    uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, first);
    rig_edge(&rig, first, again);
    rig_edge(&rig, again, sink);
    rig.stages[again].argument = first;
    rig.stages[again].spec.addresses = true;
    for (uint32_t i = 1; i < rig.nstages; i++) {
        rig.stages[i].spec.capacity = 2;
        rig.stages[i].plan = MG_PLAN_HEAD;
    }
    CHECK(rig_run(&rig) == MG_OK);
    check_each(&rig.stages[first], 1, 400, 3);
    check_each(&rig.stages[sink], 1, 400, 1);
    rig_fini(&rig);
}
