#include "item.h"

static VALUE rb_mMinigunItemCodec;

/* States of rb_protect, as Ruby's vm_core.h has them. */
enum { STATE_RAISE = 6 };

/* An item's error, as opposed to an interrupt of the thread that works on it. */
static bool
is_item_error(VALUE error)
{
    return RTEST(rb_obj_is_kind_of(error, rb_eStandardError)) ||
           RTEST(rb_obj_is_kind_of(error, rb_eNoMemError)) ||
           RTEST(rb_obj_is_kind_of(error, rb_eSysStackError)) ||
           RTEST(rb_obj_is_kind_of(error, rb_eScriptError));
}

VALUE
mg_item_error(int state)
{
    VALUE error = rb_errinfo();
    if (state != STATE_RAISE || !is_item_error(error)) rb_jump_tag(state);
    mg_error_caught(error);
    return error;
}

size_t
mg_encode_count(mg_encoder_t *encoder)
{
    mg_encode(encoder, LONG2NUM(INT32_MAX)); /* has the one form of all that are set later */
    return encoder->out->size - sizeof(int32_t);
}

void
mg_encoder_set_count(mg_encoder_t *encoder, size_t at, long count)
{
    if (count > INT32_MAX) mg_raise(MG_INVALID);
    memcpy(encoder->out->data + at, &(int32_t){ (int32_t)count }, sizeof(int32_t));
}

size_t
mg_decode_count(mg_decoder_t *decoder)
{
    long count = NUM2LONG(mg_decode(decoder));
    if (count < 0) mg_raise(MG_CORRUPT);
    return (size_t)count;
}

struct dump {
    mg_encoder_t encoder;
    mg_bytes_t bytes;
    VALUE items;
    VALUE rejected;
    VALUE string;
};

static VALUE
dump_body(VALUE data)
{
    struct dump *dump = (struct dump *)data;
    long written;

    mg_encoder_begin(&dump->encoder, &dump->bytes);
    mg_encode_items(&dump->encoder, dump->items, 0, RARRAY_LEN(dump->items), SIZE_MAX,
                    false, dump->rejected, &written);
    dump->string = rb_str_new((char *)dump->bytes.data, (long)dump->bytes.size);
    return LONG2NUM(written);
}

/*
 * call-seq: dump(items, rejected = []) -> [bytes, count]
 *
 * Writes the items of an Array as a transport does. Those that can't be written are
 * left out, and [index, exception] is added to +rejected+.
 */
static VALUE
minigun_item_codec_dump(int argc, VALUE *argv, VALUE self)
{
    VALUE items, rejected, holder;
    rb_scan_args(argc, argv, "11", &items, &rejected);
    Check_Type(items, T_ARRAY);
    if (NIL_P(rejected)) rejected = rb_ary_new();
    Check_Type(rejected, T_ARRAY);

    /* On the machine stack, where the collector finds the symbols. */
    struct dump dump = { .items = items, .rejected = rejected, .string = Qnil };
    int state;
    holder = rb_protect(dump_body, (VALUE)&dump, &state);
    mg_bytes_fini(&dump.bytes);
    if (state) rb_jump_tag(state);
    return rb_assoc_new(dump.string, holder);
}

/*
 * call-seq: load(bytes, count, failures = []) -> items
 *
 * Reads +count+ items. Those that Marshal can't load are left out, and
 * [index, exception] is added to +failures+. Raises Minigun::Error for bytes that
 * make no sense.
 */
static VALUE
minigun_item_codec_load(int argc, VALUE *argv, VALUE self)
{
    VALUE bytes, count, failures;
    rb_scan_args(argc, argv, "21", &bytes, &count, &failures);
    StringValue(bytes);
    if (NIL_P(failures)) failures = rb_ary_new();
    Check_Type(failures, T_ARRAY);
    long number = NUM2LONG(count);
    if (number < 0) mg_raise(MG_INVALID);

    mg_decoder_t decoder;
    VALUE copy = rb_str_new_frozen(bytes);
    mg_decoder_begin(&decoder, (const uint8_t *)RSTRING_PTR(copy), (size_t)RSTRING_LEN(copy));
    VALUE items = mg_decode_items(&decoder, (size_t)number, failures);
    RB_GC_GUARD(copy);
    return items;
}

void
Init_minigun_item(void)
{
    rb_mMinigunItemCodec = rb_define_module_under(rb_mMinigunExecution, "ItemCodec");
    rb_define_module_function(rb_mMinigunItemCodec, "dump", minigun_item_codec_dump, -1);
    rb_define_module_function(rb_mMinigunItemCodec, "load", minigun_item_codec_load, -1);
    Init_minigun_item_hash();
    Init_minigun_item_encode();
    Init_minigun_item_decode();
    Init_minigun_write_back();
}
