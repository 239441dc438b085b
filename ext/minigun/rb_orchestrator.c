#include "engine.h"

#include <stdatomic.h>

#include "core/clock.h"
#include "core/plan.h"

static VALUE rb_cMinigunRun, rb_eMinigunCancelled;
static ID id_handle_interrupt, id_raise, id_head_ended, id_undelivered;
static VALUE mask_on_blocking, mask_immediate, mask_never;

typedef struct {
    mg_run_t run;
    VALUE self;
    VALUE user, program, threads, error;
    mg_part_t *parts;
    uint32_t nparts;
    struct await *awaits;
    uint32_t nawaits;
    uint8_t *why; /* mg_why_t of each step */
    bool set_up;
} engine_t;

/* A step that ends if nothing was sent to it by a certain time. */
struct await {
    uint32_t step;
    uint64_t after, until;
};

static void
mark_item(mg_item_t item, void *data)
{
    rb_gc_mark((VALUE)item);
}

static void
mark_callable(const mg_callable_t *callable)
{
    rb_gc_mark(callable->code);
    rb_gc_mark(callable->method);
}

static void
mark_part(const mg_part_t *part)
{
    rb_gc_mark(part->definition);
    if (part->calls) mark_callable(&part->main);
    for (uint32_t i = 0; i < part->nbefore; i++) mark_callable(&part->before[i]);
    for (uint32_t i = 0; i < part->nafter; i++) mark_callable(&part->after[i]);
    rb_gc_mark(part->output);
    rb_gc_mark(part->output_proc);
    rb_gc_mark(part->input);
    rb_gc_mark(part->kept);
    rb_gc_mark(part->batch);
    rb_gc_mark(part->filling);
}

static void
engine_mark(void *ptr)
{
    engine_t *engine = ptr;
    rb_gc_mark(engine->user);
    rb_gc_mark(engine->program);
    rb_gc_mark(engine->threads);
    rb_gc_mark(engine->error);
    if (!engine->set_up) return;
    for (uint32_t i = 0; i < engine->nparts; i++) mark_part(&engine->parts[i]);
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        mg_thread_t *thread = worker->data;
        if (thread && thread->deferred_state) rb_gc_mark(thread->deferred);
    }
    mg_run_each_item(&engine->run, mark_item, NULL);
}

static void
engine_free(void *ptr)
{
    engine_t *engine = ptr;
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        free(worker->data);
    }
    if (engine->set_up) mg_run_fini(&engine->run);
    for (uint32_t i = 0; i < engine->nparts; i++) {
        free(engine->parts[i].before);
        free(engine->parts[i].after);
    }
    free(engine->parts);
    free(engine->awaits);
    free(engine->why);
    free(engine);
}

static size_t
engine_memsize(const void *ptr)
{
    const engine_t *engine = ptr;
    return sizeof(*engine) + engine->nparts * (sizeof(mg_part_t) + sizeof(mg_step_t));
}

