/* csv - Takes records of comma-separated values apart (RFC 4180): selects columns and
 * filters by them. Values are text; a condition with a number compares numbers.
 *
 * The first record of each file, or of the input, names the columns unless `headers`
 * does. A file whose values hold newlines needs lines with `quoted`.
 *
 * Options: select (any number; all columns without), headers (any number), separator,
 * and conditions: see where.h.
 */
#include <stdlib.h>

#include "csv_header.h"
#include "native.h"
#include "where.h"

typedef struct {
    const mg_host_t *host;
    char separator;
    mg_csv_wanted_t wanted;
    mg_csv_headers_t headers;
    mg_where_t where;
} csv_t;

typedef struct {
    csv_t *csv;
    const mg_csv_header_t *header; /* of the last block */
    uint32_t count;
    mg_value_t fields[MG_CSV_FIELDS];
    mg_value_t compared[MG_CSV_FIELDS];
    char *plain; /* fields without their quotes */
    size_t plain_size;
} parser_t;

static int
csv_close(void *stage, bool complete, mg_error_t *error)
{
    csv_t *csv = stage;
    (void)complete;
    (void)error;
    mg_csv_headers_fini(&csv->headers);
    mg_where_free(&csv->where);
    free(csv);
    return MG_STAGE_OK;
}

static bool
number_column(void *data, const char *name, uint32_t *column, mg_error_t *error)
{
    mg_csv_wanted_t *wanted = data;
    if (wanted->ncompared == MG_CSV_FIELDS) {
        mg_stage_fail(error, 0, "csv: conditions on %d columns at most", MG_CSV_FIELDS);
        return false;
    }
    *column = wanted->ncompared;
    wanted->compared[wanted->ncompared++] = name;
    return true;
}

static int
read_options(csv_t *csv, const mg_options_t *options, mg_error_t *error)
{
    const char *separator = mg_option_text(options, "separator", ",");
    if (strlen(separator) != 1 || *separator == '"' || *separator == '\n') {
        return mg_stage_fail(error, 0, "csv: separator must be one byte, no quote and no newline");
    }
    csv->separator = *separator;
    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        bool select = strcmp(option->name, "select") == 0;
        if ((!select && strcmp(option->name, "headers")) || option->value.type != MG_VALUE_TEXT) continue;
        mg_csv_wanted_t *wanted = &csv->wanted;
        uint32_t *count = select ? &wanted->nselected : &wanted->ngiven;
        if (*count == MG_CSV_FIELDS) return mg_stage_fail(error, 0, "csv: %d columns at most", MG_CSV_FIELDS);
        (select ? wanted->selected : wanted->given)[(*count)++] = option->value.as.text;
    }
    return mg_where_read(&csv->where, options, number_column, &csv->wanted, error);
}

static int
csv_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    csv_t *csv = calloc(1, sizeof(*csv));
    if (csv == NULL) return mg_stage_fail(error, 0, "out of memory");
    csv->host = host;
    mg_csv_headers_init(&csv->headers, host);
    int status = read_options(csv, options, error);
    if (status != MG_STAGE_OK) {
        csv_close(csv, false, error);
        return status;
    }
    *stage = csv;
    return MG_STAGE_OK;
}

static int
csv_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    parser_t *parser = malloc(sizeof(*parser));
    (void)worker;
    if (parser == NULL) return mg_stage_fail(error, 0, "out of memory");
    parser->csv = stage;
    parser->header = NULL;
    parser->plain = NULL;
    parser->plain_size = 0;
    *state = parser;
    return MG_STAGE_OK;
}

static void
csv_stop(void *state)
{
    parser_t *parser = state;
    free(parser->plain);
    free(parser);
}

/* Reads a quoted field whose quote was just passed; NULL if it doesn't end. */
static const char *
read_quoted(const char *text, const char *end, char separator, char **plain, mg_value_t *field)
{
    char *out = *plain;
    const char *begin = text;
    bool doubled = false;
    for (;;) {
        const char *quote = memchr(text, '"', (size_t)(end - text));
        if (quote == NULL) return NULL;
        if (quote + 1 < end && quote[1] == '"') {
            memcpy(out, text, (size_t)(quote + 1 - text));
            out += quote + 1 - text;
            text = quote + 2;
            doubled = true;
            continue;
        }
        if (quote + 1 < end && quote[1] != separator) return NULL;
        if (doubled) {
            memcpy(out, text, (size_t)(quote - text));
            out += quote - text;
        }
        field->as.text = doubled ? *plain : begin;
        field->length = (uint32_t)(doubled ? out - *plain : quote - begin);
        if (doubled) *plain = out;
        return quote + 1;
    }
}

