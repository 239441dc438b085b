/* json - Takes objects, one per record, apart: selects members and filters by them.
 *
 * A block is indexed as a whole, then walked record by record. Each record is checked
 * whole, also one that a condition has ruled out, unless `lazy`. One that is wrong in a way that spoils
 * the index of its neighbours makes the block be indexed record by record, so that only
 * it is rejected. A member that occurs twice counts as the last one, and each must meet
 * its conditions.
 *
 * Options: select (any number: a name, or a JSON pointer into objects within; `as` behind
 * one names its column), lazy, and conditions: see where.h.
 */
#include "native.h"

#ifdef HAVE_SIMDJSON

#include <stdlib.h>

#include "json_dense.h"
#include "json_index.h"
#include "json_text.h"
#include "json_walk.h"
#include "where.h"

typedef struct {
    mg_json_fields_t fields;
    uint32_t selected[MG_JSON_FIELDS];
    const char *names[MG_JSON_FIELDS];
    mg_columns_t columns;
    mg_where_t where;
    bool lazy;
    mg_json_rule_t rule;
} json_t;

typedef struct {
    const json_t *json;
    mg_json_index_t *index;
    mg_json_dense_t dense; /* of a block whose records don't lie side by side */
    mg_json_found_t found[MG_JSON_FIELDS];
    mg_value_t values[MG_JSON_FIELDS];
} reader_t;

static int
json_close(void *stage, bool complete, mg_error_t *error)
{
    json_t *json = stage;
    (void)complete;
    (void)error;
    mg_where_free(&json->where);
    mg_json_fields_fini(&json->fields);
    free(json);
    return MG_STAGE_OK;
}

static bool
number_field(void *data, const char *name, uint32_t *slot, mg_error_t *error)
{
    json_t *json = data;
    if (mg_json_field(&json->fields, name, &json->rule.slots, slot, error) != MG_STAGE_OK) return false;
    json->rule.decisive |= 1ull << *slot;
    return true;
}

static int
read_select(json_t *json, const mg_options_t *options, mg_error_t *error)
{
    mg_columns_t *columns = &json->columns;
    columns->names = json->names;
    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        if (option->value.type != MG_VALUE_TEXT) continue;
        const char *text = option->value.as.text;

        if (strcmp(option->name, "as") == 0 && columns->count > 0) {
            json->names[columns->count - 1] = text;
        }
        else if (strcmp(option->name, "select") == 0) {
            uint32_t slot;
            if (columns->count == MG_JSON_FIELDS) {
                return mg_stage_fail(error, 0, "json gives %d columns, not more", MG_JSON_FIELDS);
            }
            int status = mg_json_field(&json->fields, text, &json->rule.slots, &slot, error);
            if (status != MG_STAGE_OK) return status;
            json->selected[columns->count] = slot;
            json->names[columns->count++] = text;
        }
    }
    return MG_STAGE_OK;
}

/* Are the conditions on a member met, as far as that can be told at once? */
static bool
may_hold(const void *data, uint32_t slot, const char *text, const mg_json_found_t *found,
         bool escapes)
{
    const json_t *json = data;
    uint32_t length = found->end - found->begin;
    mg_value_t value = found->scalar;
    if (found->kind == '{' || found->kind == '[') return true;
    if (found->kind == '"') {
        if (escapes && memchr(text + found->begin, '\\', length)) return true;
        value = (mg_value_t){ MG_VALUE_TEXT, length, { .text = text + found->begin } };
    }
    return mg_where_column_holds(&json->where, slot, &value, false);
}

static int
json_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    json_t *json = calloc(1, sizeof(*json));
    (void)host;
    if (json == NULL) return mg_stage_fail(error, 0, "out of memory");

    json->lazy = mg_option_true(options, "lazy");
    int status = read_select(json, options, error);
    if (status == MG_STAGE_OK) {
        status = mg_where_read(&json->where, options, number_field, json, error);
    }
    if (status != MG_STAGE_OK) {
        json_close(json, false, error);
        return status;
    }
    for (uint32_t i = 0; i < json->rule.slots; i++) {
        mg_json_rule_t *rule = &json->rule;
        if (mg_where_span(&json->where, i, &rule->low[i], &rule->high[i])) rule->spanned |= 1ull << i;
    }
    json->rule.holds = may_hold;
    json->rule.data = json;
    *stage = json;
    return MG_STAGE_OK;
}

static void
json_stop(void *state)
{
    reader_t *reader = state;
    mg_json_index_free(reader->index);
    mg_json_dense_fini(&reader->dense);
    free(reader);
}

static int
json_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    reader_t *reader = calloc(1, sizeof(*reader));
    (void)worker;
    if (reader == NULL) return mg_stage_fail(error, 0, "out of memory");
    reader->json = stage;
    reader->index = mg_json_index_new();
    if (reader->index == NULL) {
        json_stop(reader);
        return mg_stage_fail(error, 0, "json: can't make a parser");
    }
    *state = reader;
    return MG_STAGE_OK;
}

