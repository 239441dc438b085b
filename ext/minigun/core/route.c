#include "run_internal.h"

#include <stdlib.h>

#include "sys.h"

/* True if work for a step of `from` can lead to work for a step of `to`, by
 * static targets and routes opened so far. A segment counts as one, because one
 * worker serves all its steps. True also without memory to find out. */
static bool
reaches(mg_run_t *run, const mg_segment_t *from, const mg_segment_t *to)
{
    bool *seen = mg_sys->calloc(run->nsteps, sizeof(*seen));
    mg_step_t **stack = mg_sys->malloc(run->nsteps * sizeof(mg_step_t *));
    bool found = seen == NULL || stack == NULL;
    uint32_t depth = 0;

    for (mg_step_t *step = from->first; step && !found; step = step->segment_next) {
        seen[step->index] = true;
        stack[depth++] = step;
    }
    while (depth > 0 && !found) {
        mg_step_t *step = stack[--depth];
        if (step->segment == to) {
            found = true;
            break;
        }
        for (mg_step_t *mate = step->segment->first; mate; mate = mate->segment_next) {
            if (seen[mate->index]) continue;
            seen[mate->index] = true;
            stack[depth++] = mate;
        }
        for (uint32_t i = 0; i < step->ntargets + step->nfeeds; i++) {
            mg_step_t *next = i < step->ntargets ? step->targets[i] : step->feeds[i - step->ntargets];
            if (seen[next->index]) continue;
            seen[next->index] = true;
            stack[depth++] = next;
        }
    }
    free(seen);
    free(stack);
    return found;
}

bool
mg__is_target(const mg_step_t *step, const mg_step_t *target)
{
    for (uint32_t i = 0; i < step->ntargets; i++) {
        if (step->targets[i] == target) return true;
    }
    return false;
}

void
mg__route_init(mg_route_t *route, const mg_step_t *step, mg_step_t *target)
{
    route->target = target;
    route->out = NULL;
    route->overlaps = mg__is_target(step, target);
}

bool
mg__feeds_freely(const mg_step_t *step, const mg_step_t *target)
{
    for (uint32_t i = 0; i < step->nfeeds; i++) {
        if (step->feeds[i] == target) return step->feeds_freely[i];
    }
    return false;
}

mg_status_t
mg_step_route(mg_step_t *step, mg_step_t *target, uint32_t *number)
{
    for (uint32_t i = 0; i < step->nfeeds; i++) {
        if (step->feeds[i] == target) {
            *number = i;
            return MG_OK;
        }
    }
    if (target->ended || target->ending) return MG_CLOSED;

    mg_step_t **feeds = mg_sys->realloc(step->feeds, (step->nfeeds + 1) * sizeof(*feeds));
    if (feeds == NULL) return MG_NOMEM;
    step->feeds = feeds;
    bool *freely = mg_sys->realloc(step->feeds_freely, (step->nfeeds + 1) * sizeof(*freely));
    if (freely == NULL) return MG_NOMEM;
    step->feeds_freely = freely;
    freely[step->nfeeds] = reaches(step->run, target->segment, step->segment);
    *number = step->nfeeds;
    feeds[step->nfeeds++] = target;
    target->live_feeders++;
    return MG_OK;
}
