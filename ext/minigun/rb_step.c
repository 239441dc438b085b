#include "engine.h"
#include "worker_gate.h"

#include "core/clock.h"
#include "core/watch.h"

static ID id_call, id_instance_exec, id_yield_items, id_drive, id_method_for,
    id_flush;

/* Calls of a block through instance_exec before a method made from it would pay. */
enum { PROMOTE_AFTER = 64 };

void
mg_callable_init(mg_callable_t *callable, VALUE code, VALUE self)
{
    callable->code = code;
    callable->method = Qnil;
    callable->how = MG_CALL_OBJECT;
    if (!rb_obj_is_proc(code)) return;

    VALUE rebind = rb_const_get(rb_mMinigun, rb_intern("Rebind"));
    bool bound = RTEST(rb_funcall(rebind, rb_intern("bound_to?"), 2, code, self));
    callable->how = bound ? MG_CALL_YIELD : MG_CALL_EXEC;
}

static void
promote(mg_callable_t *callable, VALUE self, int arguments)
{
    VALUE rebind = rb_const_get(rb_mMinigun, rb_intern("Rebind"));
    callable->method = rb_funcall(rebind, id_method_for, 3, callable->code, self, INT2FIX(arguments));
    if (!NIL_P(callable->method)) callable->how = MG_CALL_METHOD;
}

static inline VALUE
call(const mg_callable_t *callable, VALUE self, int argc, const VALUE *argv, VALUE block)
{
    switch (callable->how) {
    case MG_CALL_YIELD:
        return rb_proc_call_with_block(callable->code, argc, argv, Qnil);
    case MG_CALL_METHOD:
        return rb_method_call(argc, argv, callable->method);
    case MG_CALL_EXEC:
        return rb_funcall_with_block(self, id_instance_exec, argc, argv, callable->code);
    case MG_CALL_OBJECT:
        break;
    }
    return rb_funcall_with_block(callable->code, id_call, argc, argv, block);
}

static void
run_hooks(mg_callable_t *hooks, uint32_t count, VALUE self)
{
    for (uint32_t i = 0; i < count; i++) call(&hooks[i], self, 0, NULL, Qnil);
}

static VALUE
call_main(mg_part_t *part, VALUE item)
{
    VALUE block = part->main.how == MG_CALL_OBJECT ? mg_output_proc(part) : Qnil;
    VALUE argv[2] = { item, Qnil };
    int argc = 0;
    switch (part->give) {
    case MG_GIVE_NOTHING:
        break;
    case MG_GIVE_ITEM:
        argc = 1;
        break;
    case MG_GIVE_ITEM_OUTPUT:
        argv[1] = mg_output_queue_new(part);
        argc = 2;
        break;
    case MG_GIVE_OUTPUT:
        argv[0] = mg_output_queue_new(part);
        argc = 1;
        break;
    case MG_GIVE_INPUT_OUTPUT:
        argv[0] = mg_input_queue_new(part);
        argv[1] = mg_output_queue_new(part);
        argc = 2;
        break;
    }
    return call(&part->main, part->self, argc, argv, block);
}

/* One item with its hooks, the common way; `in_block` where the caller's block is
 * the stage's. */
static inline void
process(mg_part_t *part, VALUE item, bool in_block)
{
    if (RB_UNLIKELY(part->nbefore)) run_hooks(part->before, part->nbefore, part->self);
    if (!in_block) {
        call_main(part, item);
    }
    else if (part->give == MG_GIVE_ITEM) {
        rb_yield(item);
    }
    else if (part->give == MG_GIVE_ITEM_OUTPUT) {
        rb_yield_values(2, item, part->output);
    }
    else {
        rb_yield_values(0);
    }
    if (RB_UNLIKELY(part->nafter)) run_hooks(part->after, part->nafter, part->self);
}

static void
process_timed(mg_hand_t *hand, mg_part_t *part, VALUE item, bool in_block)
{
    mg_watch_t watch;
    double seconds;
    hand->timed = true;
    hand->nested = 0;
    mg_watch_begin(hand->step, &watch);
    process(part, item, in_block);
    hand->proved = mg_watch_end(hand, &watch, &seconds);
    hand->timed = false;
    mg_reservoir_record(hand->step->latency, seconds);
}

