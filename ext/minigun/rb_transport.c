#include "transport_binding.h"
#include "worker_gate.h"

#include "core/memory.h"
#include "core/sys.h"

enum {
    PLENTY = 16 * 1024, /* bytes of a message that memory is got for at once */
    MOST = 120 * 1024   /* and the most of them: glibc maps what is larger on its own */
};

static VALUE rb_cMinigunExchange;
static VALUE rb_eMinigunForkedError;

static void
exchange_mark(void *data)
{
    mg_rb_exchange_t *exchange = data;
    mg_encoder_mark(&exchange->encoder);
    mg_decoder_mark(&exchange->decoder);
}

static void
exchange_free(void *data)
{
    mg_rb_exchange_t *exchange = data;
    mg_exchange_free(exchange->core);
    free(exchange);
}

static size_t
exchange_memsize(const void *data)
{
    return sizeof(mg_rb_exchange_t);
}

static const rb_data_type_t exchange_type = {
    .wrap_struct_name = "minigun/exchange",
    .function = { .dmark = exchange_mark, .dfree = exchange_free, .dsize = exchange_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE
exchange_alloc(VALUE klass)
{
    mg_rb_exchange_t *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) mg_raise(MG_NOMEM);
    return TypedData_Wrap_Struct(klass, &exchange_type, exchange);
}

mg_rb_exchange_t *
mg_rb_exchange_any(VALUE self)
{
    return rb_check_typeddata(self, &exchange_type);
}

mg_rb_exchange_t *
mg_rb_exchange_get(VALUE self)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_any(self);
    if (exchange->core == NULL || exchange->closed) mg_raise(MG_CLOSED);
    if (exchange->owner != mg_worker_generation()) {
        rb_raise(rb_eMinigunForkedError, "an exchange belongs to another process");
    }
    return exchange;
}

uint32_t
mg_rb_place_get(const mg_rb_exchange_t *exchange, VALUE place)
{
    long number = NUM2LONG(place);
    if (number < 0 || number >= (long)exchange->workers) mg_raise(MG_INVALID);
    return (uint32_t)number;
}

mg_transport_t *
mg_rb_transport_get(mg_rb_exchange_t *exchange, VALUE place)
{
    return mg_exchange_transport(exchange->core, mg_rb_place_get(exchange, place));
}

/*
 * call-seq: Exchange.new(workers, capacity)
 *
 * Shared memory and doorbells for +workers+ processes forked later, with rings of
 * +capacity+ bytes, a power of two.
 */
static VALUE
minigun_exchange_initialize(VALUE self, VALUE workers, VALUE capacity)
{
    mg_rb_exchange_t *exchange = rb_check_typeddata(self, &exchange_type);
    if (exchange->core) rb_raise(rb_eArgError, "already initialized");

    long count = NUM2LONG(workers), bytes = NUM2LONG(capacity);
    if (count < 1 || count > 4096 || bytes < 0 || bytes > 1 << 30) mg_raise(MG_INVALID);
    mg_status_t status = mg_exchange_new(&exchange->core, (uint32_t)count, (size_t)bytes);
    if (status != MG_OK) mg_raise(status);
    exchange->workers = (uint32_t)count;
    exchange->owner = mg_worker_generation();
    return self;
}

/*
 * Frees the shared memory and descriptors of this process. Idempotent. What other
 * threads are in the middle of raises ClosedError, and they leave them to the
 * collector.
 */
static VALUE
minigun_exchange_close(VALUE self)
{
    mg_rb_exchange_t *exchange = rb_check_typeddata(self, &exchange_type);
    if (exchange->core == NULL) return Qnil;

    bool own = exchange->owner == mg_worker_generation();
    exchange->closed = true;
    if (exchange->users > 0 && own) {
        mg_exchange_wake(exchange->core);
        return Qnil;
    }
    mg_exchange_free(exchange->core);
    exchange->core = NULL;
    return Qnil;
}

/* Gives memory back to the system that is free, but that the allocator keeps for later. */
static VALUE
minigun_exchange_s_trim_memory(VALUE klass)
{
    mg_memory_trim();
    return Qnil;
}

/* Brackets of what may let other threads run. */
static void
hold(mg_rb_exchange_t *exchange)
{
    exchange->users++;
}

static void
let_go(mg_rb_exchange_t *exchange)
{
    exchange->users--;
    if (exchange->closed) mg_raise(MG_CLOSED);
}

