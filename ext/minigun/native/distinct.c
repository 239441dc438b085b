/* distinct - Passes on the first record of each kind, whichever worker sees it.
 *
 * The workers share one set in many parts, so a record goes on at once. Which of several
 * equal ones is the first depends on the workers.
 *
 * Options: by (any number of columns; all of them, or the record's bytes, without).
 */
#include <pthread.h>
#include <stdlib.h>

#include "native.h"
#include "rowkey.h"

enum { PARTS = 64 };

typedef struct {
    pthread_mutex_t lock;
    mg_table_t table; /* Guarded by lock. */
} part_t;

typedef struct {
    mg_rowkey_t key; /* names only */
    uint64_t seed;
    part_t parts[PARTS];
} distinct_t;

typedef struct {
    distinct_t *distinct;
    mg_rowkey_t key;
} seeker_t;

static int
distinct_close(void *stage, bool complete, mg_error_t *error)
{
    distinct_t *distinct = stage;
    (void)complete;
    (void)error;
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_destroy(&distinct->parts[i].lock);
        mg_table_fini(&distinct->parts[i].table);
    }
    free(distinct);
    return MG_STAGE_OK;
}

static int
distinct_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    distinct_t *distinct = calloc(1, sizeof(*distinct));
    (void)host;
    if (distinct == NULL) return mg_stage_fail(error, 0, "out of memory");

    distinct->seed = mg_table_seed();
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_init(&distinct->parts[i].lock, NULL);
        mg_table_init(&distinct->parts[i].table, 0, distinct->seed);
    }
    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        if (strcmp(option->name, "by") || option->value.type != MG_VALUE_TEXT) continue;
        if (distinct->key.count == MG_ROWKEY_COLUMNS) {
            distinct_close(distinct, false, error);
            return mg_stage_fail(error, 0, "distinct: by takes %d columns at most", MG_ROWKEY_COLUMNS);
        }
        distinct->key.names[distinct->key.count++] = option->value.as.text;
    }
    *stage = distinct;
    return MG_STAGE_OK;
}

static int
distinct_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    seeker_t *seeker = calloc(1, sizeof(*seeker));
    (void)worker;
    if (seeker == NULL) return mg_stage_fail(error, 0, "out of memory");
    seeker->distinct = stage;
    seeker->key = seeker->distinct->key;
    *state = seeker;
    return MG_STAGE_OK;
}

static void
distinct_stop(void *state)
{
    seeker_t *seeker = state;
    mg_rowkey_fini(&seeker->key);
    free(seeker);
}

/* All columns are the key where none are named. */
static int
find_columns(seeker_t *seeker, const mg_columns_t *columns, mg_error_t *error)
{
    if (seeker->distinct->key.count == 0 && seeker->key.seen != columns) {
        seeker->key.count = 0;
        if (columns->count > MG_ROWKEY_COLUMNS) {
            return mg_stage_fail(error, 0, "distinct: name the columns with by, %d at most",
                                 MG_ROWKEY_COLUMNS);
        }
        for (uint32_t i = 0; i < columns->count; i++) {
            seeker->key.names[seeker->key.count++] = columns->names[i];
        }
    }
    return mg_rowkey_find(&seeker->key, columns, "distinct", error);
}

static int
distinct_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    seeker_t *seeker = state;
    distinct_t *distinct = seeker->distinct;
    int status = MG_STAGE_OK;
    if (block->columns) status = find_columns(seeker, block->columns, emit->error);
    else if (distinct->key.count) {
        return mg_stage_fail(emit->error, 0, "distinct by columns needs rows: put json, csv or grep "
                             "with captures before it");
    }
    for (size_t i = 0; i < block->count && status == MG_STAGE_OK; i++) {
        const mg_record_t *record = &block->records[i];
        uint32_t length = record->length, tag = MG_VALUE_TEXT;
        const char *key = block->data + record->offset;
        if (block->columns) {
            key = mg_rowkey_make(&seeker->key, block->values + i * block->columns->count, &length, &tag);
            if (key == NULL) return mg_stage_fail(emit->error, 0, "out of memory");
        }
        /* The part is chosen by another seed than the place in its table. */
        part_t *part = &distinct->parts[mg_table_hash(key, length, ~distinct->seed) % PARTS];
        bool fresh = false;
        pthread_mutex_lock(&part->lock);
        bool stored = mg_table_put(&part->table, key, length, tag, &fresh) != NULL;
        pthread_mutex_unlock(&part->lock);
        if (!stored) return mg_stage_fail(emit->error, 0, "out of memory");
        if (fresh) status = emit->keep(emit, record, 1);
    }
    return status;
}

const mg_stage_t mg_stage_distinct = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .flags = MG_STAGE_ROWS,
    .name = "distinct",
    .open = distinct_open,
    .start = distinct_start,
    .process = distinct_process,
    .stop = distinct_stop,
    .close = distinct_close,
};
