#include "engine_run.h"

#include "core/clock.h"
#include "core/plan.h"

static VALUE
time_or_nil(double seconds)
{
    return seconds == 0 ? Qnil : DBL2NUM(seconds);
}

static VALUE
produced_by(const mg_step_t *step)
{
    uint64_t held = (step->hand.out ? mg_chunk_size(step->hand.out) : 0) + step->hand.sealed_items;
    return ULL2NUM(step->produced + held);
}

/*
 * call-seq: counters(index) -> Array
 *
 * [consumed, produced, failed, started_at, ended_at, observations, samples] of the
 * step; times are seconds since 1970 or nil, samples seconds.
 */
static VALUE
minigun_run_counters(VALUE self, VALUE index)
{
    mg_part_t *part = mg_part_get(self, index);
    const mg_step_t *step = part->step;
    const mg_reservoir_t *latency = step->latency;
    VALUE samples = rb_ary_new_capa(latency ? (long)latency->size : 0);
    for (size_t i = 0; latency && i < latency->size; i++) {
        rb_ary_push(samples, DBL2NUM(latency->samples[i]));
    }
    uint64_t lost = step->skipped + step->failed + step->dead;
    return rb_ary_new_from_args(7, ULL2NUM(step->done + lost), produced_by(step), ULL2NUM(lost),
                                time_or_nil(step->started_at), time_or_nil(step->ended_at),
                                ULL2NUM(latency ? latency->observed : 0), samples);
}

/*
 * call-seq: ledger(index) -> Array
 *
 * [accepted, done, skipped, failed, dead, cancelled, produced] of the step.
 */
static VALUE
minigun_run_ledger(VALUE self, VALUE index)
{
    const mg_step_t *step = mg_part_get(self, index)->step;
    return rb_ary_new_from_args(7, ULL2NUM(step->accepted), ULL2NUM(step->done), ULL2NUM(step->skipped),
                                ULL2NUM(step->failed), ULL2NUM(step->dead), ULL2NUM(step->cancelled),
                                produced_by(step));
}

/* report(index, count, fate, latencies): see lib/minigun/execution/run.rb. */
static VALUE
minigun_run_report(VALUE self, VALUE index, VALUE count, VALUE fate, VALUE latencies)
{
    mg_step_t *step = mg_part_get(self, index)->step;
    uint64_t items = NUM2ULL(count);
    if (!NIL_P(fate) && fate != ID2SYM(rb_intern("dead"))) mg_hand_failed(&step->hand);
    *(NIL_P(fate) ? &step->done : mg_fate_of(step, fate)) += items;
    if (step->latency == NULL) {
        step->latency = malloc(sizeof(*step->latency));
        if (step->latency == NULL) rb_memerror();
        mg_reservoir_init(step->latency, mg_clock_now());
    }
    /* Times of items that failed come with those of the others; the items were counted before. */
    uint64_t times = (uint64_t)RARRAY_LEN(latencies);
    if (times > items) times = items + mg_reservoir_uncount(step->latency, times - items);
    for (uint64_t i = 0; i < times; i++) {
        mg_reservoir_record(step->latency, NUM2DBL(RARRAY_AREF(latencies, (long)i)));
    }
    if (items > times) mg_reservoir_count(step->latency, items - times);
    return self;
}

/* Stamps the end of all steps that have no end of their own. */
static VALUE
minigun_run_stamp_end(VALUE self)
{
    mg_run_t *run = &mg_engine_get(self)->run;
    double now = mg_clock_wall();
    for (uint32_t i = 0; i < run->nsteps; i++) {
        mg_step_t *step = &run->steps[i];
        if (step->kind == MG_KIND_PRODUCER ? step->ended_at == 0 : step->started_at > 0) {
            step->ended_at = now;
        }
    }
    return self;
}

/* Items that a batch step collected and will not pass on. */
static void
cancel_collected(mg_engine_t *engine, mg_step_t *step, VALUE *collected)
{
    VALUE items = *collected;
    *collected = Qnil;
    if (NIL_P(items)) return;
    step->done -= (uint64_t)RARRAY_LEN(items);
    step->cancelled += (uint64_t)RARRAY_LEN(items);
    mg_engine_cancelled(engine, step, items);
}

/* Counts what is left as cancelled, where the run did not come to its end. */
static VALUE
minigun_run_settle_books(VALUE self)
{
    mg_engine_t *engine = mg_engine_get(self);
    mg_run_settle_cancelled(&engine->run);
    for (uint32_t i = 0; i < engine->nparts; i++) {
        mg_part_t *part = &engine->parts[i];
        mg_step_t *step = part->step;
        cancel_collected(engine, step, &part->kept);
        cancel_collected(engine, step, &part->batch);
        cancel_collected(engine, step, &part->filling);
        if (!engine->run.cancelled || !part->driver) continue;
        /* In the hands of a driver's workers. */
        uint64_t settled = step->done + step->skipped + step->failed + step->dead + step->cancelled;
        if (settled < step->accepted) step->cancelled += step->accepted - settled;
    }
    if (engine->run.lineage) {
        mg_lineage_abandon(engine->run.lineage);
        mg_engine_tell_settled(engine);
    }
    return self;
}

