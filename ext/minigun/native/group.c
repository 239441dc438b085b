/* group - Counts and sums by key: each worker for itself, merged at the end.
 *
 * Options: by (any number of columns; none makes one group of all), count, and sum,
 * min, max, mean with any number of columns. The result's columns are those of `by`,
 * then count, then sum_X, min_X, max_X, mean_X in the order given. Records without
 * columns are grouped by their bytes, as column `line`.
 */
#include <stdlib.h>

#include "aggregate.h"
#include "native.h"
#include "rowkey.h"

enum { AGGREGATES = 32 };

typedef struct {
    mg_aggregate_t kind;
    const char *column;
} aggregate_t;

typedef struct {
    mg_rowkey_t key; /* names only */
    bool count;
    uint32_t naggregates;
    aggregate_t aggregates[AGGREGATES];
    mg_columns_t columns;
    const char *names[MG_ROWKEY_COLUMNS + 1 + AGGREGATES];
    char *texts; /* of made-up names */
    uint64_t seed;
    const mg_host_t *host;
} group_t;

typedef struct {
    uint64_t count;
    uint64_t padding;
    mg_cell_t cells[];
} tally_t;

typedef struct {
    const group_t *group;
    mg_rowkey_t key;
    mg_table_t table;
    const mg_columns_t *seen;
    uint32_t places[AGGREGATES];
} counter_t;

static int
group_close(void *stage, bool complete, mg_error_t *error)
{
    group_t *group = stage;
    (void)complete;
    (void)error;
    free(group->texts);
    free(group);
    return MG_STAGE_OK;
}

static int
read_options(group_t *group, const mg_options_t *options, mg_error_t *error)
{
    static const char *const kinds[] = { "sum", "min", "max", "mean" };

    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        if (option->value.type != MG_VALUE_TEXT) continue;
        if (strcmp(option->name, "by") == 0) {
            if (group->key.count == MG_ROWKEY_COLUMNS) {
                return mg_stage_fail(error, 0, "group: by takes %d columns at most", MG_ROWKEY_COLUMNS);
            }
            group->key.names[group->key.count++] = option->value.as.text;
        }
        for (unsigned kind = MG_SUM; kind <= MG_MEAN; kind++) {
            if (strcmp(option->name, kinds[kind]) != 0) continue;
            if (group->naggregates == AGGREGATES) {
                return mg_stage_fail(error, 0, "group: %d sums and so on at most", AGGREGATES);
            }
            group->aggregates[group->naggregates++] =
                (aggregate_t){ (mg_aggregate_t)kind, option->value.as.text };
        }
    }
    group->count = mg_option_true(options, "count") || group->naggregates == 0;
    return MG_STAGE_OK;
}

static int
name_columns(group_t *group, mg_error_t *error)
{
    static const char *const prefixes[] = { "sum_", "min_", "max_", "mean_" };
    size_t size = 1;
    for (uint32_t i = 0; i < group->naggregates; i++) size += strlen(group->aggregates[i].column) + 6;
    group->texts = malloc(size);
    if (group->texts == NULL) return mg_stage_fail(error, 0, "out of memory");

    uint32_t n = 0;
    for (uint32_t i = 0; i < group->key.count; i++) group->names[n++] = group->key.names[i];
    if (group->count) group->names[n++] = "count";
    char *text = group->texts;
    for (uint32_t i = 0; i < group->naggregates; i++) {
        const aggregate_t *aggregate = &group->aggregates[i];
        group->names[n++] = text;
        size_t left = size - (size_t)(text - group->texts);
        text += snprintf(text, left, "%s%s", prefixes[aggregate->kind], aggregate->column) + 1;
    }
    group->columns = (mg_columns_t){ n, group->names };
    return MG_STAGE_OK;
}

static int
group_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    group_t *group = calloc(1, sizeof(*group));
    if (group == NULL) return mg_stage_fail(error, 0, "out of memory");
    group->host = host;
    group->seed = mg_table_seed();

    int status = read_options(group, options, error);
    if (status == MG_STAGE_OK) status = name_columns(group, error);
    if (status != MG_STAGE_OK) {
        group_close(group, false, error);
        return status;
    }
    *stage = group;
    return MG_STAGE_OK;
}

static int
group_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    const group_t *group = stage;
    counter_t *counter = calloc(1, sizeof(*counter));
    (void)worker;
    if (counter == NULL) return mg_stage_fail(error, 0, "out of memory");
    counter->group = group;
    counter->key = group->key;
    mg_table_init(&counter->table, sizeof(tally_t) + group->naggregates * sizeof(mg_cell_t), group->seed);
    *state = counter;
    return MG_STAGE_OK;
}

static void
group_stop(void *state)
{
    counter_t *counter = state;
    mg_table_fini(&counter->table);
    mg_rowkey_fini(&counter->key);
    free(counter);
}