/* Waiting. */

static void
sleep_body(void *data)
{
    mg_rb_exchange_t *exchange = data;
    mg_exchange_sleep(exchange->core, exchange->limit);
}

static void
sleep_wake(void *data)
{
    mg_rb_exchange_t *exchange = data;
    mg_exchange_wake(exchange->core);
}

void
mg_rb_exchange_wait(mg_rb_exchange_t *exchange, int milliseconds)
{
    rb_thread_check_ints();
    if (exchange->closed) mg_raise(MG_CLOSED);
    exchange->limit = milliseconds;
    hold(exchange);
    if (mg_exchange_doze(exchange->core)) mg_without_gvl(sleep_body, sleep_wake, exchange);
    mg_exchange_rise(exchange->core);
    let_go(exchange);
    rb_thread_check_ints();
}

/*
 * call-seq: wait(milliseconds = nil)
 *
 * Sleeps until there is something to receive, room for what is unsent, or a worker
 * has ended, and now and then for no reason.
 */
static VALUE
minigun_exchange_wait(int argc, VALUE *argv, VALUE self)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    rb_check_arity(argc, 0, 1);
    mg_rb_exchange_wait(exchange, argc == 0 || NIL_P(argv[0]) ? -1 : NUM2INT(argv[0]));
    return self;
}

/* Ends the present or next #wait, from any thread. */
static VALUE
minigun_exchange_wake(VALUE self)
{
    mg_exchange_wake(mg_rb_exchange_get(self)->core);
    return self;
}

/* Messages. */

void
mg_rb_check_sent(mg_status_t status)
{
    if (status != MG_OK && status != MG_AGAIN) mg_raise(status);
}

void
mg_rb_build(mg_rb_build_t *build, VALUE (*body)(VALUE))
{
    int state;

    hold(build->exchange);
    mg_encoder_begin(&build->exchange->encoder, &build->transport->outbox);
    rb_protect(body, (VALUE)build, &state);
    if (state) mg_bytes_clear(&build->transport->outbox);
    let_go(build->exchange);
    if (state) rb_jump_tag(state);
}

/* The allocator of some systems gets memory for large items one by one, a system call
 * each; it gets it for all of them at once if asked for that much before. */
static void
make_room(size_t size)
{
    if (size >= PLENTY) free(mg_sys->malloc(size < MOST ? size : MOST));
}

/* The message goes from the ring only now, so a spent one makes room even if it
 * could not be read. */
VALUE
mg_rb_receive(mg_rb_exchange_t *exchange, mg_transport_t *transport, VALUE (*body)(VALUE))
{
    mg_rb_reading_t reading = { .exchange = exchange, .result = Qnil };
    int state;

    mg_status_t status = mg_transport_receive(transport, &reading.message);
    if (status == MG_AGAIN) return Qnil;
    if (status != MG_OK) mg_raise(status);
    make_room(reading.message.size);
    hold(exchange);
    rb_protect(body, (VALUE)&reading, &state);
    mg_transport_release(transport);
    let_go(exchange);
    if (state) rb_jump_tag(state);
    return reading.result;
}

void
Init_minigun_transport(void)
{
    rb_eMinigunForkedError = rb_const_get(rb_mMinigun, rb_intern("ForkedError"));
    rb_global_variable(&rb_eMinigunForkedError);

    rb_cMinigunExchange = rb_define_class_under(rb_mMinigunExecution, "Exchange", rb_cObject);
    rb_define_alloc_func(rb_cMinigunExchange, exchange_alloc);
    rb_undef_method(rb_cMinigunExchange, "initialize_copy");

    rb_define_singleton_method(rb_cMinigunExchange, "trim_memory", minigun_exchange_s_trim_memory, 0);
    rb_define_method(rb_cMinigunExchange, "initialize", minigun_exchange_initialize, 2);
    rb_define_method(rb_cMinigunExchange, "close", minigun_exchange_close, 0);
    rb_define_method(rb_cMinigunExchange, "wait", minigun_exchange_wait, -1);
    rb_define_method(rb_cMinigunExchange, "wake", minigun_exchange_wake, 0);
    Init_minigun_transport_parent(rb_cMinigunExchange);
    Init_minigun_transport_worker(rb_cMinigunExchange);
    Init_minigun_worker_gate();
}
