#include "test.h"

#include "core/plan.h"

#include <string.h>

enum { MOST_STEPS = 100000, MOST_EDGES = 200000 };

/* The steps of the test at hand, and the edges not yet in rows. */
static uint8_t flags[MOST_STEPS];
static uint8_t contexts[MOST_STEPS];
static uint32_t affinity[MOST_STEPS];
static uint32_t starts[MOST_STEPS + 1];
static uint32_t targets[MOST_EDGES];
static uint32_t edges[MOST_EDGES][2];
static uint32_t edge_count;
static mg_plan_steps_t steps;

static void
begin(uint32_t count)
{
    steps = (mg_plan_steps_t){
        .count = count,
        .flags = flags,
        .contexts = contexts,
        .affinity = affinity,
        .starts = starts,
        .targets = targets,
    };
    edge_count = 0;
    memset(flags, 0, count);
    memset(contexts, 0, count);
    memset(affinity, 0xff, count * sizeof(*affinity));
}

static void
edge(uint32_t from, uint32_t to)
{
    edges[edge_count][0] = from;
    edges[edge_count][1] = to;
    edge_count++;
}

static void
chain(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last; i++) edge(i, i + 1);
}

static mg_status_t
try_plan(mg_plan_t **plan)
{
    memset(starts, 0, (steps.count + 1) * sizeof(*starts));
    for (uint32_t i = 0; i < edge_count; i++) starts[edges[i][0] + 1]++;
    for (uint32_t i = 0; i < steps.count; i++) starts[i + 1] += starts[i];

    static uint32_t next[MOST_STEPS];
    memcpy(next, starts, steps.count * sizeof(*next));
    for (uint32_t i = 0; i < edge_count; i++) targets[next[edges[i][0]]++] = edges[i][1];
    return mg_plan_new(plan, &steps);
}

/* What holds of every plan. */
static void
check_plan(const mg_plan_t *plan)
{
    static uint32_t place[MOST_STEPS];

    CHECK(plan->steps == steps.count && plan->starts[0] == 0);
    CHECK(plan->starts[plan->segments] == plan->steps);
    for (uint32_t i = 0; i < plan->steps; i++) place[plan->order[i]] = i;
    for (uint32_t segment = 0; segment < plan->segments; segment++) {
        CHECK(mg_plan_size(plan, segment) >= 1 && mg_plan_size(plan, segment) <= MG_SEGMENT_MAX);
        for (uint32_t i = plan->starts[segment]; i < plan->starts[segment + 1]; i++) {
            const uint32_t step = plan->order[i];
            const bool head = step == mg_plan_head(plan, segment);

            CHECK(plan->segment_of[step] == segment && place[step] == i);
            CHECK((plan->why[step] == MG_WHY_JOINED) != head);
            CHECK(head || !(flags[step] & (MG_PLAN_PRODUCER | MG_PLAN_ALONE)));
            CHECK(!(flags[step] & MG_PLAN_ALONE) || mg_plan_size(plan, segment) == 1);
        }
    }
    for (uint32_t i = 0; i < edge_count; i++) {
        const uint32_t from = edges[i][0], to = edges[i][1];

        CHECK(place[from] < place[to]);
        if (!mg_plan_crosses(plan, from, to)) continue;
        CHECK(plan->segment_of[from] < plan->segment_of[to]);
        CHECK(to == mg_plan_head(plan, plan->segment_of[to]));
    }
}

static mg_plan_t *
plan_all(void)
{
    mg_plan_t *plan;

    CHECK(try_plan(&plan) == MG_OK);
    check_plan(plan);
    return plan;
}

/* Plans, and compares the segments of the steps with digits: "0012". */
static void
expect(const char *segments)
{
    mg_plan_t *plan = plan_all();

    for (uint32_t i = 0; i < steps.count; i++) {
        CHECK(plan->segment_of[i] == (uint32_t)(segments[i] - '0'));
    }
    mg_plan_free(plan);
}

static void
expect_why(uint32_t step, mg_why_t why)
{
    mg_plan_t *plan = plan_all();

    CHECK(plan->why[step] == why);
    CHECK(strlen(mg_why_text(why)) > 0);
    mg_plan_free(plan);
}

TEST(plan_of_nothing)
{
    mg_plan_t *plan;

    begin(0);
    CHECK(try_plan(&plan) == MG_OK);
    CHECK(plan->segments == 0 && plan->starts[0] == 0);
    mg_plan_free(plan);
    mg_plan_free(NULL);
}

TEST(plan_runs_a_chain_in_one_segment)
{
    begin(5);
    flags[0] = MG_PLAN_PRODUCER;
    chain(0, 4);
    expect("00000");
}

TEST(plan_runs_a_diamond_in_one_segment)
{
    begin(4);
    edge(0, 1);
    edge(0, 2);
    edge(1, 3);
    edge(2, 3);
    expect("0000");
}

TEST(plan_gives_each_producer_a_segment)
{
    begin(4);
    flags[0] = flags[2] = MG_PLAN_PRODUCER;
    chain(0, 1);
    chain(2, 3);
    expect("0011");
}

TEST(plan_puts_a_queue_before_a_merge_of_segments)
{
    begin(4);
    flags[0] = flags[1] = MG_PLAN_PRODUCER;
    edge(0, 2);
    edge(1, 2);
    edge(2, 3);
    expect("0122");
    expect_why(2, MG_WHY_MERGE);
}

TEST(plan_keeps_unconnected_steps_apart)
{
    begin(3);
    expect("012");
    expect_why(1, MG_WHY_SOURCE);
}

