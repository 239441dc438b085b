#include "run_internal.h"

#include "sys.h"

mg_status_t
mg_hand_hold(mg_hand_t *hand)
{
    bool routed = false;
    for (uint32_t i = 0; i < hand->nroutes; i++) routed = routed || hand->routes[i].out;
    bool much = hand->sealed.first || (hand->out && mg_chunk_size(hand->out) >= MG_CHUNK_ITEMS / 2);
    if (routed || much) {
        mg_status_t status = mg__hand_flush(hand, true, false);
        if (status != MG_OK) return status;
    }
    hand->holding = true;
    hand->threshold = 0;
    hand->mark_out = hand->out;
    hand->mark_count = hand->out ? hand->out->count : 0;
    hand->mark_sealed = hand->sealed.last;
    return MG_OK;
}

static void
let_go(mg_hand_t *hand)
{
    hand->holding = false;
    hand->threshold = hand->fit;
}

mg_status_t
mg_hand_release(mg_hand_t *hand)
{
    let_go(hand);
    return hand->sealed.first ? mg__hand_flush(hand, true, false) : MG_OK;
}

void
mg_hand_drop(mg_hand_t *hand)
{
    mg_chunk_list_t kept = { 0 };

    let_go(hand);
    for (uint32_t i = 0; i < hand->nroutes; i++) {
        mg__chunk_done(hand->step->run, hand->routes[i].out);
        hand->routes[i].out = NULL;
    }
    bool before = hand->mark_sealed != NULL;
    hand->sealed_items = 0;
    for (mg_chunk_t *chunk; (chunk = mg__list_shift(&hand->sealed));) {
        bool last_before = chunk == hand->mark_sealed;
        if (!before) chunk->count = chunk == hand->mark_out ? hand->mark_count : chunk->head;
        if (last_before) before = false;
        if (mg_chunk_size(chunk) == 0) {
            mg__chunk_done(hand->step->run, chunk);
            continue;
        }
        hand->sealed_items += mg_chunk_size(chunk);
        mg__list_append(&kept, chunk);
    }
    hand->sealed = kept;
    if (hand->out) hand->out->count = hand->out == hand->mark_out ? hand->mark_count : hand->out->head;
}

/* The heap: the parent of i is (i - 1) / 2, and never due later. */
static void
sift_up(mg_parked_t *heap, uint32_t i)
{
    while (i > 0 && heap[(i - 1) / 2].due > heap[i].due) {
        mg_parked_t parent = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = heap[i];
        heap[i] = parent;
        i = (i - 1) / 2;
    }
}

static void
sift_down(mg_parked_t *heap, uint32_t count)
{
    for (uint32_t i = 0;;) {
        uint32_t least = i, left = 2 * i + 1;
        if (left < count && heap[left].due < heap[least].due) least = left;
        if (left + 1 < count && heap[left + 1].due < heap[least].due) least = left + 1;
        if (least == i) return;
        mg_parked_t child = heap[least];
        heap[least] = heap[i];
        heap[i] = child;
        i = least;
    }
}

mg_status_t
mg_hand_park(mg_hand_t *hand, mg_item_t item, uint32_t attempt, uint64_t due)
{
    mg_run_t *run = hand->step->run;
    if (run->nparked == run->parked_room) {
        uint32_t room = run->parked_room ? run->parked_room * 2 : 16;
        mg_parked_t *parked = mg_sys->realloc(run->parked, room * sizeof(*parked));
        if (parked == NULL) return MG_NOMEM;
        run->parked = parked;
        run->parked_room = room;
    }
    mg_chunk_t *chunk = mg_chunk_cache_get(&run->cache);
    if (chunk == NULL) return MG_NOMEM;
    chunk->items[chunk->count++] = item;
    if (run->lineage) mg_chunk_stamp(run->lineage, chunk, hand->token);
    chunk->step = hand->step->index;
    chunk->attempt = attempt;
    run->parked[run->nparked] = (mg_parked_t){ .due = due, .chunk = chunk };
    sift_up(run->parked, run->nparked++);
    hand->step->parked++;
    mg__work_begun(run);
    if (run->owner) mg_park_ring(run->owner);
    return MG_OK;
}

uint64_t
mg_run_unpark(mg_run_t *run, uint64_t now)
{
    while (run->nparked > 0 && run->parked[0].due <= now) {
        mg_chunk_t *chunk = run->parked[0].chunk;
        run->parked[0] = run->parked[--run->nparked];
        sift_down(run->parked, run->nparked);
        run->steps[chunk->step].parked--;
        mg__push_again(&run->steps[chunk->step], chunk);
    }
    return run->nparked ? run->parked[0].due : 0;
}
