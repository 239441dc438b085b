#include "run_internal.h"

mg_status_t
mg_hand_take(mg_hand_t *hand, size_t max, uint64_t deadline, mg_item_t *items, size_t *count)
{
    mg_step_t *step = hand->step;
    mg_segment_t *segment = step->segment;
    mg_run_t *run = step->run;

    *count = 0;
    mg_status_t status = mg__hand_flush(hand, true, true);
    if (status != MG_OK) return status;
    while (segment->inbox.first == NULL) {
        if (run->cancelled) return MG_CANCELLED;
        if (step->ending && step->parked == 0) {
            if (!step->running) step->busy++;
            step->running = true;
            return MG_OK;
        }
        if (mg__pull(segment)) continue;
        if (hand->taken == 0 && step->running) {
            /* Nothing in hand: until an item comes, the step is no work. */
            step->running = false;
            step->busy--;
            mg__check_end(step);
            mg__work_done(run);
            continue;
        }
        if (deadline && mg_clock_now() >= deadline) return MG_TIMEOUT;
        if (hand->worker) mg__charge(hand->worker);
        status = mg__idle(segment, deadline, true);
        if (hand->worker) mg__charge_nobody(hand->worker);
        if (status == MG_AGAIN) return status;
        if (segment->inbox.first == NULL && deadline && mg_clock_now() >= deadline) return MG_TIMEOUT;
    }
    if (run->cancelled) return MG_CANCELLED;
    while (*count < max && segment->inbox.first) {
        mg_chunk_t *chunk = mg__take(segment, max - *count);
        if (chunk == NULL) return MG_NOMEM;
        for (uint32_t i = chunk->head; i < chunk->count; i++) items[(*count)++] = chunk->items[i];
        mg__take_tokens(step, chunk);
        mg__chunk_done(run, chunk);
        if (!step->running) {
            /* The chunk's place on the ledger becomes the step's. */
            step->running = true;
            step->busy++;
        }
        else {
            mg__work_done(run);
        }
    }
    hand->taken += *count;
    return MG_OK;
}

bool
mg_hand_listen(mg_hand_t *hand, void (*ring)(void *data), void *data)
{
    mg_step_t *step = hand->step;
    mg_segment_t *segment = step->segment;
    bool found = segment->inbox.first || mg__pull(segment) || (step->ending && step->parked == 0) ||
                 step->run->cancelled || (hand->taken == 0 && step->running);

    mg__listen(segment, found ? NULL : ring, data);
    return !found;
}

uint64_t
mg_hand_spent(const mg_hand_t *hand, uint64_t now)
{
    uint64_t since = hand->worker->since;
    return hand->spent + (now > since ? now - since : 0);
}

void
mg_hand_settle(mg_hand_t *hand, size_t count)
{
    hand->taken -= count < hand->taken ? count : hand->taken;
    /* Another thread may settle while the step's own waits for more: with nothing in
     * hand it may be at its end. */
    if (hand->taken > 0) return;
    mg_hand_stamp(hand); /* or what is emitted and not yet sent would descend from nothing */
    mg__kept_done(hand->step);
    mg__rouse_all(hand->step->segment);
}

void
mg_hand_keep(mg_hand_t *hand, size_t count)
{
    mg_hand_settle(hand, count);
}

void
mg_hand_resume(mg_hand_t *hand, size_t count)
{
    mg_step_t *step = hand->step;
    hand->taken += count;
    if (step->running || count == 0) return;
    step->running = true;
    step->busy++;
    mg__work_begun(step->run);
}
