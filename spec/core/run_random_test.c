/* Random graphs, run with everything that can go differently, against a model that
 * counts how often each item must come to each stage.
 *
 *   MINIGUN_ROUNDS=100000 tmp/core_plain run_random     more of them
 *   MINIGUN_SEED=42 tmp/core_plain run_random           that one again and again: threads
 *                                                       don't take turns by seed */
#include "rig.h"

#include "test.h"

#include <unistd.h>

enum { ROUNDS = 400, MOST_WORK = 6000, MOST_ITEMS = 600 };

typedef struct {
    uint64_t count[RIG_STAGES]; /* how often one item comes to the stage */
} fate_t;

static size_t
any_capacity(rig_t *rig)
{
    static const size_t capacities[] = { 1, 2, 3, 7, 64, 0 };
    return capacities[rig_random(rig, sizeof(capacities) / sizeof(capacities[0]))];
}

static void
make_each(rig_t *rig, rig_stage_t *stage)
{
    static rig_each_t *const codes[] = { rig_pass, rig_pass, rig_twice, rig_some, rig_fail, rig_retry, rig_linger };
    stage->each = codes[rig_random(rig, sizeof(codes) / sizeof(codes[0]))];
    stage->argument = 1 + rig_random(rig, 3);
    if (stage->each == rig_fail) stage->argument += 2;
    if (rig_random(rig, 4) == 0) {
        stage->plan = MG_PLAN_ALONE;
        stage->spec.workers = 2 + rig_random(rig, 3);
        stage->spec.ordered = rig_random(rig, 2) == 0 && stage->each != rig_retry;
        stage->spec.may_split = false;
    }
    else if (rig_random(rig, 3) == 0) {
        stage->spec.max_workers = 3;
    }
}

static void
make_stage(rig_t *rig)
{
    static const mg_kind_t kinds[] = { MG_KIND_EACH, MG_KIND_EACH, MG_KIND_EACH, MG_KIND_EACH,
                                       MG_KIND_BATCH, MG_KIND_LOOP, MG_KIND_ROUTER };
    mg_kind_t kind = kinds[rig_random(rig, sizeof(kinds) / sizeof(kinds[0]))];
    rig_stage_t *stage = &rig->stages[rig_stage(rig, kind, rig_pass)];
    stage->at_once = 1 + rig_random(rig, 20);
    stage->spec.capacity = any_capacity(rig);
    if (kind == MG_KIND_EACH) make_each(rig, stage);
    if (stage->plan == 0 && rig_random(rig, 3) == 0) stage->plan = MG_PLAN_HEAD;
    if (kind == MG_KIND_LOOP) stage->listens = rig_random(rig, 2) == 0;
}

/* Has some stages send to later ones by name, which may have nothing else before them. */
static void
address(rig_t *rig, bool *awaits)
{
    for (uint32_t i = 1; i + 1 < rig->nstages; i++) {
        rig_stage_t *stage = &rig->stages[i];
        if (stage->spec.kind != MG_KIND_EACH || stage->each != rig_pass || rig_random(rig, 2)) continue;
        stage->each = rig_route;
        stage->argument = i + 1 + rig_random(rig, rig->nstages - i - 1);
        stage->spec.addresses = true;
        if (rig_random(rig, 2)) awaits[stage->argument] = true;
    }
}

static void
make_graph(rig_t *rig, uint32_t seed)
{
    bool awaits[RIG_STAGES] = { false };
    rig->random = seed * 2654435761u + 1;
    if (rig->random == 0) rig->random = 1;
    rig_producer(rig, MOST_ITEMS);
    for (uint32_t count = 1 + rig_random(rig, 10); count > 0; count--) make_stage(rig);
    address(rig, awaits);
    for (uint32_t i = 1; i < rig->nstages; i++) {
        rig->stages[i].spec.open_input = awaits[i];
        if (awaits[i]) continue;
        uint32_t before = rig_random(rig, i);
        rig_edge(rig, before, i);
        uint32_t other = rig_random(rig, 3) ? before : rig_random(rig, i);
        if (other != before && rig->stages[other].spec.ntargets < RIG_TARGETS) rig_edge(rig, other, i);
    }
    rig->chaos = rig_random(rig, 32);
    rig->stages[0].spec.traced = rig_random(rig, 2) == 0;
}

static uint64_t
copies(const rig_stage_t *stage, mg_item_t item)
{
    if (stage->spec.kind != MG_KIND_EACH) return 1;
    if (stage->each == rig_twice) return 2;
    if (stage->each == rig_some) return item % 3 == 0 ? 0 : 1;
    if (stage->each == rig_fail) return item % stage->argument == 0 ? 0 : 1;
    return 1;
}

static fate_t
fate_of(const rig_t *rig, mg_item_t item)
{
    fate_t fate = { { 1 } };
    for (uint32_t i = 0; i < rig->nstages; i++) {
        const rig_stage_t *stage = &rig->stages[i];
        uint64_t out = fate.count[i] * (i == 0 ? 1 : copies(stage, item));
        for (uint32_t t = 0; t < stage->spec.ntargets; t++) fate.count[stage->to[t]] += out;
        if (stage->each == rig_route && item % 2 == 1) fate.count[stage->argument] += fate.count[i];
    }
    return fate;
}

