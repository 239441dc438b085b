#include "engine_run.h"

#include "core/plan.h"

/* Macros, so that each name is looked up once in the process. */
#define attribute(definition, name) rb_struct_getmember((definition), rb_intern(name))
#define is_symbol(value, name) ((value) == ID2SYM(rb_intern(name)))

static mg_kind_t
kind_of(VALUE definition, bool driven)
{
    VALUE kind = attribute(definition, "kind");
    if (driven) return MG_KIND_LOOP;
    if (is_symbol(kind, "producer")) return MG_KIND_PRODUCER;
    if (is_symbol(kind, "each")) return MG_KIND_EACH;
    if (is_symbol(kind, "batch")) return MG_KIND_BATCH;
    if (is_symbol(kind, "loop")) return MG_KIND_LOOP;
    if (is_symbol(kind, "router")) return MG_KIND_ROUTER;
    rb_raise(rb_eArgError, "unknown kind of step: %" PRIsVALUE, kind);
}

static mg_give_t
give_of(VALUE definition)
{
    VALUE receives = attribute(definition, "receives");
    if (is_symbol(receives, "item")) return MG_GIVE_ITEM;
    if (is_symbol(receives, "item_output")) return MG_GIVE_ITEM_OUTPUT;
    if (is_symbol(receives, "output")) return MG_GIVE_OUTPUT;
    if (is_symbol(receives, "input_output")) return MG_GIVE_INPUT_OUTPUT;
    return MG_GIVE_NOTHING;
}

static void
set_hooks(mg_callable_t **hooks, uint32_t *count, VALUE procs, VALUE user)
{
    if (NIL_P(procs) || RARRAY_LEN(procs) == 0) return;
    long length = RARRAY_LEN(procs);
    *hooks = calloc((size_t)length, sizeof(**hooks));
    if (*hooks == NULL) rb_memerror();
    for (long i = 0; i < length; i++) {
        (*hooks)[i].code = (*hooks)[i].method = Qnil;
        *count = (uint32_t)i + 1;
        mg_callable_init(&(*hooks)[i], RARRAY_AREF(procs, i), user);
    }
}

static void
set_part(mg_engine_t *engine, mg_part_t *part, VALUE definition, VALUE driver)
{
    part->run = engine->self;
    part->self = engine->user;
    part->definition = definition;
    part->output = part->input = part->output_proc = part->kept = Qnil;
    part->batch = part->filling = Qnil;
    part->unpromoted = 1;
    part->give = give_of(definition);

    VALUE code = attribute(definition, "callable");
    part->main.code = part->main.method = Qnil;
    part->calls = !NIL_P(code) || !NIL_P(driver);
    if (!NIL_P(driver)) {
        part->main = (mg_callable_t){ .code = driver, .method = Qnil, .how = MG_CALL_OBJECT };
        part->driver = true;
    }
    if (part->calls && !part->driver) mg_callable_init(&part->main, code, engine->user);
    if (part->driver) return;
    set_hooks(&part->before, &part->nbefore, attribute(definition, "before"), engine->user);
    set_hooks(&part->after, &part->nafter, attribute(definition, "after"), engine->user);

    VALUE policy = attribute(definition, "policy");
    if (RB_TYPE_P(policy, T_HASH)) {
        VALUE retries = rb_hash_lookup2(policy, ID2SYM(rb_intern("retries")), Qnil);
        VALUE answer = rb_hash_lookup2(policy, ID2SYM(rb_intern("on_error")), Qnil);
        bool asks = !NIL_P(answer) && !RB_SYMBOL_P(answer);
        part->buffered = asks || (FIXNUM_P(retries) && FIX2LONG(retries) > 0);
        VALUE timeout = rb_hash_lookup2(policy, ID2SYM(rb_intern("timeout")), Qnil);
        if (!NIL_P(timeout)) part->timeout = (uint64_t)(NUM2DBL(timeout) * 1e9);
        if (part->timeout && (engine->least_timeout == 0 || part->timeout < engine->least_timeout)) {
            engine->least_timeout = part->timeout;
        }
        part->guarded = part->buffered || part->timeout;
    }
    VALUE size = attribute(definition, "max_size"), wait = attribute(definition, "max_wait");
    part->batch_size = NIL_P(size) ? 100 : NUM2LONG(size);
    if (!NIL_P(wait)) part->batch_wait = (uint64_t)(NUM2DBL(wait) * 1e9);
}

