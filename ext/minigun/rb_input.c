#include "engine.h"

#include "core/clock.h"

static VALUE rb_cMinigunInputQueue;
static ID id_timeout;

enum { TAKE_MOST = 256 };

typedef struct {
    mg_part_t *part;
    VALUE run;    /* keeps the part alive */
    VALUE buffer; /* items taken and not popped yet */
    long next;
    bool ended;
} input_t;

static void
input_mark(void *ptr)
{
    input_t *input = ptr;
    rb_gc_mark(input->run);
    rb_gc_mark(input->buffer);
}

static size_t
input_memsize(const void *ptr)
{
    return sizeof(input_t);
}

static const rb_data_type_t input_type = {
    .wrap_struct_name = "minigun/input",
    .function = { .dmark = input_mark, .dfree = RUBY_DEFAULT_FREE, .dsize = input_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static input_t *
input_get(VALUE self)
{
    input_t *input = rb_check_typeddata(self, &input_type);
    if (input->part == NULL) rb_raise(rb_eArgError, "uninitialized input");
    return input;
}

mg_hand_t *
mg_input_hand(VALUE self)
{
    return &input_get(self)->part->step->hand;
}

VALUE
mg_input_queue_new(mg_part_t *part)
{
    if (!NIL_P(part->input)) return part->input;
    input_t *input;
    VALUE self = TypedData_Make_Struct(rb_cMinigunInputQueue, input_t, &input_type, input);
    input->buffer = Qnil;
    input->run = part->run;
    input->part = part;
    part->input = self;
    return self;
}

/* Takes items, letting interrupts through while nothing is in hand. Nil at the end
 * of the stream, an empty Array when the deadline has passed. */
static VALUE
take(input_t *input, size_t max, uint64_t deadline)
{
    mg_hand_t *hand = &input->part->step->hand;
    mg_item_t items[TAKE_MOST];
    size_t count = 0;
    VALUE taken = rb_ary_new_capa((long)max);

    for (;;) {
        mg_status_t status = mg_hand_take(hand, max, deadline, items, &count);
        if (status == MG_OK) break;
        if (status == MG_TIMEOUT) return taken;
        if (status == MG_CANCELLED) {
            rb_raise(rb_const_get(rb_mMinigun, rb_intern("Cancelled")), "the run was cancelled");
        }
        if (status != MG_AGAIN) mg_raise(status);
        rb_thread_check_ints();
    }
    if (count == 0) return Qnil;
    rb_ary_cat(taken, (const VALUE *)items, (long)count);
    return taken;
}

static uint64_t
deadline_in(VALUE seconds)
{
    if (NIL_P(seconds)) return 0;
    double value = NUM2DBL(seconds);
    return mg_clock_now() + (value > 0 ? (uint64_t)(value * 1e9) : 0) + 1;
}

/*
 * call-seq: input.take(max, timeout = nil) -> Array or nil
 *
 * Up to +max+ items, waiting for the first; nil at the end of the stream; an empty
 * Array when +timeout+ seconds have passed. The items stay on the run's books until
 * settled.
 */
static VALUE
minigun_input_take(int argc, VALUE *argv, VALUE self)
{
    VALUE max, timeout;
    rb_scan_args(argc, argv, "11", &max, &timeout);
    long most = NUM2LONG(max);
    if (most < 1) rb_raise(rb_eArgError, "take at least one item");
    if (most > TAKE_MOST) most = TAKE_MOST;
    uint64_t deadline = deadline_in(timeout);
    return take(input_get(self), (size_t)most, deadline);
}

static size_t
count_of(VALUE count)
{
    long number = NUM2LONG(count);
    if (number < 0) rb_raise(rb_eArgError, "count must not be negative");
    return (size_t)number;
}

/*
 * call-seq: input.settle(count) -> input
 *
 * Says that +count+ items taken earlier are dealt with and their output sent.
 */
static VALUE
minigun_input_settle(VALUE self, VALUE count)
{
    mg_hand_settle(&input_get(self)->part->step->hand, count_of(count));
    return self;
}

/*
 * call-seq: input.keep(count) -> input
 *
 * Says that +count+ items taken earlier wait for others, in an unfilled batch: they
 * don't hold up the end of the stream any more.
 */
static VALUE
minigun_input_keep(VALUE self, VALUE count)
{
    mg_hand_keep(&input_get(self)->part->step->hand, count_of(count));
    return self;
}

/*
 * call-seq: input.resume(count) -> input
 *
 * Takes up +count+ items that were kept.
 */
static VALUE
minigun_input_resume(VALUE self, VALUE count)
{
    mg_hand_resume(&input_get(self)->part->step->hand, count_of(count));
    return self;
}

static VALUE
end_of_stage(input_t *input)
{
    VALUE stage = rb_funcall(input->part->definition, rb_intern("stage"), 0);
    return rb_funcall(rb_const_get(rb_mMinigun, rb_intern("EndOfStage")), rb_intern("new"), 1, stage);
}

/*
 * call-seq: input.pop -> item
 *           input.pop(true) -> item
 *           input.pop(timeout: seconds) -> item or nil
 *
 * The next item, waiting for it; after the last one a Minigun::EndOfStage, again on
 * every later call. With +true+, raises ThreadError instead of waiting.
 */
static VALUE
minigun_input_pop(int argc, VALUE *argv, VALUE self)
{
    VALUE non_block, options, timeout = Qnil;
    rb_scan_args(argc, argv, "01:", &non_block, &options);
    if (!NIL_P(options)) rb_get_kwargs(options, &id_timeout, 0, 1, &timeout);
    if (timeout == Qundef) timeout = Qnil;

    input_t *input = input_get(self);
    if (NIL_P(input->buffer) || input->next >= RARRAY_LEN(input->buffer)) {
        if (input->ended) return end_of_stage(input);
        if (!NIL_P(input->buffer)) {
            mg_hand_settle(&input->part->step->hand, (size_t)RARRAY_LEN(input->buffer));
            input->part->step->done += (uint64_t)RARRAY_LEN(input->buffer);
            RB_OBJ_WRITE(self, &input->buffer, Qnil);
        }
        input->next = 0;
        VALUE taken = take(input, 64, RTEST(non_block) ? mg_clock_now() : deadline_in(timeout));
        if (NIL_P(taken)) {
            input->ended = true;
            return end_of_stage(input);
        }
        if (RARRAY_LEN(taken) == 0) {
            if (RTEST(non_block)) rb_raise(rb_eThreadError, "queue empty");
            return Qnil;
        }
        RB_OBJ_WRITE(self, &input->buffer, taken);
    }
    VALUE item = RARRAY_AREF(input->buffer, input->next);
    input->next++;
    return item;
}

void
mg_input_close(mg_part_t *part, uint64_t *in_hand)
{
    mg_step_t *step = part->step;
    uint64_t settled = step->done + step->skipped + step->failed + step->dead + step->cancelled;
    uint64_t taken = step->accepted - settled - step->queued - step->parked;
    if (in_hand != &step->done) mg_hand_failed(&step->hand);
    if (part->driver) {
        if (in_hand != &step->done) *in_hand += taken;
        return;
    }
    input_t *input = NIL_P(part->input) ? NULL : input_get(part->input);
    VALUE buffer = input ? input->buffer : Qnil;
    if (!NIL_P(buffer) && input->next < RARRAY_LEN(buffer)) {
        VALUE rest = rb_ary_subseq(buffer, input->next, RARRAY_LEN(buffer) - input->next);
        taken -= (uint64_t)RARRAY_LEN(rest);
        mg_hand_failed(&step->hand);
        mg_run_leave(part, rest);
    }
    if (taken == 0) return;
    ++*in_hand;
    step->done += taken - 1;
}

void
Init_minigun_input(void)
{
    id_timeout = rb_intern("timeout");
    rb_cMinigunInputQueue = rb_define_class_under(rb_mMinigun, "InputQueue", rb_cObject);
    rb_undef_alloc_func(rb_cMinigunInputQueue);
    rb_global_variable(&rb_cMinigunInputQueue);
    rb_define_method(rb_cMinigunInputQueue, "take", minigun_input_take, -1);
    rb_define_method(rb_cMinigunInputQueue, "settle", minigun_input_settle, 1);
    rb_define_method(rb_cMinigunInputQueue, "keep", minigun_input_keep, 1);
    rb_define_method(rb_cMinigunInputQueue, "resume", minigun_input_resume, 1);
    rb_define_method(rb_cMinigunInputQueue, "pop", minigun_input_pop, -1);
}
