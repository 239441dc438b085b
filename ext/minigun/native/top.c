/* top - The first rows in an order, sorted, at the end of the input.
 *
 * Options: n, by (a column; without one, records in the order of their bytes), ascending.
 * Rows that are equal there are in the order of their other columns, so that the result
 * does not depend on the workers. Null comes last, and text behind numbers.
 */
#include <stdlib.h>

#include "native.h"
#include "rowkey.h"
#include "where.h"

enum { DEFAULT_N = 10, MAX_N = 1000000 };

typedef struct {
    size_t n;
    const char *by;
    bool ascending;
} top_t;

/* A row and its texts in one piece of memory. */
typedef struct {
    uint32_t count;
    mg_value_t values[];
} row_t;

typedef struct {
    const top_t *top;
    row_t **rows; /* a heap: the last in the order on top */
    size_t count;
    const mg_columns_t *columns; /* a copy, NULL for plain records */
    const mg_columns_t *seen;
    uint32_t by;
} heap_t;

static int
top_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    int64_t n = mg_option_integer(options, "n", DEFAULT_N);
    (void)host;
    if (n < 1 || n > MAX_N) return mg_stage_fail(error, 0, "n must be 1 to %d", MAX_N);

    top_t *top = calloc(1, sizeof(*top));
    if (top == NULL) return mg_stage_fail(error, 0, "out of memory");
    top->n = (size_t)n;
    top->by = mg_option_text(options, "by", NULL);
    top->ascending = mg_option_true(options, "ascending");
    *stage = top;
    return MG_STAGE_OK;
}

static int
top_close(void *stage, bool complete, mg_error_t *error)
{
    (void)complete;
    (void)error;
    free(stage);
    return MG_STAGE_OK;
}

static int
top_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    heap_t *heap = calloc(1, sizeof(*heap));
    (void)worker;
    if (heap == NULL) return mg_stage_fail(error, 0, "out of memory");
    heap->top = stage;
    heap->rows = malloc((heap->top->n + 1) * sizeof(row_t *));
    if (heap->rows == NULL) {
        free(heap);
        return mg_stage_fail(error, 0, "out of memory");
    }
    *state = heap;
    return MG_STAGE_OK;
}

static void
top_stop(void *state)
{
    heap_t *heap = state;
    for (size_t i = 0; i < heap->count; i++) free(heap->rows[i]);
    free((void *)(uintptr_t)heap->columns);
    free(heap->rows);
    free(heap);
}

static bool
has_text(const mg_value_t *value)
{
    return value->type == MG_VALUE_TEXT || value->type == MG_VALUE_JSON;
}

/* Below zero if `one` comes first. */
static int
compare(const heap_t *heap, const mg_value_t *one, const mg_value_t *other, uint32_t count)
{
    int ranks = mg_value_rank(&one[heap->by], &other[heap->by]);
    if (ranks) return ranks;
    int result = mg_value_order(&one[heap->by], &other[heap->by]);
    if (result) return heap->top->ascending ? result : -result;
    for (uint32_t i = 0; i < count && result == 0; i++) result = mg_value_order(&one[i], &other[i]);
    return result;
}

static int
compare_rows(const heap_t *heap, const row_t *one, const row_t *other)
{
    return compare(heap, one->values, other->values, one->count);
}

static row_t *
copy_row(const mg_value_t *values, uint32_t count)
{
    size_t texts = 0;
    for (uint32_t i = 0; i < count; i++) texts += has_text(&values[i]) ? values[i].length : 0;
    row_t *row = malloc(sizeof(*row) + count * sizeof(mg_value_t) + texts);
    if (row == NULL) return NULL;

    row->count = count;
    char *text = (char *)(row->values + count);
    for (uint32_t i = 0; i < count; i++) {
        row->values[i] = values[i];
        if (!has_text(&values[i])) continue;
        memcpy(text, values[i].as.text, values[i].length);
        row->values[i].as.text = text;
        text += values[i].length;
    }
    return row;
}

static void
sift_up(heap_t *heap, size_t at)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (compare_rows(heap, heap->rows[at], heap->rows[parent]) <= 0) return;
        row_t *row = heap->rows[at];
        heap->rows[at] = heap->rows[parent];
        heap->rows[parent] = row;
        at = parent;
    }
}

static void
sift_down(heap_t *heap)
{
    size_t at = 0;
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++) {
            if (compare_rows(heap, heap->rows[child], heap->rows[last]) > 0) last = child;
        }
        if (last == at) return;
        row_t *row = heap->rows[at];
        heap->rows[at] = heap->rows[last];
        heap->rows[last] = row;
        at = last;
    }
}

