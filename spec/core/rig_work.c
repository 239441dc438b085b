#include "rig.h"

#include "core/clock.h"

#include "test.h"

enum { BREATH = 100000 }; /* ns */

void
rig_breathe(rig_t *rig)
{
    mg_park_t park;
    mg_park_init(&park);
    rig_ops.sleep(&rig->run, &park, mg_clock_now() + BREATH, false);
    mg_park_fini(&park);
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
    bool each = step->kind == MG_KIND_EACH;
    if (each) hand->token = mg_chunk_token(hand->in, hand->cursor);
    if (rig_chance(stage->rig, RIG_YIELD, 16)) rig_yield(stage->rig);
    if (hand->in == NULL || hand->in->attempt == 0) note(stage, item);
    mg_status_t status = stage->each(stage, hand, item);
    if (status == (mg_status_t)RIG_FAILED) mg_hand_failed(hand);
    if (each) mg_hand_stamp(hand);
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
    mg_hand_collect(hand, 1);
    stage->kept[stage->nkept++] = item;
    if (stage->patience) hand->step->flush_at = mg_clock_now() + stage->patience;
    if (stage->nkept >= stage->at_once) status = rig_flush(hand);
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
        if (rig_chance(stage->rig, RIG_SPLIT, 4)) mg_step_narrow(step);
    }
    else if (alone && step->ntargets == 0 && step->produced == 0 && step->max_workers > 1) {
        mg_step_widen(step);
    }
    return MG_OK;
}

mg_status_t
rig_run_items(mg_hand_t *hand)
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
        if (step->may_split && (!step->concurrent || step->grown) && rig_chance(stage->rig, RIG_SPLIT, 50)) {
            status = split(stage, hand);
            if (status != MG_OK) return status;
        }
    }
    return MG_OK;
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
        if (rig_chance(stage->rig, RIG_YIELD, 16)) rig_yield(stage->rig);
        stage->made[item]++;
        mg_status_t status = rig_emit(hand, item);
        if (status == MG_CLOSED) return MG_OK;
        if (status != MG_OK) return status;
        bool last = item == stage->items;
        if (last && stage->endless) item = 0;
        if (item == 0 || (stage->slow && item % 10 == 0)) rig_breathe(stage->rig);
        while (last && stage->slow && !run->cancelled && awaited(hand->step)) rig_breathe(stage->rig);
    }
    while (stage->until && !run->cancelled && !stage->until(stage->rig)) rig_breathe(stage->rig);
    return MG_OK;
}

static void
ring(void *data)
{
    rig_stage_t *stage = data;
    mg_park_ring(&stage->breath);
}

/* As a loop that has other things to wait for takes its input. */
static mg_status_t
listen_and_take(rig_stage_t *stage, mg_hand_t *hand, mg_item_t *items, size_t *count)
{
    if (mg_hand_listen(hand, ring, stage)) rig_ops.sleep(&stage->rig->run, &stage->breath, 0, false);
    return mg_hand_take(hand, stage->at_once, 1, items, count);
}

static mg_status_t
take(rig_stage_t *stage, mg_hand_t *hand, mg_item_t *items, size_t *count)
{
    if (stage->listens) return listen_and_take(stage, hand, items, count);
    uint64_t deadline = stage->patience ? mg_clock_now() + stage->patience : 0;
    return mg_hand_take(hand, stage->at_once, deadline, items, count);
}

static mg_status_t
loop(rig_stage_t *stage, mg_hand_t *hand)
{
    mg_item_t items[RIG_KEPT];
    for (;;) {
        size_t count;
        mg_status_t status = take(stage, hand, items, &count);
        if (status == MG_TIMEOUT) stage->timeouts++;
        if (status == MG_AGAIN || status == MG_TIMEOUT) continue;
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

mg_status_t
rig_run_once(mg_hand_t *hand)
{
    rig_stage_t *stage = hand->step->data;
    return hand->step->kind == MG_KIND_PRODUCER ? produce(stage, hand) : loop(stage, hand);
}

mg_status_t
rig_flush(mg_hand_t *hand)
{
    rig_stage_t *stage = hand->step->data;
    mg_status_t status = MG_OK;
    uint32_t count = stage->nkept;
    stage->nkept = 0;
    hand->step->flush_at = 0;
    mg_hand_batch(hand, false);
    for (uint32_t i = 0; i < count && status == MG_OK; i++) status = rig_emit(hand, stage->kept[i]);
    mg_hand_batch_done(hand);
    return status;
}