/* As many items as make a bearable amount of work. */
static void
limit_items(rig_t *rig)
{
    uint64_t each = 0;
    for (mg_item_t item = 1; item <= 60; item++) {
        fate_t fate = fate_of(rig, item);
        for (uint32_t i = 0; i < rig->nstages; i++) each += fate.count[i];
    }
    uint64_t items = MOST_WORK * 60u / each;
    rig->stages[0].items = items < 5 ? 5 : items > MOST_ITEMS ? MOST_ITEMS : (uint32_t)items;
}

static const char *
name_of(const rig_stage_t *stage)
{
    static const struct {
        rig_each_t *each;
        const char *name;
    } names[] = { { rig_twice, "twice" }, { rig_some, "some" },     { rig_fail, "fail" },
                  { rig_retry, "retry" }, { rig_linger, "linger" }, { rig_route, "route" } };
    static const char *const kinds[] = { "producer", "pass", "batch", "loop", "router" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (stage->spec.kind == MG_KIND_EACH && stage->each == names[i].each) return names[i].name;
    }
    return kinds[stage->spec.kind];
}

static void
describe(const rig_t *rig, mg_item_t item, const fate_t *fate)
{
    fprintf(stderr, "%u items, chaos %#x; item %u came, of how often it should:\n", rig->stages[0].items,
            rig->chaos, (unsigned)item);
    for (uint32_t i = 0; i < rig->nstages; i++) {
        const rig_stage_t *stage = &rig->stages[i];
        fprintf(stderr, "%2u %u of %u: %s(%u) capacity %zu, workers %u to %u%s%s, plan %u ->", i,
                stage->seen[item], (unsigned)fate->count[i], name_of(stage), stage->argument,
                stage->spec.capacity, stage->spec.workers, stage->spec.max_workers,
                stage->spec.ordered ? " ordered" : "", stage->spec.open_input ? " awaiting" : "", stage->plan);
        for (uint32_t t = 0; t < stage->spec.ntargets; t++) fprintf(stderr, " %u", stage->to[t]);
        fputc('\n', stderr);
    }
}

static void
check_fates(const rig_t *rig)
{
    for (mg_item_t item = 1; item <= rig->stages[0].items; item++) {
        fate_t fate = fate_of(rig, item);
        for (uint32_t i = 1; i < rig->nstages; i++) {
            if (rig->stages[i].spec.kind == MG_KIND_ROUTER) continue;
            if (rig->stages[i].seen[item] != fate.count[i]) describe(rig, item, &fate);
            CHECK(rig->stages[i].seen[item] == fate.count[i]);
            CHECK(rig->stages[i].undelivered == 0);
        }
    }
}

/* A source item has failed if anything that came of it did. Batches and loops pass that on to
 * all they have in hand. */
static void
check_settled(const rig_t *rig)
{
    const rig_stage_t *source = &rig->stages[0];
    bool may_fail = false;
    for (uint32_t i = 0; i < rig->nstages; i++) may_fail = may_fail || rig->stages[i].each == rig_fail;
    for (mg_item_t item = 1; source->spec.traced && item <= source->items; item++) {
        fate_t fate = fate_of(rig, item);
        bool fails = false;
        for (uint32_t i = 0; i < rig->nstages; i++) {
            const rig_stage_t *stage = &rig->stages[i];
            fails = fails || (stage->each == rig_fail && fate.count[i] && item % stage->argument == 0);
        }
        if (source->failed[item] == 0 && fails) describe(rig, item, &fate);
        CHECK(source->failed[item] == 1 || !fails);
        CHECK(source->failed[item] == 0 || may_fail);
    }
}

static void
cancel_some_time(rig_t *rig)
{
    if (rig_random(rig, 3) == 0) mg_run_cancel(&rig->run);
}

static void
drain_some_time(rig_t *rig)
{
    if (rig_random(rig, 3) == 0) mg_run_drain(&rig->run);
}

static void
run_graph(uint32_t seed)
{
    rig_t rig;
    alarm(MG_TEST_SECONDS);
    snprintf(mg_test_context, sizeof(mg_test_context),
             "seed %u; again: MINIGUN_SEED=%u and the same program, run_random\n", seed, seed);
    rig_init(&rig);
    make_graph(&rig, seed);
    limit_items(&rig);
    uint32_t ending = rig_random(&rig, 8);
    rig.stages[0].endless = ending < 2;
    rig.looks = ending == 0 ? cancel_some_time : ending == 1 ? drain_some_time : NULL;

    mg_status_t status = rig_run(&rig);
    if (ending == 0) {
        CHECK(status == MG_CANCELLED);
    }
    else {
        CHECK(status == MG_OK);
    }
    if (ending >= 2) {
        check_fates(&rig);
        check_settled(&rig);
    }
    rig_fini(&rig);
    mg_test_context[0] = '\0';
}

static uint32_t
setting(const char *name, uint32_t otherwise)
{
    const char *text = getenv(name);
    return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

TEST(run_random_graphs_match_the_model)
{
    uint32_t only = setting("MINIGUN_SEED", 0), rounds = setting("MINIGUN_ROUNDS", ROUNDS);
    for (uint32_t round = 1; round <= rounds; round++) run_graph(only ? only : round);
}