TEST(plan_leaves_an_alone_step_alone)
{
    begin(4);
    flags[1] = MG_PLAN_ALONE;
    affinity[1] = 0;
    affinity[2] = 1;
    chain(0, 3);
    expect("0122");
    expect_why(1, MG_WHY_ALONE);
    expect_why(2, MG_WHY_AFTER_ALONE);
}

/* 0 to 2 directly and through 1: fusing 0 and 2 would make a circle of segments. */
TEST(plan_keeps_segments_convex_around_an_alone_step)
{
    begin(3);
    flags[1] = MG_PLAN_ALONE;
    affinity[2] = 0;
    edge(0, 1);
    edge(0, 2);
    edge(1, 2);
    expect("012");
}

TEST(plan_separates_contexts)
{
    begin(4);
    contexts[2] = contexts[3] = 7;
    chain(0, 3);
    expect("0011");
    expect_why(2, MG_WHY_CONTEXT);
}

TEST(plan_obeys_an_affinity_before_anything_else)
{
    begin(3);
    contexts[1] = 7;
    flags[2] = MG_PLAN_HEAD;
    affinity[1] = 0;
    affinity[2] = 1;
    chain(0, 2);
    expect("000");
}

TEST(plan_puts_a_queue_where_one_is_asked_for)
{
    begin(4);
    flags[2] = MG_PLAN_HEAD;
    chain(0, 3);
    expect("0011");
    expect_why(2, MG_WHY_HEAD);
}

TEST(plan_makes_a_producer_with_predecessors_a_head)
{
    begin(2);
    flags[1] = MG_PLAN_PRODUCER;
    affinity[1] = 0;
    chain(0, 1);
    expect("01");
    expect_why(1, MG_WHY_PRODUCER);
}

TEST(plan_does_not_care_how_steps_are_numbered)
{
    begin(4);
    flags[3] = MG_PLAN_PRODUCER;
    edge(3, 1);
    edge(1, 0);
    edge(0, 2);
    expect("0000");
}

TEST(plan_counts_a_double_edge_once)
{
    begin(3);
    edge(0, 1);
    edge(0, 1);
    edge(1, 2);
    expect("000");
}

TEST(plan_fills_a_segment_branch_by_branch)
{
    begin(41);
    for (uint32_t branch = 0; branch < 8; branch++) {
        const uint32_t first = 1 + 5 * branch;
        edge(0, first);
        chain(first, first + 4);
    }
    mg_plan_t *plan = plan_all();

    /* Six whole branches and the beginning of the seventh; the eighth is its own. */
    CHECK(plan->segments == 3);
    CHECK(mg_plan_size(plan, 0) == MG_SEGMENT_MAX);
    CHECK(plan->segment_of[30] == 0 && plan->segment_of[31] == 0);
    CHECK(plan->why[32] == MG_WHY_FULL && plan->why[36] == MG_WHY_FULL);
    CHECK(plan->segment_of[32] == plan->segment_of[35]);
    CHECK(plan->segment_of[36] == plan->segment_of[40]);
    mg_plan_free(plan);
}

TEST(plan_refuses_what_makes_no_sense)
{
    mg_plan_t *plan = NULL;

    begin(3);
    chain(0, 2);
    edge(2, 1);
    CHECK(try_plan(&plan) == MG_CYCLE);
    begin(1);
    edge(0, 0);
    CHECK(try_plan(&plan) == MG_CYCLE);

    begin(2);
    edge(0, 2);
    CHECK(try_plan(&plan) == MG_INVALID);
    begin(2);
    affinity[1] = 2;
    CHECK(try_plan(&plan) == MG_INVALID);
    begin(2);
    starts[0] = 0;
    starts[1] = 1;
    starts[2] = 0;
    CHECK(mg_plan_new(&plan, &steps) == MG_INVALID);
    CHECK(plan == NULL);
}

TEST(plan_holds_its_rules_on_any_graph)
{
    unsigned state = 12345;

    for (int trial = 0; trial < 2000; trial++) {
        begin(60);
        for (uint32_t i = 0; i < steps.count; i++) {
            state = state * 1103515245u + 12345u;
            const unsigned dice = state >> 16;
            const uint32_t before = i == 0 ? 0 : (dice >> 4) % i;

            if (dice % 10 >= 6) flags[i] = (uint8_t)(1u << dice % 3);
            contexts[i] = dice % 7 == 0;
            if (i == 0) continue;
            if (dice % 9 != 0) edge(before, i);
            if (dice % 4 == 0) edge(before / 2, i);
            if (dice % 3 == 0) affinity[i] = before;
        }
        mg_plan_free(plan_all());
    }
}

TEST(plan_chain_of_many)
{
    begin(MOST_STEPS);
    chain(0, MOST_STEPS - 1);
    mg_plan_t *plan = plan_all();

    CHECK(plan->segments == MOST_STEPS / MG_SEGMENT_MAX);
    mg_plan_free(plan);
}

TEST(plan_fan_of_many)
{
    begin(MOST_STEPS);
    for (uint32_t i = 1; i + 1 < MOST_STEPS; i++) {
        edge(0, i);
        edge(i, MOST_STEPS - 1);
    }
    mg_plan_t *plan = plan_all();

    CHECK(mg_plan_size(plan, 0) == MG_SEGMENT_MAX);
    CHECK(plan->why[MOST_STEPS - 1] == MG_WHY_MERGE);
    mg_plan_free(plan);
}

TEST(plan_grid_of_many)
{
    const uint32_t side = 316;

    begin(side * side);
    for (uint32_t i = 0; i < side * side; i++) {
        if (i % side + 1 < side) edge(i, i + 1);
        if (i + side < side * side) edge(i, i + side);
    }
    mg_plan_free(plan_all());
}
