#include "engine.h"

#include <ruby/debug.h>
#include <ruby/thread.h>

#ifdef HAVE_RB_INTERNAL_THREAD_SPECIFIC_GET
static rb_internal_thread_specific_key_t slot_key;
static ID id_slot;

static const rb_data_type_t slot_type = {
    .wrap_struct_name = "minigun/slot",
    .function = { .dfree = RUBY_TYPED_DEFAULT_FREE },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

/* Freed with the thread, which keeps it in a variable that Ruby code can't name. */
static mg_slot_t *
make_slot(VALUE thread)
{
    mg_slot_t *slot;
    VALUE holder = TypedData_Make_Struct(0, mg_slot_t, &slot_type, slot);
    if (OBJ_FROZEN(thread)) rb_gc_register_mark_object(holder);
    else rb_ivar_set(thread, id_slot, holder);
    rb_internal_thread_specific_set(thread, slot_key, slot);
    return slot;
}

mg_slot_t *
mg_slot(void)
{
    VALUE thread = rb_thread_current();
    mg_slot_t *slot = rb_internal_thread_specific_get(thread, slot_key);
    return slot != NULL ? slot : make_slot(thread);
}

static void
init_slot(void)
{
    slot_key = rb_internal_thread_specific_key_create();
    id_slot = rb_intern("minigun_slot");
}
#else
__thread mg_slot_t mg_thread_slot MG_TLS_FAST;

static void
init_slot(void)
{
}
#endif

void
mg_after_emit(mg_hand_t *hand, mg_status_t status)
{
    if (status == MG_OK && ((mg_thread_t *)hand->worker->data)->deferred_state == 0) return;
    while (status == MG_AGAIN) {
        rb_thread_check_ints();
        status = mg_hand_flush(hand);
    }
    mg_fault_resume(hand->worker);
    if (status == MG_CLOSED) {
        rb_raise(rb_const_get(rb_mMinigun, rb_intern("Stopped")), "what the producer makes is not wanted any more");
    }
    if (status == MG_CANCELLED) {
        rb_raise(rb_const_get(rb_mMinigun, rb_intern("Cancelled")), "the run was cancelled");
    }
    if (status != MG_OK) mg_raise(status);
}

void
mg_no_step(void)
{
    rb_raise(rb_const_get(rb_mMinigun, rb_intern("Error")),
             "emit was called outside of a stage: stages emit from their own block, on the thread "
             "that runs it (collect in other threads, then emit what they return)");
}

/* Apart, so that the usual way needs no frame. */
NOINLINE(static void emit_slowly(mg_slot_t *slot, VALUE item));
static void
emit_slowly(mg_slot_t *slot, VALUE item)
{
    if (slot->collector) {
        mg_collect(slot->collector, Qnil, item);
        return;
    }
    if (slot->worker == NULL || slot->worker->hand == NULL) mg_no_step();
    mg_hand_t *hand = slot->worker->hand;
    mg_after_emit(hand, mg_hand_emit(hand, item));
}

/*
 * call-seq: emit(item) -> nil
 *
 * Hands +item+ to every successor of the stage whose block is running in this
 * thread. Raises Minigun::Error where no stage runs.
 */
static VALUE
minigun_dsl_emit(VALUE self, VALUE item)
{
    mg_slot_t *slot = mg_slot();
    mg_worker_t *worker = slot->worker;
    bool done = worker && !slot->collector && worker->hand && mg_hand_emit_fast(worker->hand, item);
    if (!done) emit_slowly(slot, item);
    return Qnil;
}

mg_status_t
mg_collect(mg_collector_t *collector, VALUE target, VALUE item)
{
    if (NIL_P(collector->items) || collector->target != target) {
        collector->target = target;
        collector->items = rb_ary_new();
        rb_ary_push(collector->outputs, rb_assoc_new(target, collector->items));
    }
    rb_ary_push(collector->items, item);
    return MG_OK;
}

/*
 * call-seq: Minigun.current_output -> output
 *
 * The output of the stage that runs in this thread. Raises Minigun::Error where none
 * runs.
 */
static VALUE
minigun_s_current_output(VALUE self)
{
    mg_slot_t *slot = mg_slot();
    if (slot->collector && slot->collector->part) return mg_output_queue_new(slot->collector->part);
    if (slot->worker == NULL || slot->worker->hand == NULL) mg_no_step();
    return mg_output_queue_new(slot->worker->hand->step->data);
}

static VALUE
yield_nothing(VALUE self)
{
    return rb_yield_values(0);
}

static VALUE
restore_collector(VALUE kept)
{
    mg_slot()->collector = (mg_collector_t *)kept;
    return Qnil;
}

/*
 * call-seq: Minigun.collect_emits(context) { ... } -> Array
 *
 * Runs the block; what is emitted meanwhile in this thread is returned, in order, whatever
 * stage it was addressed to.
 * Gives +context+ an emit of its own if it has none.
 */
static VALUE
minigun_s_collect_emits(VALUE self, VALUE context)
{
    if (!rb_obj_respond_to(context, rb_intern("emit"), 1)) {
        rb_extend_object(context, rb_const_get(rb_mMinigun, rb_intern("Emitter")));
    }
    mg_collector_t collector = { .outputs = rb_ary_new(), .items = Qnil, .target = Qnil };
    mg_collector_t *outer = mg_slot()->collector;
    mg_slot()->collector = &collector;
    rb_ensure(yield_nothing, Qnil, restore_collector, (VALUE)outer);
    VALUE items = rb_ary_new();
    for (long i = 0; i < RARRAY_LEN(collector.outputs); i++) {
        rb_ary_concat(items, rb_ary_entry(RARRAY_AREF(collector.outputs, i), 1));
    }
    RB_GC_GUARD(collector.outputs);
    return items;
}

/* A fiber belongs to the thread that made it, so the code that has one stays there. */
static void
fiber_switched(rb_event_flag_t event, VALUE data, VALUE self, ID method, VALUE klass)
{
    (void)event, (void)data, (void)self, (void)method, (void)klass;
    mg_worker_t *worker = mg_slot()->worker;
    if (worker && worker->hand) mg_hand_bind(worker->hand);
}

void
Init_minigun_emit(void)
{
    init_slot();
    rb_add_event_hook(fiber_switched, RUBY_EVENT_FIBER_SWITCH, Qnil);

    VALUE emitter = rb_define_module_under(rb_mMinigun, "Emitter");
    rb_define_method(emitter, "emit", minigun_dsl_emit, 1);
    rb_define_singleton_method(rb_mMinigun, "current_output", minigun_s_current_output, 0);
    rb_define_singleton_method(rb_mMinigun, "collect_emits", minigun_s_collect_emits, 1);
}
