#include "run_internal.h"

#include "sys.h"
#include "watch.h"

/* Sets a hand to work for a worker, inside of whatever the worker is doing. */
static void
begin(mg_worker_t *worker, mg_hand_t *hand, mg_chunk_t *chunk)
{
    mg_step_t *step = hand->step;
    hand->worker = worker;
    hand->outer = worker->hand;
    hand->in = chunk;
    hand->cursor = hand->counted = chunk ? chunk->head : 0;
    worker->hand = hand;
    if (hand->outer == NULL) mg__charge_nobody(worker); /* else its delivery has just been charged */
    step->busy++;
    if (step->started_at == 0) step->started_at = mg_clock_wall();
}

static void
end(mg_worker_t *worker, mg_hand_t *hand)
{
    worker->hand = hand->outer;
    hand->worker = NULL;
    hand->in = NULL;
    hand->step->busy--;
}

static mg_status_t
pass_through(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk)
{
    uint32_t kept = chunk->step;
    chunk->step = MG_STATIC;
    step->busy++; /* or it could end while it waits for room */
    mg_status_t status = mg__deliver_sealed(worker, step, chunk);
    step->busy--;
    chunk->step = kept;
    if (status == MG_OK) {
        step->done += mg_chunk_size(chunk);
    }
    else {
        mg__cancel_items(step, chunk, chunk->head);
    }
    return status;
}

mg_status_t
mg__run_chunk(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk)
{
    if (step->kind == MG_KIND_ROUTER) {
        if (step->started_at == 0) step->started_at = mg_clock_wall();
        return pass_through(worker, step, chunk);
    }
    mg_hand_t *hand = step->concurrent ? &worker->own : &step->hand;
    if (hand->step == NULL) mg__hand_init(hand, step);

    begin(worker, hand, chunk);
    uint32_t items = mg_chunk_size(chunk);
    uint64_t before = hand->spent;
    mg_status_t status = step->run->ops->run_items(hand);
    mg__charge(worker);
    if (status == MG_OK) {
        mg_watch_chunk(step, hand->spent - before, items);
        if (step->segment->window == 0) status = mg__hand_flush(hand, true, false);
    }
    else {
        mg__cancel_items(step, chunk, hand->cursor);
    }
    end(worker, hand);
    /* The step was cut off meanwhile, and its new worker may start now. */
    if (step->segment != worker->segment && step->segment->queued) mg__rouse(step->segment);
    return status;
}

enum { AT_ONCE = 15 }; /* chunks more than one */

/* Outputs of a concurrent step wait until those of the items before are out. */
static mg_status_t
release_in_order(mg_worker_t *worker, mg_step_t *step, uint64_t sequence)
{
    mg_segment_t *segment = worker->segment;
    mg_run_t *run = segment->run;
    mg_status_t status = MG_OK;
    uint32_t slot = (uint32_t)(sequence % segment->window);

    mg__hand_seal(&worker->own, &segment->parked[slot]);
    segment->parked_ready[slot] = true;
    if (segment->releasing) return MG_OK;

    segment->releasing = true;
    while (status == MG_OK) {
        slot = (uint32_t)(segment->next_release % segment->window);
        if (!segment->parked_ready[slot]) break;
        while (status == MG_OK && segment->parked[slot].first) {
            status = mg__deliver_sealed(worker, step, segment->parked[slot].first);
            if (status == MG_OK) mg__chunk_done(run, mg__list_shift(&segment->parked[slot]));
        }
        if (status != MG_OK) break;
        segment->parked_ready[slot] = false;
        segment->next_release++;
        mg__ring_all(&segment->window_waiters);
    }
    segment->releasing = false;
    return status;
}

static mg_status_t
wait_for_window(mg_segment_t *segment)
{
    mg_run_t *run = segment->run;
    while (segment->next_sequence - segment->next_release >= segment->window) {
        if (run->cancelled) return MG_CANCELLED;
        mg__wait_in(run, &segment->window_waiters, 0, false);
    }
    return run->cancelled ? MG_CANCELLED : MG_OK;
}

/* The chunk behind the one that was taken, if it is for the same step, which so does not end in
 * between, and nothing else is to be done first. */
