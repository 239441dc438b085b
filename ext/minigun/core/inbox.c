#include "run_internal.h"

#include <string.h>

#include "clock.h"

void
mg__list_append(mg_chunk_list_t *list, mg_chunk_t *chunk)
{
    chunk->next = NULL;
    if (list->last) {
        list->last->next = chunk;
    }
    else {
        list->first = chunk;
    }
    list->last = chunk;
}

void
mg__list_prepend(mg_chunk_list_t *list, mg_chunk_t *chunk)
{
    chunk->next = list->first;
    list->first = chunk;
    if (list->last == NULL) list->last = chunk;
}

mg_chunk_t *
mg__list_shift(mg_chunk_list_t *list)
{
    mg_chunk_t *chunk = list->first;
    if (chunk == NULL) return NULL;
    list->first = chunk->next;
    if (list->first == NULL) list->last = NULL;
    chunk->next = NULL;
    return chunk;
}

void
mg__ring_all(mg_waiter_t **waiters)
{
    while (*waiters) {
        mg_waiter_t *waiter = *waiters;
        *waiters = waiter->next;
        waiter->next = NULL;
        mg_park_ring(waiter->park);
    }
}

static void
unlink_waiter(mg_waiter_t **list, mg_waiter_t *waiter)
{
    for (; *list; list = &(*list)->next) {
        if (*list == waiter) {
            *list = waiter->next;
            return;
        }
    }
}

mg_status_t
mg__wait_in(mg_run_t *run, mg_waiter_t **list, uint64_t deadline, bool interruptible)
{
    mg_park_t park;
    mg_park_init(&park);
    mg_waiter_t waiter = { .park = &park, .next = *list };
    *list = &waiter;
    mg_status_t status = run->ops->sleep(run, &park, deadline, interruptible);
    unlink_waiter(list, &waiter);
    mg_park_fini(&park);
    return status;
}

uint32_t
mg__fit(const mg_step_t *target, const mg_item_t *items, uint32_t count, uint64_t *bytes)
{
    uint64_t (*size)(mg_item_t) = target->run->ops->size;
    uint64_t sum = size(items[0]);
    uint32_t fitting = 1;
    *bytes = 0;
    if (!target->weighs_all && sum < MG_LARGE_ITEM) return count;
    while (fitting < count) {
        uint64_t more = size(items[fitting]);
        if (sum + more > target->max_bytes) break;
        sum += more;
        fitting++;
    }
    *bytes = sum;
    return fitting;
}

static bool
full(const mg_step_t *step, size_t count, uint64_t bytes)
{
    if (step->queued == 0) return false;
    if (step->capacity != 0 && step->queued + count > step->capacity) return true;
    return bytes != 0 && step->queued_bytes + bytes > step->max_bytes;
}

void
mg__listen(mg_segment_t *segment, void (*ring)(void *), void *data)
{
    uint64_t now = mg_clock_now();

    if (segment->listener) segment->waiting_input += now - segment->listening_since;
    segment->listener = ring;
    segment->listener_data = data;
    segment->listening_since = now;
}

static void
ring_listener(mg_segment_t *segment)
{
    void (*ring)(void *) = segment->listener;
    void *data = segment->listener_data;
    if (ring == NULL) return;
    mg__listen(segment, NULL, NULL);
    ring(data);
}

void
mg__rouse_all(mg_segment_t *segment)
{
    ring_listener(segment);
    segment->nsleepers = 0;
    mg__ring_all(&segment->sleepers);
}

static void
ring_one(mg_segment_t *segment)
{
    mg_waiter_t *waiter = segment->sleepers;
    segment->sleepers = waiter->next;
    segment->nsleepers--;
    mg_park_ring(waiter->park);
}

void
mg__rouse(mg_segment_t *segment)
{
    mg_step_t *step = segment->first;
    size_t wanted = segment->queued ? segment->queued : 1;
    size_t limit = step->workers;

    ring_listener(segment);
    while (wanted > 0 && segment->sleepers) {
        ring_one(segment);
        wanted--;
    }
    if (segment->nworkers == 0 || limit > 1) {
        size_t working = segment->nworkers - segment->nsleepers;
        size_t useful = limit > 1 ? step->busy + segment->queued : 1;
        if (useful > limit) useful = limit;
        while (working < useful && segment->nworkers < limit) {
            if (mg__worker_start(segment) != MG_OK) return;
            working++;
        }
    }
}

