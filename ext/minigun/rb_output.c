#include "engine.h"

static VALUE rb_cMinigunOutputQueue;
static ID id_resolve;

typedef struct {
    mg_part_t *part;
    VALUE run;    /* keeps the part alive */
    VALUE routes; /* Hash: target as given, to bound output */
    VALUE proc;
    uint32_t target; /* a step's index, or MG_STATIC */
    uint32_t route;  /* its number, where target is a step */
    const mg_step_t *step; /* the part's, where target is MG_STATIC; else NULL */
} output_t;

static void
output_mark(void *ptr)
{
    output_t *output = ptr;
    rb_gc_mark(output->run);
    rb_gc_mark(output->routes);
    rb_gc_mark(output->proc);
}

static size_t
output_memsize(const void *ptr)
{
    return sizeof(output_t);
}

static const rb_data_type_t output_type = {
    .wrap_struct_name = "minigun/output",
    .function = { .dmark = output_mark, .dfree = RUBY_DEFAULT_FREE, .dsize = output_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

/* Without a check: the class can't be allocated from Ruby, so each of its objects
 * is whole, and its methods bind to nothing else. */
static inline output_t *
output_get(VALUE self)
{
    return RTYPEDDATA_DATA(self);
}

static VALUE
output_make(mg_part_t *part, uint32_t target, uint32_t route)
{
    output_t *output;
    VALUE self = TypedData_Make_Struct(rb_cMinigunOutputQueue, output_t, &output_type, output);
    output->routes = Qnil;
    output->proc = Qnil;
    output->run = part->run;
    output->target = target;
    output->route = route;
    output->part = part;
    output->step = target == MG_STATIC ? part->step : NULL;
    return self;
}

VALUE
mg_output_queue_new(mg_part_t *part)
{
    if (NIL_P(part->output)) part->output = output_make(part, MG_STATIC, 0);
    return part->output;
}

NORETURN(static void closed(output_t *output));
static void
closed(output_t *output)
{
    VALUE name = rb_funcall(output->run, rb_intern("step_name"), 1, UINT2NUM(output->target));
    rb_raise(rb_eArgError, "the stage %" PRIsVALUE " has already ended", name);
}

/* From a thread that user code made: the item goes through the targets' inboxes.
 * It must not wait, because the worker that would make room may be the one that
 * waits for this thread. */
static void
send_from_elsewhere(output_t *output, VALUE item)
{
    mg_item_t items[1] = { (mg_item_t)item };
    size_t done = 0;
    mg_step_t *step = output->part->step;
    if (step->ended || !(step->running || step->busy)) mg_no_step();
    mg_status_t status = mg_step_publish(step, output->target, items, 1, false, &done);
    if (status != MG_OK && status != MG_CANCELLED) mg_raise(status);
}

/* Apart, so that the usual way needs no frame. */
NOINLINE(static void send_slowly(output_t *output, VALUE item));
static void
send_slowly(output_t *output, VALUE item)
{
    mg_slot_t *slot = mg_slot();
    if (slot->collector) {
        VALUE target = output->target == MG_STATIC ? Qnil : UINT2NUM(output->target);
        mg_collect(slot->collector, target, item);
        return;
    }
    mg_hand_t *hand = slot->worker ? slot->worker->hand : NULL;
    if (hand == NULL || hand->step != output->part->step) {
        send_from_elsewhere(output, item);
        return;
    }
    mg_status_t status = output->target == MG_STATIC
                             ? mg_hand_emit(hand, item)
                             : mg_hand_send(hand, output->route, item);
    if (status == MG_CLOSED && output->target != MG_STATIC) closed(output);
    mg_after_emit(hand, status);
}

static inline void
output_send(output_t *output, VALUE item)
{
    mg_slot_t *slot = mg_slot();
    mg_worker_t *worker = slot->worker;
    mg_hand_t *hand = worker && !slot->collector ? worker->hand : NULL;
    if (hand && hand->step == output->step && mg_hand_emit_fast(hand, item)) return;
    send_slowly(output, item);
}

/*
 * call-seq: output << item -> output
 *
 * Hands +item+ to the stage's targets, or to the one target this output is bound
 * to. Waits while a target's queue is full.
 */
static VALUE
minigun_output_push(VALUE self, VALUE item)
{
    output_send(output_get(self), item);
    return self;
}

/*
 * call-seq: output.to(target) -> output
 *
 * The output bound to the stage +target+ alone (Symbol, String or Stage), the same
 * object each time. Raises ArgumentError if there is no such stage, or if it has
 * ended.
 */
static VALUE
minigun_output_to(VALUE self, VALUE target)
{
    output_t *output = output_get(self);
    if (NIL_P(output->routes)) RB_OBJ_WRITE(self, &output->routes, rb_hash_new());
    VALUE bound = rb_hash_lookup2(output->routes, target, Qnil);
    if (!NIL_P(bound)) return bound;

    mg_part_t *part = output->part;
    VALUE index = rb_funcall(output->run, id_resolve, 2, UINT2NUM(part->step->index), target);
    uint32_t number = NUM2UINT(index), route = 0;
    VALUE known = rb_hash_lookup2(output->routes, index, Qnil);
    if (NIL_P(known)) {
        if (mg_slot()->collector == NULL) {
            mg_run_t *run = mg_run_get(output->run);
            output_t gone = { .run = output->run, .target = number };
            mg_status_t status = mg_step_route(part->step, &run->steps[number], &route);
            if (status == MG_CLOSED) closed(&gone);
            if (status != MG_OK) mg_raise(status);
        }
        known = output_make(part, number, route);
        rb_hash_aset(output->routes, index, known);
    }
    rb_hash_aset(output->routes, target, known);
    return known;
}

static VALUE
output_proc_call(RB_BLOCK_CALL_FUNC_ARGLIST(first, self))
{
    VALUE item = argc > 0 ? argv[0] : Qnil;
    if (argc > 1) {
        VALUE options = argv[argc - 1];
        VALUE to = RB_TYPE_P(options, T_HASH)
                       ? rb_hash_lookup2(options, ID2SYM(rb_intern("to")), Qnil)
                       : Qnil;
        if (!NIL_P(to)) {
            minigun_output_push(minigun_output_to(self, to), item);
            return self;
        }
    }
    output_send(output_get(self), item);
    return self;
}

/*
 * call-seq: output.to_proc -> proc
 *
 * A proc <code>(item, to: nil)</code>; what custom stages get as their block.
 */
static VALUE
minigun_output_to_proc(VALUE self)
{
    output_t *output = output_get(self);
    if (NIL_P(output->proc)) RB_OBJ_WRITE(self, &output->proc, rb_proc_new(output_proc_call, self));
    return output->proc;
}

VALUE
mg_output_proc(mg_part_t *part)
{
    if (NIL_P(part->output_proc)) {
        part->output_proc = minigun_output_to_proc(mg_output_queue_new(part));
    }
    return part->output_proc;
}

void
Init_minigun_output(void)
{
    id_resolve = rb_intern("resolve");

    rb_cMinigunOutputQueue = rb_define_class_under(rb_mMinigun, "OutputQueue", rb_cObject);
    rb_undef_alloc_func(rb_cMinigunOutputQueue);
    rb_global_variable(&rb_cMinigunOutputQueue);
    rb_define_method(rb_cMinigunOutputQueue, "<<", minigun_output_push, 1);
    rb_define_method(rb_cMinigunOutputQueue, "to", minigun_output_to, 1);
    rb_define_method(rb_cMinigunOutputQueue, "to_proc", minigun_output_to_proc, 0);
}