static mg_chunk_t *
take_next(mg_worker_t *worker)
{
    mg_segment_t *segment = worker->segment;
    const mg_chunk_t *next = segment->inbox.first;
    if (next == NULL || next->step != worker->taken->step) return NULL;
    if (segment->first->workers > 1 || segment->nworkers > 1 || segment->window > 0) return NULL;
    if (worker->run->cancelled || worker->dying) return NULL;
    return mg__take(segment, 0);
}

/* Goes on with what follows, as it costs something to be exposed. */
static mg_status_t
run_taken(mg_worker_t *worker)
{
    mg_run_t *run = worker->run;
    for (uint32_t left = AT_ONCE; ; left--) {
        mg_status_t status = mg__run_chunk(worker, &run->steps[worker->taken->step], worker->taken);
        if (status != MG_OK || left == 0) return status;
        mg_chunk_t *next = take_next(worker);
        if (next == NULL) return MG_OK;
        mg__chunk_done(run, worker->taken);
        mg__work_done(run);
        worker->taken = next;
    }
}

/* Takes a chunk off the inbox, if there is one, and runs it. */
static mg_status_t
pass(mg_worker_t *worker, bool *ran)
{
    mg_segment_t *segment = worker->segment;
    mg_run_t *run = segment->run;
    mg_step_t *first = segment->first;
    bool ordered = first->ordered && segment->window > 0;
    uint64_t sequence = 0;

    *ran = false;
    if (segment->inbox.first == NULL) return MG_OK;
    if (ordered) {
        if (wait_for_window(segment) != MG_OK) return MG_CANCELLED;
        if (segment->inbox.first == NULL) return MG_OK;
        sequence = segment->next_sequence++;
    }
    mg_chunk_t *chunk = mg__take(segment, first->workers > 1 ? 1 : 0);
    if (chunk == NULL) return MG_NOMEM;
    *ran = true;

    worker->taken = chunk;
    mg_status_t status = run->ops->exposed(worker, run_taken);
    mg_step_t *step = &run->steps[worker->taken->step];
    if (ordered && status == MG_OK) status = release_in_order(worker, step, sequence);
    chunk = worker->taken;
    worker->taken = NULL;
    mg__chunk_done(run, chunk);
    mg__check_end(step);
    mg__work_done(run);
    return status;
}

static mg_status_t
run_flush(mg_worker_t *worker)
{
    mg_status_t status = worker->run->ops->flush(worker->hand);
    return status == MG_OK ? mg__hand_flush(worker->hand, true, false) : status;
}

/* Runs what a step has to do at its end; the ledger counts it as work. */
static mg_status_t
end_ending(mg_worker_t *worker, bool *ran)
{
    mg_segment_t *segment = worker->segment;
    mg_run_t *run = segment->run;
    *ran = false;
    for (mg_step_t *step = segment->first; step; step = step->segment_next) {
        if (!step->ending || step->ended || step->busy || step->kind == MG_KIND_LOOP) continue;
        mg_hand_t *hand = step->concurrent ? &worker->own : &step->hand;
        if (hand->step == NULL) mg__hand_init(hand, step);
        begin(worker, hand, NULL);
        mg_status_t status = run->ops->exposed(worker, run_flush);
        end(worker, hand);
        if (status != MG_OK) return status;
        if (step->parked) {
            step->ending = false; /* once they are through */
        }
        else {
            mg__finish(step);
        }
        mg__work_done(run);
        *ran = true;
        return MG_OK;
    }
    return MG_OK;
}

/* A batch that has waited for as long as it may. */
static mg_status_t
flush_when_due(mg_worker_t *worker)
{
    mg_step_t *step = worker->segment->first;
    if (step->flush_at == 0 || step->ending || mg_clock_now() < step->flush_at) return MG_OK;
    mg__work_begun(worker->run);
    begin(worker, &step->hand, NULL);
    mg_status_t status = worker->run->ops->exposed(worker, run_flush);
    end(worker, &step->hand);
    mg__check_end(step);
    mg__work_done(worker->run);
    return status;
}

static mg_status_t
run_once(mg_worker_t *worker)
{
    mg_status_t status = worker->run->ops->run_once(worker->hand);
    return status == MG_OK ? mg__hand_flush(worker->hand, true, false) : status;
}

