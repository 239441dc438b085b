#include "engine_run.h"
#include "item.h"

static ID id_handle_interrupt, id_head_ended, id_undelivered;
static VALUE mask_on_blocking, mask_immediate;

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
    mg_run_fail(((mg_engine_t *)worker->run->data)->self, error);
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
    volatile VALUE self = ((mg_engine_t *)worker->run->data)->self;
    int state = 0;
    mg_slot()->worker = worker;
    rb_protect(serve, (VALUE)worker, &state);
    rb_set_errinfo(Qnil);
    mg_worker_abandon(worker);
    mg_slot()->worker = NULL;
    mg_turn_pass(&mg_gvl_turn);
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
    mg_engine_t *engine = worker->run->data;
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
notify(mg_engine_t *engine, ID method, uint32_t index, VALUE items)
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

/* Keeps items that were counted as cancelled, for who wants to see them. */
static void
op_cancelled(mg_step_t *step, const mg_chunk_t *chunk, uint32_t from)
{
    mg_engine_t *engine = step->run->data;
    VALUE items = rb_ary_new_from_values((long)(chunk->count - from), (const VALUE *)chunk->items + from);
    mg_engine_cancelled(engine, step, items);
}

static uint64_t
op_weight(const mg_step_t *step, mg_item_t item)
{
    return RB_TYPE_P((VALUE)item, T_ARRAY) ? (uint64_t)RARRAY_LEN((VALUE)item) : 1;
}

enum { SAMPLED = 8, DEPTH = 2 };

static uint64_t size_of(VALUE value, int depth);

struct table_size {
    uint64_t bytes;
    long pairs;
    int depth;
};

static int
size_of_pair(VALUE key, VALUE value, VALUE data)
{
    struct table_size *size = (struct table_size *)data;
    size->bytes += size_of(key, size->depth) + size_of(value, size->depth);
    return ++size->pairs < SAMPLED ? ST_CONTINUE : ST_STOP;
}

/* By a sample of what it holds; of other objects nothing is known. */
static uint64_t
size_of(VALUE value, int depth)
{
    if (RB_SPECIAL_CONST_P(value)) return sizeof(VALUE);
    uint64_t own = 5 * sizeof(VALUE);
    if (RB_BUILTIN_TYPE(value) == T_STRING) return own + (uint64_t)RSTRING_LEN(value);
    if (depth == 0) return own;
    if (RB_BUILTIN_TYPE(value) == T_ARRAY) {
        long length = RARRAY_LEN(value), looked_at = length < SAMPLED ? length : SAMPLED;
        uint64_t bytes = 0;
        for (long i = 0; i < looked_at; i++) bytes += size_of(RARRAY_AREF(value, i), depth - 1);
        return own + (looked_at ? bytes * (uint64_t)length / (uint64_t)looked_at : 0);
    }
    if (RB_BUILTIN_TYPE(value) == T_HASH) {
        struct table_size size = { .depth = depth - 1 };
        mg_hash_each(value, size_of_pair, (VALUE)&size);
        uint64_t pairs = (uint64_t)RHASH_SIZE(value);
        return own + (size.pairs ? size.bytes * pairs / (uint64_t)size.pairs : 0);
    }
    return own;
}

static uint64_t
op_size(mg_item_t item)
{
    return size_of((VALUE)item, DEPTH);
}

static void
op_undelivered(mg_step_t *step, mg_chunk_t *chunk)
{
    op_cancelled(step, chunk, chunk->head);
    VALUE items = rb_ary_new_from_values((long)mg_chunk_size(chunk),
                                         (VALUE *)chunk->items + chunk->head);
    notify(step->run->data, id_undelivered, step->index, items);
}

void
mg_run_leave(mg_part_t *part, VALUE items)
{
    mg_step_t *step = part->step;
    step->cancelled += (uint64_t)RARRAY_LEN(items);
    mg_engine_cancelled(step->run->data, step, items);
    notify(step->run->data, id_undelivered, step->index, items);
}

const mg_run_ops_t mg_run_ops = {
    .run_items = mg_step_run_items,
    .run_once = mg_step_run_once,
    .flush = mg_step_flush,
    .spawn = op_spawn,
    .sleep = mg_run_sleep,
    .exposed = op_exposed,
    .interrupted = op_interrupted,
    .head_ended = op_head_ended,
    .undelivered = op_undelivered,
    .cancelled = op_cancelled,
    .weight = op_weight,
    .size = op_size,
};

void
Init_minigun_worker(void)
{
    id_handle_interrupt = rb_intern("handle_interrupt");
    id_head_ended = rb_intern("head_ended");
    id_undelivered = rb_intern("undelivered");
    mask_on_blocking = mg_interrupt_mask("on_blocking");
    mask_immediate = mg_interrupt_mask("immediate");
}
