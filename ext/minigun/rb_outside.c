#include "engine_call.h"
#include "worker_gate.h"

#include "core/clock.h"

/* Code run outside of a worker. */

enum { LATENCIES = 64 }; /* of a list of items, at most */

struct outside {
    mg_part_t *part;
    VALUE items;
    long cursor; /* the item in hand */
    mg_collector_t *collector;
    VALUE latencies;
    long stride; /* each so many items, one is timed */
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

/* Outputs of a worker tell where an item failed, by a target that is [index]: what replaces
 * it belongs there. */
static void
mark_failure(struct outside *outside)
{
    if (outside->gate.transport == NULL) return;
    mg_collector_t *collector = outside->collector;
    VALUE mark = rb_assoc_new(rb_ary_new_from_args(1, LONG2NUM(outside->cursor)), rb_ary_new());
    rb_ary_push(collector->outputs, mark);
    collector->target = Qnil;
    collector->items = Qnil;
}

static bool
is_timed(const struct outside *outside, long index)
{
    return index % outside->stride == 0;
}

static void
count_outside(struct outside *outside)
{
    bool timed = is_timed(outside, outside->cursor++), next = is_timed(outside, outside->cursor);
    if (!timed && !next) return;

    uint64_t now = mg_clock_now();
    if (timed) rb_ary_push(outside->latencies, DBL2NUM((double)(now - outside->since) / 1e9));
    outside->since = now;
}

static void
call_outside(mg_part_t *part, mg_collector_t *collector, VALUE item)
{
    VALUE list = collector->items;
    long emitted = NIL_P(list) ? 0 : RARRAY_LEN(list);

    mg_call_hooks(part->before, part->nbefore, part->self);
    VALUE value = mg_call_main(part, item);
    mg_call_hooks(part->after, part->nafter, part->self);
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
    mg_call_promote(part, (uint64_t)outside->cursor);
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
                               .latencies = rb_ary_new_capa(LATENCIES),
                               .stride = (RARRAY_LEN(items) + LATENCIES - 1) / LATENCIES,
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
            mark_failure(&outside);
        }
        else {
            fatal = error;
        }
        count_outside(&outside);
    }
    RB_GC_GUARD(items);
    return rb_ary_new_from_args(4, collector.outputs, failures, outside.latencies, fatal);
}

VALUE
mg_step_flush_outside(mg_part_t *part)
{
    mg_collector_t collector = { rb_ary_new(), Qnil, Qnil, part };
    mg_collector_t *outer = mg_slot()->collector;
    int state = 0;
    mg_slot()->collector = &collector;
    rb_protect(mg_call_flush, (VALUE)part, &state);
    mg_slot()->collector = outer;
    return rb_assoc_new(collector.outputs, state ? outside_error() : Qnil);
}
