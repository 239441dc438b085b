#include "transport_binding.h"
#include "worker_gate.h"

static mg_transport_t *
own_transport(mg_rb_exchange_t *exchange)
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
    mg_rb_exchange_t *exchange = mg_rb_exchange_any(self);
    if (exchange->core == NULL) mg_raise(MG_CLOSED);
    exchange->owner = mg_worker_generation();
    exchange->own = mg_rb_place_get(exchange, place);
    mg_status_t status =
        mg_exchange_enter(exchange->core, exchange->own, NUM2PIDT(parent), NUM2UINT(grace));
    if (status != MG_OK) mg_raise(status);
    return self;
}

static VALUE
minigun_exchange_orphaned_p(VALUE self)
{
    return mg_exchange_orphaned(mg_rb_exchange_get(self)->core) ? Qtrue : Qfalse;
}

static VALUE
read_chunk(VALUE data)
{
    mg_rb_reading_t *reading = (mg_rb_reading_t *)data;
    mg_decoder_t *decoder = &reading->exchange->decoder;
    VALUE failures = rb_ary_new();

    mg_decoder_begin(decoder, reading->message.data, reading->message.size);
    size_t count = reading->message.size ? mg_decode_count(decoder) : 0;
    VALUE items = mg_decode_items(decoder, count, failures);
    reading->result = rb_ary_new_from_args(4, UINT2NUM(reading->message.kind),
                                           ULL2NUM(reading->message.sequence), items, failures);
    return Qnil;
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
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    return mg_rb_receive(exchange, own_transport(exchange), read_chunk);
}

/* Bytes of large strings that were received since the last call. */
static VALUE
minigun_exchange_large_bytes(VALUE self)
{
    mg_decoder_t *decoder = &mg_rb_exchange_get(self)->decoder;
    size_t large = decoder->large;
    decoder->large = 0;
    return SIZET2NUM(large);
}

static VALUE
build_outputs(VALUE data)
{
    mg_rb_build_t *build = (mg_rb_build_t *)data;
    mg_encoder_t *encoder = &build->exchange->encoder;
    VALUE groups = build->arguments[0], rejected = build->arguments[1];

    mg_encode(encoder, LONG2NUM(RARRAY_LEN(groups)));
    for (long i = 0; i < RARRAY_LEN(groups); i++) {
        VALUE group = RARRAY_AREF(groups, i), items = rb_ary_entry(group, 1);
        mg_encode(encoder, rb_ary_entry(group, 0));
        Check_Type(items, T_ARRAY);

        size_t count_at = mg_encode_count(encoder);
        long written;
        mg_encode_items(encoder, items, 0, RARRAY_LEN(items), SIZE_MAX, false, rejected, &written);
        mg_encoder_set_count(encoder, count_at, written);
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
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_rb_build_t build = { .exchange = exchange, .transport = own_transport(exchange) };
    Check_Type(groups, T_ARRAY);
    if (build.transport->unsent) mg_raise(MG_INVALID);
    mg_bytes_clear(&build.transport->outbox);
    build.arguments[0] = groups;
    build.arguments[1] = rb_ary_new();
    mg_rb_build(&build, build_outputs);
    return build.arguments[1];
}

/*
 * call-seq: reply(kind, sequence, done, times, latencies, note, hush)
 *
 * Ends the reply that #outputs began and sends it, waiting for room: +done+ items
 * more of the chunk are dealt with. +note+ is nil or a String. With +hush+ the parent
 * isn't woken from a nap for it.
 */
static VALUE
minigun_exchange_reply(int argc, VALUE *argv, VALUE self)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_transport_t *transport = own_transport(exchange);
    rb_check_arity(argc, 7, 7);
    uint16_t kind = (uint16_t)NUM2UINT(argv[0]);
    uint64_t sequence = NUM2ULL(argv[1]);
    transport->hush = RTEST(argv[6]);

    for (int i = 2; i < 6; i++) mg_encode(&exchange->encoder, argv[i]);
    mg_status_t status = mg_transport_send(transport, kind, sequence);
    while (status == MG_AGAIN) {
        mg_rb_exchange_wait(exchange, -1);
        status = mg_transport_pump(transport);
    }
    mg_rb_check_sent(status);
    return self;
}

/* Call-seq: granted?(sequence): has the parent sent that chunk, or is about to? */
static VALUE
minigun_exchange_granted_p(VALUE self, VALUE sequence)
{
    mg_claim_t claim;
    mg_transport_t *transport = own_transport(mg_rb_exchange_get(self));
    return mg_transport_claim(transport, NUM2ULL(sequence), &claim) == MG_OK ? Qtrue : Qfalse;
}

/* Call-seq: arm(sequence, base): the next call_step is of the chunk's items from +base+ on. */
static VALUE
minigun_exchange_arm(VALUE self, VALUE sequence, VALUE base)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_worker_arm(own_transport(exchange), NUM2ULL(sequence), NUM2UINT(base));
    return self;
}

/* Has nothing in hand; tells how many items of the chunk were begun. */
static VALUE
minigun_exchange_rest(VALUE self, VALUE sequence)
{
    mg_claim_t claim;
    mg_transport_t *transport = own_transport(mg_rb_exchange_get(self));

    mg_worker_disarm();
    mg_transport_rest(transport, NUM2ULL(sequence));
    mg_status_t status = mg_transport_claim(transport, NUM2ULL(sequence), &claim);
    if (status != MG_OK) mg_raise(status);
    return UINT2NUM(claim.begun);
}

void
Init_minigun_transport_worker(VALUE klass)
{
    rb_define_method(klass, "enter", minigun_exchange_enter, 3);
    rb_define_method(klass, "orphaned?", minigun_exchange_orphaned_p, 0);
    rb_define_method(klass, "take", minigun_exchange_take, 0);
    rb_define_method(klass, "large_bytes", minigun_exchange_large_bytes, 0);
    rb_define_method(klass, "outputs", minigun_exchange_outputs, 1);
    rb_define_method(klass, "reply", minigun_exchange_reply, -1);
    rb_define_method(klass, "granted?", minigun_exchange_granted_p, 1);
    rb_define_method(klass, "arm", minigun_exchange_arm, 2);
    rb_define_method(klass, "rest", minigun_exchange_rest, 1);
}
