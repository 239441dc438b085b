#include "item_put.h"

#include <ruby/encoding.h>

enum { AHEAD = 4 }; /* items that are on their way to the cache */

static int utf8, binary, ascii; /* indexes of encodings */

/* Whether the item has a form of its own. */
typedef enum { PLAIN, NOT_PLAIN } plain_t;

static plain_t put_value(mg_encoder_t *encoder, VALUE item);

static void
put_fixnum(mg_encoder_t *encoder, long number)
{
    if (number == (int8_t)number) mg_put_sized(encoder, MG_ITEM_INT8, &(int8_t){ (int8_t)number }, 1);
    else if (number == (int16_t)number) mg_put_sized(encoder, MG_ITEM_INT16, &(int16_t){ (int16_t)number }, 2);
    else if (number == (int32_t)number) mg_put_sized(encoder, MG_ITEM_INT32, &(int32_t){ (int32_t)number }, 4);
    else mg_put_sized(encoder, MG_ITEM_INT64, &(int64_t){ number }, 8);
}

static void
put_bignum(mg_encoder_t *encoder, VALUE number)
{
    size_t size = rb_absint_size(number, NULL);
    mg_put_tag(encoder, MG_ITEM_BIG);
    uint8_t *sign = mg_put_room(encoder, 1);
    *sign = 0;
    size_t sign_at = encoder->out->size - 1;
    mg_put_length(encoder, size);
    int result = rb_integer_pack(number, mg_put_room(encoder, size), size, 1, 0, INTEGER_PACK_LITTLE_ENDIAN);
    encoder->out->data[sign_at] = result < 0;
}

static void
put_string(mg_encoder_t *encoder, VALUE string)
{
    int encoding = RB_ENCODING_GET(string);
    if (encoding == utf8) {
        mg_put_tag(encoder, MG_ITEM_UTF8);
    }
    else if (encoding == binary) {
        mg_put_tag(encoder, MG_ITEM_BINARY);
    }
    else if (encoding == ascii) {
        mg_put_tag(encoder, MG_ITEM_ASCII);
    }
    else {
        const char *name = rb_enc_name(rb_enc_from_index(encoding));
        mg_put_tag(encoder, MG_ITEM_STRING);
        mg_put_bytes(encoder, name, strlen(name));
    }
    mg_put_bytes(encoder, RSTRING_PTR(string), (size_t)RSTRING_LEN(string));
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
        mg_put_sized(encoder, MG_ITEM_SYMBOL_NUMBER, &(uint8_t){ (uint8_t)(*slot - 1) }, 1);
        return;
    }
    mg_put_tag(encoder, MG_ITEM_SYMBOL);
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

/* Takes back what was written since the message had `size` bytes and `symbols`. */
static void
take_back(mg_encoder_t *encoder, size_t size, uint32_t symbols)
{
    encoder->out->size = size;
    forget_symbols(encoder, symbols);
    mg_shapes_clear(encoder->shapes, 0);
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

    mg_put_tag(encoder, MG_ITEM_ARRAY);
    mg_put_length(encoder, (size_t)RARRAY_LEN(array));
    for (long i = 0; i < RARRAY_LEN(array); i++) {
        if (put_value(encoder, RARRAY_AREF(array, i)) != PLAIN) return NOT_PLAIN;
    }
    encoder->depth--;
    return PLAIN;
}

static plain_t
put_pairs(mg_encoder_t *encoder, const mg_pairs_t *pairs)
{
    mg_shape_t *shape = mg_shape_at(encoder->shapes, encoder->depth - 1, pairs->count);
    bool like = shape && mg_shape_is_of(shape, pairs);

    for (uint32_t i = 0; i < pairs->count; i++) MG_PREFETCH(pairs->values[i]);
    mg_put_tag(encoder, like ? MG_ITEM_LIKE : MG_ITEM_HASH);
    if (!like) mg_put_length(encoder, pairs->count);
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (!like && put_value(encoder, pairs->keys[i]) != PLAIN) return NOT_PLAIN;
        if (put_value(encoder, pairs->values[i]) != PLAIN) return NOT_PLAIN;
    }
    if (shape && !like) mg_shape_keep(shape, pairs);
    return PLAIN;
}

static int
put_pair(VALUE key, VALUE value, VALUE data)
{
    mg_encoder_t **encoder = (mg_encoder_t **)data;
    if (put_value(*encoder, key) == PLAIN && put_value(*encoder, value) == PLAIN) return ST_CONTINUE;
    *encoder = NULL;
    return ST_STOP;
}

