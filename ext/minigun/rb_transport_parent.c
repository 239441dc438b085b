#include "engine.h"
#include "transport_binding.h"

enum { ENOUGH = 128 * 1024 }; /* bytes in a message of several items */

static VALUE
minigun_exchange_watch(VALUE self, VALUE place, VALUE pid)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    uint32_t number = mg_rb_place_get(exchange, place);
    return mg_exchange_watch(exchange->core, number, NUM2PIDT(pid)) ? Qtrue : Qfalse;
}

static VALUE
minigun_exchange_ended_p(VALUE self, VALUE place)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    return mg_exchange_ended(exchange->core, mg_rb_place_get(exchange, place)) ? Qtrue : Qfalse;
}

static VALUE
minigun_exchange_vacate(VALUE self, VALUE place)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_exchange_vacate(exchange->core, mg_rb_place_get(exchange, place));
    return self;
}

static VALUE
build_chunk(VALUE data)
{
    mg_rb_build_t *build = (mg_rb_build_t *)data;
    mg_encoder_t *encoder = &build->exchange->encoder;
    long from = NUM2LONG(build->arguments[1]), max = NUM2LONG(build->arguments[2]);

    size_t count_at = mg_encode_count(encoder);
    build->taken = mg_encode_items(encoder, build->arguments[0], from, max, ENOUGH, true,
                                   build->arguments[3], &build->written);
    mg_encoder_set_count(encoder, count_at, build->written);
    return Qnil;
}

/*
 * call-seq: send_chunk(place, kind, sequence, items, from, max, rejected) -> taken
 *
 * Sends up to +max+ items from +from+ on, fewer if they are large, and lets the
 * worker begin them. It ends before one that can't be written; if that is the first, it
 * is dealt with alone, and [index, exception] is added to +rejected+. Only when #unsent? is false.
 */
static VALUE
minigun_exchange_send_chunk(int argc, VALUE *argv, VALUE self)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    rb_check_arity(argc, 7, 7);
    mg_rb_build_t build = { .exchange = exchange, .transport = mg_rb_transport_get(exchange, argv[0]) };
    if (build.transport->unsent) mg_raise(MG_INVALID);
    uint16_t kind = (uint16_t)NUM2UINT(argv[1]);
    uint64_t sequence = NUM2ULL(argv[2]);
    for (int i = 0; i < 4; i++) build.arguments[i] = argv[3 + i];
    Check_Type(argv[3], T_ARRAY);
    Check_Type(argv[6], T_ARRAY);

    mg_rb_build(&build, build_chunk);
    if (build.written == 0) {
        mg_bytes_clear(&build.transport->outbox);
    }
    else {
        mg_transport_grant(build.transport, sequence, (uint32_t)build.written);
        mg_rb_check_sent(mg_transport_send(build.transport, kind, sequence));
    }
    return LONG2NUM(build.taken);
}

/* Lets the worker begin +count+ items that it has without being sent any. */
static VALUE
minigun_exchange_grant(VALUE self, VALUE place, VALUE sequence, VALUE count)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_transport_grant(mg_rb_transport_get(exchange, place), NUM2ULL(sequence), NUM2UINT(count));
    return self;
}

/* Sends a message without content. Only when #unsent? is false. */
static VALUE
minigun_exchange_send_signal(VALUE self, VALUE place, VALUE kind)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_rb_check_sent(mg_transport_send(mg_rb_transport_get(exchange, place), (uint16_t)NUM2UINT(kind), 0));
    return self;
}

/* Sends on what had no room. True if some is still left. */
static VALUE
minigun_exchange_unsent_p(VALUE self, VALUE place)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_transport_t *transport = mg_rb_transport_get(exchange, place);
    mg_rb_check_sent(mg_transport_pump(transport));
    return transport->unsent ? Qtrue : Qfalse;
}

static VALUE
read_result(VALUE data)
{
    mg_rb_reading_t *reading = (mg_rb_reading_t *)data;
    mg_decoder_t *decoder = &reading->exchange->decoder;
    VALUE groups = rb_ary_new(), failures = rb_ary_new();

    mg_decoder_begin(decoder, reading->message.data, reading->message.size);
    for (long count = NUM2LONG(mg_decode(decoder)); count > 0; count--) {
        VALUE target = mg_decode(decoder);
        size_t length = mg_decode_count(decoder);
        rb_ary_push(groups, rb_assoc_new(target, mg_decode_items(decoder, length, failures)));
    }
    VALUE done = mg_decode(decoder), elapsed = mg_decode(decoder), latencies = mg_decode(decoder);
    VALUE note = mg_decode(decoder);
    reading->result = rb_ary_new_from_args(8, UINT2NUM(reading->message.kind),
                                           ULL2NUM(reading->message.sequence), done, elapsed,
                                           latencies, note, groups, failures);
    return Qnil;
}

/*
 * call-seq: receive(place)
 *             -> [kind, sequence, done, times, latencies, note, outputs, failures] or nil
 *
 * The next message of a worker, if there is one; see #reply. +failures+ has
 * [index, exception] for outputs that could not be read.
 */
static VALUE
minigun_exchange_receive(VALUE self, VALUE place)
{
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    return mg_rb_receive(exchange, mg_rb_transport_get(exchange, place), read_result);
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
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_status_t status =
        mg_transport_claim(mg_rb_transport_get(exchange, place), NUM2ULL(sequence), &claim);
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
    mg_rb_exchange_t *exchange = mg_rb_exchange_get(self);
    mg_status_t status = mg_transport_revoke(mg_rb_transport_get(exchange, place), NUM2ULL(sequence),
                                             NUM2UINT(keep), &claim);
    if (status != MG_OK) mg_raise(status);
    return claim_values(&claim);
}

static void
wake_exchange(void *data)
{
    mg_exchange_wake(data);
}

/*
 * call-seq: input.listen(exchange) -> true or false
 *
 * Has the present or next Exchange#wait end when there is something to take. False if
 * there is already.
 */
static VALUE
minigun_input_listen(VALUE self, VALUE exchange)
{
    mg_exchange_t *core = mg_rb_exchange_get(exchange)->core;
    return mg_hand_listen(mg_input_hand(self), wake_exchange, core) ? Qtrue : Qfalse;
}

/* Takes #listen back. */
static VALUE
minigun_input_ignore(VALUE self)
{
    mg_hand_listen(mg_input_hand(self), NULL, NULL);
    return self;
}

void
Init_minigun_transport_parent(VALUE klass)
{
    VALUE input = rb_const_get(rb_mMinigun, rb_intern("InputQueue"));
    rb_define_method(input, "listen", minigun_input_listen, 1);
    rb_define_method(input, "ignore", minigun_input_ignore, 0);

    rb_define_method(klass, "watch", minigun_exchange_watch, 2);
    rb_define_method(klass, "ended?", minigun_exchange_ended_p, 1);
    rb_define_method(klass, "vacate", minigun_exchange_vacate, 1);
    rb_define_method(klass, "send_chunk", minigun_exchange_send_chunk, -1);
    rb_define_method(klass, "send_signal", minigun_exchange_send_signal, 2);
    rb_define_method(klass, "grant", minigun_exchange_grant, 3);
    rb_define_method(klass, "unsent?", minigun_exchange_unsent_p, 1);
    rb_define_method(klass, "receive", minigun_exchange_receive, 1);
    rb_define_method(klass, "claim", minigun_exchange_claim, 2);
    rb_define_method(klass, "revoke", minigun_exchange_revoke, 3);
}
