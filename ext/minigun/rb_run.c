#include "engine_run.h"

static VALUE rb_cMinigunRun;
VALUE rb_eMinigunCancelled;

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
    mg_engine_t *engine = ptr;
    rb_gc_mark(engine->user);
    rb_gc_mark(engine->program);
    rb_gc_mark(engine->threads);
    rb_gc_mark(engine->error);
    rb_gc_mark(engine->cancelled);
    if (!engine->set_up) return;
    for (uint32_t i = 0; i < engine->nparts; i++) mark_part(&engine->parts[i]);
    for (mg_worker_t *worker = engine->run.workers; worker; worker = worker->next) {
        mg_thread_t *thread = worker->data;
        if (thread && thread->deferred_state) rb_gc_mark(thread->deferred);
    }
    mg_run_each_item(&engine->run, mark_item, NULL);
    if (engine->run.lineage) mg_lineage_each(engine->run.lineage, mark_item, NULL);
}

static void
engine_free(void *ptr)
{
    mg_engine_t *engine = ptr;
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
    const mg_engine_t *engine = ptr;
    return sizeof(*engine) + engine->nparts * (sizeof(mg_part_t) + sizeof(mg_step_t));
}

/* Not WB_PROTECTED: items are stored by the core, which knows no write barrier. */
static const rb_data_type_t engine_type = {
    .wrap_struct_name = "minigun/run",
    .function = { .dmark = engine_mark, .dfree = engine_free, .dsize = engine_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

mg_engine_t *
mg_engine_raw(VALUE self)
{
    return rb_check_typeddata(self, &engine_type);
}

mg_engine_t *
mg_engine_get(VALUE self)
{
    mg_engine_t *engine = mg_engine_raw(self);
    if (!engine->set_up) rb_raise(rb_eArgError, "uninitialized run");
    return engine;
}

mg_run_t *
mg_run_get(VALUE self)
{
    return &mg_engine_get(self)->run;
}

mg_part_t *
mg_part_get(VALUE self, VALUE index)
{
    mg_engine_t *engine = mg_engine_get(self);
    long number = NUM2LONG(index);
    if (number < 0 || number >= (long)engine->nparts) rb_raise(rb_eIndexError, "no step %ld", number);
    return &engine->parts[number];
}

void
mg_run_fail(VALUE self, VALUE error)
{
    mg_engine_t *engine = mg_engine_get(self);
    if (NIL_P(engine->error)) engine->error = error;
}

/* Queues are bounded, but the items of a stage that ended early come without end. */
enum { CANCELLED_KEPT = 10000 };

void
mg_engine_cancelled(mg_engine_t *engine, const mg_step_t *step, VALUE items)
{
    if (engine->ncancelled >= CANCELLED_KEPT) return;
    if (NIL_P(engine->cancelled)) engine->cancelled = rb_ary_new();
    rb_ary_push(engine->cancelled, rb_assoc_new(UINT2NUM(step->index), items));
    engine->ncancelled += RARRAY_LEN(items);
}

static VALUE
engine_alloc(VALUE klass)
{
    mg_engine_t *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) rb_memerror();
    engine->user = engine->program = engine->threads = engine->error = engine->cancelled = Qnil;
    return TypedData_Wrap_Struct(klass, &engine_type, engine);
}

void
Init_minigun_run(void)
{
    rb_eMinigunCancelled = rb_const_get(rb_mMinigun, rb_intern("Cancelled"));
    rb_global_variable(&rb_eMinigunCancelled);

    rb_cMinigunRun = rb_define_class_under(rb_mMinigunExecution, "Run", rb_cObject);
    rb_global_variable(&rb_cMinigunRun);
    rb_define_alloc_func(rb_cMinigunRun, engine_alloc);
    Init_minigun_run_setup(rb_cMinigunRun);
    Init_minigun_sleep();
    Init_minigun_worker();
    Init_minigun_run_control(rb_cMinigunRun);
    Init_minigun_run_wait(rb_cMinigunRun);
    Init_minigun_run_books(rb_cMinigunRun);
}