/* Not WB_PROTECTED: items are stored by the core, which knows no write barrier. */
static const rb_data_type_t engine_type = {
    .wrap_struct_name = "minigun/run",
    .function = { .dmark = engine_mark, .dfree = engine_free, .dsize = engine_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static engine_t *
engine_get(VALUE self)
{
    engine_t *engine = rb_check_typeddata(self, &engine_type);
    if (!engine->set_up) rb_raise(rb_eArgError, "uninitialized run");
    return engine;
}

mg_run_t *
mg_run_get(VALUE self)
{
    return &engine_get(self)->run;
}

mg_part_t *
mg_part_get(VALUE self, VALUE index)
{
    engine_t *engine = engine_get(self);
    long number = NUM2LONG(index);
    if (number < 0 || number >= (long)engine->nparts) rb_raise(rb_eIndexError, "no step %ld", number);
    return &engine->parts[number];
}

void
mg_run_fail(VALUE self, VALUE error)
{
    engine_t *engine = engine_get(self);
    if (NIL_P(engine->error)) engine->error = error;
}

static VALUE
engine_alloc(VALUE klass)
{
    engine_t *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) rb_memerror();
    engine->user = engine->program = engine->threads = engine->error = Qnil;
    return TypedData_Wrap_Struct(klass, &engine_type, engine);
}

/* Waiting. */

struct nap {
    mg_park_t *park;
    uint64_t deadline;
    _Atomic bool interrupted;
    bool slept, rang;
};

static void
nap_body(void *data)
{
    struct nap *nap = data;
    nap->slept = true;
    nap->rang = mg_park_sleep(nap->park, nap->deadline);
}

static void
nap_wake(void *data)
{
    struct nap *nap = data;
    atomic_store(&nap->interrupted, true);
    mg_park_ring(nap->park);
}

static VALUE
nap_masked(RB_BLOCK_CALL_FUNC_ARGLIST(first, data))
{
    rb_thread_check_ints();
    mg_without_gvl(nap_body, nap_wake, (void *)data);
    return Qnil;
}

static VALUE
nap_with_mask(VALUE data)
{
    return rb_block_call(rb_cThread, id_handle_interrupt, 1, &mask_never, nap_masked, data);
}

mg_status_t
mg_run_sleep(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible)
{
    struct nap nap = { .park = park, .deadline = deadline };
    if (interruptible) {
        mg_without_gvl(nap_body, nap_wake, &nap);
        return nap.slept && !atomic_load(&nap.interrupted) ? MG_OK : MG_AGAIN;
    }
    int state = 0;
    rb_protect(nap_with_mask, (VALUE)&nap, &state);
    if (state) {
        mg_worker_t *worker = mg_slot()->worker;
        if (worker) {
            mg_fault_defer(worker, state);
        }
        else {
            rb_jump_tag(state); /* no worker: a publisher, whose hands are empty */
        }
    }
    return MG_OK;
}

/* Workers. */

struct exposure {
    mg_worker_t *worker;
    mg_status_t (*body)(mg_worker_t *worker);
    mg_status_t status;
};

static VALUE
exposed_block(RB_BLOCK_CALL_FUNC_ARGLIST(first, data))
{
    struct exposure *exposure = (struct exposure *)data;
    exposure->status = exposure->body(exposure->worker);
    return Qnil;
}

static VALUE
exposed_call(VALUE data)
{
    return rb_block_call(rb_cThread, id_handle_interrupt, 1, &mask_immediate, exposed_block, data);
}

static mg_status_t
op_exposed(mg_worker_t *worker, mg_status_t (*body)(mg_worker_t *worker))
{
    struct exposure exposure = { worker, body, MG_CANCELLED };
    int state = 0;
    rb_protect(exposed_call, (VALUE)&exposure, &state);
    /* Interrupts that came at the edges of the block are for nobody's item. */
    if (state) mg_fault_defer(worker, state);
    return exposure.status;
}

static VALUE
check_ints(VALUE data)
{
    mg_fault_resume((mg_worker_t *)data);
    rb_thread_check_ints();
    return Qnil;
}

/* An idle worker: a kill takes it, any other exception raised into its thread has
 * no item to blame and stops the run unless it is a StandardError. */
static mg_status_t
op_interrupted(mg_worker_t *worker)
{
    int state = 0;
    rb_protect(check_ints, (VALUE)worker, &state);
    if (state == 0) return MG_OK;
    VALUE error = rb_errinfo();
    rb_set_errinfo(Qnil);
    if (SPECIAL_CONST_P(error) || !RTEST(rb_obj_is_kind_of(error, rb_eException))) {
        worker->dying = true;
        return MG_OK;
    }
    if (RTEST(rb_obj_is_kind_of(error, rb_eStandardError))) return MG_OK;
    if (RTEST(rb_obj_is_kind_of(error, rb_eMinigunCancelled))) {
        return worker->run->cancelled ? MG_CANCELLED : MG_OK;
    }
    mg_run_fail(((engine_t *)worker->run->data)->self, error);
    return MG_CANCELLED;
}

static VALUE
serve_block(RB_BLOCK_CALL_FUNC_ARGLIST(first, data))
{
    mg_worker_run((mg_worker_t *)data);
    return Qnil;
}

static VALUE
serve(VALUE data)
{
    return rb_block_call(rb_cThread, id_handle_interrupt, 1, &mask_on_blocking, serve_block, data);
}

static VALUE
worker_main(void *ptr)
{
    mg_worker_t *worker = ptr;
    volatile VALUE self = ((engine_t *)worker->run->data)->self;
    int state = 0;
    mg_slot()->worker = worker;
    rb_protect(serve, (VALUE)worker, &state);
    rb_set_errinfo(Qnil);
    mg_worker_abandon(worker);
    mg_slot()->worker = NULL;
    RB_GC_GUARD(self);
    return Qnil;
}

static VALUE
create_thread(VALUE data)
{
    return rb_thread_create(worker_main, (void *)data);
}

static mg_status_t
op_spawn(mg_worker_t *worker)
{
    engine_t *engine = worker->run->data;
    mg_thread_t *thread = calloc(1, sizeof(*thread));
    if (thread == NULL) return MG_NOMEM;
    thread->deferred = Qnil;
    worker->data = thread;
    int state = 0;
    VALUE value = rb_protect(create_thread, (VALUE)worker, &state);
    if (state) {
        VALUE error = rb_errinfo();
        rb_set_errinfo(Qnil);
        mg_run_fail(engine->self, error);
        return MG_SYSERR;
    }
    thread->thread = value;
    rb_ary_push(engine->threads, value);
    return MG_OK;
}

struct note {
    VALUE self;
    ID method;
    VALUE index, items;
};

static VALUE
note_body(VALUE data)
{
    struct note *note = (struct note *)data;
    if (NIL_P(note->items)) return rb_funcall(note->self, note->method, 1, note->index);
    return rb_funcall(note->self, note->method, 2, note->index, note->items);
}

static void
notify(engine_t *engine, ID method, uint32_t index, VALUE items)
{
    struct note note = { engine->self, method, UINT2NUM(index), items };
    int state = 0;
    rb_protect(note_body, (VALUE)&note, &state);
    if (state == 0) return;
    VALUE error = rb_errinfo();
    rb_set_errinfo(Qnil);
    if (!SPECIAL_CONST_P(error) && RTEST(rb_obj_is_kind_of(error, rb_eException))) {
        mg_run_fail(engine->self, error);
        mg_run_cancel(&engine->run);
    }
}

static void
op_head_ended(mg_step_t *step)
{
    notify(step->run->data, id_head_ended, step->index, Qnil);
}

static void
op_undelivered(mg_step_t *step, mg_chunk_t *chunk)
{
    VALUE items = rb_ary_new_from_values((long)mg_chunk_size(chunk),
                                         (VALUE *)chunk->items + chunk->head);
    notify(step->run->data, id_undelivered, step->index, items);
}

static const mg_run_ops_t ops = {
    .run_items = mg_step_run_items,
    .run_once = mg_step_run_once,
    .flush = mg_step_flush,
    .spawn = op_spawn,
    .sleep = mg_run_sleep,
    .exposed = op_exposed,
    .interrupted = op_interrupted,
    .head_ended = op_head_ended,
    .undelivered = op_undelivered,
};

/* Setting up. */

static VALUE
attribute(VALUE definition, const char *name)
{
    return rb_funcall(definition, rb_intern(name), 0);
}

static bool
is_symbol(VALUE value, const char *name)
{
    return value == ID2SYM(rb_intern(name));
}

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
set_part(engine_t *engine, mg_part_t *part, VALUE definition, VALUE driver)
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
        part->buffered = FIXNUM_P(retries) && FIX2LONG(retries) > 0;
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

static uint32_t
workers_of(VALUE definition, mg_kind_t kind)
{
    VALUE workers = attribute(definition, "workers");
    if (NIL_P(workers) || kind != MG_KIND_EACH) return 1;
    return NUM2UINT(workers);
}

static void
set_spec(engine_t *engine, struct layout *layout, uint32_t i, VALUE definition)
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
    spec->workers = workers_of(definition, spec->kind);
    spec->may_split =
        spec->kind == MG_KIND_EACH && !inlined && NIL_P(attribute(definition, "workers"));
    spec->max_workers = spec->may_split && !NIL_P(most) ? NUM2UINT(most) : spec->workers;
    spec->ordered = RTEST(attribute(definition, "ordered")) && spec->workers > 1;
    spec->addresses = RTEST(attribute(definition, "addresses"));
    spec->open_input = RTEST(await);
    spec->has_flush = spec->kind == MG_KIND_BATCH || RTEST(attribute(definition, "flush"));
    spec->data = part;
    if (RB_FLOAT_TYPE_P(await)) {
        engine->awaits[engine->nawaits++] =
            (struct await){ .step = i, .after = (uint64_t)(NUM2DBL(await) * 1e9) };
    }

    bool alone = !NIL_P(attribute(definition, "workers")) || spec->kind == MG_KIND_LOOP ||
                 part->batch_wait > 0;
    layout->flags[i] = (uint8_t)((spec->kind == MG_KIND_PRODUCER ? MG_PLAN_PRODUCER : 0) |
                                 (alone ? MG_PLAN_ALONE : 0));
    layout->affinity[i] = NIL_P(affinity) ? MG_PLAN_NONE : NUM2UINT(affinity);
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
set_up_run(engine_t *engine, struct layout *layout)
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
    status = mg_run_init(&engine->run, &ops, layout->specs, count, plan->segments, plan->order, engine);
    mg_plan_free(plan);
    return status;
}

