/* csv - Takes records of comma-separated values apart (RFC 4180): selects columns and
 * filters by them. Values are text; a condition with a number compares numbers.
 *
 * The first record of each file, or of the input, names the columns unless `headers`
 * does. A file whose values hold newlines needs lines with `quoted`.
 *
 * Options: select (any number; all columns without), headers (any number), separator,
 * and conditions: see where.h.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "native.h"
#include "where.h"

enum { FIELDS = 1024, WAIT_MILLISECONDS = 10, WAITS = 3000 };

/* The columns of one file. */
typedef struct header header_t;
struct header {
    header_t *next;
    const char *file; /* NULL for input without a name */
    uint32_t count;   /* of fields in a record */
    uint32_t *places; /* of the columns wanted: selected ones, then compared ones */
    mg_columns_t columns;
    char **names;
};

typedef struct {
    const mg_host_t *host;
    char separator;
    const char *selected[FIELDS];
    uint32_t nselected;
    const char *given[FIELDS]; /* headers by option */
    uint32_t ngiven;
    const char *compared[FIELDS];
    uint32_t ncompared;
    mg_where_t where;

    pthread_mutex_t lock;
    pthread_cond_t known;
    header_t *headers; /* Guarded by lock. */
} csv_t;

typedef struct {
    csv_t *csv;
    const header_t *header; /* of the last block */
    uint32_t count;
    mg_value_t fields[FIELDS];
    mg_value_t compared[FIELDS];
    char *plain; /* fields without their quotes */
    size_t plain_size;
} parser_t;

static void
free_header(header_t *header)
{
    for (uint32_t i = 0; header->names && i < header->columns.count; i++) free(header->names[i]);
    free(header->names);
    free(header->places);
    free(header);
}

static int
csv_close(void *stage, bool complete, mg_error_t *error)
{
    csv_t *csv = stage;
    (void)complete;
    (void)error;
    while (csv->headers) {
        header_t *header = csv->headers;
        csv->headers = header->next;
        free_header(header);
    }
    mg_where_free(&csv->where);
    pthread_mutex_destroy(&csv->lock);
    pthread_cond_destroy(&csv->known);
    free(csv);
    return MG_STAGE_OK;
}

static bool
number_column(void *data, const char *name, uint32_t *column, mg_error_t *error)
{
    csv_t *csv = data;
    if (csv->ncompared == FIELDS) {
        mg_stage_fail(error, 0, "csv: conditions on %d columns at most", FIELDS);
        return false;
    }
    *column = csv->ncompared;
    csv->compared[csv->ncompared++] = name;
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
        uint32_t *count = select ? &csv->nselected : &csv->ngiven;
        if (*count == FIELDS) return mg_stage_fail(error, 0, "csv: %d columns at most", FIELDS);
        (select ? csv->selected : csv->given)[(*count)++] = option->value.as.text;
    }
    return mg_where_read(&csv->where, options, number_column, csv, error);
}

static int
csv_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    csv_t *csv = calloc(1, sizeof(*csv));
    if (csv == NULL) return mg_stage_fail(error, 0, "out of memory");
    csv->host = host;
    pthread_mutex_init(&csv->lock, NULL);
    pthread_cond_init(&csv->known, NULL);
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
        if (parser->count == FIELDS) return "too many fields in CSV";
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

static int
find_place(const char *const *names, uint32_t count, const char *name, uint32_t *place,
           mg_error_t *error)
{
    for (*place = 0; *place < count; ++*place) {
        if (strcmp(names[*place], name) == 0) return MG_STAGE_OK;
    }
    return mg_stage_fail(error, 0, "csv: there is no column %s", name);
}

