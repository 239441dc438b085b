#include "engine_run.h"

#include "core/clock.h"

static ID id_raise, id_status, id_stalled, id_overdue, id_drained_late, id_settled;
static VALUE str_sleep;

/* Nanoseconds. */
enum {
    TEND_FROM = 100000000, /* after the start: slow producers are looked for */
    TEND_EVERY = 5000000,
    DRAIN_EVERY = 20000000, /* producers that have not stopped are looked for */
    CHECK_EVERY = 1000000000
};

struct waiting {
    mg_engine_t *engine;
    uint64_t until; /* 0 for no end */
    uint64_t tend_at, check_at;
    bool tending;
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

void
mg_engine_stop_producers(mg_engine_t *engine)
{
    VALUE stopped = rb_const_get(rb_mMinigun, rb_intern("Stopped"));
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        mg_hand_t *head = worker->running_head ? &worker->segment->head->hand : NULL;
        mg_thread_t *state = worker->data;
        if (head == NULL || worker->hand != head || head->delivering || state->stopped) continue;
        if (head->step->kind != MG_KIND_PRODUCER) continue;
        VALUE status = rb_funcall(state->thread, id_status, 0);
        if (!RB_TYPE_P(status, T_STRING) || rb_str_equal(status, str_sleep) != Qtrue) continue;
        state->stopped = true;
        rb_funcall(state->thread, id_raise, 1, stopped);
    }
}

void
mg_engine_tell_settled(mg_engine_t *engine)
{
    mg_settled_t settled;
    VALUE list = Qnil;
    engine->run.settled = false;
    while (mg_lineage_next(engine->run.lineage, &settled)) {
        if (NIL_P(list)) list = rb_ary_new();
        rb_ary_push(list, rb_ary_new_from_args(3, UINT2NUM(settled.step), (VALUE)settled.item,
                                               settled.failed ? Qtrue : Qfalse));
    }
    if (!NIL_P(list)) rb_funcall(engine->self, id_settled, 1, list);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return b && b < a ? b : a;
}

/* Steps that were sent nothing in time. */
static uint64_t
close_awaits(mg_engine_t *engine, uint64_t now, uint64_t wake_at)
{
    for (uint32_t i = 0; i < engine->nawaits; i++) {
        mg_await_t *await = &engine->awaits[i];
        if (await->until == 0) continue;
        if (now < await->until) {
            wake_at = earlier(wake_at, await->until);
            continue;
        }
        await->until = 0;
        mg_run_expire(&engine->run, await->step);
    }
    return wake_at;
}

/* Items that take longer than they may. One that begins after this was looked at is
 * not overdue before `least_timeout` has passed. */
static uint64_t
find_overdue(mg_engine_t *engine, uint64_t now, uint64_t wake_at)
{
    if (engine->least_timeout == 0) return wake_at;
    wake_at = earlier(wake_at, now + engine->least_timeout);
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        mg_hand_t *hand = worker->left ? NULL : worker->hand;
        if (hand == NULL || hand->limit == 0 || hand->overdue || hand->delivering) continue;
        uint64_t spent = mg_hand_spent(hand, now);
        if (spent < hand->limit) {
            wake_at = earlier(wake_at, now + hand->limit - spent);
            continue;
        }
        hand->overdue = true;
        rb_funcall(engine->self, id_overdue, 2, UINT2NUM(hand->step->index), ((mg_thread_t *)worker->data)->thread);
    }
    return wake_at;
}

static uint64_t
look_after_drain(mg_engine_t *engine, uint64_t now, uint64_t wake_at)
{
    if (!engine->run.draining || engine->run.cancelled) return wake_at;
    mg_engine_stop_producers(engine);
    if (engine->drain_until && now >= engine->drain_until) {
        engine->drain_until = 0;
        rb_funcall(engine->self, id_drained_late, 0);
    }
    return earlier(earlier(wake_at, engine->drain_until), now + DRAIN_EVERY);
}

/* Once a second, off everybody's way. */
static void
check(struct waiting *waiting, uint64_t now)
{
    mg_engine_t *engine = waiting->engine;
    waiting->check_at = now + CHECK_EVERY;
    check_threads(engine);
    uint64_t progress = mg_run_progress(&engine->run);
    if (progress != engine->progress || engine->progress_at == 0) {
        engine->progress = progress;
        engine->progress_at = now;
    }
    else if (!engine->run.cancelled) {
        rb_funcall(engine->self, id_stalled, 1, DBL2NUM((double)(now - engine->progress_at) / 1e9));
    }
}

