#include "rig.h"

#include "core/clock.h"
#include "core/sys.h"

#include "test.h"

#include <sched.h>
#include <string.h>

enum { BREATH = 100000 }; /* ns */

static mg_status_t flush(mg_hand_t *hand);
static mg_status_t rest(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible);

void
rig_init(rig_t *rig)
{
    *rig = (rig_t){ .random = 1 };
    pthread_mutex_init(&rig->lock, NULL);
}

void
rig_fini(rig_t *rig)
{
    for (uint32_t i = 0; i < rig->nstages; i++) {
        free(rig->stages[i].seen);
        mg_park_fini(&rig->stages[i].breath);
    }
    pthread_mutex_destroy(&rig->lock);
}

uint32_t
rig_stage(rig_t *rig, mg_kind_t kind, rig_each_t *each)
{
    CHECK(rig->nstages < RIG_STAGES);
    rig_stage_t *stage = &rig->stages[rig->nstages];
    *stage = (rig_stage_t){ .rig = rig, .each = each, .at_once = 8, .ascending = true };
    stage->seen = calloc(RIG_VALUES, sizeof(uint32_t));
    CHECK(stage->seen);
    mg_park_init(&stage->breath);
    stage->spec = (mg_step_spec_t){ .kind = kind,
                                    .targets = stage->to,
                                    .capacity = 100,
                                    .workers = 1,
                                    .may_split = kind == MG_KIND_EACH,
                                    .has_flush = kind == MG_KIND_BATCH,
                                    .data = stage };
    if (kind == MG_KIND_PRODUCER) stage->plan = MG_PLAN_PRODUCER;
    if (kind == MG_KIND_LOOP) stage->plan = MG_PLAN_ALONE;
    return rig->nstages++;
}

uint32_t
rig_producer(rig_t *rig, uint32_t items)
{
    uint32_t number = rig_stage(rig, MG_KIND_PRODUCER, NULL);
    CHECK(items < RIG_VALUES);
    rig->stages[number].items = items;
    return number;
}

void
rig_edge(rig_t *rig, uint32_t from, uint32_t to)
{
    rig_stage_t *stage = &rig->stages[from];
    CHECK(stage->spec.ntargets < RIG_TARGETS);
    stage->to[stage->spec.ntargets++] = to;
}

uint32_t
rig_random(rig_t *rig, uint32_t limit)
{
    /* Marsaglia, "Xorshift RNGs", 2003. */
    uint32_t x = rig->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    rig->random = x;
    return x % limit;
}

void
rig_yield(rig_t *rig)
{
    pthread_mutex_unlock(&rig->lock);
    sched_yield();
    pthread_mutex_lock(&rig->lock);
}

static bool
chance(rig_t *rig, unsigned what, uint32_t of)
{
    return rig->chaos & what && rig_random(rig, of) == 0;
}

static void
note(rig_stage_t *stage, mg_item_t item)
{
    CHECK(item > 0 && item < RIG_VALUES);
    stage->seen[item]++;
    stage->nseen++;
    if (item <= stage->last) stage->ascending = false;
    stage->last = item;
    for (uint32_t i = 0; i < stage->rig->nstages; i++) {
        rig_stage_t *other = &stage->rig->stages[i];
        size_t queued = stage->rig->run.steps[i].queued;
        if (queued > other->most_queued) other->most_queued = queued;
    }
}

/* Runs the stage's code on an item and counts what became of it, but for statuses that
 * stop the run. */
static mg_status_t
give(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    mg_step_t *step = hand->step;
    if (chance(stage->rig, RIG_YIELD, 16)) rig_yield(stage->rig);
    if (hand->in == NULL || hand->in->attempt == 0) note(stage, item);
    mg_status_t status = stage->each(stage, hand, item);
    if (status == (mg_status_t)RIG_PARKED) return MG_OK;
    if (status == (mg_status_t)RIG_FAILED) {
        step->failed++;
        return MG_OK;
    }
    if (status == MG_OK) step->done++;
    return status;
}

static mg_status_t
keep(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    mg_status_t status = MG_OK;
    note(stage, item);
    stage->kept[stage->nkept++] = item;
    if (stage->nkept >= stage->at_once) status = flush(hand);
    if (status == MG_OK) hand->step->done++;
    return status;
}

static mg_status_t
split(rig_stage_t *stage, mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    mg_status_t status = mg_hand_split(hand);
    if (status != MG_OK && status != MG_INVALID) return status;
    bool alone = step->segment->first == step && step->segment_next == NULL;
    if (step->grown) {
        if (chance(stage->rig, RIG_SPLIT, 4)) mg_step_narrow(step);
    }
    else if (alone && step->ntargets == 0 && step->produced == 0 && step->max_workers > 1) {
        mg_step_widen(step);
    }
    return MG_OK;
}

static mg_status_t
run_items(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    rig_stage_t *stage = step->data;
    while (hand->cursor < hand->in->count) {
        if (step->run->cancelled) return MG_CANCELLED;
        mg_item_t item = hand->in->items[hand->cursor];
        bool batch = step->kind == MG_KIND_BATCH;
        mg_status_t status = batch ? keep(stage, hand, item) : give(stage, hand, item);
        if (status != MG_OK) return status;
        hand->cursor++;
        if (step->may_split && (!step->concurrent || step->grown) && chance(stage->rig, RIG_SPLIT, 50)) {
            status = split(stage, hand);
            if (status != MG_OK) return status;
        }
    }
    return MG_OK;
}