struct set_up {
    engine_t *engine;
    VALUE steps, drivers;
    struct layout layout;
};

static VALUE
set_up_body(VALUE data)
{
    struct set_up *set_up = (struct set_up *)data;
    engine_t *engine = set_up->engine;
    struct layout *layout = &set_up->layout;
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
    for (uint32_t i = 0; i < engine->nparts; i++) engine->parts[i].step = &engine->run.steps[i];
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
    engine_t *engine = rb_check_typeddata(self, &engine_type);
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
    engine->awaits = calloc(room, sizeof(struct await));
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

/* Running. */

static VALUE
minigun_run_start(VALUE self)
{
    engine_t *engine = engine_get(self);
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
check_threads(engine_t *engine)
{
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        if (worker->left) continue;
        VALUE thread = ((mg_thread_t *)worker->data)->thread;
        if (!RTEST(rb_funcall(thread, rb_intern("alive?"), 0))) mg_worker_abandon(worker);
    }
}

struct waiting {
    engine_t *engine;
    uint64_t until; /* 0 for no end */
};

static VALUE
wait_body(VALUE data)
{
    struct waiting *waiting = (struct waiting *)data;
    engine_t *engine = waiting->engine;
    mg_run_t *run = &engine->run;
    uint64_t tend_at = mg_clock_now() + TEND_FROM;
    bool tending = true;

    /* A cancelled run needs its owner, to interrupt the blocks that still run. */
    while (!mg_run_over(run) && (!run->cancelled || waiting->until)) {
        rb_thread_check_ints();
        uint64_t now = mg_clock_now();
        uint64_t wake_at = tending ? tend_at : now + CHECK_EVERY;
        for (uint32_t i = 0; i < engine->nawaits; i++) {
            struct await *await = &engine->awaits[i];
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
    struct waiting waiting = { .engine = engine_get(self) };
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
    engine_t *engine = engine_get(self);
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
    engine_t *engine = engine_get(self);
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
    engine_t *engine = engine_get(self);
    if (!engine->run.draining) return Qfalse;
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        if (worker->running_head && worker->segment->head->kind == MG_KIND_PRODUCER) return Qtrue;
    }
    return Qfalse;
}

static VALUE
minigun_run_drained_p(VALUE self)
{
    return engine_get(self)->run.draining ? Qtrue : Qfalse;
}

static VALUE
minigun_run_threads(VALUE self)
{
    return engine_get(self)->threads;
}

static VALUE
minigun_run_error(VALUE self)
{
    return engine_get(self)->error;
}

static VALUE
minigun_run_cancelled_p(VALUE self)
{
    return engine_get(self)->run.cancelled ? Qtrue : Qfalse;
}

static VALUE
time_or_nil(double seconds)
{
    return seconds == 0 ? Qnil : DBL2NUM(seconds);
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
    uint64_t held = (step->hand.out ? mg_chunk_size(step->hand.out) : 0) + step->hand.sealed_items;
    VALUE samples = rb_ary_new_capa(latency ? (long)latency->size : 0);
    for (size_t i = 0; latency && i < latency->size; i++) {
        rb_ary_push(samples, DBL2NUM(latency->samples[i]));
    }
    return rb_ary_new_from_args(7, ULL2NUM(step->done + step->failed), ULL2NUM(step->produced + held),
                                ULL2NUM(step->failed), time_or_nil(step->started_at),
                                time_or_nil(step->ended_at),
                                ULL2NUM(latency ? latency->observed : 0), samples);
}

/*
 * call-seq: ledger(index) -> Array
 *
 * [accepted, done, failed, cancelled] of the step.
 */
static VALUE
minigun_run_ledger(VALUE self, VALUE index)
{
    const mg_step_t *step = mg_part_get(self, index)->step;
    return rb_ary_new_from_args(4, ULL2NUM(step->accepted), ULL2NUM(step->done),
                                ULL2NUM(step->failed), ULL2NUM(step->cancelled));
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
    return self;
}

/* report(index, consumed, failed, latencies): see lib/minigun/execution/run.rb. */
static VALUE
minigun_run_report(VALUE self, VALUE index, VALUE consumed, VALUE failed, VALUE latencies)
{
    mg_step_t *step = mg_part_get(self, index)->step;
    uint64_t done = NUM2ULL(consumed), lost = NUM2ULL(failed);
    step->done += done - (lost < done ? lost : done);
    step->failed += lost;
    if (step->latency == NULL) {
        step->latency = malloc(sizeof(*step->latency));
        if (step->latency == NULL) rb_memerror();
        mg_reservoir_init(step->latency, mg_clock_now());
    }
    for (long i = 0; i < RARRAY_LEN(latencies); i++) {
        mg_reservoir_record(step->latency, NUM2DBL(RARRAY_AREF(latencies, i)));
    }
    long unmeasured = (long)done - RARRAY_LEN(latencies);
    if (unmeasured > 0) mg_reservoir_count(step->latency, (uint64_t)unmeasured);
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

/* Stamps the end of all steps that have no end of their own. */
static VALUE
minigun_run_stamp_end(VALUE self)
{
    mg_run_t *run = &engine_get(self)->run;
    double now = mg_clock_wall();
    for (uint32_t i = 0; i < run->nsteps; i++) {
        mg_step_t *step = &run->steps[i];
        if (step->kind == MG_KIND_PRODUCER ? step->ended_at == 0 : step->started_at > 0) {
            step->ended_at = now;
        }
    }
    return self;
}

/* Has the run been set up, so that there is something to wait for? */
static VALUE
minigun_run_live_p(VALUE self)
{
    engine_t *engine = rb_check_typeddata(self, &engine_type);
    return engine->set_up && engine->run.started ? Qtrue : Qfalse;
}

static VALUE
minigun_run_settle_books(VALUE self)
{
    mg_run_settle_cancelled(&engine_get(self)->run);
    return self;
}

static VALUE
minigun_run_segments(VALUE self)
{
    engine_t *engine = engine_get(self);
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

static VALUE
pair(VALUE hash, const char *name, VALUE value)
{
    return rb_hash_aset(hash, ID2SYM(rb_intern(name)), value);
}

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
    pair(state, "ending", step->ending || step->closing ? Qtrue : Qfalse);
    pair(state, "ended", step->ended ? Qtrue : Qfalse);
    return state;
}

/*
 * call-seq: times(index) -> Hash
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
    engine_t *engine = engine_get(self);
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
    return ULL2NUM(engine_get(self)->run.pending);
}

static VALUE
mask(const char *timing)
{
    VALUE hash = rb_hash_new();
    rb_hash_aset(hash, rb_cObject, ID2SYM(rb_intern(timing)));
    rb_gc_register_mark_object(rb_obj_freeze(hash));
    return hash;
}

void
Init_minigun_run(void)
{
    id_handle_interrupt = rb_intern("handle_interrupt");
    id_raise = rb_intern("raise");
    id_head_ended = rb_intern("head_ended");
    id_undelivered = rb_intern("undelivered");
    mask_on_blocking = mask("on_blocking");
    mask_immediate = mask("immediate");
    mask_never = mask("never");
    rb_eMinigunCancelled = rb_const_get(rb_mMinigun, rb_intern("Cancelled"));
    rb_global_variable(&rb_eMinigunCancelled);

    rb_cMinigunRun = rb_define_class_under(rb_mMinigunExecution, "Run", rb_cObject);
    rb_global_variable(&rb_cMinigunRun);
    rb_define_alloc_func(rb_cMinigunRun, engine_alloc);
    rb_define_private_method(rb_cMinigunRun, "_initialize", minigun_run_initialize, 3);
    rb_define_method(rb_cMinigunRun, "start", minigun_run_start, 0);
    rb_define_method(rb_cMinigunRun, "wait", minigun_run_wait, -1);
    rb_define_method(rb_cMinigunRun, "cancel", minigun_run_cancel, -1);
    rb_define_method(rb_cMinigunRun, "drain", minigun_run_drain, 0);
    rb_define_method(rb_cMinigunRun, "draining?", minigun_run_draining_p, 0);
    rb_define_method(rb_cMinigunRun, "drained?", minigun_run_drained_p, 0);
    rb_define_method(rb_cMinigunRun, "cancelled?", minigun_run_cancelled_p, 0);
    rb_define_method(rb_cMinigunRun, "error", minigun_run_error, 0);
    rb_define_method(rb_cMinigunRun, "threads", minigun_run_threads, 0);
    rb_define_method(rb_cMinigunRun, "counters", minigun_run_counters, 1);
    rb_define_method(rb_cMinigunRun, "ledger", minigun_run_ledger, 1);
    rb_define_method(rb_cMinigunRun, "publish", minigun_run_publish, 3);
    rb_define_private_method(rb_cMinigunRun, "_report", minigun_run_report, 4);
    rb_define_method(rb_cMinigunRun, "call_step", minigun_run_call_step, 2);
    rb_define_method(rb_cMinigunRun, "settle_books", minigun_run_settle_books, 0);
    rb_define_method(rb_cMinigunRun, "stamp_end", minigun_run_stamp_end, 0);
    rb_define_method(rb_cMinigunRun, "live?", minigun_run_live_p, 0);
    rb_define_method(rb_cMinigunRun, "state", minigun_run_state, 1);
    rb_define_method(rb_cMinigunRun, "times", minigun_run_times, 1);
    rb_define_method(rb_cMinigunRun, "pending", minigun_run_pending, 0);
    rb_define_method(rb_cMinigunRun, "segments", minigun_run_segments, 0);
}
