#include "run_internal.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "sys.h"

void
mg__hand_init(mg_hand_t *hand, mg_step_t *step)
{
    *hand = (mg_hand_t){ .step = step, .threshold = MG_CHUNK_ITEMS, .fit = MG_CHUNK_ITEMS };
}

void
mg__hand_fini(mg_hand_t *hand)
{
    mg_chunk_free(hand->out);
    for (mg_chunk_t *chunk; (chunk = mg__list_shift(&hand->sealed));) mg_chunk_free(chunk);
    for (uint32_t i = 0; i < hand->nroutes; i++) mg_chunk_free(hand->routes[i].out);
    free(hand->routes);
}

/* Where a delivery stands: targets that have the chunk, and items that the next
 * target has, so that an interrupted one can go on. */
struct progress {
    uint32_t *targets, *items;
};

/* Copies the chunk's items into the target's inbox, in pieces that fit it. */
static mg_status_t
push_copy(mg_worker_t *worker, mg_step_t *from, mg_step_t *target, const mg_chunk_t *chunk, uint32_t *sent,
          bool blocking, bool interruptible)
{
    uint64_t waited = from->waiting_room;
    mg_chunk_cache_t *cache = &target->run->cache;
    uint32_t size = mg_chunk_size(chunk);

    while (*sent < size) {
        uint32_t count = size - *sent;
        if (count > MG_CHUNK_ITEMS) count = MG_CHUNK_ITEMS;
        if (target->capacity && count > target->capacity) count = (uint32_t)target->capacity;
        const mg_item_t *items = chunk->items + chunk->head + *sent;
        uint64_t bytes = 0;
        if (target->max_bytes) count = mg__fit(target, items, count, &bytes);
        mg_chunk_t *copy = mg_chunk_cache_get(cache);
        if (copy == NULL) return MG_NOMEM;
        memcpy(copy->items, items, count * sizeof(mg_item_t));
        copy->count = count;
        copy->bytes = bytes;
        if (chunk->tokens) mg_chunk_copy_tokens(target->run->lineage, copy, chunk, chunk->head + *sent, 1);
        mg_status_t status = mg__push(target, copy, blocking, interruptible, &from->waiting_room);
        if (status != MG_OK) {
            mg__chunk_done(target->run, copy);
            return status;
        }
        *sent += count;
    }
    if (worker && from->waiting_room != waited) mg__charge_nobody(worker);
    *sent = 0;
    return MG_OK;
}

static bool
runs_here(const mg_worker_t *worker, const mg_step_t *target)
{
    return worker && worker->segment == target->segment && target->workers == 1 &&
           target->kind != MG_KIND_LOOP && !target->ended;
}

static mg_status_t
run_nested(mg_worker_t *worker, mg_step_t *target, mg_chunk_t *chunk)
{
    target->accepted += mg_chunk_size(chunk);
    return mg__run_chunk(worker, target, chunk);
}

static mg_status_t
broadcast(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk, struct progress progress,
          bool blocking, bool interruptible)
{
    while (*progress.targets < step->ntargets) {
        mg_step_t *target = step->targets[*progress.targets];
        mg_status_t status;
        if (runs_here(worker, target)) {
            status = run_nested(worker, target, chunk);
        }
        else {
            status = push_copy(worker, step, target, chunk, progress.items, blocking, interruptible);
        }
        if (status != MG_OK) return status;
        ++*progress.targets;
    }
    *progress.targets = 0;
    return MG_OK;
}

/* Item k goes to target k mod n; each target gets its share as one chunk. The
 * shares are not interruptible: a part of one can't be sent again. */