/* Splits a record; a complaint if it is none. `plain` has room for its bytes. */
static const char *
split(parser_t *parser, const char *text, const char *end, char **plain)
{
    char separator = parser->csv->separator;
    if (end > text && end[-1] == '\r') end--;

    for (parser->count = 0;; text++) {
        if (parser->count == MG_CSV_FIELDS) return "too many fields in CSV";
        mg_value_t *field = &parser->fields[parser->count++];
        field->type = MG_VALUE_TEXT;
        if (text < end && *text == '"') {
            text = read_quoted(text + 1, end, separator, plain, field);
            if (text == NULL) return "a quoted CSV field has no proper end (lines needs `quoted` for newlines within)";
        }
        else {
            const char *stop = memchr(text, separator, (size_t)(end - text));
            if (stop == NULL) stop = end;
            if (memchr(text, '"', (size_t)(stop - text))) return "a quote within a CSV field without quotes";
            field->as.text = text;
            field->length = (uint32_t)(stop - text);
            text = stop;
        }
        if (text >= end) return NULL;
    }
}

/* Makes the header of the record's fields. */
static int
read_header(parser_t *parser, const char *file, const char *text, const mg_record_t *record,
            mg_error_t *error)
{
    csv_t *csv = parser->csv;
    const char *names[MG_CSV_FIELDS];
    char *copy = malloc(2 * (size_t)record->length + MG_CSV_FIELDS + 1), *plain = copy;
    if (copy == NULL) return mg_stage_fail(error, 0, "out of memory");
    const char *end = text + record->length;
    if (record->length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3; /* a mark of UTF-8 */
    const char *complaint = split(parser, text, end, &plain);
    int status = complaint ? mg_stage_fail(error, 0, "csv: the header: %s", complaint) : MG_STAGE_OK;
    for (uint32_t i = 0; i < parser->count && status == MG_STAGE_OK; i++) {
        names[i] = plain;
        memcpy(plain, parser->fields[i].as.text, parser->fields[i].length);
        plain += parser->fields[i].length;
        *plain++ = '\0';
    }
    if (status == MG_STAGE_OK) status = mg_csv_add_header(&csv->headers, &csv->wanted, file, names, parser->count, error);
    free(copy);
    return status;
}

static bool
begins_file(const mg_block_t *block)
{
    return block->origin ? block->origin->offset == 0 && block->records[0].at == 0 : block->sequence == 0;
}

/* Finds the header of a block; *first is the first record behind it. */
static int
use_header(parser_t *parser, const mg_block_t *block, size_t *first, mg_error_t *error)
{
    csv_t *csv = parser->csv;
    mg_csv_wanted_t *wanted = &csv->wanted;
    const char *file = block->origin && !wanted->ngiven ? block->origin->name : NULL;
    const mg_record_t *record = &block->records[0];
    int status = MG_STAGE_OK;

    *first = !wanted->ngiven && begins_file(block);
    if (parser->header == NULL || parser->header->file != file) {
        if (wanted->ngiven) {
            status = mg_csv_add_header(&csv->headers, wanted, NULL, wanted->given, wanted->ngiven, error);
        }
        else if (*first) {
            status = read_header(parser, file, block->data + record->offset, record, error);
        }
        if (status == MG_STAGE_OK) status = mg_csv_find_header(&csv->headers, file, &parser->header, error);
    }
    return status;
}

static int
take_record(parser_t *parser, const mg_block_t *block, const mg_record_t *record, char **plain,
            mg_emit_t *emit)
{
    const csv_t *csv = parser->csv;
    const mg_csv_header_t *header = parser->header;
    const char *text = block->data + record->offset;
    char complaint[80];

    const char *wrong = split(parser, text, text + record->length, plain);
    if (wrong) return emit->reject(emit, record, 0, wrong);
    if (parser->count != header->count) {
        snprintf(complaint, sizeof(complaint), "%u CSV fields, where the header has %u", parser->count,
                 header->count);
        return emit->reject(emit, record, 0, complaint);
    }
    for (uint32_t i = 0; i < csv->wanted.ncompared; i++) {
        parser->compared[i] = parser->fields[header->places[header->columns.count + i]];
    }
    if (!mg_where_holds(&csv->where, parser->compared, true)) return MG_STAGE_OK;

    mg_value_t *values;
    int status = emit->row(emit, &header->columns, record, &values);
    for (uint32_t i = 0; i < header->columns.count && status == MG_STAGE_OK; i++) {
        values[i] = parser->fields[header->places[i]];
    }
    return status;
}

static int
csv_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    parser_t *parser = state;
    size_t first, total = 0;
    if (block->count == 0) return MG_STAGE_OK;

    int status = use_header(parser, block, &first, emit->error);
    if (status != MG_STAGE_OK) return status;

    for (size_t i = 0; i < block->count; i++) total += block->records[i].length;
    if (total > parser->plain_size) {
        free(parser->plain);
        parser->plain = malloc(total);
        parser->plain_size = parser->plain ? total : 0;
        if (parser->plain == NULL) return mg_stage_fail(emit->error, 0, "out of memory");
    }
    char *plain = parser->plain;
    for (size_t i = first; i < block->count && status == MG_STAGE_OK; i++) {
        status = take_record(parser, block, &block->records[i], &plain, emit);
    }
    return status;
}

const mg_stage_t mg_stage_csv = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "csv",
    .open = csv_open,
    .start = csv_start,
    .process = csv_process,
    .stop = csv_stop,
    .close = csv_close,
};
