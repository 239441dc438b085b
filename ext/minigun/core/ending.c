#include "run_internal.h"

#include "clock.h"

void
mg__work_begun(mg_run_t *run)
{
    run->pending++;
}

void
mg__work_done(mg_run_t *run)
{
    run->pending--;
    if (run->pending == 0) mg__settle(run);
}

/* Nothing can reach the step any more. Where another live step might still send
 * to it by name, only the count can tell, and sets `closing`. */
static bool
unreachable(const mg_step_t *step)
{
    const mg_run_t *run = step->run;
    if (step->ended || step->ending || step->queued || step->parked || step->busy) return false;
    if (step->kind == MG_KIND_PRODUCER || step->live_upstreams) return false;
    /* Output that waits for its turn behind an ordered step is still to come. */
    if (step->segment->next_release != step->segment->next_sequence) return false;
    if (step->closing) return true;
    if (step->open_input || step->live_feeders) return false;
    return run->addressers == (step->addresses ? 1u : 0u);
}

/* Ends the step, or has a worker of its segment do so where code must run. */
static bool
begin_end(mg_step_t *step)
{
    if (!unreachable(step)) return false;
    step->ending = true;
    if (step->kind == MG_KIND_LOOP || step->has_flush) {
        /* A loop whose thread has not begun has its place on the ledger. */
        if (!step->running) mg__work_begun(step->run);
        mg__rouse_all(step->segment);
        if (step->segment->nworkers == 0) mg__worker_start(step->segment);
        return false;
    }
    return true;
}

void
mg__cancel_items(mg_step_t *step, const mg_chunk_t *chunk, uint32_t from)
{
    if (from >= chunk->count) return;
    step->run->ops->cancelled(step, chunk, from);
    mg__fail_tokens(step->run, chunk, from);
    if (chunk->attempt == 0 || step->kind != MG_KIND_BATCH) {
        step->cancelled += chunk->count - from;
        return;
    }
    for (uint32_t i = from; i < chunk->count; i++) {
        uint64_t count = step->run->ops->weight(step, chunk->items[i]);
        step->done -= count;
        step->cancelled += count;
    }
}

static void
drop_queued(mg_step_t *step)
{
    mg_segment_t *segment = step->segment;
    mg_chunk_list_t rest = { 0 };
    for (mg_chunk_t *chunk; (chunk = mg__list_shift(&segment->inbox));) {
        if (chunk->step != step->index) {
            mg__list_append(&rest, chunk);
            continue;
        }
        uint32_t count = mg_chunk_size(chunk);
        step->queued -= count;
        step->queued_bytes -= chunk->bytes;
        segment->queued -= count;
        step->cancelled += count;
        step->run->ops->undelivered(step, chunk);
        mg__fail_tokens(step->run, chunk, chunk->head);
        mg__chunk_done(step->run, chunk);
        step->run->pending--;
    }
    segment->inbox = rest;
}

/* A step that ended before its input did makes futile what only leads to it, so
 * that producers up there can stop. Backwards through the graph, by rounds: one and a
 * look, where stages are defined before those they feed. */
static void
mark_futile(mg_step_t *step)
{
    mg_run_t *run = step->run;
    bool found = true;
    step->futile = true;
    while (found) {
        found = false;
        for (uint32_t i = run->nsteps; i-- > 0;) {
            mg_step_t *each = &run->steps[i];
            if (each->futile || each->ntargets == 0 || each->nfeeds || each->kind == MG_KIND_PRODUCER) continue;
            bool futile = true;
            for (uint32_t t = 0; t < each->ntargets; t++) futile = futile && each->targets[t]->futile;
            each->futile = futile;
            found = found || futile;
        }
    }
    for (uint32_t i = 0; i < run->nsteps; i++) {
        if (run->steps[i].kind == MG_KIND_PRODUCER) run->steps[i].hand.threshold = 1;
    }
}

/* Marks one step as ended and tells those behind it; what has to end for that
 * reason goes on `stack`. */
static void
end_one(mg_step_t *step, mg_step_t **stack)
{
    mg_run_t *run = step->run;
    bool last_addresser = false;

    if (step->live_upstreams && step->kind != MG_KIND_PRODUCER) mark_futile(step);
    step->ended = true;
    mg__kept_done(step);
    step->segment->open--;
    run->open--;
    if (step->addresses) last_addresser = --run->addressers <= 1;
    if (step->queued) drop_queued(step);
    mg__ring_all(&step->writers);
    if (step->segment->open == 0) mg__rouse_all(step->segment);

    for (uint32_t i = 0; i < step->ntargets; i++) {
        mg_step_t *target = step->targets[i];
        target->live_upstreams--;
        if (begin_end(target)) {
            target->ending_next = *stack;
            *stack = target;
        }
    }
    for (uint32_t i = 0; i < step->nfeeds; i++) {
        mg_step_t *target = step->feeds[i];
        target->live_feeders--;
        if (begin_end(target)) {
            target->ending_next = *stack;
            *stack = target;
        }
    }
    if (!last_addresser) return;
    for (uint32_t i = 0; i < run->nsteps; i++) {
        if (begin_end(&run->steps[i])) {
            run->steps[i].ending_next = *stack;
            *stack = &run->steps[i];
        }
    }
}

void
mg__finish(mg_step_t *step)
{
    mg_step_t *stack = step;
    step->ending_next = NULL;
    while (stack) {
        mg_step_t *next = stack;
        stack = next->ending_next;
        end_one(next, &stack);
    }
}

void
mg__check_end(mg_step_t *step)
{
    if (begin_end(step)) mg__finish(step);
}

void
mg__settle(mg_run_t *run)
{
    while (run->pending == 0 && run->open > 0 && !run->cancelled && run->started) {
        while (run->first_open < run->nsteps && run->steps[run->first_open].ended) run->first_open++;
        mg_step_t *next = NULL;
        for (uint32_t i = run->first_open; i < run->nsteps && next == NULL; i++) {
            if (!run->steps[i].ended && run->steps[i].live_upstreams == 0) next = &run->steps[i];
        }
        if (next == NULL || next->closing) return;
        next->closing = true;
        mg__check_end(next);
    }
}
