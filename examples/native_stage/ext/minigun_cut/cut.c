/* cut - One field of each record.
 *
 * Options: field (from 1), separator (one byte; a tab). Records with fewer fields are
 * rejected.
 */
#include <core/stage.h>

#include <errno.h>
#include <stdlib.h>

typedef struct {
    int64_t field;
    char separator;
} cut_t;

static int
cut_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    int64_t field = mg_option_integer(options, "field", 0);
    const char *separator = mg_option_text(options, "separator", "\t");
    (void)host;
    if (field < 1) return mg_stage_fail(error, EINVAL, "field must be 1 or more");
    if (strlen(separator) != 1) return mg_stage_fail(error, EINVAL, "separator must be one byte");

    cut_t *cut = malloc(sizeof(*cut));
    if (cut == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");
    cut->field = field;
    cut->separator = *separator;
    *stage = cut;
    return MG_STAGE_OK;
}

static int
cut_close(void *stage, bool complete, mg_error_t *error)
{
    (void)complete;
    (void)error;
    free(stage);
    return MG_STAGE_OK;
}

/* The field's begin and length, or NULL if there are fewer fields. */
static const char *
find_field(const cut_t *cut, const char *text, size_t length, size_t *size)
{
    const char *end = text + length;
    for (int64_t field = 1;; field++) {
        const char *stop = memchr(text, cut->separator, (size_t)(end - text));
        if (field == cut->field) {
            *size = (size_t)((stop ? stop : end) - text);
            return text;
        }
        if (stop == NULL) return NULL;
        text = stop + 1;
    }
}

/* The options don't change, so all workers share them and no state of their own is
 * needed: without `start` the state is what open made. */
static int
cut_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    const cut_t *cut = state;
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        size_t size;
        const char *field = find_field(cut, block->data + record->offset, record->length, &size);
        int status = field ? emit->bytes(emit, field, size, record)
                           : emit->reject(emit, record, 0, "too few fields");
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

const mg_stage_t minigun_cut = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "cut",
    .open = cut_open,
    .process = cut_process,
    .close = cut_close,
};
