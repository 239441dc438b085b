#include "engine_call.h"

#include "core/clock.h"
#include "core/watch.h"

enum { AHEAD = 2 }; /* items that are on their way to the cache */

static ID id_yield_items, id_drive;

/* How an item is given to the stage's code: `argv` is set up once for many items, whose
 * place in it is the first. */
struct giving {
    int argc;
    VALUE argv[2];
    bool in_block; /* the caller's block is the stage's, so that a yield is all it takes */
};

static struct giving
giving_of(const mg_part_t *part, bool in_block)
{
    int argc = part->give == MG_GIVE_ITEM ? 1 : part->give == MG_GIVE_ITEM_OUTPUT ? 2 : 0;
    return (struct giving){ .argc = argc, .argv = { Qnil, part->output }, .in_block = in_block };
}

static inline void
give(mg_part_t *part, struct giving *giving, VALUE item)
{
    giving->argv[0] = item;
    if (giving->in_block) {
        rb_yield_values2(giving->argc, giving->argv);
    }
    else if (part->main.how == MG_CALL_METHOD) {
        rb_method_call(giving->argc, giving->argv, part->main.method);
    }
    else {
        mg_call_main(part, item);
    }
}

/* Books the items that were done since the last time. */
static inline void
book(mg_hand_t *hand)
{
    uint32_t count = hand->cursor - hand->counted;
    hand->counted = hand->cursor;
    hand->step->done += count;
    mg_reservoir_count(hand->step->latency, count);
}

/* Items of which there is nothing to know but that they were done. */
static inline void
process_quickly(mg_hand_t *hand, mg_part_t *part, struct giving *giving, uint32_t upto)
{
    const mg_item_t *items = hand->in->items;
    while (hand->cursor < upto) {
        VALUE item = (VALUE)items[hand->cursor];
        if (!SPECIAL_CONST_P(item) && hand->cursor + AHEAD < upto) MG_PREFETCH(items[hand->cursor + AHEAD]);
        give(part, giving, item);
        hand->cursor++;
    }
    book(hand);
}

static void
process_hooked(mg_hand_t *hand, mg_part_t *part, struct giving *giving)
{
    mg_call_hooks(part->before, part->nbefore, part->self);
    give(part, giving, (VALUE)hand->in->items[hand->cursor]);
    mg_call_hooks(part->after, part->nafter, part->self);
}

static void
process_timed(mg_hand_t *hand, mg_part_t *part, struct giving *giving)
{
    mg_watch_t watch;
    double seconds;
    mg_watch_begin(hand, &watch);
    hand->timed = true;
    hand->timed_from = watch.spent;
    process_hooked(hand, part, giving);
    hand->proved = mg_watch_end(hand, &watch, &seconds);
    hand->timed = false;
    hand->cursor++;
    hand->counted = hand->cursor;
    hand->step->done++;
    mg_reservoir_record(hand->step->latency, seconds);
}

/* Runs over the chunk in hand as far as nothing special happens. */
static void
process_chunk(mg_hand_t *hand, mg_part_t *part, bool in_block)
{
    mg_step_t *step = hand->step;
    struct giving giving = giving_of(part, in_block);
    bool plain = !part->nbefore && !part->nafter && !part->guarded;

    while (hand->cursor < hand->in->count) {
        uint64_t quick = step->watched ? 0 : mg_reservoir_skip(step->latency);
        if (plain && quick > 0) {
            uint32_t left = hand->in->count - hand->cursor;
            process_quickly(hand, part, &giving, hand->cursor + (quick < left ? (uint32_t)quick : left));
            if (hand->worker->dying) return;
            continue;
        }
        if (part->guarded && !mg_guard_begin(hand, part)) return;
        if (quick > 0) {
            process_hooked(hand, part, &giving);
            hand->cursor++;
            book(hand);
        }
        else {
            process_timed(hand, part, &giving);
        }
        if (part->guarded && !mg_guard_end(hand, part)) return;
        if (quick == 0 && (step->watched || step->run->cancelled)) return;
        if (hand->worker->dying) return;
    }
}

static VALUE
minigun_run_yield_items(VALUE self)
{
    mg_worker_t *worker = mg_slot()->worker;
    mg_hand_t *hand = worker ? worker->hand : NULL;
    if (hand == NULL || hand->in == NULL || !rb_block_given_p()) {
        rb_raise(rb_eArgError, "called by nobody but the engine");
    }
    process_chunk(hand, hand->step->data, true);
    return Qnil;
}

static VALUE
chunk_body(VALUE data)
{
    mg_hand_t *hand = (mg_hand_t *)data;
    mg_part_t *part = hand->step->data;
    if (part->give == MG_GIVE_ITEM_OUTPUT) mg_output_queue_new(part);
    if (part->main.how == MG_CALL_YIELD) {
        rb_funcall_with_block(part->run, id_yield_items, 0, NULL, part->main.code);
        return Qnil;
    }
    process_chunk(hand, part, false);
    mg_call_promote(part, hand->step->done);
    return Qnil;
}

/* Makes the most of a step that has proved to block: a worker of its own, and
 * several where it ends the line and has never emitted. */