static mg_status_t
round_robin(mg_worker_t *worker, mg_step_t *step, const mg_chunk_t *chunk, bool blocking)
{
    uint32_t turn = step->turn;
    step->turn = (turn + mg_chunk_size(chunk)) % step->ntargets;

    for (uint32_t t = 0; t < step->ntargets && t < mg_chunk_size(chunk); t++) {
        mg_step_t *target = step->targets[(turn + t) % step->ntargets];
        mg_chunk_t *share = mg_chunk_cache_get(&step->run->cache);
        if (share == NULL) return MG_NOMEM;
        for (uint32_t i = chunk->head + t; i < chunk->count; i += step->ntargets) {
            share->items[share->count++] = chunk->items[i];
        }
        if (chunk->tokens) mg_chunk_copy_tokens(step->run->lineage, share, chunk, chunk->head + t, step->ntargets);
        uint32_t targets = 0, items = 0;
        mg_step_t single = { .run = step->run, .targets = &target, .ntargets = 1 };
        mg_status_t status = broadcast(worker, &single, share,
                                       (struct progress){ &targets, &items }, blocking, false);
        step->waiting_room += single.waiting_room;
        mg__chunk_done(step->run, share);
        if (status != MG_OK) return status;
    }
    return MG_OK;
}

static mg_status_t
distribute(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk, struct progress progress,
           bool blocking, bool interruptible)
{
    if (step->round_robin && step->ntargets > 1) {
        return round_robin(worker, step, chunk, blocking);
    }
    return broadcast(worker, step, chunk, progress, blocking, interruptible);
}

/* What is sent to one target goes through its inbox, unless what is emitted to it runs nested here:
 * that would overtake it. */
static mg_status_t
send_to_one(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk, uint32_t *sent, bool blocking,
            bool interruptible)
{
    mg_step_t *target = &step->run->steps[chunk->step];
    if (mg__is_target(step, target) && runs_here(worker, target)) return run_nested(worker, target, chunk);

    bool waits = blocking && !mg__feeds_freely(step, target);
    return push_copy(worker, step, target, chunk, sent, waits, interruptible);
}

mg_status_t
mg__deliver_sealed(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk)
{
    uint32_t targets = 0, items = 0;
    struct progress progress = { &targets, &items };
    mg_status_t status = chunk->step == MG_STATIC
                             ? distribute(worker, step, chunk, progress, true, false)
                             : send_to_one(worker, step, chunk, &items, true, false);
    if (status == MG_OK) step->produced += mg_chunk_size(chunk);
    return status;
}

/* Moves an open chunk behind the sealed ones. */
static void
seal(mg_hand_t *hand, mg_chunk_t **open, uint32_t target, mg_chunk_list_t *list)
{
    if (*open == NULL || mg_chunk_size(*open) == 0) return;
    (*open)->step = target;
    if (list == &hand->sealed) hand->sealed_items += mg_chunk_size(*open);
    mg__list_append(list, *open);
    *open = NULL;
}

static void
seal_open(mg_hand_t *hand, mg_chunk_list_t *list)
{
    seal(hand, &hand->out, MG_STATIC, list);
    for (uint32_t i = 0; i < hand->nroutes; i++) {
        if (hand->routes[i].target) {
            seal(hand, &hand->routes[i].out, hand->routes[i].target->index, list);
        }
    }
    hand->overlap_open = false;
}

void
mg__hand_seal(mg_hand_t *hand, mg_chunk_list_t *list)
{
    mg_hand_stamp(hand);
    for (mg_chunk_t *chunk; (chunk = mg__list_shift(&hand->sealed));) mg__list_append(list, chunk);
    hand->sealed_items = 0;
    seal_open(hand, list);
}

/* The usual case, without sealing: one open chunk for the static targets stays
 * where it is and is empty again afterwards. */
static mg_status_t
deliver_open(mg_hand_t *hand, bool blocking, bool interruptible)
{
    mg_step_t *step = hand->step;
    mg_chunk_t *out = hand->out;
    mg__stamp(hand, out);
    mg_status_t status = distribute(hand->worker, step, out,
                                    (struct progress){ &hand->sent, &hand->sent_items }, blocking,
                                    interruptible);
    if (status == MG_OK) {
        step->produced += mg_chunk_size(out);
        if (out->tokens) mg__let_go(step->run, out);
        out->count = 0;
        out->head = 0;
    }
    else if (hand->sent || hand->sent_items) {
        /* Some targets have it, so nothing more may go into it. */
        seal(hand, &hand->out, MG_STATIC, &hand->sealed);
    }
    return status;
}

