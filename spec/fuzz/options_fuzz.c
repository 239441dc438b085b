/* Options of any name and type, given to stages in any order: each opens or says why not, and
 * what it opened takes records.
 *
 * sources: ext/minigun/native/*.c ext/minigun/native/json_index.cpp ext/minigun/core/native_emit.c \
 *          ext/minigun/core/native_rows.c ext/minigun/core/sys.c
 * libraries: z zstd pcre2-8 crypto xxhash simdjson stdc++
 */
#include "native/native.h"
#include "native/split.h"
#include "stage_run.h"

static const mg_stage_t *const stages[] = { &mg_stage_grep,     &mg_stage_json,     &mg_stage_csv,  &mg_stage_digest,
                                            &mg_stage_distinct, &mg_stage_top,      &mg_stage_pass, &mg_stage_compress,
                                            &mg_stage_group,    &mg_stage_decompress };
static const char *const names[] = { "pattern", "utf",    "invert", "captures", "select", "as",  "where",     "eq",
                                     "ne",      "ge",     "gt",     "le",       "lt",     "by",  "count",     "sum",
                                     "min",     "max",    "mean",   "n",        "level",  "format", "ascending", "headers",
                                     "separator", "algorithm" };
static const char *const known[] = { "gzip", "zstd", "sha256", "xxh3", ",", "/a/b", "line", "a" };

enum { MOST = 16, STAGES = sizeof(stages) / sizeof(*stages), NAMES = sizeof(names) / sizeof(*names) };

/* Takes an option off the input: its name, its type, and what it holds. */
static bool
take_option(const uint8_t **data, const uint8_t *end, mg_option_t *option, char **text)
{
    if (end - *data < 3) return false;
    uint8_t type = (*data)[1] % 7, length = (*data)[2] % 24;
    option->name = names[(*data)[0] % NAMES];
    *data += 3;
    if (length > end - *data) length = (uint8_t)(end - *data);
    *text = malloc(length + 1u);
    memcpy(*text, *data, length);
    (*text)[length] = '\0';
    for (uint8_t i = 0; i < length; i++) {
        if ((*text)[i] == '\0') length = i;
    }
    option->value = (mg_value_t){ .type = type < 4 ? type : MG_VALUE_TEXT, .length = length, .as.text = *text };
    if (type == MG_VALUE_INTEGER) option->value.as.integer = (int8_t)(length ? (*text)[0] : 0);
    if (type == 6) {
        option->value.as.text = known[length % 8];
        option->value.length = (uint32_t)strlen(option->value.as.text);
    }
    *data += length;
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[] = "{\"a\":1,\"b\":\"x\"}\na,b\n\"q\n\nline";
    char copy[sizeof(text) + MG_STAGE_PADDING] = { 0 };
    const uint8_t *end = data + size;
    if (size < 1) return 0;
    const mg_stage_t *stage = stages[*data++ % STAGES];
    mg_option_t items[MOST];
    char *texts[MOST];
    mg_options_t options = { 0, items };
    while (options.count < MOST && take_option(&data, end, &items[options.count], &texts[options.count])) options.count++;

    memcpy(copy, text, sizeof(text));
    mg_lines_t lines = { 0 };
    MUST(mg_split_lines(&lines, copy, 0, sizeof(text) - 1));
    mg_block_t block = { .data = copy, .size = sizeof(text) - 1, .records = lines.items, .count = lines.count };
    run_stage(stage, &options, &block, false);
    free(lines.items);
    for (size_t i = 0; i < options.count; i++) free(texts[i]);
    return 0;
}
