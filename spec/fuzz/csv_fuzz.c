/* CSV records: each gives a row or is rejected, in a block as one by one.
 *
 * sources: ext/minigun/native/csv*.c ext/minigun/native/where.c ext/minigun/native/json_text.c \
 *          ext/minigun/native/split.c ext/minigun/core/native_emit.c ext/minigun/core/native_rows.c ext/minigun/core/sys.c
 */
#include "native/native.h"
#include "native/split.h"
#include "stage_run.h"

static const mg_option_t items[] = {
    { "headers", { MG_VALUE_TEXT, 1, { .text = "a" } } }, { "headers", { MG_VALUE_TEXT, 1, { .text = "b" } } },
    { "where", { MG_VALUE_TEXT, 1, { .text = "b" } } },   { "lt", { MG_VALUE_INTEGER, 0, { .integer = 10 } } },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    bool quoted = data[0] & 1, filtered = data[0] & 2, headed = data[0] & 4;
    mg_options_t options = { filtered ? 4 : 2, items };
    if (headed) options.count = 0;
    size--;
    char *copy = malloc(size + MG_STAGE_PADDING);
    memcpy(copy, data + 1, size);
    memset(copy + size, '"', MG_STAGE_PADDING);
    mg_lines_t lines = { 0 };
    MUST(quoted ? mg_split_quoted(&lines, copy, size) : mg_split_lines(&lines, copy, 0, size));
    mg_block_t block = { .data = copy, .size = size, .records = lines.items, .count = lines.count };

    run_t whole = run_stage(&mg_stage_csv, &options, &block, false);
    if (!headed) {
        run_t singly = run_stage(&mg_stage_csv, &options, &block, true);
        MUST(same(&whole, &singly));
        MUST(filtered || whole.records + whole.rejects == lines.count);
    }
    free(lines.items);
    free(copy);
    return 0;
}
