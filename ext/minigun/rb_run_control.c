#include "engine_run.h"

#include "core/clock.h"

static ID id_raise;

static VALUE
minigun_run_start(VALUE self)
{
    mg_engine_t *engine = mg_engine_get(self);
    if (engine->run.started) rb_raise(rb_eArgError, "already started");
    uint64_t now = mg_clock_now();
    for (uint32_t i = 0; i < engine->nawaits; i++) engine->awaits[i].until = now + engine->awaits[i].after;
    mg_status_t status = mg_run_start(&engine->run);
    if (status != MG_OK && NIL_P(engine->error)) mg_raise(status);
    return self;
}

/* Nanoseconds. A second exception would cut short what an ensure clause does, but a
 * block may have swallowed the first. */
#define TELL_AGAIN 5000000000u

/*
 * call-seq: cancel(error = nil) -> self
 *
 * Stops the run: waits return, and Minigun::Cancelled is raised in the blocks that
 * run. +error+ is kept as the reason if it is the first one.
 */
static VALUE
minigun_run_cancel(int argc, VALUE *argv, VALUE self)
{
    VALUE error;
    rb_scan_args(argc, argv, "01", &error);
    mg_engine_t *engine = mg_engine_get(self);
    if (!NIL_P(error)) mg_run_fail(self, error);
    mg_run_cancel(&engine->run);

    VALUE current = rb_thread_current();
    uint64_t now = mg_clock_now();
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        if (worker->left || worker->hand == NULL) continue;
        mg_thread_t *state = worker->data;
        VALUE thread = state->thread;
        if (state->cancelled_at && now - state->cancelled_at < TELL_AGAIN) continue;
        if (thread == current || !RTEST(rb_funcall(thread, rb_intern("alive?"), 0))) continue;
        state->cancelled_at = now;
        rb_funcall(thread, id_raise, 1, rb_eMinigunCancelled);
    }
    return self;
}

/*
 * call-seq: drain(timeout = nil) -> self
 *
 * Lets the run end with what it has accepted. Producers are stopped at their next
 * emit, and where they sleep. After +timeout+ seconds the run is cancelled.
 */
static VALUE
minigun_run_drain(int argc, VALUE *argv, VALUE self)
{
    VALUE timeout;
    rb_scan_args(argc, argv, "01", &timeout);
    mg_engine_t *engine = mg_engine_get(self);
    mg_run_drain(&engine->run);
    if (!NIL_P(timeout)) engine->drain_until = mg_clock_now() + (uint64_t)(NUM2DBL(timeout) * 1e9);
    mg_engine_stop_producers(engine);
    if (engine->run.owner) mg_park_ring(engine->run.owner);
    return self;
}

static VALUE
minigun_run_drained_p(VALUE self)
{
    return mg_engine_get(self)->run.draining ? Qtrue : Qfalse;
}

static VALUE
minigun_run_threads(VALUE self)
{
    return mg_engine_get(self)->threads;
}

static VALUE
raise_failure(VALUE status)
{
    mg_raise((mg_status_t)NUM2INT(status));
}

/* What ended the run: what was raised first, or else that there was no memory to go on. */
static VALUE
minigun_run_error(VALUE self)
{
    mg_engine_t *engine = mg_engine_get(self);
    if (NIL_P(engine->error) && engine->run.failure == MG_NOMEM) {
        int state;
        rb_protect(raise_failure, INT2FIX(MG_NOMEM), &state);
        mg_run_fail(self, rb_errinfo());
        rb_set_errinfo(Qnil);
    }
    return engine->error;
}

static VALUE
minigun_run_cancelled_p(VALUE self)
{
    return mg_engine_get(self)->run.cancelled ? Qtrue : Qfalse;
}

/* Has the run been set up, so that there is something to wait for? */
static VALUE
minigun_run_live_p(VALUE self)
{
    mg_engine_t *engine = mg_engine_raw(self);
    return engine->set_up && engine->run.started ? Qtrue : Qfalse;
}

static void
publish(VALUE self, VALUE index, VALUE target, VALUE items)
{
    mg_part_t *part = mg_part_get(self, index);
    Check_Type(items, T_ARRAY);
    uint32_t to = NIL_P(target) ? MG_STATIC : mg_part_get(self, target)->step->index;
    size_t done = 0, count = (size_t)RARRAY_LEN(items);
    if (to != MG_STATIC) {
        uint32_t number;
        mg_status_t opened = mg_step_route(part->step, &mg_run_get(self)->steps[to], &number);
        if (opened == MG_CLOSED) {
            rb_raise(rb_eArgError, "the stage %" PRIsVALUE " has already ended",
                     rb_funcall(self, rb_intern("step_name"), 1, target));
        }
    }
    mg_status_t status =
        mg_step_publish(part->step, to, (const mg_item_t *)RARRAY_CONST_PTR(items), count, true, &done);
    RB_GC_GUARD(items);
    if (status == MG_CANCELLED) rb_raise(rb_eMinigunCancelled, "the run was cancelled");
    if (status != MG_OK) mg_raise(status);
}

