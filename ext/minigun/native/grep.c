/* grep - Keeps or drops records by a pattern, or emits its named captures as rows.
 *
 * Options: pattern (one or more, of bytes; any may match), behind it utf (the same for
 * texts that are not ASCII alone; where it is missing they are bytes, too), invert,
 * captures. Bytes that are no UTF-8 match nothing.
 */
#include "native.h"

#ifdef HAVE_PCRE2_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum { PATTERNS = 64 };

/* `broken` is for texts that are not all UTF-8; it isn't compiled for the machine, because
 * that code is wrong there about \D and its like (PCRE2 10.42). */
typedef struct {
    pcre2_code *bytes, *utf, *broken; /* the last two are NULL where bytes will do */
} pattern_t;

typedef struct {
    pattern_t patterns[PATTERNS];
    size_t count;
    bool characters; /* some pattern has a utf */
    bool invert, captures;
    mg_columns_t columns;
    const char **names;
    uint32_t *groups;
    char *text; /* of the names */
} grep_t;

typedef struct {
    const grep_t *grep;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
} matcher_t;

static int
grep_close(void *stage, bool complete, mg_error_t *error)
{
    grep_t *grep = stage;
    (void)complete;
    (void)error;
    for (size_t i = 0; i < grep->count; i++) {
        pcre2_code_free(grep->patterns[i].bytes);
        pcre2_code_free(grep->patterns[i].utf);
        pcre2_code_free(grep->patterns[i].broken);
    }
    free(grep->names);
    free(grep->groups);
    free(grep->text);
    free(grep);
    return MG_STAGE_OK;
}

static pcre2_code *
compile(const mg_value_t *pattern, uint32_t options, mg_error_t *error)
{
    int number;
    PCRE2_SIZE at;
    /* What is looked for ahead is taken for a first character that must come twice in
     * (?=a)b?a (PCRE2 10.42). */
    if (strstr(pattern->as.text, "(?=")) options |= PCRE2_NO_START_OPTIMIZE;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern->as.text, pattern->length,
                                     options | PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES, &number, &at, NULL);
    if (code == NULL) {
        PCRE2_UCHAR text[120] = "";
        pcre2_get_error_message(number, text, sizeof(text));
        mg_stage_fail(error, number, "the pattern %.80s is wrong at %zu: %s", pattern->as.text,
                      (size_t)at, (char *)text);
        return NULL;
    }
    /* Without JIT the interpreter takes over. */
    if (!(options & PCRE2_MATCH_INVALID_UTF)) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

static int
read_patterns(grep_t *grep, const mg_options_t *options, mg_error_t *error)
{
    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        bool utf = strcmp(option->name, "utf") == 0;
        if ((!utf && strcmp(option->name, "pattern")) || option->value.type != MG_VALUE_TEXT) continue;

        if (!utf && grep->count == PATTERNS) return mg_stage_fail(error, 0, "more than %d patterns", PATTERNS);
        if (utf && (grep->count == 0 || grep->patterns[grep->count - 1].utf)) {
            return mg_stage_fail(error, 0, "utf without a pattern before it");
        }
        pcre2_code *code = compile(&option->value, utf ? PCRE2_UTF : 0, error);
        if (code == NULL) return MG_STAGE_FAILED;
        if (!utf) {
            grep->patterns[grep->count++].bytes = code;
            continue;
        }
        pattern_t *pattern = &grep->patterns[grep->count - 1];
        pattern->utf = code;
        pattern->broken = compile(&option->value, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, error);
        if (pattern->broken == NULL) return MG_STAGE_FAILED;
        grep->characters = true;
    }
    return grep->count ? MG_STAGE_OK : mg_stage_fail(error, 0, "grep needs a pattern");
}

static int
name_captures(grep_t *grep, mg_error_t *error)
{
    uint32_t count = 0, entry = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(grep->patterns[0].bytes, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(grep->patterns[0].bytes, PCRE2_INFO_NAMEENTRYSIZE, &entry);
    pcre2_pattern_info(grep->patterns[0].bytes, PCRE2_INFO_NAMETABLE, &table);
    if (count == 0) return mg_stage_fail(error, 0, "captures: the pattern names none");
    if (grep->count > 1 || grep->invert) {
        return mg_stage_fail(error, 0, "captures needs one pattern, and no invert");
    }
    grep->names = calloc(count, sizeof(char *));
    grep->groups = calloc(count, sizeof(uint32_t));
    grep->text = malloc((size_t)count * entry);
    if (!grep->names || !grep->groups || !grep->text) return mg_stage_fail(error, 0, "out of memory");

    /* PCRE2 sorts names by alphabet; people expect the pattern's order. */
    memcpy(grep->text, table, (size_t)count * entry);
    for (uint32_t i = 0; i < count; i++) {
        char *item = grep->text + (size_t)i * entry;
        uint32_t group = (uint32_t)((unsigned char)item[0] << 8 | (unsigned char)item[1]), at = i;
        while (at > 0 && grep->groups[at - 1] > group) {
            grep->groups[at] = grep->groups[at - 1];
            grep->names[at] = grep->names[at - 1];
            at--;
        }
        grep->groups[at] = group;
        grep->names[at] = item + 2;
    }
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(grep->names[i], grep->names[j])) continue;
            return mg_stage_fail(error, 0, "captures: the pattern has %s twice", grep->names[i]);
        }
    }
    grep->columns.count = count;
    grep->columns.names = grep->names;
    return MG_STAGE_OK;
}

