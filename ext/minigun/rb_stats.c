#include "minigun.h"

#include "core/histogram.h"

/* All state of a Stats lives in ordinary ivars, which outside code reads and sets,
 * so every call reads them anew. Each method is one step under the GVL. */
static ID id_produced, id_consumed, id_failed;
static ID id_samples, id_count, id_skip, id_weight;
static ID id_counted, id_start, id_end;

/* Feeds all Stats of the process. Under the GVL. */
static mg_sampler_t generator;

/* The order of what Run#counters answers. */
enum { CONSUMED, PRODUCED, FAILED, STARTED_AT, ENDED_AT, OBSERVATIONS, SAMPLES, COUNTERS };

static VALUE
add(VALUE self, ID id, VALUE delta)
{
    VALUE value = rb_ivar_get(self, id);

    if (NIL_P(value)) value = INT2FIX(0);
    if (FIXNUM_P(value) && FIXNUM_P(delta)) value = LONG2NUM(FIX2LONG(value) + FIX2LONG(delta));
    else value = rb_funcall(value, '+', 1, delta);
    rb_ivar_set(self, id, value);
    return value;
}

static VALUE
increment(int argc, VALUE *argv, VALUE self, ID id)
{
    rb_check_arity(argc, 0, 1);
    return add(self, id, argc == 1 ? argv[0] : INT2FIX(1));
}

/*
 * call-seq: increment_produced(count = 1) -> new number
 */
static VALUE
minigun_stats_increment_produced(int argc, VALUE *argv, VALUE self)
{
    return increment(argc, argv, self, id_produced);
}

/*
 * call-seq: increment_consumed(count = 1) -> new number
 */
static VALUE
minigun_stats_increment_consumed(int argc, VALUE *argv, VALUE self)
{
    return increment(argc, argv, self, id_consumed);
}

/*
 * call-seq: increment_failed(count = 1) -> new number
 */
static VALUE
minigun_stats_increment_failed(int argc, VALUE *argv, VALUE self)
{
    return increment(argc, argv, self, id_failed);
}

static long
count_of(VALUE self)
{
    VALUE count = rb_ivar_get(self, id_count);
    return FIXNUM_P(count) && FIX2LONG(count) > 0 ? FIX2LONG(count) : 0;
}

/* The samples as an Array that can be written to. */
static VALUE
samples_of(VALUE self)
{
    VALUE samples = rb_ivar_get(self, id_samples);

    if (RB_TYPE_P(samples, T_ARRAY) && !OBJ_FROZEN(samples)) return samples;
    samples = RB_TYPE_P(samples, T_ARRAY) ? rb_ary_dup(samples) : rb_ary_new();
    rb_ivar_set(self, id_samples, samples);
    return samples;
}

/* Keeps the observation that follows `observed` others, if it is wanted, and notes
 * how many may now pass. A full sample without a weight was filled by somebody else. */
static void
sample(VALUE self, VALUE samples, uint64_t observed, VALUE seconds)
{
    VALUE weight = rb_ivar_get(self, id_weight);
    size_t size = (size_t)RARRAY_LEN(samples);

    if (observed < size) observed = size;
    if (size >= MG_RESERVOIR_SIZE && RB_FLOAT_TYPE_P(weight)) {
        generator.weight = RFLOAT_VALUE(weight);
        generator.next = observed;
    }
    else {
        mg_sampler_resume(&generator, observed, size);
    }
    if (generator.next <= observed) {
        rb_ary_store(samples, (long)mg_sampler_accept(&generator, observed, size), seconds);
    }
    if (RARRAY_LEN(samples) < MG_RESERVOIR_SIZE) return;

    uint64_t skip = generator.next - observed - 1;
    rb_ivar_set(self, id_weight, DBL2NUM(generator.weight));
    rb_ivar_set(self, id_skip, LONG2FIX(skip < FIXNUM_MAX ? (long)skip : FIXNUM_MAX));
}

/*
 * call-seq: record_latency(seconds) -> number of observations
 *
 * Counts an observation, and keeps it if it belongs into the sample.
 */