static void
breathe(rig_stage_t *stage)
{
    rest(&stage->rig->run, &stage->breath, mg_clock_now() + BREATH, false);
}

static bool
awaited(const mg_step_t *step)
{
    for (uint32_t i = 0; i < step->ntargets; i++) {
        if (step->targets[i]->queued) return true;
    }
    return false;
}

static mg_status_t
produce(rig_stage_t *stage, mg_hand_t *hand)
{
    const mg_run_t *run = hand->step->run;
    for (mg_item_t item = 1; item <= stage->items; item++) {
        if (chance(stage->rig, RIG_YIELD, 16)) rig_yield(stage->rig);
        mg_status_t status = rig_emit(hand, item);
        if (status == MG_CLOSED) return MG_OK;
        if (status != MG_OK) return status;
        bool last = item == stage->items;
        if (last && stage->endless) item = 0;
        /* Room for the others: a mutex isn't fair. */
        if (item == 0 || (stage->slow && item % 10 == 0)) breathe(stage);
        while (last && stage->slow && !run->cancelled && awaited(hand->step)) breathe(stage);
    }
    return MG_OK;
}

static mg_status_t
loop(rig_stage_t *stage, mg_hand_t *hand)
{
    mg_item_t items[RIG_KEPT];
    for (;;) {
        size_t count;
        mg_status_t status = mg_hand_take(hand, stage->at_once, 0, items, &count);
        if (status == MG_AGAIN) continue;
        if (status == MG_OK && count == 0) return MG_OK;
        for (size_t i = 0; i < count && status == MG_OK; i++) {
            status = give(stage, hand, items[i]);
            if (status == MG_OK) continue;
            stage->cancelled += count - i;
            hand->step->cancelled += count - i;
        }
        if (status == MG_CLOSED) return MG_OK; /* it has had enough */
        if (status != MG_OK) return status;
        mg_hand_settle(hand, count);
    }
}

static mg_status_t
run_once(mg_hand_t *hand)
{
    rig_stage_t *stage = hand->step->data;
    return hand->step->kind == MG_KIND_PRODUCER ? produce(stage, hand) : loop(stage, hand);
}

static mg_status_t
flush(mg_hand_t *hand)
{
    rig_stage_t *stage = hand->step->data;
    mg_status_t status = MG_OK;
    uint32_t count = stage->nkept;
    stage->nkept = 0;
    for (uint32_t i = 0; i < count && status == MG_OK; i++) status = rig_emit(hand, stage->kept[i]);
    return status;
}

static void *
worker_main(void *data)
{
    mg_worker_t *worker = data;
    rig_t *rig = worker->run->data;
    pthread_mutex_lock(&rig->lock);
    mg_worker_run(worker);
    pthread_mutex_unlock(&rig->lock);
    return NULL;
}

static mg_status_t
spawn(mg_worker_t *worker)
{
    rig_t *rig = worker->run->data;
    CHECK(rig->nthreads < RIG_THREADS);
    if (mg_sys->pthread_create(&rig->threads[rig->nthreads], NULL, worker_main, worker)) return MG_SYSERR;
    rig->nthreads++;
    return MG_OK;
}

static mg_status_t
rest(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible)
{
    rig_t *rig = run->data;
    if (interruptible && chance(rig, RIG_INTERRUPT, 8)) {
        rig_yield(rig);
        return MG_AGAIN;
    }
    pthread_mutex_unlock(&rig->lock);
    mg_park_sleep(park, deadline);
    pthread_mutex_lock(&rig->lock);
    return MG_OK;
}

static mg_status_t
exposed(mg_worker_t *worker, mg_status_t (*body)(mg_worker_t *worker))
{
    return body(worker);
}

static mg_status_t
interrupted(mg_worker_t *worker)
{
    rig_t *rig = worker->run->data;
    /* Each death costs a thread, and there is an end to those. */
    if (rig->nthreads < RIG_THREADS / 2 && chance(rig, RIG_KILL, 8)) worker->dying = true;
    return MG_OK;
}

static void
head_ended(mg_step_t *step)
{
    (void)step;
}

static void
undelivered(mg_step_t *step, mg_chunk_t *chunk)
{
    rig_stage_t *stage = step->data;
    stage->undelivered += mg_chunk_size(chunk);
}

static void
cancelled(mg_step_t *step, const mg_chunk_t *chunk, uint32_t from)
{
    rig_stage_t *stage = step->data;
    stage->cancelled += chunk->count - from;
}

static uint64_t
weight(const mg_step_t *step, mg_item_t item)
{
    (void)step;
    (void)item;
    return 1;
}

/* Each item weighs so many bytes. */
static uint64_t
size(mg_item_t item)
{
    return item % 5 == 0 ? MG_LARGE_ITEM : 10;
}

const mg_run_ops_t rig_ops = {
    .run_items = run_items,
    .run_once = run_once,
    .flush = flush,
    .spawn = spawn,
    .sleep = rest,
    .exposed = exposed,
    .interrupted = interrupted,
    .head_ended = head_ended,
    .undelivered = undelivered,
    .cancelled = cancelled,
    .weight = weight,
    .size = size,
};
