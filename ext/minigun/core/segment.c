#include "run_internal.h"

#include <string.h>

#include "clock.h"
#include "sys.h"

bool
mg__all_outside(const mg_step_t *step)
{
    for (uint32_t i = 0; i < step->ntargets; i++) {
        if (step->targets[i]->segment == step->segment) return false;
    }
    return true;
}

bool
mg__targets_idle(const mg_step_t *step)
{
    for (uint32_t i = 0; i < step->ntargets; i++) {
        const mg_segment_t *segment = step->targets[i]->segment;
        if (segment->nsleepers || segment->nworkers == 0) return true;
    }
    return step->ntargets == 0;
}

static bool
feeds(const mg_step_t *step, const mg_segment_t *segment)
{
    for (uint32_t i = 0; i < step->ntargets; i++) {
        if (step->targets[i]->segment == segment) return true;
    }
    for (uint32_t i = 0; i < step->nfeeds; i++) {
        if (step->feeds[i]->segment == segment) return true;
    }
    return false;
}

/* Hands on for another thread what the hand holds, whether there is room or not: the
 * next item has to wait for it. What failed half-way can't be sent again, so a failure
 * ends the run. */
static void
flush_for(mg_hand_t *hand)
{
    mg_run_t *run = hand->step->run;
    mg_status_t status = mg__hand_flush(hand, false, false);
    hand->threshold = 1;
    if (status == MG_OK || status == MG_CANCELLED) return;
    run->failure = status;
    mg_run_cancel(run);
}

bool
mg__pull(mg_segment_t *segment)
{
    mg_run_t *run = segment->run;
    for (mg_worker_t *worker = run->workers; worker; worker = worker->next) {
        if (!worker->running_head || worker->segment == segment) continue;
        mg_hand_t *hand = &worker->segment->head->hand;
        if (!hand->eager || hand->delivering || !feeds(hand->step, segment)) continue;
        flush_for(hand);
    }
    return segment->inbox.first != NULL;
}

/* Puts what the inbox holds for moved steps into the new segment's. */
static void
move_queued(mg_segment_t *from, mg_segment_t *to)
{
    mg_chunk_list_t rest = { 0 };
    for (mg_chunk_t *chunk; (chunk = mg__list_shift(&from->inbox));) {
        if (from->run->steps[chunk->step].segment == to) {
            from->queued -= mg_chunk_size(chunk);
            to->queued += mg_chunk_size(chunk);
            mg__list_append(&to->inbox, chunk);
        }
        else {
            mg__list_append(&rest, chunk);
        }
    }
    from->inbox = rest;
}

/* Cuts `step`, or, if `behind`, only what follows it, and all that depends on the
 * cut steps within the segment, off into a segment of their own. */
static mg_segment_t *
cut(mg_step_t *step, bool behind)
{
    mg_segment_t *from = step->segment;
    mg_segment_t *to = mg_sys->calloc(1, sizeof(*to));
    if (to == NULL) return NULL;
    to->run = from->run;
    to->next = from->run->segments;
    from->run->segments = to;

    mg_step_t **keep = &from->first, **move = &to->first;
    mg_step_t *each = from->first;
    from->first = NULL;
    if (!behind) step->segment = to;
    while (each) {
        mg_step_t *next = each->segment_next;
        if (each == step && behind) {
            for (uint32_t i = 0; i < each->ntargets; i++) {
                if (each->targets[i]->segment == from) each->targets[i]->segment = to;
            }
        }
        if (each->segment == to) {
            for (uint32_t i = 0; i < each->ntargets; i++) {
                if (each->targets[i]->segment == from) each->targets[i]->segment = to;
            }
            *move = each;
            move = &each->segment_next;
            to->open += !each->ended;
        }
        else {
            *keep = each;
            keep = &each->segment_next;
        }
        each = next;
    }
    *keep = NULL;
    *move = NULL;
    from->open -= to->open;
    move_queued(from, to);
    return to;
}

mg_status_t
mg_hand_give_back(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    mg_run_t *run = step->run;
    mg_chunk_t *in = hand->in;
    uint32_t left = in->count - hand->cursor;
    if (left == 0) return MG_OK;

    mg_chunk_t *rest = mg_chunk_cache_get(&run->cache);
    if (rest == NULL) return MG_NOMEM;
    memcpy(rest->items, in->items + hand->cursor, left * sizeof(mg_item_t));
    rest->count = left;
    if (in->tokens) mg_chunk_copy_tokens(run->lineage, rest, in, hand->cursor, 1);
    rest->step = step->index;
    mg__list_prepend(&step->segment->inbox, rest);
    step->queued += left;
    step->segment->queued += left;
    mg__work_begun(run);
    hand->cursor = in->count;
    return MG_OK;
}

mg_status_t
mg_hand_split(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    if (step->segment->first == step) return MG_INVALID;

    mg_status_t status = mg__hand_flush(hand, true, false);
    if (status != MG_OK) return status;
    if (cut(step, false) == NULL) return MG_NOMEM;
    return mg_hand_give_back(hand);
}

mg_status_t
mg_hand_pass_on(mg_hand_t *hand)
{
    mg_status_t status = hand->outer ? mg_hand_split(hand) : MG_INVALID;
    return status == MG_INVALID ? mg_hand_give_back(hand) : status;
}

void
mg_hand_bind(mg_hand_t *hand)
{
    hand->step->segment->bound = true;
}

/* The producer is at work in its own code, holding what it held last time. */
static bool
slow(mg_hand_t *hand)
{
    bool holds = hand->sealed.first || (hand->out && mg_chunk_size(hand->out));
    for (uint32_t i = 0; i < hand->nroutes; i++) holds = holds || hand->routes[i].out;
    bool before = hand->held_before;
    hand->held_before = holds;
    return holds && before;
}

bool
mg_run_tend(mg_run_t *run)
{
    bool more = false;
    for (mg_worker_t *worker = run->workers; worker; worker = worker->next) {
        if (!worker->running_head) continue;
        mg_hand_t *hand = &worker->segment->head->hand;
        if (hand->step->kind != MG_KIND_PRODUCER || hand->eager) continue;
        more = true;
        if (worker->hand != hand || hand->delivering || !slow(hand)) continue;
        if (!mg__all_outside(hand->step)) {
            if (worker->segment->bound) {
                hand->threshold = 1; /* what it holds leaves with its next item */
                continue;
            }
            mg_segment_t *behind = cut(hand->step, true);
            if (behind == NULL) continue;
            if (behind->queued) mg__rouse(behind);
        }
        hand->eager = true;
        flush_for(hand);
    }
    return more;
}

void
mg_step_widen(mg_step_t *step)
{
    step->concurrent = true;
    step->grown = true;
    step->workers = step->max_workers;
    if (step->segment->queued) mg__rouse(step->segment);
}

void
mg_step_narrow(mg_step_t *step)
{
    step->workers = 1;
}
