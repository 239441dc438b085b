#include "run_internal.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "sys.h"

/* Chunks kept for reuse: enough for the inboxes of a few busy segments. */
enum { CACHED_CHUNKS = 256 };

/* How far a concurrent step with ordered output may run ahead, per worker. */
enum { WINDOW_PER_WORKER = 4 };

static mg_status_t
init_step(mg_run_t *run, mg_step_t *step, const mg_step_spec_t *spec)
{
    step->run = run;
    step->kind = spec->kind;
    step->ntargets = spec->ntargets;
    step->round_robin = spec->round_robin;
    step->capacity = spec->capacity;
    step->max_bytes = spec->max_bytes;
    step->weighs_all = spec->weighs_all;
    step->workers = spec->workers ? spec->workers : 1;
    step->max_workers = spec->max_workers > step->workers ? spec->max_workers : step->workers;
    step->concurrent = step->workers > 1;
    step->ordered = spec->ordered;
    step->traced = spec->traced;
    if (spec->traced && run->lineage == NULL && (run->lineage = mg_lineage_new()) == NULL) return MG_NOMEM;
    step->may_split = spec->may_split;
    step->addresses = spec->addresses;
    step->open_input = spec->open_input;
    step->has_flush = spec->has_flush;
    step->data = spec->data;
    mg__hand_init(&step->hand, step);
    if (spec->ntargets == 0) return MG_OK;

    step->targets = mg_sys->malloc(spec->ntargets * sizeof(mg_step_t *));
    if (step->targets == NULL) return MG_NOMEM;
    for (uint32_t i = 0; i < spec->ntargets; i++) {
        step->targets[i] = &run->steps[spec->targets[i]];
        step->targets[i]->live_upstreams++;
    }
    return MG_OK;
}

static mg_status_t
init_window(mg_segment_t *segment, const mg_step_t *step)
{
    segment->window = step->workers * WINDOW_PER_WORKER;
    segment->parked = mg_sys->calloc(segment->window, sizeof(*segment->parked));
    segment->parked_ready = mg_sys->calloc(segment->window, sizeof(*segment->parked_ready));
    return segment->parked && segment->parked_ready ? MG_OK : MG_NOMEM;
}

static mg_status_t
init_segments(mg_run_t *run, const mg_step_spec_t *specs, uint32_t nsegments, const uint32_t *order)
{
    mg_segment_t **segments = mg_sys->calloc(nsegments + 1, sizeof(*segments));
    mg_step_t **last = mg_sys->calloc(nsegments + 1, sizeof(*last));
    mg_status_t status = segments && last ? MG_OK : MG_NOMEM;

    for (uint32_t i = 0; i < run->nsteps && status == MG_OK; i++) {
        mg_step_t *step = &run->steps[order[i]];
        uint32_t s = specs[order[i]].segment;
        if (segments[s] == NULL) {
            segments[s] = mg_sys->calloc(1, sizeof(**segments));
            if (segments[s] == NULL) {
                status = MG_NOMEM;
                break;
            }
            segments[s]->run = run;
            segments[s]->next = run->segments;
            run->segments = segments[s];
            segments[s]->first = step;
        }
        else {
            last[s]->segment_next = step;
        }
        last[s] = step;
        step->segment = segments[s];
        segments[s]->open++;
        if (step->kind == MG_KIND_PRODUCER || step->kind == MG_KIND_LOOP) segments[s]->head = step;
        if (step->ordered && step->concurrent) status = init_window(segments[s], step);
    }
    free(segments);
    free(last);
    return status;
}

mg_status_t
mg_run_init(mg_run_t *run, const mg_run_ops_t *ops, const mg_step_spec_t *specs, uint32_t nsteps,
            uint32_t nsegments, const uint32_t *order, void *data)
{
    *run = (mg_run_t){ .ops = ops, .nsteps = nsteps, .open = nsteps, .data = data };
    mg_chunk_cache_init(&run->cache, MG_CHUNK_ITEMS, CACHED_CHUNKS);
    run->steps = mg_sys->calloc(nsteps ? nsteps : 1, sizeof(mg_step_t));
    if (run->steps == NULL) return MG_NOMEM;

    mg_status_t status = MG_OK;
    for (uint32_t i = 0; i < nsteps && status == MG_OK; i++) {
        run->steps[i].index = i;
        status = init_step(run, &run->steps[i], &specs[i]);
        run->addressers += specs[i].addresses;
    }
    if (status == MG_OK) status = init_segments(run, specs, nsegments, order);
    if (status != MG_OK) mg_run_fini(run);
    return status;
}

static void
free_segment(mg_segment_t *segment)
{
    for (mg_chunk_t *chunk; (chunk = mg__list_shift(&segment->inbox));) mg_chunk_free(chunk);
    for (uint32_t i = 0; segment->parked && i < segment->window; i++) {
        for (mg_chunk_t *chunk; (chunk = mg__list_shift(&segment->parked[i]));) mg_chunk_free(chunk);
    }
    free(segment->parked);
    free(segment->parked_ready);
    free(segment);
}

