/* Steps of any kind with any targets, sense or nonsense: a plan holds what plan.h says of it,
 * and what can't be planned is refused.
 *
 * sources: ext/minigun/core/plan.c ext/minigun/core/sys.c
 */
#include "must.h"

#include "core/plan.h"

enum { STEPS = 48, TARGETS = 160 };

static void
check_plan(const mg_plan_t *plan, const mg_plan_steps_t *steps)
{
    uint32_t place[STEPS];
    MUST(plan->steps == steps->count && plan->segments <= steps->count);
    memset(place, 0xff, sizeof(place));
    for (uint32_t s = 0; s < plan->segments; s++) {
        MUST(plan->starts[s] < plan->starts[s + 1]);
        MUST(mg_plan_size(plan, s) <= MG_SEGMENT_MAX);
        for (uint32_t i = plan->starts[s]; i < plan->starts[s + 1]; i++) {
            uint32_t step = plan->order[i];
            MUST(step < steps->count && place[step] == UINT32_MAX);
            MUST(plan->segment_of[step] == s);
            MUST((plan->why[step] == MG_WHY_JOINED) == (i != plan->starts[s]));
            MUST(mg_why_text((mg_why_t)plan->why[step]) != NULL);
            place[step] = i;
            if (steps->flags[step] & MG_PLAN_ALONE) MUST(mg_plan_size(plan, s) == 1);
            if (steps->flags[step] & MG_PLAN_PRODUCER) MUST(mg_plan_head(plan, s) == step);
        }
    }
    for (uint32_t from = 0; from < steps->count; from++) {
        MUST(place[from] != UINT32_MAX);
        for (uint32_t t = steps->starts[from]; t < steps->starts[from + 1]; t++) {
            uint32_t to = steps->targets[t];
            MUST(place[from] < place[to]);
            /* Items come into a segment at its head alone. */
            if (mg_plan_crosses(plan, from, to)) MUST(mg_plan_head(plan, plan->segment_of[to]) == to);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = { data, size };
    uint32_t count = (uint32_t)take(&input, 1) % STEPS;
    bool sense = take(&input, 1) & 3; /* mostly */
    uint8_t *flags = calloc(count + 1, 1), *contexts = calloc(count + 1, 1);
    uint32_t *affinity = calloc(count + 1, sizeof(uint32_t)), *starts = calloc(count + 1, sizeof(uint32_t));
    uint32_t *targets = calloc(TARGETS, sizeof(uint32_t)), next = 0;
    MUST(flags && contexts && affinity && starts && targets);

    for (uint32_t i = 0; i < count; i++) {
        flags[i] = (uint8_t)take(&input, 1) & 7;
        contexts[i] = (uint8_t)take(&input, 1) & 3;
        uint32_t with = (uint32_t)take(&input, 1);
        affinity[i] = with < count || !sense ? with : MG_PLAN_NONE;
        starts[i] = next;
        for (uint32_t n = (uint32_t)take(&input, 1) % 4; n > 0 && next < TARGETS; n--) {
            uint32_t to = i + 1 + (uint32_t)take(&input, 1) % 8;
            if (!sense) to = (uint32_t)take(&input, 1);
            if (to < count || !sense) targets[next++] = to;
        }
    }
    starts[count] = next;
    if (!sense && count > 0 && take(&input, 1) & 1) starts[take(&input, 1) % count] = (uint32_t)take(&input, 1) % TARGETS;

    mg_plan_steps_t steps = { count, flags, contexts, affinity, starts, targets };
    mg_plan_t *plan = NULL;
    mg_status_t status = mg_plan_new(&plan, &steps);
    MUST(status == MG_OK || status == MG_INVALID || status == MG_CYCLE);
    if (sense) MUST(status == MG_OK);
    if (status == MG_OK) check_plan(plan, &steps);
    mg_plan_free(plan);
    free(flags);
    free(contexts);
    free(affinity);
    free(starts);
    free(targets);
    return 0;
}