/* Runs over the chunk in hand as far as nothing special happens. */
static inline void
process_chunk(mg_hand_t *hand, mg_part_t *part, bool in_block)
{
    mg_step_t *step = hand->step;
    while (hand->cursor < hand->in->count) {
        VALUE item = (VALUE)hand->in->items[hand->cursor];
        if (RB_UNLIKELY(part->buffered) && mg_hand_hold(hand) != MG_OK) return;
        if (RB_UNLIKELY(mg_reservoir_wants(step->latency) || step->watched)) {
            process_timed(hand, part, item, in_block);
            step->done++;
            hand->cursor++;
            if (RB_UNLIKELY(part->buffered) && mg_hand_release(hand) != MG_OK) return;
            if (step->watched || step->run->cancelled) return;
        }
        else {
            process(part, item, in_block);
            mg_reservoir_count(step->latency, 1);
            step->done++;
            hand->cursor++;
            if (RB_UNLIKELY(part->buffered) && mg_hand_release(hand) != MG_OK) return;
        }
    }
}

/* Runs with the stage's block as its own, so that yield is all it takes. */
static VALUE
minigun_run_yield_items(VALUE self)
{
    mg_hand_t *hand = mg_slot()->worker->hand;
    process_chunk(hand, hand->step->data, true);
    return Qnil;
}

/* Makes methods of blocks that are called often. */
static void
promote_part(mg_part_t *part)
{
    if (!part->unpromoted || part->main.how != MG_CALL_EXEC || part->give > MG_GIVE_ITEM_OUTPUT) return;
    part->unpromoted = 0;
    promote(&part->main, part->self, part->give == MG_GIVE_ITEM ? 1 : 2);
    for (uint32_t i = 0; i < part->nbefore; i++) promote(&part->before[i], part->self, 0);
    for (uint32_t i = 0; i < part->nafter; i++) promote(&part->after[i], part->self, 0);
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
    if (hand->step->done >= PROMOTE_AFTER) promote_part(part);
    return Qnil;
}

/* The batch is passed on, or its block is run and what that gives. */
static void
emit_batch(mg_hand_t *hand, mg_part_t *part)
{
    mg_step_t *step = hand->step;
    VALUE batch = part->kept;
    part->batch = batch;
    part->kept = Qnil;
    step->flush_at = 0;
    if (NIL_P(batch)) return;

    VALUE passed_on = batch;
    bool by_value = true;
    if (part->calls) {
        if (part->buffered && mg_hand_hold(hand) != MG_OK) return;
        uint64_t before = step->produced + (hand->out ? mg_chunk_size(hand->out) : 0);
        run_hooks(part->before, part->nbefore, part->self);
        passed_on = call_main(part, batch);
        run_hooks(part->after, part->nafter, part->self);
        uint64_t after = step->produced + (hand->out ? mg_chunk_size(hand->out) : 0);
        by_value = part->give != MG_GIVE_ITEM_OUTPUT && before == after;
    }
    part->batch = Qnil;
    if (hand->holding && mg_hand_release(hand) != MG_OK) return;
    if (!by_value) return;
    mg_status_t status = mg_hand_emit(hand, (mg_item_t)passed_on);
    if (status != MG_OK && status != MG_AGAIN && status != MG_CANCELLED) mg_raise(status);
}

static VALUE
batch_body(VALUE data)
{
    mg_hand_t *hand = (mg_hand_t *)data;
    mg_part_t *part = hand->step->data;
    while (hand->cursor < hand->in->count) {
        VALUE item = (VALUE)hand->in->items[hand->cursor];
        if (hand->in->attempt > 0) { /* a whole batch, once more */
            VALUE filling = part->kept;
            uint64_t flush_at = hand->step->flush_at;
            part->kept = item;
            part->filling = filling;
            hand->cursor++;
            emit_batch(hand, part);
            part->kept = part->filling;
            part->filling = Qnil;
            hand->step->flush_at = flush_at;
            continue;
        }
        if (NIL_P(part->kept)) {
            part->kept = rb_ary_new_capa(part->batch_size < 4096 ? part->batch_size : 4096);
            if (part->batch_wait) hand->step->flush_at = mg_clock_now() + part->batch_wait;
        }
        rb_ary_push(part->kept, item);
        hand->cursor++;
        hand->step->done++;
        mg_reservoir_count(hand->step->latency, 1);
        if (RARRAY_LEN(part->kept) >= part->batch_size) emit_batch(hand, part);
    }
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
    if (alone && step->ntargets == 0 && step->produced == 0 && step->max_workers > 1) {
        mg_step_widen(step);
    }
    return MG_OK;
}