/* Makes a value of a found text; a complaint if it is no JSON. */
static const char *
to_value(const mg_json_walk_t *walk, const mg_json_found_t *found, mg_value_t *value,
         mg_emit_t *emit)
{
    const char *text = walk->data + found->begin;
    uint32_t length = found->end - found->begin;

    switch (found->kind) {
    case 0:
        value->type = MG_VALUE_NULL;
        return NULL;
    case '{':
    case '[':
        *value = (mg_value_t){ MG_VALUE_JSON, length, { .text = text } };
        return NULL;
    case '"':
        *value = (mg_value_t){ MG_VALUE_TEXT, length, { .text = text } };
        break;
    default:
        *value = found->scalar;
        return NULL;
    }
    if (!walk->escapes || !memchr(text, '\\', length)) return NULL;

    size_t size;
    char *room = emit->store(emit, length);
    if (room == NULL) return "out of memory";
    if (!mg_json_unescape(text, length, room, &size)) return "a JSON string has a wrong escape";
    value->as.text = room;
    value->length = (uint32_t)size;
    return NULL;
}

static int
emit_row(const reader_t *reader, const mg_json_walk_t *walk, const mg_record_t *record,
         mg_emit_t *emit)
{
    const json_t *json = reader->json;
    mg_value_t *values, row[MG_JSON_FIELDS];

    for (uint32_t i = 0; i < json->columns.count; i++) {
        uint32_t field = json->selected[i];
        if (json->rule.decisive >> field & 1) {
            row[i] = reader->values[field];
            continue;
        }
        const char *complaint = to_value(walk, &reader->found[field], &row[i], emit);
        if (complaint) return emit->reject(emit, record, 0, complaint);
    }
    int status = emit->row(emit, &json->columns, record, &values);
    if (status == MG_STAGE_OK) memcpy(values, row, json->columns.count * sizeof(mg_value_t));
    return status;
}

/* Walks over the record whose text is at `begin` of the walk's data. */
static int
take_record(reader_t *reader, mg_json_walk_t *walk, uint32_t begin, const mg_record_t *record,
            mg_emit_t *emit)
{
    const json_t *json = reader->json;
    const char *complaint =
        mg_json_walk(walk, begin, begin + record->length, &json->fields, reader->found);
    if (complaint) return emit->reject(emit, record, 0, complaint);
    if (walk->ruled_out) return MG_STAGE_OK;

    for (uint64_t left = json->rule.decisive; left && !complaint; left &= left - 1) {
        uint32_t field = (uint32_t)__builtin_ctzll(left);
        complaint = to_value(walk, &reader->found[field], &reader->values[field], emit);
    }
    if (complaint) return emit->reject(emit, record, 0, complaint);
    if (!mg_where_holds(&json->where, reader->values, false)) return MG_STAGE_OK;
    return json->columns.count ? emit_row(reader, walk, record, emit) : emit->keep(emit, record, 1);
}

static mg_json_walk_t
new_walk(const json_t *json, const char *data, bool escapes)
{
    return (mg_json_walk_t){ .data = data,
                             .escapes = escapes,
                             .lazy = json->lazy,
                             .rule = &json->rule };
}

/* Each record with an index of its own. They lie in `dense`. */
static int
take_singly(reader_t *reader, const mg_block_t *block, mg_emit_t *emit)
{
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        mg_json_walk_t walk = new_walk(reader->json, reader->dense.bytes + reader->dense.begins[i], true);
        size_t count;
        const char *complaint =
            mg_json_index_run(reader->index, walk.data, record->length, &walk.next, &count);
        int status = complaint ? emit->reject(emit, record, 0, complaint)
                               : take_record(reader, &walk, 0, record, emit);
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

static int
json_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    reader_t *reader = state;
    mg_json_dense_t *dense = &reader->dense;
    bool is_dense = mg_json_is_dense(block);
    if (block->count == 0) return MG_STAGE_OK;

    if (!is_dense && mg_json_make_dense(dense, block, emit->error) != MG_STAGE_OK) return MG_STAGE_FAILED;
    const mg_record_t *first = &block->records[0], *last = &block->records[block->count - 1];
    const char *data = is_dense ? block->data + first->offset : dense->bytes;
    size_t size = is_dense ? last->offset + last->length - first->offset : dense->size, count;

    mg_json_walk_t walk = new_walk(reader->json, data, memchr(data, '\\', size) != NULL);
    if (mg_json_index_run(reader->index, data, size, &walk.next, &count)) {
        int status = is_dense ? mg_json_make_dense(dense, block, emit->error) : MG_STAGE_OK;
        return status == MG_STAGE_OK ? take_singly(reader, block, emit) : status;
    }
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        uint32_t begin = is_dense ? record->offset - first->offset : dense->begins[i];
        int status = take_record(reader, &walk, begin, record, emit);
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

#else

#define json_close NULL
#define json_start NULL
#define json_stop NULL

static int
json_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    (void)options;
    (void)host;
    (void)stage;
    return mg_stage_fail(error, 0, "json needs simdjson and a C++ compiler, which were not there when "
                         "minigun was compiled; install the packages libsimdjson-dev and g++, then "
                         "minigun again");
}

static int
json_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    (void)block;
    (void)emit;
    return MG_STAGE_OK;
}

#endif

const mg_stage_t mg_stage_json = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "json",
    .open = json_open,
    .start = json_start,
    .process = json_process,
    .stop = json_stop,
    .close = json_close,
};