mg_status_t
mg__push(mg_step_t *target, mg_chunk_t *chunk, bool blocking, bool interruptible, uint64_t *waited)
{
    mg_run_t *run = target->run;
    uint32_t count = mg_chunk_size(chunk);

    while (blocking && full(target, count, chunk->bytes) && !target->ended && !run->cancelled) {
        uint64_t from = mg_clock_now();
        mg_status_t status = mg__wait_in(run, &target->writers, 0, interruptible);
        if (waited) *waited += mg_clock_now() - from;
        if (status == MG_AGAIN) return MG_AGAIN;
    }
    if (run->cancelled) return MG_CANCELLED;

    target->accepted += count;
    if (target->ended) {
        target->cancelled += count;
        run->ops->undelivered(target, chunk);
        mg__fail_tokens(run, chunk, chunk->head);
        mg__chunk_done(run, chunk);
        return MG_OK;
    }
    chunk->step = target->index;
    mg__list_append(&target->segment->inbox, chunk);
    target->queued += count;
    target->queued_bytes += chunk->bytes;
    target->segment->queued += count;
    mg__work_begun(run);
    mg__rouse(target->segment);
    return MG_OK;
}

void
mg__push_again(mg_step_t *target, mg_chunk_t *chunk)
{
    mg__list_prepend(&target->segment->inbox, chunk);
    target->queued += mg_chunk_size(chunk);
    target->queued_bytes += chunk->bytes;
    target->segment->queued += mg_chunk_size(chunk);
    mg__rouse(target->segment);
}

static void
leave_inbox(mg_step_t *step, uint32_t count, uint64_t bytes)
{
    step->queued -= count;
    step->queued_bytes -= bytes;
    step->segment->queued -= count;
    /* Half empty, so that one hand-over between two threads pays for many items. */
    if (step->writers == NULL) return;
    bool room = step->capacity == 0 || step->queued <= step->capacity / 2;
    if (room && step->queued_bytes <= step->max_bytes / 2) mg__ring_all(&step->writers);
}

mg_chunk_t *
mg__take(mg_segment_t *segment, size_t max)
{
    mg_run_t *run = segment->run;
    mg_chunk_t *first = segment->inbox.first;
    if (first == NULL) return NULL;

    mg_step_t *step = &run->steps[first->step];
    uint32_t size = mg_chunk_size(first);
    if (max == 0 || size <= max) {
        mg__list_shift(&segment->inbox);
        leave_inbox(step, size, first->bytes);
        first->bytes = 0;
        return first;
    }

    mg_chunk_t *part = mg_chunk_cache_get(&run->cache);
    if (part == NULL) return NULL;
    uint32_t count = (uint32_t)max < part->capacity ? (uint32_t)max : part->capacity;
    memcpy(part->items, first->items + first->head, count * sizeof(mg_item_t));
    part->step = first->step;
    part->count = count;
    mg__move_tokens(run, part, first, first->head);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count && first->bytes; i++) bytes += run->ops->size(part->items[i]);
    if (bytes > first->bytes) bytes = first->bytes;
    first->bytes -= bytes;
    first->head += count;
    mg__work_begun(run);
    leave_inbox(step, count, bytes);
    return part;
}

mg_status_t
mg__idle(mg_segment_t *segment, uint64_t deadline, bool interruptible)
{
    mg_run_t *run = segment->run;
    mg_park_t park;
    mg_park_init(&park);
    mg_waiter_t waiter = { .park = &park, .next = segment->sleepers };
    segment->sleepers = &waiter;
    segment->nsleepers++;
    uint64_t from = mg_clock_now();
    mg_status_t status = run->ops->sleep(run, &park, deadline, interruptible);
    segment->waiting_input += mg_clock_now() - from;
    for (mg_waiter_t *w = segment->sleepers; w; w = w->next) {
        if (w != &waiter) continue;
        unlink_waiter(&segment->sleepers, &waiter);
        segment->nsleepers--;
        break;
    }
    mg_park_fini(&park);
    return status;
}