static mg_status_t
run_head(mg_worker_t *worker, mg_step_t *step)
{
    mg_run_t *run = step->run;
    mg_hand_t *hand = &step->hand;

    worker->running_head = true;
    begin(worker, hand, NULL);
    hand->eager = step->kind == MG_KIND_LOOP;
    mg_status_t status = run->ops->exposed(worker, run_once);
    mg__charge(worker);
    end(worker, hand);
    worker->running_head = false;
    step->ended_at = mg_clock_wall();
    if (status != MG_OK) return status;

    run->ops->head_ended(step);
    step->ending = true;
    step->running = false;
    mg__finish(step);
    mg__work_done(run);
    return MG_OK;
}

/* More workers than the step may have now. */
static bool
surplus(const mg_segment_t *segment)
{
    return segment->nworkers > 1 && segment->nworkers > segment->first->workers;
}

static mg_status_t
serve(mg_worker_t *worker)
{
    mg_segment_t *segment = worker->segment;
    mg_run_t *run = segment->run;
    mg_step_t *head = segment->head;
    bool ran;

    if (head && !segment->head_begun) {
        segment->head_begun = true;
        mg_status_t status = run_head(worker, head);
        if (status != MG_OK) return status;
    }
    while (!run->cancelled && segment->open > 0 && !surplus(segment) && !worker->dying) {
        mg_status_t status = pass(worker, &ran);
        if (status != MG_OK) return status;
        if (ran) continue;
        status = end_ending(worker, &ran);
        if (status != MG_OK) return status;
        if (ran || segment->open == 0) continue;
        if (mg__pull(segment)) continue;
        status = flush_when_due(worker);
        if (status != MG_OK) return status;
        if (segment->inbox.first) continue;
        if (mg__idle(segment, segment->first->flush_at, true) == MG_AGAIN) {
            status = run->ops->interrupted(worker);
            if (status != MG_OK) return status;
        }
    }
    return run->cancelled ? MG_CANCELLED : MG_OK;
}

static void
leave(mg_worker_t *worker)
{
    mg_run_t *run = worker->run;
    worker->left = true;
    worker->segment->nworkers--;
    run->live_workers--;
    if (run->live_workers == 0 && run->owner) mg_park_ring(run->owner);
}

void
mg_worker_run(mg_worker_t *worker)
{
    mg_watch_enter(worker);
    mg_status_t status = serve(worker);
    if (status != MG_OK && status != MG_CANCELLED) worker->run->failure = status;
    if (status != MG_OK) mg_run_cancel(worker->run);
    mg_segment_t *segment = worker->segment;
    leave(worker);
    if (status != MG_OK || segment->open == 0) return;
    if (segment->nworkers == 0) {
        mg__worker_start(segment);
    }
    else if (segment->queued) {
        mg__rouse(segment); /* the one who leaves may have been the one who was woken */
    }
}

void
mg_worker_abandon(mg_worker_t *worker)
{
    if (worker->left) return;
    while (worker->hand) {
        mg_hand_t *hand = worker->hand;
        if (hand->in) mg__cancel_items(hand->step, hand->in, hand->cursor);
        end(worker, hand);
    }
    mg__chunk_done(worker->run, worker->taken);
    worker->taken = NULL;
    mg_run_cancel(worker->run);
    leave(worker);
}

/* A segment without any worker would never end. */
static mg_status_t
not_started(mg_segment_t *segment, mg_status_t status)
{
    if (segment->nworkers == 0) {
        segment->run->failure = status;
        mg_run_cancel(segment->run);
    }
    return status;
}

mg_status_t
mg__worker_start(mg_segment_t *segment)
{
    mg_run_t *run = segment->run;
    mg_worker_t *worker = mg_sys->calloc(1, sizeof(*worker));
    if (worker == NULL) return not_started(segment, MG_NOMEM);
    worker->run = run;
    worker->segment = segment;
    worker->next = run->workers;
    run->workers = worker;
    segment->nworkers++;
    if (segment->nworkers > segment->most_workers) segment->most_workers = segment->nworkers;
    run->live_workers++;
    mg_status_t status = run->ops->spawn(worker);
    if (status == MG_OK) return MG_OK;

    worker->left = true;
    segment->nworkers--;
    run->live_workers--;
    return not_started(segment, status);
}
