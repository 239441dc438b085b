#include "item.h"

#include <ruby/encoding.h>

static ID id_default, id_default_proc, id_compare_by_identity_p;

/* Whether the item has a form of its own. */
typedef enum { PLAIN, NOT_PLAIN } plain_t;

static plain_t put_value(mg_encoder_t *encoder, VALUE item);

/* Room for `size` bytes; they count as written. */
static uint8_t *
room(mg_encoder_t *encoder, size_t size)
{
    mg_bytes_t *out = encoder->out;
    mg_status_t status = mg_bytes_reserve(out, size);
    if (status != MG_OK) mg_raise(status);
    uint8_t *at = out->data + out->size;
    out->size += size;
    return at;
}

static void
put_tag(mg_encoder_t *encoder, mg_item_tag_t tag)
{
    *room(encoder, 1) = (uint8_t)tag;
}

/* A length: seven bits a byte, lowest first. */
static void
put_length(mg_encoder_t *encoder, size_t length)
{
    uint8_t *at = room(encoder, 10), *begin = at;
    while (length >= 0x80) {
        *at++ = (uint8_t)(length | 0x80);
        length >>= 7;
    }
    *at++ = (uint8_t)length;
    encoder->out->size -= 10 - (size_t)(at - begin);
}

static void
put_bytes(mg_encoder_t *encoder, const void *data, size_t size)
{
    put_length(encoder, size);
    if (size > 0) memcpy(room(encoder, size), data, size);
}

static void
put_sized(mg_encoder_t *encoder, mg_item_tag_t tag, const void *data, size_t size)
{
    uint8_t *at = room(encoder, size + 1);
    at[0] = (uint8_t)tag;
    memcpy(at + 1, data, size);
}

static void
put_fixnum(mg_encoder_t *encoder, long number)
{
    if (number == (int8_t)number) put_sized(encoder, MG_ITEM_INT8, &(int8_t){ (int8_t)number }, 1);
    else if (number == (int16_t)number) put_sized(encoder, MG_ITEM_INT16, &(int16_t){ (int16_t)number }, 2);
    else if (number == (int32_t)number) put_sized(encoder, MG_ITEM_INT32, &(int32_t){ (int32_t)number }, 4);
    else put_sized(encoder, MG_ITEM_INT64, &(int64_t){ number }, 8);
}

static void
put_bignum(mg_encoder_t *encoder, VALUE number)
{
    size_t size = rb_absint_size(number, NULL);
    put_tag(encoder, MG_ITEM_BIG);
    uint8_t *sign = room(encoder, 1);
    *sign = 0;
    size_t sign_at = encoder->out->size - 1;
    put_length(encoder, size);
    int result = rb_integer_pack(number, room(encoder, size), size, 1, 0, INTEGER_PACK_LITTLE_ENDIAN);
    encoder->out->data[sign_at] = result < 0;
}

static void
put_string(mg_encoder_t *encoder, VALUE string)
{
    int encoding = rb_enc_get_index(string);
    if (encoding == rb_utf8_encindex()) {
        put_tag(encoder, MG_ITEM_UTF8);
    }
    else if (encoding == rb_ascii8bit_encindex()) {
        put_tag(encoder, MG_ITEM_BINARY);
    }
    else if (encoding == rb_usascii_encindex()) {
        put_tag(encoder, MG_ITEM_ASCII);
    }
    else {
        const char *name = rb_enc_name(rb_enc_from_index(encoding));
        put_tag(encoder, MG_ITEM_STRING);
        put_bytes(encoder, name, strlen(name));
    }
    put_bytes(encoder, RSTRING_PTR(string), (size_t)RSTRING_LEN(string));
}

