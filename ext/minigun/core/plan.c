#include "plan.h"

#include <stddef.h>
#include <stdlib.h>

#include "sys.h"

#define NO_SEGMENT UINT32_MAX    /* no predecessor placed yet */
#define SEVERAL (UINT32_MAX - 1) /* predecessors in different segments */

/* The plan and its arrays, one block. */
struct block {
    mg_plan_t plan;
    uint32_t words[];
};

struct planner {
    const mg_plan_steps_t *steps;
    uint32_t *segment_of;
    uint8_t *why;

    uint32_t *waiting; /* per step: predecessors not placed yet */
    uint32_t *before;  /* per step: the segment of its predecessors, if it is one */
    uint32_t *stack;   /* steps whose predecessors are all placed */
    uint32_t *placed;  /* steps in the order they were placed */
    uint32_t *size;    /* per segment */
    uint32_t *heads;   /* per segment */

    uint32_t depth;
    uint32_t count;
    uint32_t segments;
};

static bool
valid(const mg_plan_steps_t *steps)
{
    if (steps->count >= SEVERAL) return false;
    if (steps->starts[0] != 0) return false;

    for (uint32_t i = 0; i < steps->count; i++) {
        if (steps->starts[i] > steps->starts[i + 1]) return false;
        if (steps->affinity[i] != MG_PLAN_NONE && steps->affinity[i] >= steps->count) return false;
    }
    for (uint32_t i = 0; i < steps->starts[steps->count]; i++) {
        if (steps->targets[i] >= steps->count) return false;
    }
    return true;
}

/* Why the step can't run in the segment of its predecessors. */
static mg_why_t
decide(const struct planner *planner, uint32_t step)
{
    const mg_plan_steps_t *steps = planner->steps;
    const unsigned flags = steps->flags[step];
    const uint32_t segment = planner->before[step];
    const uint32_t affinity = steps->affinity[step];

    if (flags & MG_PLAN_PRODUCER) return MG_WHY_PRODUCER;
    if (flags & MG_PLAN_ALONE) return MG_WHY_ALONE;
    if (segment == NO_SEGMENT) return MG_WHY_SOURCE;
    if (segment == SEVERAL) return MG_WHY_MERGE;

    const uint32_t head = planner->heads[segment];
    if (steps->flags[head] & MG_PLAN_ALONE) return MG_WHY_AFTER_ALONE;
    if (planner->size[segment] == MG_SEGMENT_MAX) return MG_WHY_FULL;
    if (affinity != MG_PLAN_NONE && planner->segment_of[affinity] == segment) return MG_WHY_JOINED;
    if (flags & MG_PLAN_HEAD) return MG_WHY_HEAD;
    if (steps->contexts[step] != steps->contexts[head]) return MG_WHY_CONTEXT;
    return MG_WHY_JOINED;
}

static void
place(struct planner *planner, uint32_t step)
{
    const mg_why_t why = decide(planner, step);
    uint32_t segment = planner->before[step];

    if (why != MG_WHY_JOINED) {
        segment = planner->segments++;
        planner->heads[segment] = step;
        planner->size[segment] = 0;
    }
    planner->size[segment]++;
    planner->segment_of[step] = segment;
    planner->why[step] = (uint8_t)why;
    planner->placed[planner->count++] = step;
}

/* Backwards, so that the stack gives the targets in their own order. */
static void
release_targets(struct planner *planner, uint32_t step)
{
    const mg_plan_steps_t *steps = planner->steps;
    const uint32_t segment = planner->segment_of[step];

    for (uint32_t i = steps->starts[step + 1]; i > steps->starts[step]; i--) {
        const uint32_t target = steps->targets[i - 1];
        uint32_t *before = &planner->before[target];

        *before = *before == NO_SEGMENT || *before == segment ? segment : SEVERAL;
        if (--planner->waiting[target] == 0) planner->stack[planner->depth++] = target;
    }
}

static void
count_predecessors(struct planner *planner)
{
    const mg_plan_steps_t *steps = planner->steps;

    for (uint32_t i = 0; i < steps->count; i++) {
        planner->waiting[i] = 0;
        planner->before[i] = NO_SEGMENT;
        planner->segment_of[i] = NO_SEGMENT;
    }
    for (uint32_t i = 0; i < steps->starts[steps->count]; i++) {
        planner->waiting[steps->targets[i]]++;
    }
}

static mg_status_t
place_all(struct planner *planner)
{
    const uint32_t count = planner->steps->count;

    count_predecessors(planner);
    for (uint32_t i = count; i > 0; i--) {
        if (planner->waiting[i - 1] == 0) planner->stack[planner->depth++] = i - 1;
    }
    while (planner->depth > 0) {
        const uint32_t step = planner->stack[--planner->depth];

        place(planner, step);
        release_targets(planner, step);
    }
    return planner->count == count ? MG_OK : MG_CYCLE;
}

/* A counting sort by segment: keeps the order of placing inside each. */
static void
group(const struct planner *planner, uint32_t *starts, uint32_t *order)
{
    uint32_t *next = planner->waiting; /* all zero by now, and no longer needed */

    starts[0] = 0;
    for (uint32_t i = 0; i < planner->segments; i++) {
        starts[i + 1] = starts[i] + planner->size[i];
        next[i] = starts[i];
    }
    for (uint32_t i = 0; i < planner->count; i++) {
        const uint32_t step = planner->placed[i];
        order[next[planner->segment_of[step]]++] = step;
    }
}

mg_status_t
mg_plan_new(mg_plan_t **out, const mg_plan_steps_t *steps)
{
    if (!valid(steps)) return MG_INVALID;

    const size_t count = steps->count;
    mg_status_t status = MG_NOMEM;
    struct block *block = mg_sys->malloc(sizeof(*block) + (3 * count + 1) * sizeof(uint32_t) + count);
    uint32_t *scratch = mg_sys->malloc((6 * count + 1) * sizeof(uint32_t));
    if (block == NULL || scratch == NULL) goto fail;

    uint32_t *const starts = block->words + count;
    uint32_t *const order = starts + count + 1;
    struct planner planner = {
        .steps = steps,
        .segment_of = block->words,
        .why = (uint8_t *)(order + count),
        .waiting = scratch,
        .before = scratch + count,
        .stack = scratch + 2 * count,
        .placed = scratch + 3 * count,
        .size = scratch + 4 * count,
        .heads = scratch + 5 * count,
    };
    status = place_all(&planner);
    if (status != MG_OK) goto fail;

    group(&planner, starts, order);
    block->plan = (mg_plan_t){
        .steps = steps->count,
        .segments = planner.segments,
        .segment_of = planner.segment_of,
        .starts = starts,
        .order = order,
        .why = planner.why,
    };
    free(scratch);
    *out = &block->plan;
    return MG_OK;

fail:
    free(scratch);
    free(block);
    return status;
}

void
mg_plan_free(mg_plan_t *plan)
{
    free(plan); /* the plan is the first member of its block */
}

const char *
mg_why_text(mg_why_t why)
{
    switch (why) {
#define XX(name, text)                                                                             \
    case name:                                                                                     \
        return text;
        MG_WHYS(XX)
#undef XX
    }
    return "unknown reason";
}