/*
 * call-seq: cancelled -> Array
 *
 * [[index of the step, [item, ...]], ...] of what was accepted and not dealt with.
 */
static VALUE
minigun_run_cancelled_items(VALUE self)
{
    VALUE cancelled = mg_engine_get(self)->cancelled;
    return NIL_P(cancelled) ? rb_ary_new() : cancelled;
}

static VALUE
minigun_run_segments(VALUE self)
{
    mg_engine_t *engine = mg_engine_get(self);
    VALUE segments = rb_ary_new();
    for (mg_segment_t *segment = engine->run.segments; segment; segment = segment->next) {
        VALUE indexes = rb_ary_new();
        for (mg_step_t *step = segment->first; step; step = step->segment_next) {
            rb_ary_push(indexes, UINT2NUM(step->index));
        }
        rb_ary_unshift(segments, rb_ary_new_from_args(3, indexes, UINT2NUM(segment->nworkers),
                                                      SIZET2NUM(segment->queued)));
    }
    return segments;
}

/* A macro, so that each name is looked up once in the process. */
#define pair(hash, name, value) rb_hash_aset((hash), ID2SYM(rb_intern(name)), (value))

/*
 * call-seq: state(index) -> Hash
 *
 * Where the step stands: what is queued, who works, what it waits for.
 */
static VALUE
minigun_run_state(VALUE self, VALUE index)
{
    const mg_step_t *step = mg_part_get(self, index)->step;
    VALUE state = rb_hash_new();
    pair(state, "queued", SIZET2NUM(step->queued));
    pair(state, "busy", UINT2NUM(step->busy));
    pair(state, "workers", UINT2NUM(step->segment->nworkers));
    pair(state, "idle", UINT2NUM(step->segment->nsleepers));
    pair(state, "waiting_writers", step->writers ? Qtrue : Qfalse);
    pair(state, "live_upstreams", UINT2NUM(step->live_upstreams));
    pair(state, "live_feeders", UINT2NUM(step->live_feeders));
    pair(state, "ending", step->ending ? Qtrue : Qfalse);
    pair(state, "ended", step->ended ? Qtrue : Qfalse);
    return state;
}

/*
 * call-seq: _times(index) -> Hash
 *
 * Where the step's time went, in seconds: in its own code, waiting for room in its
 * targets' queues, and, with its segment, waiting for items. And how many workers its
 * segment had at most, whether because it proved to block, and why it has a queue.
 */
static VALUE
minigun_run_times(VALUE self, VALUE index)
{
    const mg_step_t *step = mg_part_get(self, index)->step;
    const mg_segment_t *segment = step->segment;
    mg_engine_t *engine = mg_engine_get(self);
    VALUE times = rb_hash_new();
    pair(times, "running", DBL2NUM((double)step->spent / 1e9));
    pair(times, "waiting_for_room", DBL2NUM((double)step->waiting_room / 1e9));
    pair(times, "waiting_for_input",
         DBL2NUM(segment->first == step ? (double)segment->waiting_input / 1e9 : 0));
    pair(times, "workers", UINT2NUM(segment->most_workers));
    pair(times, "grown", step->grown ? Qtrue : Qfalse);
    pair(times, "split", segment->first == step && engine->why && engine->why[step->index] == MG_WHY_JOINED
                             ? Qtrue
                             : Qfalse);
    pair(times, "why", engine->why ? rb_str_new_cstr(mg_why_text(engine->why[step->index])) : Qnil);
    return times;
}

/*
 * call-seq: pending -> Integer
 *
 * Live producers, queued chunks, and items in hands: zero when only ends are left.
 */
static VALUE
minigun_run_pending(VALUE self)
{
    return ULL2NUM(mg_engine_get(self)->run.pending);
}

/* recount(index, count, fate): see lib/minigun/execution/run.rb. */
static VALUE
minigun_run_recount(VALUE self, VALUE index, VALUE count, VALUE fate)
{
    mg_step_t *step = mg_part_get(self, index)->step;
    uint64_t items = NUM2ULL(count);
    if (items > step->done) rb_raise(rb_eArgError, "fewer items than that are done");
    step->done -= items;
    *(NIL_P(fate) ? &step->cancelled : mg_fate_of(step, fate)) += items;
    return self;
}

void
Init_minigun_run_books(VALUE klass)
{
    rb_define_method(klass, "counters", minigun_run_counters, 1);
    rb_define_method(klass, "ledger", minigun_run_ledger, 1);
    rb_define_private_method(klass, "_report", minigun_run_report, 4);
    rb_define_private_method(klass, "_recount", minigun_run_recount, 3);
    rb_define_method(klass, "cancelled_items", minigun_run_cancelled_items, 0);
    rb_define_method(klass, "settle_books", minigun_run_settle_books, 0);
    rb_define_method(klass, "stamp_end", minigun_run_stamp_end, 0);
    rb_define_method(klass, "state", minigun_run_state, 1);
    rb_define_private_method(klass, "_times", minigun_run_times, 1);
    rb_define_method(klass, "pending", minigun_run_pending, 0);
    rb_define_method(klass, "segments", minigun_run_segments, 0);
}