static bool
offer(heap_t *heap, const mg_value_t *values, uint32_t count)
{
    bool full = heap->count == heap->top->n;
    if (full && compare(heap, values, heap->rows[0]->values, count) >= 0) return true;

    row_t *row = copy_row(values, count);
    if (row == NULL) return false;
    if (full) {
        free(heap->rows[0]);
        heap->rows[0] = row;
        sift_down(heap);
    }
    else {
        heap->rows[heap->count] = row;
        sift_up(heap, heap->count++);
    }
    return true;
}

static const mg_columns_t *
copy_columns(const mg_columns_t *columns)
{
    size_t size = sizeof(mg_columns_t) + columns->count * sizeof(char *), bytes = 0;
    for (uint32_t i = 0; i < columns->count; i++) bytes += strlen(columns->names[i]) + 1;
    mg_columns_t *copy = malloc(size + bytes);
    if (copy == NULL) return NULL;

    const char **names = (const char **)(void *)(copy + 1);
    char *text = (char *)copy + size;
    for (uint32_t i = 0; i < columns->count; i++) {
        size_t length = strlen(columns->names[i]) + 1;
        memcpy(text, columns->names[i], length);
        names[i] = text;
        text += length;
    }
    copy->count = columns->count;
    copy->names = names;
    return copy;
}

static bool
same(const mg_columns_t *one, const mg_columns_t *other)
{
    if (one->count != other->count) return false;
    for (uint32_t i = 0; i < one->count; i++) {
        if (strcmp(one->names[i], other->names[i]) != 0) return false;
    }
    return true;
}

static int
find_columns(heap_t *heap, const mg_columns_t *columns, mg_error_t *error)
{
    if (heap->seen == columns) return MG_STAGE_OK;
    if (heap->columns && !same(heap->columns, columns)) {
        return mg_stage_fail(error, 0, "top: the rows have different columns");
    }
    heap->by = heap->top->by ? mg_column(columns, heap->top->by) : 0;
    if (heap->by == columns->count) {
        return mg_stage_fail(error, 0, "top: there is no column %s", heap->top->by);
    }
    if (heap->columns == NULL) heap->columns = copy_columns(columns);
    heap->seen = columns;
    return heap->columns ? MG_STAGE_OK : mg_stage_fail(error, 0, "out of memory");
}

static int
top_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    heap_t *heap = state;
    bool kept = true;

    if (block->columns) {
        int status = find_columns(heap, block->columns, emit->error);
        if (status != MG_STAGE_OK) return status;
    }
    else if (heap->top->by) {
        return mg_stage_fail(emit->error, 0, "top by a column needs rows: put json, csv or group "
                             "before it");
    }
    for (size_t i = 0; i < block->count && kept; i++) {
        const mg_record_t *record = &block->records[i];
        mg_value_t whole = { MG_VALUE_TEXT, record->length, { .text = block->data + record->offset } };
        kept = block->columns
                   ? offer(heap, block->values + i * block->columns->count, block->columns->count)
                   : offer(heap, &whole, 1);
    }
    return kept ? MG_STAGE_OK : mg_stage_fail(emit->error, 0, "out of memory");
}

static int
top_merge(void *state, void *other, mg_error_t *error)
{
    heap_t *heap = state;
    const heap_t *from = other;
    if (from->columns) {
        int status = find_columns(heap, from->columns, error);
        if (status != MG_STAGE_OK) return status;
    }
    for (size_t i = 0; i < from->count; i++) {
        if (!offer(heap, from->rows[i]->values, from->rows[i]->count)) {
            return mg_stage_fail(error, 0, "out of memory");
        }
    }
    return MG_STAGE_OK;
}

static int
top_flush(void *state, mg_emit_t *emit)
{
    heap_t *heap = state;
    size_t total = heap->count;

    /* Takes the last one off the heap until none is left: then they are sorted. */
    while (heap->count > 1) {
        row_t *last = heap->rows[0];
        heap->rows[0] = heap->rows[--heap->count];
        heap->rows[heap->count] = last;
        sift_down(heap);
    }
    heap->count = total;
    for (size_t i = 0; i < total; i++) {
        const row_t *row = heap->rows[i];
        mg_value_t *values;
        int status = heap->columns ? emit->row(emit, heap->columns, NULL, &values)
                                   : emit->bytes(emit, row->values[0].as.text, row->values[0].length, NULL);
        if (status != MG_STAGE_OK) return status;
        if (heap->columns) memcpy(values, row->values, row->count * sizeof(mg_value_t));
    }
    return MG_STAGE_OK;
}

const mg_stage_t mg_stage_top = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .flags = MG_STAGE_ROWS,
    .name = "top",
    .open = top_open,
    .start = top_start,
    .process = top_process,
    .flush = top_flush,
    .merge = top_merge,
    .stop = top_stop,
    .close = top_close,
};