static void
count_unmeasured(mg_step_t *step)
{
    if (mg_reservoir_wants(step->latency)) {
        mg_reservoir_keep(step->latency, 0);
    }
    else {
        mg_reservoir_count(step->latency, 1);
    }
}

/* The items of a batch fail together. Where the run stops, it is left for the books. */
static mg_status_t
fault_in_batch(mg_hand_t *hand, int state)
{
    mg_part_t *part = hand->step->data;
    VALUE batch = part->batch;
    mg_status_t status = mg_fault(hand, state, NIL_P(batch) ? Qundef : batch);
    if (status == MG_OK) part->batch = Qnil;
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
    if (hand->cursor == hand->in->count) return mg_fault(hand, state, Qundef);

    count_unmeasured(step);
    mg_status_t status = mg_fault(hand, state, (VALUE)hand->in->items[hand->cursor]);
    if (status == MG_OK) hand->cursor++;
    return status;
}

mg_status_t
mg_step_run_items(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    VALUE (*body)(VALUE) = step->kind == MG_KIND_BATCH ? batch_body : chunk_body;
    uint64_t since = mg_clock_now();
    uint32_t count = mg_chunk_size(hand->in);

    if (step->latency == NULL) {
        step->latency = malloc(sizeof(*step->latency));
        if (step->latency == NULL) return MG_NOMEM;
        mg_reservoir_init(step->latency, since ^ step->index);
    }
    while (hand->cursor < hand->in->count) {
        if (step->run->cancelled) return MG_CANCELLED;
        int state = 0;
        rb_protect(body, (VALUE)hand, &state);
        if (state) {
            hand->timed = false;
            mg_status_t status = fault_in_chunk(hand, state);
            if (status != MG_OK) return status;
            continue;
        }
        if (step->watched && hand->out && step->segment->window == 0) {
            mg_status_t status = mg_hand_flush(hand);
            if (status != MG_OK) return status;
        }
        if (hand->proved) {
            mg_status_t status = give_workers(hand);
            if (status != MG_OK) return status;
        }
    }
    mg_watch_chunk(step, since, count);
    return MG_OK;
}

static VALUE
once_body(VALUE data)
{
    mg_hand_t *hand = (mg_hand_t *)data;
    mg_part_t *part = hand->step->data;
    run_hooks(part->before, part->nbefore, part->self);
    if (part->driver) {
        rb_funcall(part->main.code, id_drive, 2, mg_input_queue_new(part), mg_output_queue_new(part));
    }
    else {
        call_main(part, Qnil);
    }
    run_hooks(part->after, part->nafter, part->self);
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
    if (hand->step->kind == MG_KIND_BATCH) {
        emit_batch(hand, part);
    }
    else {
        rb_funcall(part->main.code, id_flush, 2, part->self, mg_output_queue_new(part));
    }
    return Qnil;
}

mg_status_t
mg_step_flush(mg_hand_t *hand)
{
    int state = 0;
    rb_protect(flush_body, (VALUE)hand, &state);
    return state == 0 ? MG_OK : fault_in_batch(hand, state);
}

/* Code run outside of a worker. */

struct outside {
    mg_part_t *part;
    VALUE items;
    long cursor; /* the item in hand */
    mg_collector_t *collector;
    VALUE latencies;
    uint64_t since;
    mg_worker_gate_t gate;
    bool shut;
    long mark_outputs, mark_items; /* what was collected before the item in hand */
};

/* What an item emitted that failed, and is to be tried again, is not kept. */
static void
mark_outside(struct outside *outside)
{
    mg_collector_t *collector = outside->collector;
    outside->mark_outputs = RARRAY_LEN(collector->outputs);
    outside->mark_items = NIL_P(collector->items) ? 0 : RARRAY_LEN(collector->items);
}

