#include "border.h"

#include <ruby/encoding.h>

enum { FULL_BYTES = 256 * 1024, FULL_RECORDS = 4096 };

static VALUE sym_parse;

void
mg_border_init(mg_border_t *border, mg_native_chain_t *chain)
{
    border->chain = chain;
    border->schema = -1;
    border->schemas = rb_ary_new();
}

void
mg_border_fini(mg_border_t *border)
{
    free(border->columns);
    free(border->data);
    free(border->records);
    free(border->values);
}

void
mg_border_mark(const mg_border_t *border)
{
    rb_gc_mark(border->schemas);
}

static void
grow(void **memory, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity) return;
    size_t wanted = *capacity ? *capacity : 64;
    while (wanted < needed) wanted *= 2;
    void *grown = realloc(*memory, wanted * size);
    if (grown == NULL) mg_raise(MG_NOMEM);
    *memory = grown;
    *capacity = wanted;
}

static mg_value_t
add_text(mg_border_t *border, mg_value_type_t type, const char *text, size_t length)
{
    grow((void **)&border->data, &border->data_capacity, border->size + length + 1, 1);
    mg_value_t value = { type, (uint32_t)length, { .integer = (int64_t)border->size } };
    memcpy(border->data + border->size, text, length);
    border->size += length;
    return value;
}

/* Records are UTF-8, or bytes: a String of another encoding is put into UTF-8, if it can be. */
static VALUE
in_utf8(VALUE string)
{
    int encoding = rb_enc_get_index(string);
    if (encoding == rb_utf8_encindex() || encoding == rb_ascii8bit_encindex() || encoding == rb_usascii_encindex()) {
        return string;
    }
    return rb_str_conv_enc(string, rb_enc_from_index(encoding), rb_utf8_encoding());
}

/* False for an object that is no value of a column. */
static bool
to_value(mg_border_t *border, VALUE object, mg_value_t *value)
{
    switch (TYPE(object)) {
    case T_NIL:
        value->type = MG_VALUE_NULL;
        return true;
    case T_TRUE:
        value->type = MG_VALUE_TRUE;
        return true;
    case T_FALSE:
        value->type = MG_VALUE_FALSE;
        return true;
    case T_FIXNUM:
        *value = (mg_value_t){ MG_VALUE_INTEGER, 0, { .integer = FIX2LONG(object) } };
        return true;
    case T_FLOAT:
        *value = (mg_value_t){ MG_VALUE_FLOAT, 0, { .number = RFLOAT_VALUE(object) } };
        return true;
    case T_SYMBOL:
        object = rb_sym2str(object);
        break;
    case T_BIGNUM: {
        int64_t word;
        int sign = rb_integer_pack(object, &word, 1, sizeof(word), 0,
                                   INTEGER_PACK_NATIVE_BYTE_ORDER | INTEGER_PACK_2COMP);
        if ((sign == 1 && word > 0) || (sign == -1 && word < 0)) {
            *value = (mg_value_t){ MG_VALUE_INTEGER, 0, { .integer = word } };
            return true;
        }
        VALUE digits = rb_big2str(object, 10);
        *value = add_text(border, MG_VALUE_JSON, RSTRING_PTR(digits), (size_t)RSTRING_LEN(digits));
        RB_GC_GUARD(digits);
        return true;
    }
    case T_STRING:
        break;
    default:
        return false;
    }
    object = in_utf8(object);
    if (RSTRING_LEN(object) > UINT32_MAX / 2) return false;
    *value = add_text(border, MG_VALUE_TEXT, RSTRING_PTR(object), (size_t)RSTRING_LEN(object));
    RB_GC_GUARD(object);
    return true;
}

static VALUE
key_text(VALUE key)
{
    if (SYMBOL_P(key)) return rb_sym2str(key);
    return RB_TYPE_P(key, T_STRING) ? key : Qnil;
}

struct comparison {
    VALUE keys;
    long at;
    bool equal;
};