/* Lock held. */
static int
add_header(csv_t *csv, const char *file, const char *const *names, uint32_t count, mg_error_t *error)
{
    header_t *header = calloc(1, sizeof(*header));
    if (header == NULL) return mg_stage_fail(error, 0, "out of memory");
    uint32_t nselected = csv->nselected ? csv->nselected : count;
    header->file = file;
    header->count = count;
    header->places = calloc(nselected + csv->ncompared + 1, sizeof(uint32_t));
    header->names = calloc(nselected + 1, sizeof(char *));
    int status = header->places && header->names ? MG_STAGE_OK : mg_stage_fail(error, 0, "out of memory");

    for (uint32_t i = 0; i < nselected && status == MG_STAGE_OK; i++) {
        header->places[i] = i;
        if (csv->nselected) status = find_place(names, count, csv->selected[i], &header->places[i], error);
        if (status != MG_STAGE_OK) break;
        header->names[i] = strdup(names[header->places[i]]);
        header->columns.count = i + 1;
        if (header->names[i] == NULL) status = mg_stage_fail(error, 0, "out of memory");
    }
    for (uint32_t i = 0; i < csv->ncompared && status == MG_STAGE_OK; i++) {
        status = find_place(names, count, csv->compared[i], &header->places[nselected + i], error);
    }
    header->columns.names = (const char *const *)header->names;
    if (status != MG_STAGE_OK) {
        free_header(header);
        return status;
    }
    header->next = csv->headers;
    csv->headers = header;
    pthread_cond_broadcast(&csv->known);
    return MG_STAGE_OK;
}

/* Lock held. */
static const header_t *
find_header(const csv_t *csv, const char *file)
{
    const header_t *header = csv->headers;
    while (header && header->file != file) header = header->next;
    return header;
}

/* Lock held. Makes the header of the record's fields. */
static int
read_header(parser_t *parser, const char *file, const char *text, const mg_record_t *record,
            mg_error_t *error)
{
    const char *names[FIELDS];
    char *copy = malloc(2 * (size_t)record->length + FIELDS + 1), *plain = copy;
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
    if (status == MG_STAGE_OK) status = add_header(parser->csv, file, names, parser->count, error);
    free(copy);
    return status;
}

/* Lock held. Another worker has the block with the header. */
static int
wait_for_header(csv_t *csv, const char *file, mg_error_t *error)
{
    for (int i = 0; find_header(csv, file) == NULL; i++) {
        struct timespec until;
        if (csv->host->cancelled(csv->host)) return MG_STAGE_STOP;
        if (i == WAITS) {
            return mg_stage_fail(error, 0, "csv: no record of %s named the columns; put csv behind "
                                 "lines, or give headers", file ? file : "the input");
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += WAIT_MILLISECONDS * 1000000l;
        if (until.tv_nsec >= 1000000000l) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000l;
        }
        pthread_cond_timedwait(&csv->known, &csv->lock, &until);
    }
    return MG_STAGE_OK;
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
    const char *file = block->origin && !csv->ngiven ? block->origin->name : NULL;
    const mg_record_t *record = &block->records[0];
    int status = MG_STAGE_OK;
    *first = 0;

    pthread_mutex_lock(&csv->lock);
    if (csv->ngiven) {
        if (csv->headers == NULL) status = add_header(csv, NULL, csv->given, csv->ngiven, error);
    }
    else if (begins_file(block)) {
        *first = 1;
        if (find_header(csv, file) == NULL) {
            status = read_header(parser, file, block->data + record->offset, record, error);
        }
    }
    else if (parser->header == NULL || parser->header->file != file) {
        status = wait_for_header(csv, file, error);
    }
    parser->header = find_header(csv, file);
    pthread_mutex_unlock(&csv->lock);
    return status;
}

static int
take_record(parser_t *parser, const mg_block_t *block, const mg_record_t *record, char **plain,
            mg_emit_t *emit)
{
    const csv_t *csv = parser->csv;
    const header_t *header = parser->header;
    const char *text = block->data + record->offset;
    char complaint[80];

    const char *wrong = split(parser, text, text + record->length, plain);
    if (wrong) return emit->reject(emit, record, 0, wrong);
    if (parser->count != header->count) {
        snprintf(complaint, sizeof(complaint), "%u CSV fields, where the header has %u", parser->count,
                 header->count);
        return emit->reject(emit, record, 0, complaint);
    }
    for (uint32_t i = 0; i < csv->ncompared; i++) {
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