static mg_status_t
deliver_next_sealed(mg_hand_t *hand, bool blocking, bool interruptible)
{
    mg_step_t *step = hand->step;
    mg_chunk_t *chunk = hand->sealed.first;
    mg__stamp(hand, chunk);
    struct progress progress = { &hand->sent, &hand->sent_items };
    mg_status_t status = chunk->step == MG_STATIC
                             ? distribute(hand->worker, step, chunk, progress, blocking, interruptible)
                             : send_to_one(hand->worker, step, chunk, progress.items, blocking, interruptible);
    if (status != MG_OK) return status;
    step->produced += mg_chunk_size(chunk);
    hand->sealed_items -= mg_chunk_size(chunk);
    mg__chunk_done(step->run, mg__list_shift(&hand->sealed));
    return MG_OK;
}

static bool
holds_routed(const mg_hand_t *hand)
{
    for (uint32_t i = 0; i < hand->nroutes; i++) {
        if (hand->routes[i].out) return true;
    }
    return false;
}

/* The hand's own code is what runs, so it is charged, and an interrupt may end its wait. */
static bool
in_own_code(const mg_hand_t *hand)
{
    return hand->worker && hand->worker->hand == hand;
}

/* Where the source is slow, each item leaves at once as long as nobody is busy. */
static void
set_pace(mg_hand_t *hand)
{
    if (hand->eager) hand->threshold = mg__targets_idle(hand->step) ? 1 : hand->fit;
}

static bool
holds_nothing(const mg_hand_t *hand)
{
    return hand->sealed.first == NULL && (hand->out == NULL || mg_chunk_size(hand->out) == 0) &&
           !holds_routed(hand);
}

mg_status_t
mg__hand_flush(mg_hand_t *hand, bool blocking, bool interruptible)
{
    mg_status_t status = MG_OK;
    if (hand->delivering) return MG_OK;
    hand->held_before = false;
    if (holds_nothing(hand)) {
        set_pace(hand);
        return MG_OK;
    }
    hand->delivering = true;
    if (in_own_code(hand)) mg__charge(hand->worker);
    if (hand->sealed.first == NULL && !holds_routed(hand)) {
        if (hand->out && mg_chunk_size(hand->out)) status = deliver_open(hand, blocking, interruptible);
    }
    else {
        seal_open(hand, &hand->sealed);
    }
    while (status == MG_OK && hand->sealed.first) {
        status = deliver_next_sealed(hand, blocking, interruptible);
    }
    hand->delivering = false;
    set_pace(hand);
    return status;
}

mg_status_t
mg_hand_flush(mg_hand_t *hand)
{
    return mg__hand_flush(hand, true, false);
}

static uint32_t
held(const mg_hand_t *hand)
{
    return hand->sealed_items + (hand->out ? mg_chunk_size(hand->out) : 0);
}

/* Makes room for one more item in hand->out. After an interrupt the old chunk may
 * still be there, full: it goes behind the sealed ones. */
static mg_status_t
make_room(mg_hand_t *hand)
{
    mg_chunk_cache_t *cache = &hand->step->run->cache;
    if (hand->out && hand->out->count == hand->out->capacity) {
        seal(hand, &hand->out, MG_STATIC, &hand->sealed);
    }
    if (hand->out == NULL) hand->out = mg_chunk_cache_get(cache);
    return hand->out ? MG_OK : MG_NOMEM;
}

/* Nothing a producer makes would be used. */
static bool
unwanted(const mg_step_t *step)
{
    if (step->kind != MG_KIND_PRODUCER) return false;
    if (step->run->draining) return true;
    if (step->ntargets == 0 || step->nfeeds > 0) return false;
    for (uint32_t i = 0; i < step->ntargets; i++) {
        if (!step->targets[i]->futile) return false;
    }
    return true;
}

/* A producer's first items stay together in any case. */
enum { PRODUCER_HOLDS = 32 };

/* Large items leave sooner. Looked at once a chunk. */
static void
fit_threshold(mg_hand_t *hand, mg_item_t item)
{
    uint64_t size = hand->step->run->ops->size(item);
    uint64_t count = size < MG_LARGE_ITEM ? MG_CHUNK_ITEMS : MG_CHUNK_BYTES / size + 1;
    uint64_t least = hand->step->kind == MG_KIND_PRODUCER ? PRODUCER_HOLDS : 1;
    if (count < least) count = least;
    if (count > MG_CHUNK_ITEMS) count = MG_CHUNK_ITEMS;
    if (hand->threshold == hand->fit) hand->threshold = (uint32_t)count; /* else it has a reason */
    hand->fit = (uint32_t)count;
}

