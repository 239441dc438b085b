#include "item.h"

#include <ruby/encoding.h>

enum { PAIRS = MG_ITEM_KEYS }; /* of a hash that are inserted at once */

static int utf8, binary, ascii; /* indexes of encodings */

static VALUE take_value(mg_decoder_t *decoder);

NORETURN(static void corrupt(void));

static void
corrupt(void)
{
    mg_raise(MG_CORRUPT);
}

static size_t
left(const mg_decoder_t *decoder)
{
    return (size_t)(decoder->end - decoder->at);
}

static const uint8_t *
take(mg_decoder_t *decoder, size_t size)
{
    if (size > left(decoder)) corrupt();
    const uint8_t *at = decoder->at;
    decoder->at += size;
    return at;
}

static size_t
take_length(mg_decoder_t *decoder)
{
    size_t length = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint8_t byte = *take(decoder, 1);
        length |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return length;
    }
    corrupt();
}

static const char *
take_bytes(mg_decoder_t *decoder, long *length)
{
    size_t size = take_length(decoder);
    const uint8_t *at = take(decoder, size);
    *length = (long)size;
    return (const char *)at;
}

/* The index of an encoding. */
static int
take_encoding(mg_decoder_t *decoder, mg_item_tag_t tag)
{
    if (tag == MG_ITEM_UTF8) return utf8;
    if (tag == MG_ITEM_BINARY) return binary;
    if (tag == MG_ITEM_ASCII) return ascii;
    if (tag != MG_ITEM_STRING) corrupt();

    char name[64];
    long length;
    const char *at = take_bytes(decoder, &length);
    if (length >= (long)sizeof(name)) corrupt();
    memcpy(name, at, (size_t)length);
    name[length] = '\0';
    int index = rb_enc_find_index(name);
    if (index < 0) corrupt();
    return index;
}

static VALUE
take_string(mg_decoder_t *decoder, mg_item_tag_t tag)
{
    long length;
    int encoding = take_encoding(decoder, tag);
    const char *at = take_bytes(decoder, &length);
    if (length >= MG_ITEM_LARGE) decoder->large += (size_t)length;
    if (tag == MG_ITEM_STRING) return rb_enc_str_new(at, length, rb_enc_from_index(encoding));

    VALUE string = rb_str_new(at, length);
    if (encoding != binary) RB_ENCODING_SET_INLINED(string, encoding);
    return string;
}

static VALUE
take_symbol(mg_decoder_t *decoder)
{
    VALUE symbol = rb_str_intern(take_string(decoder, *take(decoder, 1)));
    if (decoder->count < MG_ITEM_SYMBOLS) decoder->symbols[decoder->count++] = symbol;
    return symbol;
}

static VALUE
take_symbol_number(mg_decoder_t *decoder)
{
    uint8_t number = *take(decoder, 1);
    if (number >= decoder->count) corrupt();
    return decoder->symbols[number];
}

static VALUE
take_bignum(mg_decoder_t *decoder)
{
    long length;
    bool negative = *take(decoder, 1) != 0;
    const char *at = take_bytes(decoder, &length);
    int flags = INTEGER_PACK_LITTLE_ENDIAN | (negative ? INTEGER_PACK_NEGATIVE : 0);
    return rb_integer_unpack(at, (size_t)length, 1, 0, flags);
}

static void
enter(mg_decoder_t *decoder)
{
    if (++decoder->depth > MG_ITEM_DEPTH) corrupt();
}

static VALUE
take_array(mg_decoder_t *decoder)
{
    size_t length = take_length(decoder);
    if (length > left(decoder)) corrupt();

    enter(decoder);
    VALUE array = rb_ary_new_capa((long)length);
    for (size_t i = 0; i < length; i++) rb_ary_push(array, take_value(decoder));
    decoder->depth--;
    return array;
}

/* A string key ends up interned anyway. */
static VALUE
take_key(mg_decoder_t *decoder)
{
    if (left(decoder) == 0) corrupt();
    mg_item_tag_t tag = *decoder->at;
    if (tag < MG_ITEM_BINARY || tag > MG_ITEM_STRING) return take_value(decoder);

    long length;
    decoder->at++;
    int encoding = take_encoding(decoder, tag);
    const char *at = take_bytes(decoder, &length);
    return rb_enc_interned_str(at, length, rb_enc_from_index(encoding));
}

static VALUE
take_hash(mg_decoder_t *decoder)
{
    size_t length = take_length(decoder);
    if (length > left(decoder) / 2) corrupt();

    mg_shape_t *shape = mg_shape_at(decoder->shapes, decoder->depth, length);
    enter(decoder);
    VALUE hash = rb_hash_new(), pairs[2 * PAIRS];
    while (length > 0) {
        size_t count = length < PAIRS ? length : PAIRS;
        for (size_t i = 0; i < count; i++) {
            pairs[2 * i] = take_key(decoder);
            pairs[2 * i + 1] = take_value(decoder);
        }
        rb_hash_bulk_insert((long)(2 * count), pairs, hash);
        if (shape) {
            for (size_t i = 0; i < count; i++) shape->keys[i] = pairs[2 * i];
            shape->count = (uint32_t)count;
        }
        length -= count;
    }
    decoder->depth--;
    return hash;
}

