#include "item.h"
#include "worker.h"

#include "core/exchange.h"

#include <unistd.h>

static VALUE rb_cMinigunExchange;
static VALUE rb_eMinigunForkedError;

enum { ENOUGH = 64 * 1024 }; /* bytes in a message of several items */

typedef struct {
    mg_exchange_t *core;
    uint32_t workers;
    uint32_t own; /* a worker's place */
    pid_t owner;
    int limit; /* of the present wait, in milliseconds */
    mg_encoder_t encoder;
    mg_decoder_t decoder;
} exchange_t;

static void
exchange_mark(void *data)
{
    exchange_t *exchange = data;
    mg_encoder_mark(&exchange->encoder);
    mg_decoder_mark(&exchange->decoder);
}

static void
exchange_free(void *data)
{
    exchange_t *exchange = data;
    mg_exchange_free(exchange->core);
    free(exchange);
}

static size_t
exchange_memsize(const void *data)
{
    return sizeof(exchange_t);
}

static const rb_data_type_t exchange_type = {
    .wrap_struct_name = "minigun/exchange",
    .function = { .dmark = exchange_mark, .dfree = exchange_free, .dsize = exchange_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE
exchange_alloc(VALUE klass)
{
    exchange_t *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) mg_raise(MG_NOMEM);
    return TypedData_Wrap_Struct(klass, &exchange_type, exchange);
}

static exchange_t *
exchange_get(VALUE self)
{
    exchange_t *exchange = rb_check_typeddata(self, &exchange_type);
    if (exchange->core == NULL) mg_raise(MG_CLOSED);
    if (exchange->owner != getpid()) {
        rb_raise(rb_eMinigunForkedError, "an exchange belongs to another process");
    }
    return exchange;
}

static uint32_t
place_get(const exchange_t *exchange, VALUE place)
{
    long number = NUM2LONG(place);
    if (number < 0 || number >= (long)exchange->workers) mg_raise(MG_INVALID);
    return (uint32_t)number;
}

static mg_transport_t *
transport_get(exchange_t *exchange, VALUE place)
{
    return mg_exchange_transport(exchange->core, place_get(exchange, place));
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
    exchange_t *exchange = rb_check_typeddata(self, &exchange_type);
    if (exchange->core) rb_raise(rb_eArgError, "already initialized");

    long count = NUM2LONG(workers), bytes = NUM2LONG(capacity);
    if (count < 1 || count > 4096 || bytes < 0 || bytes > 1 << 30) mg_raise(MG_INVALID);
    mg_status_t status = mg_exchange_new(&exchange->core, (uint32_t)count, (size_t)bytes);
    if (status != MG_OK) mg_raise(status);
    exchange->workers = (uint32_t)count;
    exchange->owner = getpid();
    return self;
}

/* Frees the shared memory and descriptors of this process. Idempotent. */
static VALUE
minigun_exchange_close(VALUE self)
{
    exchange_t *exchange = rb_check_typeddata(self, &exchange_type);
    mg_exchange_free(exchange->core);
    exchange->core = NULL;
    return Qnil;
}

/* Waiting. */

static void
sleep_body(void *data)
{
    exchange_t *exchange = data;
    mg_exchange_sleep(exchange->core, exchange->limit);
}

static void
sleep_wake(void *data)
{
    exchange_t *exchange = data;
    mg_exchange_wake(exchange->core);
}

static void
exchange_wait(exchange_t *exchange, int milliseconds)
{
    rb_thread_check_ints();
    exchange->limit = milliseconds;
    if (mg_exchange_doze(exchange->core)) mg_without_gvl(sleep_body, sleep_wake, exchange);
    mg_exchange_rise(exchange->core);
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
    exchange_t *exchange = exchange_get(self);
    rb_check_arity(argc, 0, 1);
    exchange_wait(exchange, argc == 0 || NIL_P(argv[0]) ? -1 : NUM2INT(argv[0]));
    return self;
}

/* Ends the present or next #wait, from any thread. */
static VALUE
minigun_exchange_wake(VALUE self)
{
    mg_exchange_wake(exchange_get(self)->core);
    return self;
}

/* Parent's end. */

static VALUE
minigun_exchange_watch(VALUE self, VALUE place, VALUE pid)
{
    exchange_t *exchange = exchange_get(self);
    uint32_t number = place_get(exchange, place);
    return mg_exchange_watch(exchange->core, number, NUM2PIDT(pid)) ? Qtrue : Qfalse;
}

static VALUE
minigun_exchange_ended_p(VALUE self, VALUE place)
{
    exchange_t *exchange = exchange_get(self);
    return mg_exchange_ended(exchange->core, place_get(exchange, place)) ? Qtrue : Qfalse;
}

static VALUE
minigun_exchange_vacate(VALUE self, VALUE place)
{
    exchange_t *exchange = exchange_get(self);
    mg_exchange_vacate(exchange->core, place_get(exchange, place));
    return self;
}

/* Lets a transport's half-built message go when its making fails. */
struct build {
    exchange_t *exchange;
    mg_transport_t *transport;
    VALUE arguments[8];
    long result[2];
};

static void
protected_build(VALUE (*body)(VALUE), struct build *build)
{
    int state;

    mg_encoder_begin(&build->exchange->encoder, &build->transport->outbox);
    rb_protect(body, (VALUE)build, &state);
    if (state == 0) return;
    mg_bytes_clear(&build->transport->outbox);
    rb_jump_tag(state);
}

static void
check_sent(mg_status_t status)
{
    if (status != MG_OK && status != MG_AGAIN) mg_raise(status);
}

static VALUE
build_chunk(VALUE data)
{
    struct build *build = (struct build *)data;
    mg_encoder_t *encoder = &build->exchange->encoder;
    long from = NUM2LONG(build->arguments[1]), max = NUM2LONG(build->arguments[2]);

    build->result[0] = mg_encode_items(encoder, build->arguments[0], from, max, ENOUGH,
                                       build->arguments[3], &build->result[1]);
    return Qnil;
}

/*
 * call-seq: send_chunk(place, kind, sequence, items, from, max, rejected) -> taken
 *
 * Sends up to +max+ items from +from+ on, fewer if they are large, and lets the
 * worker begin them. Those that can't be written are left out: [index, exception] is
 * added to +rejected+. Only when #unsent? is false.
 */
static VALUE
minigun_exchange_send_chunk(int argc, VALUE *argv, VALUE self)
{
    exchange_t *exchange = exchange_get(self);
    rb_check_arity(argc, 7, 7);
    struct build build = { .exchange = exchange, .transport = transport_get(exchange, argv[0]) };
    if (build.transport->unsent) mg_raise(MG_INVALID);
    uint16_t kind = (uint16_t)NUM2UINT(argv[1]);
    uint64_t sequence = NUM2ULL(argv[2]);
    for (int i = 0; i < 4; i++) build.arguments[i] = argv[3 + i];
    Check_Type(argv[3], T_ARRAY);
    Check_Type(argv[6], T_ARRAY);

    protected_build(build_chunk, &build);
    if (build.result[1] == 0) {
        mg_bytes_clear(&build.transport->outbox);
    }
    else {
        mg_transport_grant(build.transport, sequence, (uint32_t)build.result[1]);
        check_sent(mg_transport_send(build.transport, kind, sequence));
    }
    return LONG2NUM(build.result[0]);
}

/* Lets the worker begin +count+ items that it has without being sent any. */
static VALUE
minigun_exchange_grant(VALUE self, VALUE place, VALUE sequence, VALUE count)
{
    exchange_t *exchange = exchange_get(self);
    mg_transport_grant(transport_get(exchange, place), NUM2ULL(sequence), NUM2UINT(count));
    return self;
}

/* Sends a message without content. Only when #unsent? is false. */
static VALUE
minigun_exchange_send_signal(VALUE self, VALUE place, VALUE kind)
{
    exchange_t *exchange = exchange_get(self);
    check_sent(mg_transport_send(transport_get(exchange, place), (uint16_t)NUM2UINT(kind), 0));
    return self;
}

/* Sends on what had no room. True if some is still left. */
static VALUE
minigun_exchange_unsent_p(VALUE self, VALUE place)
{
    exchange_t *exchange = exchange_get(self);
    mg_transport_t *transport = transport_get(exchange, place);
    check_sent(mg_transport_pump(transport));
    return transport->unsent ? Qtrue : Qfalse;
}

struct reading {
    exchange_t *exchange;
    mg_message_t message;
    VALUE result;
};

static VALUE
read_result(VALUE data)
{
    struct reading *reading = (struct reading *)data;
    mg_decoder_t *decoder = &reading->exchange->decoder;
    VALUE groups = rb_ary_new(), failures = rb_ary_new();

    mg_decoder_begin(decoder, reading->message.data, reading->message.size);
    for (long count = NUM2LONG(mg_decode(decoder)); count > 0; count--) {
        VALUE target = mg_decode(decoder);
        long length = NUM2LONG(mg_decode(decoder));
        if (length < 0) mg_raise(MG_CORRUPT);
        rb_ary_push(groups, rb_assoc_new(target, mg_decode_items(decoder, (size_t)length, failures)));
    }
    VALUE done = mg_decode(decoder), elapsed = mg_decode(decoder), latencies = mg_decode(decoder);
    VALUE note = mg_decode(decoder);
    reading->result = rb_ary_new_from_args(8, UINT2NUM(reading->message.kind),
                                           ULL2NUM(reading->message.sequence), done, elapsed,
                                           latencies, note, groups, failures);
    return Qnil;
}

static VALUE
read_chunk(VALUE data)
{
    struct reading *reading = (struct reading *)data;
    mg_decoder_t *decoder = &reading->exchange->decoder;
    VALUE failures = rb_ary_new();

    mg_decoder_begin(decoder, reading->message.data, reading->message.size);
    VALUE items = mg_decode_items(decoder, SIZE_MAX, failures);
    reading->result = rb_ary_new_from_args(4, UINT2NUM(reading->message.kind),
                                           ULL2NUM(reading->message.sequence), items, failures);
    return Qnil;
}

/* The message goes from the ring only now, so a spent one makes room even if it
 * could not be read. */
static VALUE
exchange_receive(exchange_t *exchange, mg_transport_t *transport, VALUE (*read)(VALUE))
{
    struct reading reading = { .exchange = exchange, .result = Qnil };
    int state;

    mg_status_t status = mg_transport_receive(transport, &reading.message);
    if (status == MG_AGAIN) return Qnil;
    if (status != MG_OK) mg_raise(status);
    rb_protect(read, (VALUE)&reading, &state);
    mg_transport_release(transport);
    if (state) rb_jump_tag(state);
    return reading.result;
}

/*
 * call-seq: receive(place)
 *             -> [kind, sequence, done, nanoseconds, latencies, note, outputs, failures] or nil
 *
 * The next message of a worker, if there is one; see #reply. +failures+ has
 * [index, exception] for outputs that could not be read.
 */
static VALUE
minigun_exchange_receive(VALUE self, VALUE place)
{
    exchange_t *exchange = exchange_get(self);
    return exchange_receive(exchange, transport_get(exchange, place), read_result);
}

static VALUE
claim_values(const mg_claim_t *claim)
{
    return rb_ary_new_from_args(3, UINT2NUM(claim->begun), UINT2NUM(claim->limit),
                                claim->in_hand ? Qtrue : Qfalse);
}

/*
 * call-seq: claim(place, sequence) -> [begun, limit, in_hand]
 *
 * How many items of a chunk the worker has begun and may begin, and whether it has
 * one in its hands.
 */
static VALUE
minigun_exchange_claim(VALUE self, VALUE place, VALUE sequence)
{
    mg_claim_t claim;
    exchange_t *exchange = exchange_get(self);
    mg_status_t status =
        mg_transport_claim(transport_get(exchange, place), NUM2ULL(sequence), &claim);
    if (status != MG_OK) mg_raise(status);
    return claim_values(&claim);
}

/*
 * call-seq: revoke(place, sequence, keep) -> [begun, limit, in_hand]
 *
 * Takes back the items of a chunk from +keep+ on that the worker has not begun.
 */
static VALUE
minigun_exchange_revoke(VALUE self, VALUE place, VALUE sequence, VALUE keep)
{
    mg_claim_t claim;
    exchange_t *exchange = exchange_get(self);
    mg_status_t status = mg_transport_revoke(transport_get(exchange, place), NUM2ULL(sequence),
                                             NUM2UINT(keep), &claim);
    if (status != MG_OK) mg_raise(status);
    return claim_values(&claim);
}

/* Worker's end. */

static mg_transport_t *
own_transport(exchange_t *exchange)
{
    return mg_exchange_transport(exchange->core, exchange->own);
}

/*
 * call-seq: enter(place, parent, grace)
 *
 * Makes this process, just forked, the worker at +place+. It ends when process
 * +parent+ ends, after +grace+ milliseconds by force.
 */
static VALUE
minigun_exchange_enter(VALUE self, VALUE place, VALUE parent, VALUE grace)
{
    exchange_t *exchange = rb_check_typeddata(self, &exchange_type);
    if (exchange->core == NULL) mg_raise(MG_CLOSED);
    exchange->owner = getpid();
    exchange->own = place_get(exchange, place);
    mg_status_t status =
        mg_exchange_enter(exchange->core, exchange->own, NUM2PIDT(parent), NUM2UINT(grace));
    if (status != MG_OK) mg_raise(status);
    return self;
}

static VALUE
minigun_exchange_orphaned_p(VALUE self)
{
    return mg_exchange_orphaned(exchange_get(self)->core) ? Qtrue : Qfalse;
}

/*
 * call-seq: take -> [kind, sequence, items, failures] or nil
 *
 * The parent's next message, if there is one. Items that can't be read are left out;
 * +failures+ has [index, exception] for each.
 */
static VALUE
minigun_exchange_take(VALUE self)
{
    exchange_t *exchange = exchange_get(self);
    return exchange_receive(exchange, own_transport(exchange), read_chunk);
}

static VALUE
build_outputs(VALUE data)
{
    struct build *build = (struct build *)data;
    mg_encoder_t *encoder = &build->exchange->encoder;
    VALUE groups = build->arguments[0], rejected = build->arguments[1];

    mg_encode(encoder, LONG2NUM(RARRAY_LEN(groups)));
    for (long i = 0; i < RARRAY_LEN(groups); i++) {
        VALUE group = RARRAY_AREF(groups, i), items = rb_ary_entry(group, 1);
        mg_encode(encoder, rb_ary_entry(group, 0));
        Check_Type(items, T_ARRAY);

        /* The count is known afterwards; this form of it always has one length. */
        size_t at = encoder->out->size;
        mg_encode(encoder, LONG2NUM(INT32_MAX));
        long written;
        mg_encode_items(encoder, items, 0, RARRAY_LEN(items), SIZE_MAX, rejected, &written);
        if (written > INT32_MAX) mg_raise(MG_INVALID);
        memcpy(encoder->out->data + at + 1, &(int32_t){ (int32_t)written }, sizeof(int32_t));
    }
    return Qnil;
}

/*
 * call-seq: outputs(groups) -> [[index, exception], ...]
 *
 * Begins a reply with what was emitted: [[target, items], ...]. Returns what could not
 * be written and was left out.
 */
static VALUE
minigun_exchange_outputs(VALUE self, VALUE groups)
{
    exchange_t *exchange = exchange_get(self);
    struct build build = { .exchange = exchange, .transport = own_transport(exchange) };
    Check_Type(groups, T_ARRAY);
    if (build.transport->unsent) mg_raise(MG_INVALID);
    mg_bytes_clear(&build.transport->outbox);
    build.arguments[0] = groups;
    build.arguments[1] = rb_ary_new();
    protected_build(build_outputs, &build);
    return build.arguments[1];
}

/*
 * call-seq: reply(kind, sequence, done, nanoseconds, latencies, note)
 *
 * Ends the reply that #outputs began and sends it, waiting for room: +done+ items
 * more of the chunk are dealt with. +note+ is nil or a String.
 */
static VALUE
minigun_exchange_reply(int argc, VALUE *argv, VALUE self)
{
    exchange_t *exchange = exchange_get(self);
    mg_transport_t *transport = own_transport(exchange);
    rb_check_arity(argc, 6, 6);
    uint16_t kind = (uint16_t)NUM2UINT(argv[0]);
    uint64_t sequence = NUM2ULL(argv[1]);

    for (int i = 2; i < 6; i++) mg_encode(&exchange->encoder, argv[i]);
    mg_status_t status = mg_transport_send(transport, kind, sequence);
    while (status == MG_AGAIN) {
        exchange_wait(exchange, -1);
        status = mg_transport_pump(transport);
    }
    check_sent(status);
    return self;
}

/* Call-seq: arm(sequence, base): the next call_step is of the chunk's items from +base+ on. */
static VALUE
minigun_exchange_arm(VALUE self, VALUE sequence, VALUE base)
{
    exchange_t *exchange = exchange_get(self);
    mg_worker_arm(own_transport(exchange), NUM2ULL(sequence), NUM2UINT(base));
    return self;
}

/* Has nothing in hand; tells how many items of the chunk were begun. */
static VALUE
minigun_exchange_rest(VALUE self, VALUE sequence)
{
    mg_claim_t claim;
    mg_transport_t *transport = own_transport(exchange_get(self));

    mg_worker_disarm();
    mg_transport_rest(transport, NUM2ULL(sequence));
    mg_status_t status = mg_transport_claim(transport, NUM2ULL(sequence), &claim);
    if (status != MG_OK) mg_raise(status);
    return UINT2NUM(claim.begun);
}

static void
define_parent_methods(void)
{
    rb_define_method(rb_cMinigunExchange, "watch", minigun_exchange_watch, 2);
    rb_define_method(rb_cMinigunExchange, "ended?", minigun_exchange_ended_p, 1);
    rb_define_method(rb_cMinigunExchange, "vacate", minigun_exchange_vacate, 1);
    rb_define_method(rb_cMinigunExchange, "send_chunk", minigun_exchange_send_chunk, -1);
    rb_define_method(rb_cMinigunExchange, "send_signal", minigun_exchange_send_signal, 2);
    rb_define_method(rb_cMinigunExchange, "grant", minigun_exchange_grant, 3);
    rb_define_method(rb_cMinigunExchange, "unsent?", minigun_exchange_unsent_p, 1);
    rb_define_method(rb_cMinigunExchange, "receive", minigun_exchange_receive, 1);
    rb_define_method(rb_cMinigunExchange, "claim", minigun_exchange_claim, 2);
    rb_define_method(rb_cMinigunExchange, "revoke", minigun_exchange_revoke, 3);
}

void
Init_minigun_transport(void)
{
    rb_eMinigunForkedError = rb_const_get(rb_mMinigun, rb_intern("ForkedError"));
    rb_global_variable(&rb_eMinigunForkedError);

    rb_cMinigunExchange = rb_define_class_under(rb_mMinigunExecution, "Exchange", rb_cObject);
    rb_define_alloc_func(rb_cMinigunExchange, exchange_alloc);
    rb_undef_method(rb_cMinigunExchange, "initialize_copy");

    rb_define_method(rb_cMinigunExchange, "initialize", minigun_exchange_initialize, 2);
    rb_define_method(rb_cMinigunExchange, "close", minigun_exchange_close, 0);
    rb_define_method(rb_cMinigunExchange, "wait", minigun_exchange_wait, -1);
    rb_define_method(rb_cMinigunExchange, "wake", minigun_exchange_wake, 0);
    define_parent_methods();
    rb_define_method(rb_cMinigunExchange, "enter", minigun_exchange_enter, 3);
    rb_define_method(rb_cMinigunExchange, "orphaned?", minigun_exchange_orphaned_p, 0);
    rb_define_method(rb_cMinigunExchange, "take", minigun_exchange_take, 0);
    rb_define_method(rb_cMinigunExchange, "outputs", minigun_exchange_outputs, 1);
    rb_define_method(rb_cMinigunExchange, "reply", minigun_exchange_reply, -1);
    rb_define_method(rb_cMinigunExchange, "arm", minigun_exchange_arm, 2);
    rb_define_method(rb_cMinigunExchange, "rest", minigun_exchange_rest, 1);
    Init_minigun_worker();
}