mg_status_t
mg_hand_emit_slow(mg_hand_t *hand, mg_item_t item)
{
    mg_run_t *run = hand->step->run;
    if (run->cancelled) return MG_CANCELLED;
    if (hand->delivering) {
        seal_open(hand, &hand->sealed);
    }
    else if (hand->overlap_open) {
        for (uint32_t i = 0; i < hand->nroutes; i++) {
            mg_route_t *route = &hand->routes[i];
            if (route->overlaps) seal(hand, &route->out, route->target->index, &hand->sealed);
        }
        hand->overlap_open = false;
    }
    if (make_room(hand) != MG_OK) return MG_NOMEM;
    hand->out->items[hand->out->count++] = item;
    if (hand->holding || hand->delivering) return MG_OK;
    fit_threshold(hand, item);
    mg_status_t status = MG_OK;
    if (held(hand) >= hand->threshold) status = mg__hand_flush(hand, true, in_own_code(hand));
    return status == MG_OK && unwanted(hand->step) ? MG_CLOSED : status;
}

mg_status_t
mg_hand_send(mg_hand_t *hand, uint32_t number, mg_item_t item)
{
    mg_step_t *step = hand->step;
    mg_run_t *run = step->run;
    if (run->cancelled) return MG_CANCELLED;
    if (number >= hand->nroutes) {
        mg_route_t *routes = mg_sys->realloc(hand->routes, step->nfeeds * sizeof(*routes));
        if (routes == NULL) return MG_NOMEM;
        memset(routes + hand->nroutes, 0, (step->nfeeds - hand->nroutes) * sizeof(*routes));
        hand->routes = routes;
        hand->nroutes = step->nfeeds;
    }
    mg_route_t *route = &hand->routes[number];
    if (route->target == NULL) mg__route_init(route, step, step->feeds[number]);
    if (route->target->ended) return MG_CLOSED;

    if (hand->delivering) {
        seal_open(hand, &hand->sealed);
    }
    else if (route->overlaps) {
        seal(hand, &hand->out, MG_STATIC, &hand->sealed);
    }
    if (route->overlaps) {
        /* An empty chunk would take what is emitted next past this item. */
        mg__chunk_done(run, hand->out);
        hand->out = NULL;
        hand->overlap_open = true;
    }
    if (route->out == NULL) {
        route->out = mg_chunk_cache_get(&run->cache);
        if (route->out == NULL) return MG_NOMEM;
    }
    route->out->items[route->out->count++] = item;
    if (hand->holding && route->out->count == route->out->capacity) {
        seal(hand, &route->out, route->target->index, &hand->sealed);
        return MG_OK;
    }
    bool waited_for = hand->eager && mg__targets_idle(step);
    if (!hand->delivering && !hand->holding && (route->out->count == route->out->capacity || waited_for ||
                              held(hand) >= MG_CHUNK_ITEMS)) {
        return mg__hand_flush(hand, true, in_own_code(hand));
    }
    return MG_OK;
}

mg_status_t
mg_step_publish(mg_step_t *step, uint32_t target, const mg_item_t *items, size_t count,
                bool blocking, size_t *done)
{
    mg_run_t *run = step->run;
    while (*done < count) {
        mg_chunk_t *chunk = mg_chunk_cache_get(&run->cache);
        if (chunk == NULL) return MG_NOMEM;
        size_t part = count - *done < chunk->capacity ? count - *done : chunk->capacity;
        memcpy(chunk->items, items + *done, part * sizeof(mg_item_t));
        chunk->count = (uint32_t)part;
        chunk->step = target;
        mg__stamp_published(step, chunk);
        uint32_t targets = 0, sent = 0;
        struct progress progress = { &targets, &sent };
        mg_status_t status;
        if (target == MG_STATIC) {
            status = distribute(NULL, step, chunk, progress, blocking, false);
        }
        else {
            status = send_to_one(NULL, step, chunk, progress.items, blocking, false);
        }
        mg__chunk_done(run, chunk);
        if (status != MG_OK) return status;
        step->produced += part;
        *done += part;
    }
    return MG_OK;
}