static int
compare_key(VALUE key, VALUE ignored, VALUE data)
{
    struct comparison *comparison = (struct comparison *)data;
    VALUE known = RARRAY_AREF(comparison->keys, comparison->at++);
    if (key == known) return ST_CONTINUE;
    comparison->equal = RB_TYPE_P(key, T_STRING) && RB_TYPE_P(known, T_STRING) &&
                        RSTRING_LEN(key) == RSTRING_LEN(known) &&
                        memcmp(RSTRING_PTR(key), RSTRING_PTR(known), (size_t)RSTRING_LEN(key)) == 0;
    return comparison->equal ? ST_CONTINUE : ST_STOP;
}

static bool
has_keys(VALUE hash, VALUE keys)
{
    struct comparison comparison = { .keys = keys, .equal = true };
    if ((long)RHASH_SIZE(hash) != RARRAY_LEN(keys)) return false;
    rb_hash_foreach(hash, compare_key, (VALUE)&comparison);
    return comparison.equal;
}

/* The number of the Hash's schema, made if it is new; -1 if its keys are strange. */
static long
schema_of(mg_border_t *border, VALUE hash)
{
    if (border->schema >= 0 && has_keys(hash, RARRAY_AREF(border->schemas, border->schema))) {
        return border->schema;
    }
    for (long i = 0; i < border->ncolumns; i++) {
        if (has_keys(hash, RARRAY_AREF(border->schemas, i))) return i;
    }
    VALUE keys = rb_funcall(hash, rb_intern("keys"), 0);
    long count = RARRAY_LEN(keys);
    VALUE holder;
    const char **names = rb_alloc_tmp_buffer2(&holder, count, sizeof(char *));
    for (long i = 0; i < count; i++) {
        VALUE text = key_text(RARRAY_AREF(keys, i));
        if (NIL_P(text) || memchr(RSTRING_PTR(text), '\0', (size_t)RSTRING_LEN(text))) return -1;
        names[i] = RSTRING_PTR(text); /* a String always has a NUL behind it unless it is shared */
        if (names[i][RSTRING_LEN(text)] != '\0') names[i] = StringValueCStr(text);
    }
    mg_columns_t columns = { (uint32_t)count, names };
    const mg_columns_t *kept = mg_native_chain_columns(border->chain, &columns);
    rb_free_tmp_buffer(&holder);
    const mg_columns_t **grown =
        realloc(border->columns, (size_t)(border->ncolumns + 1) * sizeof(*grown));
    if (grown != NULL) border->columns = grown;
    if (grown == NULL || kept == NULL) mg_raise(MG_NOMEM);
    border->columns[border->ncolumns] = kept;
    rb_ary_push(border->schemas, rb_obj_freeze(keys));
    return border->ncolumns++;
}

struct row {
    mg_border_t *border;
    bool strange;
};

static int
add_cell(VALUE key, VALUE object, VALUE data)
{
    struct row *row = (struct row *)data;
    mg_border_t *border = row->border;
    mg_value_t value = { 0 };
    if (!to_value(border, object, &value)) {
        row->strange = true;
        return ST_STOP;
    }
    grow((void **)&border->values, &border->values_capacity, border->nvalues + 1, sizeof(value));
    border->values[border->nvalues++] = value;
    return ST_CONTINUE;
}

static void
add_record(mg_border_t *border, size_t offset, size_t length)
{
    grow((void **)&border->records, &border->records_capacity, border->count + 1,
         sizeof(mg_record_t));
    border->records[border->count++] =
        (mg_record_t){ .offset = (uint32_t)offset, .length = (uint32_t)length };
}

static mg_border_added_t
add_row(mg_border_t *border, VALUE hash)
{
    size_t size = border->size, nvalues = border->nvalues;
    struct row row = { .border = border };
    rb_hash_foreach(hash, add_cell, (VALUE)&row);
    if (row.strange) {
        border->size = size;
        border->nvalues = nvalues;
        return MG_BORDER_STRANGE;
    }
    add_record(border, 0, 0);
    return MG_BORDER_ADDED;
}