static VALUE
minigun_stats_record_latency(VALUE self, VALUE seconds)
{
    if (!RB_FLOAT_TYPE_P(seconds) && !rb_obj_is_kind_of(seconds, rb_cNumeric)) {
        rb_raise(rb_eTypeError, "a latency is a number of seconds");
    }
    rb_check_frozen(self);
    VALUE samples = samples_of(self);
    VALUE skip = rb_ivar_get(self, id_skip);
    long count = count_of(self);

    if (FIXNUM_P(skip) && FIX2LONG(skip) > 0 && RARRAY_LEN(samples) >= MG_RESERVOIR_SIZE) {
        rb_ivar_set(self, id_skip, LONG2FIX(FIX2LONG(skip) - 1));
    }
    else {
        sample(self, samples, (uint64_t)count, seconds);
    }
    VALUE observations = LONG2NUM(count + 1);
    rb_ivar_set(self, id_count, observations);
    return observations;
}

/* What a counter has grown by since the last time. A reader that was overtaken by
 * another one brings less than that: it changes nothing. */
static long
growth(VALUE counters, VALUE counted, int place)
{
    VALUE before = NIL_P(counted) ? INT2FIX(0) : rb_ary_entry(counted, place);
    long grown = NUM2LONG(rb_ary_entry(counters, place)) - NUM2LONG(before);
    return grown > 0 ? grown : 0;
}

static void
take_time(VALUE self, ID id, VALUE counters, VALUE counted, int place)
{
    VALUE time = rb_ary_entry(counters, place);

    if (NIL_P(time)) return;
    if (!NIL_P(counted) && rb_equal(time, rb_ary_entry(counted, place))) return;
    rb_ivar_set(self, id, rb_time_num_new(time, Qnil));
}

/* Adds to the ivars what Run#counters has gained since it was last taken in: what
 * was recorded or set by others meanwhile stays. */
static VALUE
minigun_stats_take_in(VALUE self, VALUE counters)
{
    VALUE counted = rb_ivar_get(self, id_counted);

    Check_Type(counters, T_ARRAY);
    if (RARRAY_LEN(counters) < COUNTERS) rb_raise(rb_eArgError, "incomplete counters");
    long observations = growth(counters, counted, OBSERVATIONS);

    add(self, id_consumed, LONG2NUM(growth(counters, counted, CONSUMED)));
    add(self, id_produced, LONG2NUM(growth(counters, counted, PRODUCED)));
    add(self, id_failed, LONG2NUM(growth(counters, counted, FAILED)));
    take_time(self, id_start, counters, counted, STARTED_AT);
    take_time(self, id_end, counters, counted, ENDED_AT);
    if (observations > 0) {
        rb_ivar_set(self, id_samples, rb_ary_entry(counters, SAMPLES));
        rb_ivar_set(self, id_count, LONG2NUM(count_of(self) + observations));
        rb_ivar_set(self, id_weight, Qnil);
        rb_ivar_set(self, id_skip, Qnil);
    }
    rb_ivar_set(self, id_counted, rb_ary_dup(counters));
    return self;
}

void
Init_minigun_stats(void)
{
    VALUE rb_cMinigunStats = rb_define_class_under(rb_mMinigun, "Stats", rb_cObject);

    id_produced = rb_intern("@items_produced");
    id_consumed = rb_intern("@items_consumed");
    id_failed = rb_intern("@items_failed");
    id_samples = rb_intern("@latency_samples");
    id_count = rb_intern("@latency_count");
    id_skip = rb_intern("@latency_skip");
    id_weight = rb_intern("@latency_weight");
    id_counted = rb_intern("@counted");
    id_start = rb_intern("@start_time");
    id_end = rb_intern("@end_time");
    mg_sampler_init(&generator, NUM2ULL(rb_funcall(rb_funcall(rb_cRandom, rb_intern("new_seed"), 0),
                                                   '&', 1, ULL2NUM(UINT64_MAX))));

    rb_define_method(rb_cMinigunStats, "increment_produced", minigun_stats_increment_produced, -1);
    rb_define_method(rb_cMinigunStats, "increment_consumed", minigun_stats_increment_consumed, -1);
    rb_define_method(rb_cMinigunStats, "increment_failed", minigun_stats_increment_failed, -1);
    rb_define_method(rb_cMinigunStats, "record_latency", minigun_stats_record_latency, 1);
    rb_define_private_method(rb_cMinigunStats, "take_in", minigun_stats_take_in, 1);
    if (!rb_const_defined_at(rb_cMinigunStats, rb_intern("RESERVOIR_SIZE"))) {
        rb_define_const(rb_cMinigunStats, "RESERVOIR_SIZE", INT2FIX(MG_RESERVOIR_SIZE));
    }
}