static VALUE
wait_body(VALUE data)
{
    struct waiting *waiting = (struct waiting *)data;
    mg_engine_t *engine = waiting->engine;
    mg_run_t *run = &engine->run;

    /* A cancelled run needs its owner, to interrupt the blocks that still run. */
    while (!mg_run_over(run) && (!run->cancelled || waiting->until)) {
        rb_thread_check_ints();
        uint64_t now = mg_clock_now();
        if (now >= waiting->check_at) check(waiting, now);
        if (run->lineage) mg_engine_tell_settled(engine);
        uint64_t wake_at = waiting->tending ? earlier(waiting->check_at, waiting->tend_at) : waiting->check_at;
        wake_at = close_awaits(engine, now, wake_at);
        wake_at = find_overdue(engine, now, wake_at);
        wake_at = look_after_drain(engine, now, wake_at);
        wake_at = earlier(wake_at, mg_run_unpark(run, now));
        if (mg_run_over(run)) break;
        if (waiting->until && now >= waiting->until) return Qfalse;
        mg_run_sleep(run, run->owner, earlier(wake_at, waiting->until), true);
        if (waiting->tending && mg_clock_now() >= waiting->tend_at) {
            waiting->tending = mg_run_tend(run);
            waiting->tend_at = mg_clock_now() + TEND_EVERY;
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
    uint64_t now = mg_clock_now();
    struct waiting waiting = { .engine = mg_engine_get(self),
                               .tend_at = now + TEND_FROM,
                               .check_at = now + CHECK_EVERY,
                               .tending = true };
    if (!NIL_P(timeout)) waiting.until = now + (uint64_t)(NUM2DBL(timeout) * 1e9);
    mg_park_t park;
    mg_park_init(&park);
    waiting.engine->run.owner = &park;
    VALUE over = rb_ensure(wait_body, (VALUE)&waiting, wait_ensure, (VALUE)&waiting);
    mg_park_fini(&park);
    return over;
}

static VALUE
activity(const mg_worker_t *worker)
{
    const mg_hand_t *hand = worker->hand;
    bool idle = hand == NULL || (hand->step->kind == MG_KIND_LOOP && !hand->step->running);
    return ID2SYM(rb_intern(idle ? "waits_for_items" : hand->delivering ? "delivers" : "runs"));
}

/*
 * call-seq: workers -> Array
 *
 * [thread, what it does, index of the step or nil] of each worker, where what it does
 * is :runs, :delivers or :waits_for_items.
 */
static VALUE
minigun_run_workers(VALUE self)
{
    VALUE workers = rb_ary_new();
    for (mg_worker_t *worker = mg_engine_get(self)->run.workers; worker; worker = worker->next) {
        if (worker->left) continue;
        VALUE step = worker->hand ? UINT2NUM(worker->hand->step->index) : Qnil;
        rb_ary_push(workers, rb_ary_new_from_args(3, ((mg_thread_t *)worker->data)->thread, activity(worker), step));
    }
    return workers;
}

/*
 * call-seq: oldest(index) -> [item] or nil
 *
 * The item that has been in the step's queue for longest.
 */
static VALUE
minigun_run_oldest(VALUE self, VALUE index)
{
    const mg_step_t *step = mg_part_get(self, index)->step;
    for (const mg_chunk_t *chunk = step->segment->inbox.first; chunk; chunk = chunk->next) {
        if (chunk->step == step->index) return rb_ary_new_from_args(1, (VALUE)chunk->items[chunk->head]);
    }
    return Qnil;
}

/* How many items of any step wait to be tried again. */
static VALUE
minigun_run_parked(VALUE self)
{
    return UINT2NUM(mg_engine_get(self)->run.nparked);
}

void
Init_minigun_run_wait(VALUE klass)
{
    id_raise = rb_intern("raise");
    id_status = rb_intern("status");
    id_stalled = rb_intern("stalled");
    id_overdue = rb_intern("overdue");
    id_settled = rb_intern("settled");
    id_drained_late = rb_intern("drained_late");
    str_sleep = rb_obj_freeze(rb_str_new_cstr("sleep"));
    rb_gc_register_mark_object(str_sleep);
    rb_define_method(klass, "wait", minigun_run_wait, -1);
    rb_define_method(klass, "workers", minigun_run_workers, 0);
    rb_define_method(klass, "oldest", minigun_run_oldest, 1);
    rb_define_method(klass, "parked", minigun_run_parked, 0);
}