static void
drop_outside(struct outside *outside)
{
    mg_collector_t *collector = outside->collector;
    rb_ary_resize(collector->outputs, outside->mark_outputs);
    collector->target = Qnil;
    collector->items = Qnil;
    if (outside->mark_outputs == 0) return;
    VALUE last = RARRAY_AREF(collector->outputs, outside->mark_outputs - 1);
    collector->target = RARRAY_AREF(last, 0);
    collector->items = RARRAY_AREF(last, 1);
    rb_ary_resize(collector->items, outside->mark_items);
}

static void
count_outside(struct outside *outside)
{
    uint64_t now = mg_clock_now();
    rb_ary_push(outside->latencies, DBL2NUM((double)(now - outside->since) / 1e9));
    outside->since = now;
    outside->cursor++;
}

static void
call_outside(mg_part_t *part, mg_collector_t *collector, VALUE item)
{
    VALUE list = collector->items;
    long emitted = NIL_P(list) ? 0 : RARRAY_LEN(list);

    run_hooks(part->before, part->nbefore, part->self);
    VALUE value = call_main(part, item);
    run_hooks(part->after, part->nafter, part->self);
    if (part->step->kind != MG_KIND_BATCH || part->give == MG_GIVE_ITEM_OUTPUT) return;

    bool quiet = collector->items == list && (NIL_P(list) || RARRAY_LEN(list) == emitted);
    if (quiet) mg_collect(collector, Qnil, value);
}

static VALUE
outside_body(VALUE data)
{
    struct outside *outside = (struct outside *)data;
    mg_part_t *part = outside->part;

    while (outside->cursor < RARRAY_LEN(outside->items)) {
        if (!mg_worker_begin(&outside->gate, (uint32_t)outside->cursor)) {
            outside->shut = true;
            break;
        }
        if (part->buffered) mark_outside(outside);
        call_outside(part, outside->collector, RARRAY_AREF(outside->items, outside->cursor));
        count_outside(outside);
    }
    if (outside->cursor >= PROMOTE_AFTER) promote_part(part);
    return Qnil;
}

/* The exception that ended an item; one is made up for a jump that is none. */
static VALUE
outside_error(void)
{
    VALUE error = rb_errinfo();
    mg_error_caught(error);
    if (!SPECIAL_CONST_P(error) && RTEST(rb_obj_is_kind_of(error, rb_eException))) return error;
    return rb_exc_new_cstr(rb_eLocalJumpError, "thrown out of a stage's block");
}

VALUE
mg_step_call(mg_part_t *part, VALUE items)
{
    mg_slot_t *slot = mg_slot();
    mg_collector_t collector = { rb_ary_new(), Qnil, Qnil, part };
    mg_collector_t *outer = slot->collector;
    struct outside outside = { .part = part,
                               .items = items,
                               .collector = &collector,
                               .latencies = rb_ary_new_capa(RARRAY_LEN(items)),
                               .since = mg_clock_now(),
                               .gate = mg_worker_gate() };
    VALUE failures = rb_ary_new(), fatal = Qnil;

    while (outside.cursor < RARRAY_LEN(items) && !outside.shut && NIL_P(fatal)) {
        int state = 0;
        mg_slot()->collector = &collector;
        rb_protect(outside_body, (VALUE)&outside, &state);
        mg_slot()->collector = outer;
        if (state == 0) continue;

        VALUE error = outside_error();
        if (part->buffered) drop_outside(&outside);
        if (RTEST(rb_obj_is_kind_of(error, rb_eStandardError))) {
            rb_ary_push(failures, rb_assoc_new(LONG2NUM(outside.cursor), error));
        }
        else {
            fatal = error;
        }
        count_outside(&outside);
    }
    RB_GC_GUARD(items);
    return rb_ary_new_from_args(4, collector.outputs, failures, outside.latencies, fatal);
}

void
Init_minigun_step(void)
{
    id_call = rb_intern("call");
    id_instance_exec = rb_intern("instance_exec");
    id_yield_items = rb_intern("_yield_items");
    id_drive = rb_intern("drive");
    id_method_for = rb_intern("method_for");
    id_flush = rb_intern("flush");

    VALUE run = rb_const_get(rb_mMinigunExecution, rb_intern("Run"));
    rb_define_method(run, "_yield_items", minigun_run_yield_items, 0);
}