static int
find_columns(counter_t *counter, const mg_columns_t *columns, mg_error_t *error)
{
    if (columns == counter->seen) return MG_STAGE_OK;
    for (uint32_t i = 0; i < counter->group->naggregates; i++) {
        const char *name = counter->group->aggregates[i].column;
        counter->places[i] = mg_column(columns, name);
        if (counter->places[i] == columns->count) {
            return mg_stage_fail(error, 0, "group: there is no column %s", name);
        }
    }
    int status = mg_rowkey_find(&counter->key, columns, "group", error);
    if (status == MG_STAGE_OK) counter->seen = columns;
    return status;
}

static int
count_lines(counter_t *counter, const mg_block_t *block, mg_emit_t *emit)
{
    bool by_line = counter->key.count == 1 && strcmp(counter->key.names[0], "line") == 0;
    if (counter->group->naggregates || (counter->key.count > 0 && !by_line)) {
        return mg_stage_fail(emit->error, 0, "group needs rows: put json, csv or grep with captures "
                             "before it");
    }
    for (size_t i = 0; i < block->count; i++) {
        bool fresh;
        const mg_record_t *record = &block->records[i];
        uint32_t length = counter->key.count ? record->length : 0;
        tally_t *tally = mg_table_put(&counter->table, block->data + record->offset, length,
                                      MG_VALUE_TEXT, &fresh);
        if (tally == NULL) return mg_stage_fail(emit->error, 0, "out of memory");
        tally->count++;
    }
    return MG_STAGE_OK;
}

static int
group_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    counter_t *counter = state;
    const group_t *group = counter->group;
    if (block->columns == NULL) return count_lines(counter, block, emit);

    int status = find_columns(counter, block->columns, emit->error);
    if (status != MG_STAGE_OK) return status;

    const mg_value_t *row = block->values;
    for (size_t i = 0; i < block->count; i++, row += block->columns->count) {
        uint32_t length, tag;
        bool fresh;
        const char *key = mg_rowkey_make(&counter->key, row, &length, &tag);
        tally_t *tally = key ? mg_table_put(&counter->table, key, length, tag, &fresh) : NULL;
        bool added = tally != NULL;
        for (uint32_t a = 0; a < group->naggregates && added; a++) {
            added = mg_cell_add(&counter->table, group->aggregates[a].kind, &tally->cells[a],
                              &row[counter->places[a]]);
        }
        if (!added) return mg_stage_fail(emit->error, 0, "out of memory");
        tally->count++;
    }
    return MG_STAGE_OK;
}

static int
group_merge(void *state, void *other, mg_error_t *error)
{
    counter_t *counter = state;
    const counter_t *from = other;
    const group_t *group = counter->group;

    for (size_t i = 0; i < from->table.count; i++) {
        const char *key;
        uint32_t length, tag;
        bool fresh;
        if (i % 4096 == 0 && group->host->cancelled(group->host)) return MG_STAGE_STOP;
        const tally_t *theirs = mg_table_at(&from->table, i, &key, &length, &tag);
        tally_t *ours = mg_table_put(&counter->table, key, length, tag, &fresh);
        bool added = ours != NULL;
        for (uint32_t a = 0; a < group->naggregates && added; a++) {
            added = mg_cell_merge(&counter->table, group->aggregates[a].kind, &ours->cells[a],
                             &theirs->cells[a]);
        }
        if (!added) return mg_stage_fail(error, 0, "out of memory");
        ours->count += theirs->count;
    }
    return MG_STAGE_OK;
}

static int
group_flush(void *state, mg_emit_t *emit)
{
    counter_t *counter = state;
    const group_t *group = counter->group;

    for (size_t i = 0; i < counter->table.count; i++) {
        const char *key;
        uint32_t length, tag;
        mg_value_t *values, sums[AGGREGATES];
        const tally_t *tally = mg_table_at(&counter->table, i, &key, &length, &tag);
        for (uint32_t a = 0; a < group->naggregates; a++) {
            sums[a] = mg_cell_result(group->aggregates[a].kind, &tally->cells[a], emit);
        }
        int status = emit->row(emit, &group->columns, NULL, &values);
        if (status != MG_STAGE_OK) return status;
        if (group->key.count) mg_rowkey_values(&counter->key, key, length, tag, values);
        values += group->key.count;
        if (group->count) {
            *values++ = (mg_value_t){ MG_VALUE_INTEGER, 0, { .integer = (int64_t)tally->count } };
        }
        memcpy(values, sums, group->naggregates * sizeof(mg_value_t));
    }
    return MG_STAGE_OK;
}

const mg_stage_t mg_stage_group = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .flags = MG_STAGE_ROWS,
    .name = "group",
    .open = group_open,
    .start = group_start,
    .process = group_process,
    .flush = group_flush,
    .merge = group_merge,
    .stop = group_stop,
    .close = group_close,
};
