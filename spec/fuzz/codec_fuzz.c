/* The items of a message from a worker process gone wrong, as the parent reads them, inside a Ruby: what
 * makes no sense is an error, and what can be read is written and read again as the same bytes. Blobs of
 * Marshal are Ruby's own affair and taken for strings.
 *
 * sources: ext/minigun/rb_item_decode.c ext/minigun/rb_item_encode.c ext/minigun/rb_item_hash.c \
 *          ext/minigun/core/bytes.c ext/minigun/core/sys.c ext/minigun/core/status.c
 * ruby: embedded
 */
#include "item.h"

#include "must.h"

typedef struct {
    const uint8_t *data;
    size_t size;
    mg_bytes_t written[2];
} attempt_t;

void
mg_raise(mg_status_t status)
{
    MUST(status == MG_CORRUPT || status == MG_NOMEM);
    rb_raise(rb_eStandardError, "%s", mg_status_text(status));
}

void
mg_error_caught(VALUE error)
{
    (void)error;
    rb_set_errinfo(Qnil);
}

VALUE
mg_item_error(int state)
{
    (void)state;
    VALUE error = rb_errinfo();
    rb_set_errinfo(Qnil);
    return error;
}

VALUE
rb_marshal_load(VALUE bytes)
{
    if (RSTRING_LEN(bytes) % 2) rb_raise(rb_eTypeError, "not loaded");
    return bytes;
}

static VALUE
decode(const uint8_t *data, size_t size)
{
    mg_decoder_t decoder;
    mg_decoder_begin(&decoder, data, size);
    VALUE failures = rb_ary_new(), items = mg_decode_items(&decoder, SIZE_MAX, failures);
    MUST(decoder.at == decoder.end && decoder.depth == 0);
    return items;
}

static void
encode(VALUE items, mg_bytes_t *bytes)
{
    mg_encoder_t encoder;
    long written, count = RARRAY_LEN(items);
    mg_encoder_begin(&encoder, bytes);
    MUST(mg_encode_items(&encoder, items, 0, count, SIZE_MAX, false, rb_ary_new(), &written) == count);
    MUST(written == count);
}

static VALUE
try(VALUE data)
{
    attempt_t *attempt = (attempt_t *)data;
    VALUE items = decode(attempt->data, attempt->size);
    if (RARRAY_LEN(items) == 0) return items;
    for (int i = 0; i < 2; i++) {
        mg_bytes_t *bytes = &attempt->written[i];
        encode(items, bytes);
        items = decode(bytes->data, bytes->size);
    }
    MUST(attempt->written[0].size == attempt->written[1].size);
    MUST(memcmp(attempt->written[0].data, attempt->written[1].data, attempt->written[0].size) == 0);
    return items;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    ruby_sysinit(argc, argv);
    ruby_init();
    ruby_init_loadpath();
    Init_minigun_item_hash();
    Init_minigun_item_encode();
    Init_minigun_item_decode();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    attempt_t attempt = { .data = data, .size = size };
    int state;
    rb_protect(try, (VALUE)&attempt, &state);
    if (state) rb_set_errinfo(Qnil);
    for (int i = 0; i < 2; i++) mg_bytes_fini(&attempt.written[i]);
    return 0;
}