void
mg_run_fini(mg_run_t *run)
{
    while (run->segments) {
        mg_segment_t *segment = run->segments;
        run->segments = segment->next;
        free_segment(segment);
    }
    while (run->workers) {
        mg_worker_t *worker = run->workers;
        run->workers = worker->next;
        mg__hand_fini(&worker->own);
        mg_chunk_free(worker->taken);
        free(worker);
    }
    for (uint32_t i = 0; i < run->nparked; i++) mg_chunk_free(run->parked[i].chunk);
    free(run->parked);
    for (uint32_t i = 0; run->steps && i < run->nsteps; i++) {
        mg__hand_fini(&run->steps[i].hand);
        mg_tokens_fini(&run->steps[i].kept);
        free(run->steps[i].targets);
        free(run->steps[i].feeds);
        free(run->steps[i].feeds_freely);
        free(run->steps[i].latency);
    }
    free(run->steps);
    mg_chunk_cache_fini(&run->cache);
    mg_lineage_free(run->lineage);
    run->lineage = NULL;
    run->steps = NULL;
    run->nsteps = 0;
}

mg_status_t
mg_run_start(mg_run_t *run)
{
    mg_status_t status = MG_OK;
    for (uint32_t i = 0; i < run->nsteps; i++) {
        mg_step_t *step = &run->steps[i];
        if (step->kind != MG_KIND_PRODUCER && step->kind != MG_KIND_LOOP) continue;
        step->running = true;
        mg__work_begun(run);
    }
    run->started = true;
    for (uint32_t i = 0; i < run->nsteps && status == MG_OK; i++) {
        mg_step_t *step = &run->steps[i];
        if (step->segment->head == step && step->segment->nworkers == 0) {
            status = mg__worker_start(step->segment);
        }
    }
    for (uint32_t i = 0; i < run->nsteps; i++) {
        mg_step_t *step = &run->steps[i];
        if (step->live_upstreams == 0 && !step->ended) mg__check_end(step);
    }
    if (run->pending == 0) mg__settle(run);
    return status;
}

void
mg_run_expire(mg_run_t *run, uint32_t index)
{
    mg_step_t *step = &run->steps[index];
    if (step->accepted > 0 || !step->open_input) return;
    step->open_input = false;
    step->closing = true;
    mg__check_end(step);
}

void
mg_run_drain(mg_run_t *run)
{
    run->draining = true;
    for (uint32_t i = 0; i < run->nsteps; i++) {
        if (run->steps[i].kind == MG_KIND_PRODUCER) run->steps[i].hand.threshold = 1;
    }
}

bool
mg_run_over(const mg_run_t *run)
{
    return run->live_workers == 0 && (run->open == 0 || run->cancelled);
}

void
mg_run_cancel(mg_run_t *run)
{
    run->cancelled = true;
    for (mg_segment_t *segment = run->segments; segment; segment = segment->next) {
        mg__rouse_all(segment);
        mg__ring_all(&segment->window_waiters);
    }
    for (uint32_t i = 0; i < run->nsteps; i++) mg__ring_all(&run->steps[i].writers);
    if (run->owner) mg_park_ring(run->owner);
}

uint64_t
mg_run_progress(const mg_run_t *run)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < run->nsteps; i++) {
        const mg_step_t *step = &run->steps[i];
        sum += step->accepted + step->done + step->skipped + step->failed + step->dead + step->cancelled;
        sum += step->produced + step->ended;
    }
    return sum;
}

void
mg_run_settle_cancelled(mg_run_t *run)
{
    for (mg_segment_t *segment = run->segments; segment; segment = segment->next) {
        for (mg_chunk_t *chunk = segment->inbox.first; chunk; chunk = chunk->next) {
            mg__cancel_items(&run->steps[chunk->step], chunk, chunk->head);
        }
    }
    for (uint32_t i = 0; i < run->nparked; i++) {
        mg_chunk_t *chunk = run->parked[i].chunk;
        mg__cancel_items(&run->steps[chunk->step], chunk, chunk->head);
    }
}

struct visitor {
    void (*visit)(mg_item_t item, void *data);
    void *data;
};

static void
visit_chunk(const mg_chunk_t *chunk, struct visitor visitor)
{
    if (chunk == NULL) return;
    for (uint32_t i = chunk->head; i < chunk->count; i++) visitor.visit(chunk->items[i], visitor.data);
}

static void
visit_list(mg_chunk_list_t list, struct visitor visitor)
{
    for (const mg_chunk_t *chunk = list.first; chunk; chunk = chunk->next) visit_chunk(chunk, visitor);
}

static void
visit_hand(const mg_hand_t *hand, struct visitor visitor)
{
    visit_chunk(hand->in, visitor);
    visit_chunk(hand->out, visitor);
    visit_list(hand->sealed, visitor);
    for (uint32_t i = 0; i < hand->nroutes; i++) visit_chunk(hand->routes[i].out, visitor);
}

void
mg_run_each_item(const mg_run_t *run, void (*visit)(mg_item_t item, void *data), void *data)
{
    struct visitor visitor = { visit, data };
    for (uint32_t i = 0; i < run->nsteps; i++) visit_hand(&run->steps[i].hand, visitor);
    for (const mg_segment_t *segment = run->segments; segment; segment = segment->next) {
        visit_list(segment->inbox, visitor);
        for (uint32_t i = 0; i < segment->window; i++) visit_list(segment->parked[i], visitor);
    }
    for (uint32_t i = 0; i < run->nparked; i++) visit_chunk(run->parked[i].chunk, visitor);
    for (const mg_worker_t *worker = run->workers; worker; worker = worker->next) {
        visit_hand(&worker->own, visitor);
        visit_chunk(worker->taken, visitor);
    }
}