/* A hash with the keys of the one before it. */
static VALUE
take_like(mg_decoder_t *decoder)
{
    mg_shape_t *shape = mg_shape_at(decoder->shapes, decoder->depth, 1);
    if (shape == NULL || shape->count == 0 || shape->count > left(decoder)) corrupt();

    enter(decoder);
    VALUE hash = rb_hash_new(), pairs[2 * MG_ITEM_KEYS];
    uint32_t count = shape->count;
    for (uint32_t i = 0; i < count; i++) {
        pairs[2 * i] = shape->keys[i];
        pairs[2 * i + 1] = take_value(decoder);
    }
    rb_hash_bulk_insert(2 * (long)count, pairs, hash);
    decoder->depth--;
    return hash;
}

static VALUE
take_marshal(mg_decoder_t *decoder)
{
    long length;
    const char *at = take_bytes(decoder, &length);
    /* Marshal doesn't keep the string from the collector itself. */
    VALUE bytes = rb_str_new(at, length);
    VALUE item = rb_marshal_load(bytes);
    RB_GC_GUARD(bytes);
    return item;
}

#define TAKE_NUMBER(type, make)                                                                    \
    do {                                                                                           \
        type number;                                                                               \
        memcpy(&number, take(decoder, sizeof(number)), sizeof(number));                            \
        return make(number);                                                                       \
    } while (0)

static VALUE
take_value(mg_decoder_t *decoder)
{
    mg_item_tag_t tag = *take(decoder, 1);

    switch (tag) {
    case MG_ITEM_NIL:
        return Qnil;
    case MG_ITEM_TRUE:
        return Qtrue;
    case MG_ITEM_FALSE:
        return Qfalse;
    case MG_ITEM_INT8:
        TAKE_NUMBER(int8_t, LONG2FIX);
    case MG_ITEM_INT16:
        TAKE_NUMBER(int16_t, LONG2FIX);
    case MG_ITEM_INT32:
        TAKE_NUMBER(int32_t, LONG2NUM);
    case MG_ITEM_INT64:
        TAKE_NUMBER(int64_t, LL2NUM);
    case MG_ITEM_BIG:
        return take_bignum(decoder);
    case MG_ITEM_FLOAT:
        TAKE_NUMBER(double, DBL2NUM);
    case MG_ITEM_SYMBOL:
        return take_symbol(decoder);
    case MG_ITEM_SYMBOL_NUMBER:
        return take_symbol_number(decoder);
    case MG_ITEM_BINARY:
    case MG_ITEM_UTF8:
    case MG_ITEM_ASCII:
    case MG_ITEM_STRING:
        return take_string(decoder, tag);
    case MG_ITEM_ARRAY:
        return take_array(decoder);
    case MG_ITEM_HASH:
        return take_hash(decoder);
    case MG_ITEM_LIKE:
        return take_like(decoder);
    case MG_ITEM_MARSHAL:
        if (decoder->depth > 0) corrupt();
        return take_marshal(decoder);
    }
    corrupt();
}

void
mg_decoder_begin(mg_decoder_t *decoder, const uint8_t *data, size_t size)
{
    decoder->at = data;
    decoder->end = data + size;
    decoder->depth = 0;
    decoder->count = 0;
    mg_shapes_clear(decoder->shapes, 0);
}

void
mg_decoder_mark(const mg_decoder_t *decoder)
{
    for (uint32_t i = 0; i < decoder->count; i++) rb_gc_mark(decoder->symbols[i]);
    mg_shapes_mark(decoder->shapes);
}

VALUE
mg_decode(mg_decoder_t *decoder)
{
    return take_value(decoder);
}

static VALUE
marshal_body(VALUE data)
{
    return take_marshal((mg_decoder_t *)data);
}

/* Where a blob of Marshal ends is known, so one that can't be loaded harms nothing
 * behind it. */
static VALUE
take_blob(mg_decoder_t *decoder, int *state)
{
    decoder->at++;
    const uint8_t *begin = decoder->at;
    long length;
    take_bytes(decoder, &length);
    const uint8_t *end = decoder->at;

    decoder->at = begin;
    VALUE item = rb_protect(marshal_body, (VALUE)decoder, state);
    decoder->at = end;
    return item;
}

VALUE
mg_decode_items(mg_decoder_t *decoder, size_t count, VALUE failures)
{
    if (count > left(decoder)) corrupt();

    VALUE items = rb_ary_new_capa((long)count);
    for (size_t i = 0; i < count; i++) {
        if (left(decoder) == 0) corrupt();
        if (*decoder->at != MG_ITEM_MARSHAL) {
            rb_ary_push(items, take_value(decoder));
            continue;
        }
        int state = 0;
        VALUE item = take_blob(decoder, &state);
        if (state == 0) rb_ary_push(items, item);
        else rb_ary_push(failures, rb_assoc_new(LONG2NUM((long)i), mg_item_error(state)));
    }
    return items;
}

void
Init_minigun_item_decode(void)
{
    utf8 = rb_utf8_encindex();
    binary = rb_ascii8bit_encindex();
    ascii = rb_usascii_encindex();
}