static uint16_t *
slot_of(mg_encoder_t *encoder, VALUE symbol)
{
    size_t slot = (symbol >> 4) * 0x9e3779b97f4a7c15u >> 55;
    for (;; slot = (slot + 1) % MG_ITEM_SLOTS) {
        uint16_t number = encoder->slots[slot];
        if (number == 0 || encoder->symbols[number - 1] == symbol) return &encoder->slots[slot];
    }
}

static void
put_symbol(mg_encoder_t *encoder, VALUE symbol)
{
    uint16_t *slot = slot_of(encoder, symbol);
    if (*slot) {
        put_sized(encoder, MG_ITEM_SYMBOL_NUMBER, &(uint8_t){ (uint8_t)(*slot - 1) }, 1);
        return;
    }
    put_tag(encoder, MG_ITEM_SYMBOL);
    put_string(encoder, rb_sym2str(symbol));
    if (encoder->count == MG_ITEM_SYMBOLS) return;
    encoder->slot_of[encoder->count] = (uint16_t)(slot - encoder->slots);
    encoder->symbols[encoder->count++] = symbol;
    *slot = (uint16_t)encoder->count;
}

/* Takes back the symbols from number `count` on. */
static void
forget_symbols(mg_encoder_t *encoder, uint32_t count)
{
    while (encoder->count > count) encoder->slots[encoder->slot_of[--encoder->count]] = 0;
}

static bool
enter(mg_encoder_t *encoder, VALUE container)
{
    if (encoder->depth == MG_ITEM_DEPTH || ++encoder->containers > MG_ITEM_CONTAINERS) return false;
    for (int i = 0; i < encoder->depth; i++) {
        if (encoder->path[i] == container) return false;
    }
    encoder->path[encoder->depth++] = container;
    return encoder->out->size - encoder->start < MG_ITEM_BYTES;
}

static plain_t
put_array(mg_encoder_t *encoder, VALUE array)
{
    if (!enter(encoder, array)) return NOT_PLAIN;

    put_tag(encoder, MG_ITEM_ARRAY);
    put_length(encoder, (size_t)RARRAY_LEN(array));
    for (long i = 0; i < RARRAY_LEN(array); i++) {
        if (put_value(encoder, RARRAY_AREF(array, i)) != PLAIN) return NOT_PLAIN;
    }
    encoder->depth--;
    return PLAIN;
}

static int
put_pair(VALUE key, VALUE value, VALUE data)
{
    mg_encoder_t *encoder = (mg_encoder_t *)data;
    if (put_value(encoder, key) != PLAIN || put_value(encoder, value) != PLAIN) {
        encoder->depth = -1;
        return ST_STOP;
    }
    return ST_CONTINUE;
}

static bool
is_plain_hash(VALUE hash)
{
    return NIL_P(rb_funcallv(hash, id_default_proc, 0, NULL)) &&
           NIL_P(rb_funcallv(hash, id_default, 0, NULL)) &&
           !RTEST(rb_funcallv(hash, id_compare_by_identity_p, 0, NULL));
}

static plain_t
put_hash(mg_encoder_t *encoder, VALUE hash)
{
    if (!is_plain_hash(hash) || !enter(encoder, hash)) return NOT_PLAIN;

    put_tag(encoder, MG_ITEM_HASH);
    put_length(encoder, RHASH_SIZE(hash));
    rb_hash_foreach(hash, put_pair, (VALUE)encoder);
    return encoder->depth-- < 0 ? NOT_PLAIN : PLAIN;
}

static bool
is_exactly(VALUE item, VALUE klass)
{
    return RBASIC_CLASS(item) == klass && rb_ivar_count(item) == 0;
}

