#include "engine.h"

#include "core/clock.h"

/*
 * call-seq: count(index, consumed, produced, failed, seconds, started_at, ended_at) -> nil
 *
 * Sets the counters of a step whose records a native chain counts: sums since the run
 * began. +produced+ is nil where publish counts, +ended_at+ is nil while it goes on.
 */
static VALUE
minigun_run_count(VALUE self, VALUE index, VALUE consumed, VALUE produced, VALUE failed,
                  VALUE seconds, VALUE started_at, VALUE ended_at)
{
    mg_step_t *step = mg_part_get(self, index)->step;
    uint64_t total = NUM2ULL(consumed), lost = NUM2ULL(failed), settled = step->skipped + step->dead,
             before = step->done + step->failed + settled;
    double work = NUM2DBL(seconds);

    step->done = total > lost ? total - lost : 0;
    step->failed = lost > settled ? lost - settled : 0;
    if (!NIL_P(produced)) step->produced = NUM2ULL(produced);
    step->started_at = NUM2DBL(started_at);
    if (!NIL_P(ended_at)) step->ended_at = NUM2DBL(ended_at);
    if (total <= before) return Qnil;

    if (step->latency == NULL) {
        step->latency = malloc(sizeof(*step->latency));
        if (step->latency == NULL) rb_memerror();
        mg_reservoir_init(step->latency, mg_clock_now());
    }
    mg_reservoir_record(step->latency, work / (double)total);
    if (total - before > 1) mg_reservoir_count(step->latency, total - before - 1);
    return Qnil;
}

/*
 * call-seq: futile?(index) -> true or false
 *
 * Have all steps that use what this one sends ended before their input did?
 */
static VALUE
minigun_run_futile_p(VALUE self, VALUE index)
{
    return mg_part_get(self, index)->step->futile ? Qtrue : Qfalse;
}

void
Init_minigun_native_count(void)
{
    VALUE run = rb_path2class("Minigun::Execution::Run");
    rb_define_method(run, "count", minigun_run_count, 7);
    rb_define_method(run, "futile?", minigun_run_futile_p, 1);
}