static int
grep_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    grep_t *grep = calloc(1, sizeof(*grep));
    (void)host;
    if (grep == NULL) return mg_stage_fail(error, 0, "out of memory");
    grep->invert = mg_option_true(options, "invert");
    grep->captures = mg_option_true(options, "captures");

    int status = read_patterns(grep, options, error);
    if (status == MG_STAGE_OK && grep->captures) status = name_captures(grep, error);
    if (status != MG_STAGE_OK) {
        grep_close(grep, false, error);
        return status;
    }
    *stage = grep;
    return MG_STAGE_OK;
}

static void
grep_stop(void *state)
{
    matcher_t *matcher = state;
    pcre2_match_data_free(matcher->match);
    pcre2_match_context_free(matcher->context);
    pcre2_jit_stack_free(matcher->stack);
    free(matcher);
}

static int
grep_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    matcher_t *matcher = calloc(1, sizeof(*matcher));
    (void)worker;
    if (matcher == NULL) return mg_stage_fail(error, 0, "out of memory");
    matcher->grep = stage;
    matcher->context = pcre2_match_context_create(NULL);
    matcher->stack = pcre2_jit_stack_create(32 * 1024, 1024 * 1024, NULL);
    uint32_t pairs = 1;
    pcre2_pattern_info(matcher->grep->patterns[0].bytes, PCRE2_INFO_CAPTURECOUNT, &pairs);
    matcher->match = pcre2_match_data_create(matcher->grep->captures ? pairs + 1 : 1, NULL);
    if (matcher->match == NULL || matcher->context == NULL) {
        grep_stop(matcher);
        return mg_stage_fail(error, 0, "out of memory");
    }
    pcre2_set_match_limit(matcher->context, 10000000);
    if (matcher->stack) pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    *state = matcher;
    return MG_STAGE_OK;
}

static bool
is_ascii(const char *text, size_t length)
{
    size_t at = 0;
    for (; at + 64 <= length; at += 64) {
        unsigned char all = 0;
        for (size_t i = 0; i < 64; i++) all |= (unsigned char)text[at + i];
        if (all & 0x80) return false;
    }
    for (; at < length; at++) {
        if (text[at] & 0x80) return false;
    }
    return true;
}

static int
match(const matcher_t *matcher, const pcre2_code *code, const char *text, size_t length)
{
    return pcre2_match(code, (PCRE2_SPTR)text, length, 0, 0, matcher->match, matcher->context);
}

/* 1 for a match, 0 for none, negative for a failure. */
static int
matches(const matcher_t *matcher, const char *text, size_t length, bool ascii)
{
    const grep_t *grep = matcher->grep;
    for (size_t i = 0; i < grep->count; i++) {
        const pattern_t *pattern = &grep->patterns[i];
        int result = match(matcher, ascii || !pattern->utf ? pattern->bytes : pattern->utf, text, length);
        if (result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21) {
            result = match(matcher, pattern->broken, text, length);
        }
        if (result >= 0) return 1;
        if (result != PCRE2_ERROR_NOMATCH) return result;
    }
    return 0;
}

static int
emit_captures(const matcher_t *matcher, const char *text, const mg_record_t *record,
              mg_emit_t *emit)
{
    const grep_t *grep = matcher->grep;
    const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(matcher->match);
    mg_value_t *values;

    int status = emit->row(emit, &grep->columns, record, &values);
    if (status != MG_STAGE_OK) return status;
    for (uint32_t i = 0; i < grep->columns.count; i++) {
        PCRE2_SIZE begin = pairs[2 * grep->groups[i]], end = pairs[2 * grep->groups[i] + 1];
        if (begin == PCRE2_UNSET) {
            values[i] = (mg_value_t){ .type = MG_VALUE_NULL };
        }
        else {
            values[i] = (mg_value_t){ .type = MG_VALUE_TEXT, .length = (uint32_t)(end - begin),
                                      .as.text = text + begin };
        }
    }
    return MG_STAGE_OK;
}

static int
reject(mg_emit_t *emit, const mg_record_t *record, int number)
{
    PCRE2_UCHAR text[160] = "";
    pcre2_get_error_message(number, text, sizeof(text));
    return emit->reject(emit, record, number, (char *)text);
}

static int
grep_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    const matcher_t *matcher = state;
    const grep_t *grep = matcher->grep;
    bool ascii = !grep->characters || is_ascii(block->data, block->size);

    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        const char *text = block->data + record->offset;
        bool bytes = ascii || is_ascii(text, record->length);
        int status = MG_STAGE_OK, result = matches(matcher, text, record->length, bytes);
        if (result < 0) {
            status = reject(emit, record, result);
        }
        else if (grep->captures) {
            if (result) status = emit_captures(matcher, text, record, emit);
        }
        else if (result != grep->invert) {
            status = emit->keep(emit, record, 1);
        }
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

#else

#define grep_close NULL
#define grep_start NULL
#define grep_stop NULL

static int
grep_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    (void)options;
    (void)host;
    (void)stage;
    return mg_stage_fail(error, 0, "grep needs PCRE2, which was not there when minigun was compiled; "
                         "install the package libpcre2-dev, then minigun again");
}

static int
grep_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    (void)block;
    (void)emit;
    return MG_STAGE_OK;
}

#endif

const mg_stage_t mg_stage_grep = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "grep",
    .open = grep_open,
    .start = grep_start,
    .process = grep_process,
    .stop = grep_stop,
    .close = grep_close,
};