static plain_t
put_object(mg_encoder_t *encoder, VALUE item)
{
    switch (RB_BUILTIN_TYPE(item)) {
    case T_STRING:
        if (!is_exactly(item, rb_cString)) return NOT_PLAIN;
        put_string(encoder, item);
        return PLAIN;
    case T_ARRAY:
        return is_exactly(item, rb_cArray) ? put_array(encoder, item) : NOT_PLAIN;
    case T_HASH:
        return is_exactly(item, rb_cHash) ? put_hash(encoder, item) : NOT_PLAIN;
    case T_FLOAT:
        put_sized(encoder, MG_ITEM_FLOAT, &(double){ rb_float_value(item) }, sizeof(double));
        return PLAIN;
    case T_BIGNUM:
        put_bignum(encoder, item);
        return PLAIN;
    case T_SYMBOL:
        put_symbol(encoder, item);
        return PLAIN;
    default:
        return NOT_PLAIN;
    }
}

static plain_t
put_value(mg_encoder_t *encoder, VALUE item)
{
    if (FIXNUM_P(item)) put_fixnum(encoder, FIX2LONG(item));
    else if (NIL_P(item)) put_tag(encoder, MG_ITEM_NIL);
    else if (item == Qtrue) put_tag(encoder, MG_ITEM_TRUE);
    else if (item == Qfalse) put_tag(encoder, MG_ITEM_FALSE);
    else if (STATIC_SYM_P(item)) put_symbol(encoder, item);
    else if (RB_FLONUM_P(item)) {
        put_sized(encoder, MG_ITEM_FLOAT, &(double){ rb_float_value(item) }, sizeof(double));
    }
    else if (SPECIAL_CONST_P(item)) return NOT_PLAIN;
    else return put_object(encoder, item);
    return PLAIN;
}

void
mg_encoder_begin(mg_encoder_t *encoder, mg_bytes_t *out)
{
    encoder->out = out;
    encoder->count = 0;
    memset(encoder->slots, 0, sizeof(encoder->slots));
}

void
mg_encoder_mark(const mg_encoder_t *encoder)
{
    for (uint32_t i = 0; i < encoder->count; i++) rb_gc_mark(encoder->symbols[i]);
}

void
mg_encode(mg_encoder_t *encoder, VALUE item)
{
    uint32_t symbols = encoder->count;

    encoder->start = encoder->out->size;
    encoder->containers = 0;
    encoder->depth = 0;
    if (put_value(encoder, item) == PLAIN) return;

    encoder->out->size = encoder->start;
    forget_symbols(encoder, symbols);
    VALUE dumped = rb_marshal_dump(item, Qnil);
    put_tag(encoder, MG_ITEM_MARSHAL);
    put_bytes(encoder, RSTRING_PTR(dumped), (size_t)RSTRING_LEN(dumped));
    RB_GC_GUARD(dumped);
}

struct call {
    mg_encoder_t *encoder;
    VALUE item;
};

static VALUE
encode_body(VALUE data)
{
    struct call *call = (struct call *)data;
    mg_encode(call->encoder, call->item);
    return Qnil;
}

long
mg_encode_items(mg_encoder_t *encoder, VALUE items, long from, long max, size_t enough,
                VALUE rejected, long *written)
{
    long done = 0;

    *written = 0;
    while (done < max && from + done < RARRAY_LEN(items)) {
        if (done > 0 && encoder->out->size >= enough) break;

        VALUE item = RARRAY_AREF(items, from + done);
        size_t size = encoder->out->size;
        uint32_t symbols = encoder->count;
        int state = 0;
        if (FIXNUM_P(item)) put_fixnum(encoder, FIX2LONG(item));
        else rb_protect(encode_body, (VALUE)&(struct call){ encoder, item }, &state);
        if (state == 0) {
            ++*written;
        }
        else {
            encoder->out->size = size;
            forget_symbols(encoder, symbols);
            VALUE error = mg_item_error(state);
            rb_ary_push(rejected, rb_assoc_new(LONG2NUM(from + done), error));
        }
        done++;
    }
    return done;
}

void
Init_minigun_item_encode(void)
{
    id_default = rb_intern("default");
    id_default_proc = rb_intern("default_proc");
    id_compare_by_identity_p = rb_intern("compare_by_identity?");
}