static mg_status_t
give_workers(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    hand->proved = false;
    mg_status_t status = mg_hand_split(hand);
    if (status != MG_OK && status != MG_INVALID) return status;
    bool alone = step->segment->first == step && step->segment_next == NULL;
    if (!alone || step->ntargets > 0 || step->produced > 0 || step->max_workers == 1) return MG_OK;
    status = mg_hand_give_back(hand);
    if (status == MG_OK) mg_step_widen(step);
    return status;
}

/* The items of a batch fail together. Where the run stops, it is left for the books. */
static mg_status_t
fault_in_batch(mg_hand_t *hand, int state)
{
    mg_part_t *part = hand->step->data;
    VALUE batch = part->batch;
    mg_status_t status = mg_fault(hand, state, NIL_P(batch) ? Qundef : batch);
    if (status == MG_OK) part->batch = Qnil;
    mg_hand_batch_done(hand);
    return status;
}

/* An item's code did not return. */
static mg_status_t
fault_in_chunk(mg_hand_t *hand, int state)
{
    mg_step_t *step = hand->step;
    mg_part_t *part = step->data;
    if (step->kind == MG_KIND_BATCH) {
        if (!NIL_P(part->filling)) part->kept = part->filling;
        part->filling = Qnil;
        return fault_in_batch(hand, state);
    }
    book(hand);
    if (hand->cursor == hand->in->count) return mg_fault(hand, state, Qundef);

    uint64_t spent = hand->timed ? mg_hand_spent(hand, mg_clock_now()) - hand->timed_from : 0;
    uint64_t lost = step->skipped + step->failed + step->dead;
    hand->parked = false;
    mg_status_t status = mg_fault(hand, state, (VALUE)hand->in->items[hand->cursor]);
    if (!hand->parked && hand->timed) mg_reservoir_record(step->latency, (double)spent / 1e9);
    if (!hand->parked && !hand->timed) mg_reservoir_count(step->latency, 1);
    bool settled = step->skipped + step->failed + step->dead > lost;
    if (status == MG_OK || settled) hand->counted = ++hand->cursor;
    return status;
}

mg_status_t
mg_step_run_items(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    VALUE (*body)(VALUE) = step->kind == MG_KIND_BATCH ? mg_batch_body : chunk_body;
    if (RB_UNLIKELY(hand->outer && hand->outer->overdue)) mg_guard_nested(hand);

    if (step->latency == NULL) {
        step->latency = malloc(sizeof(*step->latency));
        if (step->latency == NULL) return MG_NOMEM;
        mg_reservoir_init(step->latency, mg_clock_now() ^ step->index);
    }
    while (hand->cursor < hand->in->count) {
        if (step->run->cancelled) return MG_CANCELLED;
        int state = 0;
        rb_protect(body, (VALUE)hand, &state);
        if (state) {
            mg_status_t status = fault_in_chunk(hand, state);
            hand->timed = false;
            if (status != MG_OK) return status;
            if (hand->worker->dying) return mg_hand_pass_on(hand);
            continue;
        }
        if (hand->worker->dying) return mg_hand_pass_on(hand);
        if (step->watched && hand->out && step->segment->window == 0) {
            mg_status_t status = mg_hand_flush(hand);
            if (status != MG_OK) return status;
        }
        if (hand->proved) {
            mg_status_t status = give_workers(hand);
            if (status != MG_OK) return status;
        }
    }
    return MG_OK;
}

static VALUE
once_body(VALUE data)
{
    mg_hand_t *hand = (mg_hand_t *)data;
    mg_part_t *part = hand->step->data;
    mg_call_hooks(part->before, part->nbefore, part->self);
    if (part->driver) {
        rb_funcall(part->main.code, id_drive, 2, mg_input_queue_new(part), mg_output_queue_new(part));
    }
    else {
        mg_call_main(part, Qnil);
    }
    mg_call_hooks(part->after, part->nafter, part->self);
    return Qnil;
}

mg_status_t
mg_step_run_once(mg_hand_t *hand)
{
    int state = 0;
    rb_protect(once_body, (VALUE)hand, &state);
    mg_step_t *step = hand->step;
    if (step->kind == MG_KIND_LOOP) {
        uint64_t *in_hand = state == 0 ? &step->done : step->run->cancelled ? &step->cancelled : &step->failed;
        mg_input_close(step->data, in_hand);
    }
    if (state == 0) return MG_OK;
    return mg_fault(hand, state, Qundef);
}

static VALUE
flush_body(VALUE data)
{
    mg_hand_t *hand = (mg_hand_t *)data;
    mg_part_t *part = hand->step->data;
    if (hand->step->kind == MG_KIND_BATCH) mg_batch_pass_on(hand, part);
    return mg_call_flush((VALUE)part);
}

mg_status_t
mg_step_flush(mg_hand_t *hand)
{
    int state = 0;
    rb_protect(flush_body, (VALUE)hand, &state);
    return state == 0 ? MG_OK : fault_in_batch(hand, state);
}

void
Init_minigun_step(void)
{
    id_yield_items = rb_intern("_yield_items");
    id_drive = rb_intern("drive");

    VALUE run = rb_const_get(rb_mMinigunExecution, rb_intern("Run"));
    rb_define_method(run, "_yield_items", minigun_run_yield_items, 0);
}