/* What the core and the planner have to know of the steps. */
struct layout {
    mg_step_spec_t *specs;
    uint8_t *flags, *contexts;
    uint32_t *affinity, *starts, *targets;
    uint32_t ntargets;
};

static void
layout_free(struct layout *layout)
{
    free(layout->specs);
    free(layout->flags);
    free(layout->contexts);
    free(layout->affinity);
    free(layout->starts);
    free(layout->targets);
}

/* What large items in a queue may weigh where nobody says. */
enum { DEFAULT_BYTES = 64 << 20 };

static uint32_t
workers_of(VALUE definition, mg_kind_t kind)
{
    VALUE workers = attribute(definition, "workers");
    if (NIL_P(workers) || kind != MG_KIND_EACH) return 1;
    return NUM2UINT(workers);
}

static void
set_spec(mg_engine_t *engine, struct layout *layout, uint32_t i, VALUE definition)
{
    mg_step_spec_t *spec = &layout->specs[i];
    mg_part_t *part = &engine->parts[i];
    VALUE size = attribute(definition, "queue_size");
    VALUE await = attribute(definition, "await");
    VALUE affinity = attribute(definition, "affinity");
    VALUE most = attribute(definition, "max_workers");
    bool inlined = is_symbol(attribute(definition, "context"), "inline");

    spec->kind = kind_of(definition, part->driver);
    spec->round_robin = is_symbol(attribute(definition, "routing"), "round_robin");
    spec->capacity = NIL_P(size) ? 0 : NUM2SIZET(size);
    VALUE bytes = attribute(definition, "queue_bytes");
    spec->weighs_all = !NIL_P(bytes);
    spec->max_bytes = NIL_P(bytes) ? DEFAULT_BYTES : bytes == Qfalse ? 0 : NUM2ULL(bytes);
    spec->traced = RTEST(attribute(definition, "acknowledge"));
    spec->workers = workers_of(definition, spec->kind);
    spec->may_split = engine->fuse && spec->kind == MG_KIND_EACH && !inlined &&
                      NIL_P(attribute(definition, "workers"));
    spec->max_workers = spec->may_split && !NIL_P(most) ? NUM2UINT(most) : spec->workers;
    spec->ordered = RTEST(attribute(definition, "ordered")) && spec->workers > 1;
    spec->addresses = RTEST(attribute(definition, "addresses"));
    spec->open_input = RTEST(await);
    spec->has_flush = spec->kind == MG_KIND_BATCH || RTEST(attribute(definition, "flush"));
    spec->data = part;
    if (RB_FLOAT_TYPE_P(await)) {
        engine->awaits[engine->nawaits++] =
            (mg_await_t){ .step = i, .after = (uint64_t)(NUM2DBL(await) * 1e9) };
    }

    bool alone = !NIL_P(attribute(definition, "workers")) || spec->kind == MG_KIND_LOOP ||
                 part->batch_wait > 0 || !engine->fuse;
    layout->flags[i] = (uint8_t)((spec->kind == MG_KIND_PRODUCER ? MG_PLAN_PRODUCER : 0) |
                                 (alone ? MG_PLAN_ALONE : 0));
    layout->affinity[i] = NIL_P(affinity) || !engine->fuse ? MG_PLAN_NONE : NUM2UINT(affinity);
}

static void
set_targets(struct layout *layout, VALUE steps, uint32_t count)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += (uint32_t)RARRAY_LEN(attribute(RARRAY_AREF(steps, i), "targets"));
    }
    layout->targets = malloc((total + 1) * sizeof(uint32_t));
    if (layout->targets == NULL) rb_memerror();
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        VALUE targets = attribute(RARRAY_AREF(steps, i), "targets");
        layout->starts[i] = next;
        layout->specs[i].targets = layout->targets + next;
        layout->specs[i].ntargets = (uint32_t)RARRAY_LEN(targets);
        for (long t = 0; t < RARRAY_LEN(targets); t++) {
            uint32_t target = NUM2UINT(RARRAY_AREF(targets, t));
            if (target >= count) rb_raise(rb_eIndexError, "no step %u", target);
            layout->targets[next++] = target;
        }
    }
    layout->starts[count] = next;
}