/*
 * call-seq: publish(index, target, items) -> self
 *
 * Sends +items+ as output of the step: to its static targets where +target+ is nil,
 * else to the step of that index. Waits while queues are full.
 */
static VALUE
minigun_run_publish(VALUE self, VALUE index, VALUE target, VALUE items)
{
    publish(self, index, target, items);
    return self;
}

/*
 * call-seq: undeliverable(target, items) -> self
 *
 * Counts +items+ that were sent to the step +target+ after it had ended as cancelled there.
 */
static VALUE
minigun_run_undeliverable(VALUE self, VALUE target, VALUE items)
{
    mg_part_t *part = mg_part_get(self, target);
    Check_Type(items, T_ARRAY);
    part->step->accepted += (uint64_t)RARRAY_LEN(items);
    mg_run_leave(part, items);
    return self;
}

/*
 * call-seq: send_letter(index, target, letter) -> self
 *
 * As publish, of a dead letter of the step, which is no output of it.
 */
static VALUE
minigun_run_send_letter(VALUE self, VALUE index, VALUE target, VALUE letter)
{
    publish(self, index, target, rb_ary_new_from_args(1, letter));
    mg_part_get(self, index)->step->produced--;
    return self;
}

/*
 * call-seq: park(index, item, seconds) -> self
 *
 * Puts something aside that will be input of the loop or driver again. It is on the
 * run's books, in nobody's hands and no queue meanwhile.
 */
static VALUE
minigun_run_park(VALUE self, VALUE index, VALUE item, VALUE seconds)
{
    mg_hand_t *hand = &mg_part_get(self, index)->step->hand;
    uint64_t due = mg_clock_now() + (uint64_t)(NUM2DBL(seconds) * 1e9);
    mg_status_t status = mg_hand_park(hand, (mg_item_t)item, 1, due);
    if (status != MG_OK) mg_raise(status);
    return self;
}

/*
 * call-seq: call_step(index, items) -> [outputs, failures, latencies, fatal]
 *
 * Runs the step's code over +items+ in this thread, outside of the run's workers,
 * with all that it emits collected. outputs: [[target or nil, [item, ...]], ...], and
 * in a forked worker [[index], []] where an item failed;
 * failures: [[index of the item, exception], ...]; latencies: seconds per item;
 * fatal: nil, or the exception, no StandardError, that ended the call early.
 */
static VALUE
minigun_run_call_step(VALUE self, VALUE index, VALUE items)
{
    Check_Type(items, T_ARRAY);
    return mg_step_call(mg_part_get(self, index), items);
}

/*
 * call-seq: flush_step(index) -> [outputs, exception or nil]
 *
 * Calls the flush of the step's stage, if it overrides it, as call_step calls its code.
 */
static VALUE
minigun_run_flush_step(VALUE self, VALUE index)
{
    return mg_step_flush_outside(mg_part_get(self, index));
}

void
Init_minigun_run_control(VALUE klass)
{
    id_raise = rb_intern("raise");
    rb_define_method(klass, "start", minigun_run_start, 0);
    rb_define_method(klass, "cancel", minigun_run_cancel, -1);
    rb_define_method(klass, "drain", minigun_run_drain, -1);
    rb_define_method(klass, "drained?", minigun_run_drained_p, 0);
    rb_define_method(klass, "cancelled?", minigun_run_cancelled_p, 0);
    rb_define_method(klass, "error", minigun_run_error, 0);
    rb_define_method(klass, "threads", minigun_run_threads, 0);
    rb_define_method(klass, "live?", minigun_run_live_p, 0);
    rb_define_method(klass, "publish", minigun_run_publish, 3);
    rb_define_method(klass, "undeliverable", minigun_run_undeliverable, 2);
    rb_define_method(klass, "send_letter", minigun_run_send_letter, 3);
    rb_define_method(klass, "park", minigun_run_park, 3);
    rb_define_method(klass, "call_step", minigun_run_call_step, 2);
    rb_define_method(klass, "flush_step", minigun_run_flush_step, 1);
}