static plain_t
put_large_hash(mg_encoder_t *encoder, VALUE hash)
{
    mg_put_tag(encoder, MG_ITEM_HASH);
    mg_put_length(encoder, RHASH_SIZE(hash));
    rb_hash_foreach(hash, put_pair, (VALUE)&encoder);
    return encoder ? PLAIN : NOT_PLAIN;
}

static plain_t
put_hash(mg_encoder_t *encoder, VALUE hash)
{
    mg_pairs_t pairs;
    plain_t plain;

    if (!mg_is_plain_hash(hash) || !enter(encoder, hash)) return NOT_PLAIN;
    if (RHASH_SIZE(hash) > MG_ITEM_KEYS) {
        plain = put_large_hash(encoder, hash);
    }
    else {
        mg_pairs_take(&pairs, hash);
        plain = put_pairs(encoder, &pairs);
    }
    encoder->depth--;
    return plain;
}

static bool
is_exactly(VALUE item, VALUE klass)
{
#ifdef HAVE_CONST_RUBY_FL_EXIVAR
    return RBASIC_CLASS(item) == klass && !RB_FL_ANY_RAW(item, RUBY_FL_EXIVAR);
#else
    return RBASIC_CLASS(item) == klass && rb_ivar_count(item) == 0;
#endif
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
        mg_put_sized(encoder, MG_ITEM_FLOAT, &(double){ rb_float_value(item) }, sizeof(double));
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
    else if (NIL_P(item)) mg_put_tag(encoder, MG_ITEM_NIL);
    else if (item == Qtrue) mg_put_tag(encoder, MG_ITEM_TRUE);
    else if (item == Qfalse) mg_put_tag(encoder, MG_ITEM_FALSE);
    else if (STATIC_SYM_P(item)) put_symbol(encoder, item);
    else if (RB_FLONUM_P(item)) {
        mg_put_sized(encoder, MG_ITEM_FLOAT, &(double){ rb_float_value(item) }, sizeof(double));
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
    mg_shapes_clear(encoder->shapes, 0);
}

void
mg_encoder_mark(const mg_encoder_t *encoder)
{
    for (uint32_t i = 0; i < encoder->count; i++) rb_gc_mark(encoder->symbols[i]);
    mg_shapes_mark(encoder->shapes);
}

void
mg_encode(mg_encoder_t *encoder, VALUE item)
{
    uint32_t symbols = encoder->count;

    encoder->start = encoder->out->size;
    encoder->containers = 0;
    encoder->depth = 0;
    if (put_value(encoder, item) == PLAIN) return;

    take_back(encoder, encoder->start, symbols);
    VALUE dumped = rb_marshal_dump(item, Qnil);
    mg_put_tag(encoder, MG_ITEM_MARSHAL);
    mg_put_bytes(encoder, RSTRING_PTR(dumped), (size_t)RSTRING_LEN(dumped));
    RB_GC_GUARD(dumped);
}

struct run {
    mg_encoder_t *encoder;
    VALUE items;
    long from, max;
    size_t enough;
    long done, written;

    /* Before the item at hand. */
    size_t size;
    uint32_t symbols;
};

static VALUE
encode_run(VALUE data)
{
    struct run *run = (struct run *)data;
    mg_encoder_t *encoder = run->encoder;

    while (run->done < run->max && run->from + run->done < RARRAY_LEN(run->items)) {
        if (run->done > 0 && encoder->out->size >= run->enough) break;

        long at = run->from + run->done;
        VALUE item = RARRAY_AREF(run->items, at);
        if (!SPECIAL_CONST_P(item) && at + AHEAD < RARRAY_LEN(run->items)) {
            MG_PREFETCH(RARRAY_AREF(run->items, at + AHEAD));
        }
        run->size = encoder->out->size;
        run->symbols = encoder->count;
        mg_encode(encoder, item);
        run->written++;
        run->done++;
    }
    return Qnil;
}

long
mg_encode_items(mg_encoder_t *encoder, VALUE items, long from, long max, size_t enough,
                bool unbroken, VALUE rejected, long *written)
{
    struct run run = { encoder, items, from, max, enough };
    int state;

    for (;;) {
        rb_protect(encode_run, (VALUE)&run, &state);
        if (state == 0) break;

        take_back(encoder, run.size, run.symbols);
        VALUE error = mg_item_error(state);
        if (unbroken && run.done > 0) break;
        rb_ary_push(rejected, rb_assoc_new(LONG2NUM(from + run.done), error));
        run.done++;
        if (unbroken) break;
    }
    *written = run.written;
    return run.done;
}

void
Init_minigun_item_encode(void)
{
    utf8 = rb_utf8_encindex();
    binary = rb_ascii8bit_encindex();
    ascii = rb_usascii_encindex();
}
