/* Lines that may be JSON, in a block and one by one: what comes of a line depends on that line
 * alone, not on its neighbours nor on the bytes behind the block.
 *
 * sources: ext/minigun/native/json*.c ext/minigun/native/json_index.cpp ext/minigun/native/where.c \
 *          ext/minigun/native/split.c ext/minigun/core/native_emit.c ext/minigun/core/native_rows.c ext/minigun/core/sys.c
 * libraries: simdjson stdc++
 */
#include "native/native.h"
#include "native/split.h"
#include "stage_run.h"

static const mg_option_t items[] = {
    { "select", { MG_VALUE_TEXT, 1, { .text = "a" } } },  { "select", { MG_VALUE_TEXT, 4, { .text = "/b/a" } } },
    { "select", { MG_VALUE_TEXT, 9, { .text = "long_name" } } }, { "where", { MG_VALUE_TEXT, 1, { .text = "c" } } },
    { "ge", { MG_VALUE_INTEGER, 0, { .integer = 3 } } },
};

static run_t
run_padded(const mg_options_t *options, mg_block_t *block, char *copy, char padding, bool singly)
{
    memset(copy + block->size, padding, MG_STAGE_PADDING);
    return run_stage(&mg_stage_json, options, block, singly);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    mg_options_t options = { data[0] & 1 ? 5 : data[0] & 2 ? 3 : 1, items };
    if (data[0] & 4) options = (mg_options_t){ 2, items + 3 };
    size--;
    char *copy = malloc(size + MG_STAGE_PADDING);
    memcpy(copy, data + 1, size);
    mg_lines_t lines = { 0 };
    MUST(mg_split_lines(&lines, copy, 0, size));
    mg_block_t block = { .data = copy, .size = size, .records = lines.items, .count = lines.count };

    run_t whole = run_padded(&options, &block, copy, '"', false);
    run_t padded = run_padded(&options, &block, copy, '7', false);
    run_t singly = run_padded(&options, &block, copy, '}', true);
    MUST(same(&whole, &padded));
    MUST(same(&whole, &singly));
    free(lines.items);
    free(copy);
    return 0;
}