mg_border_added_t
mg_border_add(mg_border_t *border, VALUE item)
{
    bool hash = RB_TYPE_P(item, T_HASH), string = RB_TYPE_P(item, T_STRING);
    if (!hash && !string) return MG_BORDER_STRANGE;
    if (border->count >= FULL_RECORDS || border->size >= FULL_BYTES) return MG_BORDER_FULL;

    long schema = hash ? schema_of(border, item) : -1;
    if (hash && schema < 0) return MG_BORDER_STRANGE;
    if (border->count > 0 && schema != border->schema) return MG_BORDER_FULL;
    border->schema = schema;
    if (hash) return add_row(border, item);

    item = in_utf8(item);
    size_t length = (size_t)RSTRING_LEN(item), offset = border->size;
    if (length > UINT32_MAX / 2) return MG_BORDER_STRANGE;
    add_text(border, MG_VALUE_TEXT, RSTRING_PTR(item), length);
    RB_GC_GUARD(item);
    border->data[border->size++] = '\n';
    add_record(border, offset, length);
    return MG_BORDER_ADDED;
}

mg_native_parcel_t *
mg_border_seal(mg_border_t *border)
{
    if (border->count == 0) return NULL;

    mg_block_t block = { .data = border->data,
                         .size = border->size,
                         .records = border->records,
                         .count = border->count };
    if (border->schema >= 0) {
        block.columns = border->columns[border->schema];
        block.values = border->values;
    }
    for (size_t i = 0; i < border->nvalues; i++) {
        mg_value_t *value = &border->values[i];
        if (value->type != MG_VALUE_TEXT && value->type != MG_VALUE_JSON) continue;
        value->as.text = border->data + value->as.integer;
    }
    mg_native_parcel_t *parcel = mg_native_parcel_copy(mg_native_chain_parcels(border->chain), &block);
    if (parcel == NULL) mg_raise(MG_NOMEM);
    border->count = border->size = border->nvalues = 0;
    return parcel;
}

VALUE
mg_border_keys(const mg_columns_t *columns, bool symbols)
{
    VALUE keys = rb_ary_new_capa(columns->count);
    for (uint32_t i = 0; i < columns->count; i++) {
        VALUE name = rb_utf8_str_new_cstr(columns->names[i]);
        rb_ary_push(keys, symbols ? rb_str_intern(name) : rb_str_to_interned_str(name));
    }
    return rb_obj_freeze(keys);
}

static VALUE
to_object(const mg_value_t *value)
{
    switch ((mg_value_type_t)value->type) {
    case MG_VALUE_NULL:
        return Qnil;
    case MG_VALUE_FALSE:
        return Qfalse;
    case MG_VALUE_TRUE:
        return Qtrue;
    case MG_VALUE_INTEGER:
        return LL2NUM(value->as.integer);
    case MG_VALUE_FLOAT:
        return DBL2NUM(value->as.number);
    case MG_VALUE_TEXT:
        return rb_utf8_str_new(value->as.text, value->length);
    case MG_VALUE_JSON:
        return rb_funcall(rb_path2class("JSON"), SYM2ID(sym_parse), 1,
                          rb_utf8_str_new(value->as.text, value->length));
    }
    return Qnil;
}

static VALUE
row_to_hash(const mg_value_t *values, VALUE keys)
{
    enum { AT_ONCE = 16 };
    VALUE hash = rb_hash_new(), pairs[2 * AT_ONCE];
    long count = RARRAY_LEN(keys), filled = 0;
    for (long i = 0; i < count; i++) {
        pairs[filled++] = RARRAY_AREF(keys, i);
        pairs[filled++] = to_object(&values[i]);
        if (filled < 2 * AT_ONCE && i + 1 < count) continue;
        rb_hash_bulk_insert(filled, pairs, hash);
        filled = 0;
    }
    return hash;
}

VALUE
mg_border_items(const mg_block_t *block, VALUE keys)
{
    VALUE items = rb_ary_new_capa((long)block->count);
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        rb_ary_push(items, block->columns
                               ? row_to_hash(block->values + i * block->columns->count, keys)
                               : rb_utf8_str_new(block->data + record->offset, record->length));
    }
    return items;
}

void
Init_minigun_native_border(void)
{
    sym_parse = ID2SYM(rb_intern("parse"));
}
