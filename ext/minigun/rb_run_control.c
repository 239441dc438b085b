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

enum {
    TEND_FROM = 100000000, /* ns after the start: slow producers are looked for */
    TEND_EVERY = 5000000,
    CHECK_EVERY = 1000000000
};

/* A thread that was killed before it ever ran can't say so. */
static void
check_threads(mg_engine_t *engine)
{
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        if (worker->left) continue;
        VALUE thread = ((mg_thread_t *)worker->data)->thread;
        if (!RTEST(rb_funcall(thread, rb_intern("alive?"), 0))) mg_worker_abandon(worker);
    }
}

struct waiting {
    mg_engine_t *engine;
    uint64_t until; /* 0 for no end */
};

static VALUE
wait_body(VALUE data)
{
    struct waiting *waiting = (struct waiting *)data;
    mg_engine_t *engine = waiting->engine;
    mg_run_t *run = &engine->run;
    uint64_t tend_at = mg_clock_now() + TEND_FROM;
    bool tending = true;

    /* A cancelled run needs its owner, to interrupt the blocks that still run. */
    while (!mg_run_over(run) && (!run->cancelled || waiting->until)) {
        rb_thread_check_ints();
        uint64_t now = mg_clock_now();
        uint64_t wake_at = tending ? tend_at : now + CHECK_EVERY;
        for (uint32_t i = 0; i < engine->nawaits; i++) {
            mg_await_t *await = &engine->awaits[i];
            if (await->until == 0) continue;
            if (now >= await->until) {
                await->until = 0;
                mg_run_expire(run, await->step);
            }
            else if (await->until < wake_at) {
                wake_at = await->until;
            }
        }
        uint64_t retry_at = mg_run_unpark(run, now);
        if (retry_at && retry_at < wake_at) wake_at = retry_at;
        if (mg_run_over(run)) break;
        if (waiting->until && now >= waiting->until) return Qfalse;
        if (waiting->until && waiting->until < wake_at) wake_at = waiting->until;
        mg_run_sleep(run, run->owner, wake_at, true);
        now = mg_clock_now();
        if (tending && now >= tend_at) {
            tending = mg_run_tend(run);
            tend_at = mg_clock_now() + TEND_EVERY;
        }
        else if (!tending && now >= wake_at) {
            check_threads(engine);
        }
    }
    return Qtrue;
}

static VALUE
wait_ensure(VALUE data)
{
    struct waiting *waiting = (struct waiting *)data;
    waiting->engine->run.owner = NULL;
    return Qnil;
}

/*
 * call-seq: wait(timeout = nil) -> true or false
 *
 * Waits until all workers have left, true, or +timeout+ seconds have passed. Without
 * a timeout also returns when the run is cancelled.
 */
static VALUE
minigun_run_wait(int argc, VALUE *argv, VALUE self)
{
    VALUE timeout;
    rb_scan_args(argc, argv, "01", &timeout);
    struct waiting waiting = { .engine = mg_engine_get(self) };
    if (!NIL_P(timeout)) waiting.until = mg_clock_now() + (uint64_t)(NUM2DBL(timeout) * 1e9);
    mg_park_t park;
    mg_park_init(&park);
    waiting.engine->run.owner = &park;
    VALUE over = rb_ensure(wait_body, (VALUE)&waiting, wait_ensure, (VALUE)&waiting);
    mg_park_fini(&park);
    return over;
}

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
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        if (worker->left || worker->hand == NULL) continue;
        VALUE thread = ((mg_thread_t *)worker->data)->thread;
        if (thread == current || !RTEST(rb_funcall(thread, rb_intern("alive?"), 0))) continue;
        rb_funcall(thread, id_raise, 1, rb_eMinigunCancelled);
    }
    return self;
}

/*
 * call-seq: drain -> self
 *
 * Lets the run end with what it has accepted. Producers are stopped at their next
 * emit, and at once where they sleep; call again while #draining? if one computes.
 */
static VALUE
minigun_run_drain(VALUE self)
{
    mg_engine_t *engine = mg_engine_get(self);
    mg_run_drain(&engine->run);
    VALUE stopped = rb_const_get(rb_mMinigun, rb_intern("Stopped"));
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        mg_hand_t *head = worker->running_head ? &worker->segment->head->hand : NULL;
        if (head == NULL || worker->hand != head || head->delivering) continue;
        if (head->step->kind != MG_KIND_PRODUCER) continue;
        VALUE thread = ((mg_thread_t *)worker->data)->thread;
        VALUE status = rb_funcall(thread, rb_intern("status"), 0);
        if (RB_TYPE_P(status, T_STRING) && rb_str_equal(status, rb_str_new_cstr("sleep")) == Qtrue) {
            rb_funcall(thread, id_raise, 1, stopped);
        }
    }
    return self;
}

/* Are there producers that have not stopped? */
static VALUE
minigun_run_draining_p(VALUE self)
{
    mg_engine_t *engine = mg_engine_get(self);
    if (!engine->run.draining) return Qfalse;
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        if (worker->running_head && worker->segment->head->kind == MG_KIND_PRODUCER) return Qtrue;
    }
    return Qfalse;
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
minigun_run_error(VALUE self)
{
    return mg_engine_get(self)->error;
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
 * with all that it emits collected. outputs: [[target or nil, [item, ...]], ...];
 * failures: [[index of the item, exception], ...]; latencies: seconds per item;
 * fatal: nil, or the exception, no StandardError, that ended the call early.
 */
static VALUE
minigun_run_call_step(VALUE self, VALUE index, VALUE items)
{
    Check_Type(items, T_ARRAY);
    return mg_step_call(mg_part_get(self, index), items);
}

void
Init_minigun_run_control(VALUE klass)
{
    id_raise = rb_intern("raise");
    rb_define_method(klass, "start", minigun_run_start, 0);
    rb_define_method(klass, "wait", minigun_run_wait, -1);
    rb_define_method(klass, "cancel", minigun_run_cancel, -1);
    rb_define_method(klass, "drain", minigun_run_drain, 0);
    rb_define_method(klass, "draining?", minigun_run_draining_p, 0);
    rb_define_method(klass, "drained?", minigun_run_drained_p, 0);
    rb_define_method(klass, "cancelled?", minigun_run_cancelled_p, 0);
    rb_define_method(klass, "error", minigun_run_error, 0);
    rb_define_method(klass, "threads", minigun_run_threads, 0);
    rb_define_method(klass, "live?", minigun_run_live_p, 0);
    rb_define_method(klass, "publish", minigun_run_publish, 3);
    rb_define_method(klass, "send_letter", minigun_run_send_letter, 3);
    rb_define_method(klass, "park", minigun_run_park, 3);
    rb_define_method(klass, "call_step", minigun_run_call_step, 2);
}