static mg_status_t
set_up_run(mg_engine_t *engine, struct layout *layout)
{
    uint32_t count = engine->nparts;
    mg_plan_steps_t input = {
        .count = count,
        .flags = layout->flags,
        .contexts = layout->contexts,
        .affinity = layout->affinity,
        .starts = layout->starts,
        .targets = layout->targets,
    };
    mg_plan_t *plan;
    mg_status_t status = mg_plan_new(&plan, &input);
    if (status != MG_OK) return status;
    engine->why = malloc(count + 1);
    for (uint32_t i = 0; i < count; i++) {
        layout->specs[i].segment = plan->segment_of[i];
        if (engine->why) engine->why[i] = plan->why[i];
    }
    status = mg_run_init(&engine->run, &mg_run_ops, layout->specs, count, plan->segments, plan->order, engine);
    mg_plan_free(plan);
    return status;
}

struct set_up {
    mg_engine_t *engine;
    VALUE steps, drivers;
    struct layout layout;
};

static VALUE
set_up_body(VALUE data)
{
    struct set_up *set_up = (struct set_up *)data;
    mg_engine_t *engine = set_up->engine;
    struct layout *layout = &set_up->layout;
    engine->fuse = RTEST(rb_funcall(rb_funcall(rb_mMinigun, rb_intern("configuration"), 0), rb_intern("fuse"), 0));
    for (uint32_t i = 0; i < engine->nparts; i++) {
        VALUE definition = RARRAY_AREF(set_up->steps, i);
        VALUE driver = rb_hash_lookup2(set_up->drivers, UINT2NUM(i), Qnil);
        set_part(engine, &engine->parts[i], definition, driver);
        set_spec(engine, layout, i, definition);
    }
    set_targets(layout, set_up->steps, engine->nparts);
    mg_status_t status = set_up_run(engine, layout);
    if (status != MG_OK) mg_raise(status);
    engine->set_up = true;
    for (uint32_t i = 0; i < engine->nparts; i++) {
        engine->parts[i].step = &engine->run.steps[i];
        if (engine->run.lineage) engine->parts[i].guarded = true;
    }
    return Qnil;
}

static VALUE
set_up_ensure(VALUE data)
{
    layout_free(&((struct set_up *)data)->layout);
    return Qnil;
}

/* Minigun::Execution::Run#_initialize(user, program, drivers); drivers is a Hash by
 * the index of the step. */
static VALUE
minigun_run_initialize(VALUE self, VALUE user, VALUE program, VALUE drivers)
{
    mg_engine_t *engine = mg_engine_raw(self);
    if (engine->parts) rb_raise(rb_eArgError, "already initialized");
    VALUE steps = rb_funcall(program, rb_intern("steps"), 0);
    size_t count = (size_t)RARRAY_LEN(steps), room = count + 1;

    engine->self = self;
    engine->user = user;
    engine->program = program;
    engine->threads = rb_ary_new();
    struct set_up set_up = { .engine = engine, .steps = steps, .drivers = drivers };
    struct layout *layout = &set_up.layout;
    layout->specs = calloc(room, sizeof(*layout->specs));
    layout->flags = calloc(room, 1);
    layout->contexts = calloc(room, 1);
    layout->affinity = calloc(room, sizeof(uint32_t));
    layout->starts = calloc(room, sizeof(uint32_t));
    engine->parts = calloc(room, sizeof(mg_part_t));
    engine->awaits = calloc(room, sizeof(mg_await_t));
    if (!layout->specs || !layout->flags || !layout->contexts || !layout->affinity ||
        !layout->starts || !engine->parts || !engine->awaits) {
        layout_free(layout);
        rb_memerror();
    }
    engine->nparts = (uint32_t)count;
    rb_ensure(set_up_body, (VALUE)&set_up, set_up_ensure, (VALUE)&set_up);
    RB_GC_GUARD(steps);
    return self;
}

void
Init_minigun_run_setup(VALUE klass)
{
    rb_define_private_method(klass, "_initialize", minigun_run_initialize, 3);
}
