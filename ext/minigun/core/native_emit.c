#include "native_emit.h"

#include <stdlib.h>

#include "sys.h"

enum {
    OUT_RECORDS = 4096,      /* a block under way is delivered at as many */
    OUT_BYTES = 256 * 1024,
    STORE_BYTES = 64 * 1024
};

struct mg_native_store {
    mg_native_store_t *next;
    size_t used, capacity;
    char bytes[];
};

static int
out_of_memory(mg_native_emit_t *emit)
{
    return mg_stage_fail(emit->face.error, 0, "out of memory");
}

static bool
grow(void **memory, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity) return true;

    size_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted < needed) wanted *= 2;
    void *grown = mg_sys->realloc(*memory, wanted * size);
    if (grown == NULL) return false;

    *memory = grown;
    *capacity = wanted;
    return true;
}

static int
deliver(mg_native_emit_t *emit)
{
    if (emit->out.count == 0) return MG_STAGE_OK;

    emit->out.records = emit->records;
    emit->out.values = emit->out.columns ? emit->values : NULL;
    if (emit->own_bytes) {
        emit->out.data = emit->buffer;
    }
    else {
        emit->out.data = emit->in ? emit->in->data : "";
        emit->out.size = emit->in ? emit->in->size : 0;
    }
    int status = emit->ops->deliver(emit->target, &emit->out);

    emit->out.count = 0;
    emit->out.size = 0;
    emit->own_bytes = false;
    return status;
}

/* Makes sure that the block under way can take records of this kind. */
static int
turn_to(mg_native_emit_t *emit, bool own_bytes, const mg_columns_t *columns, size_t count)
{
    bool fits = emit->out.count == 0 ||
                (emit->own_bytes == own_bytes && emit->out.columns == columns &&
                 emit->out.count + count <= OUT_RECORDS);
    if (!fits) {
        int status = deliver(emit);
        if (status != MG_STAGE_OK) return status;
    }
    emit->own_bytes = own_bytes;
    emit->out.columns = columns;

    size_t total = emit->out.count + count;
    if (!grow((void **)&emit->records, &emit->records_capacity, total, sizeof(mg_record_t)) ||
        (columns && !grow((void **)&emit->values, &emit->values_capacity, total * columns->count,
                          sizeof(mg_value_t)))) {
        return out_of_memory(emit);
    }
    return MG_STAGE_OK;
}

static int
keep_some(mg_native_emit_t *emit, const mg_record_t *records, size_t count)
{
    const mg_block_t *in = emit->in;
    if (in == NULL) return mg_stage_fail(emit->face.error, 0, "nothing to keep in a flush");
    int status = turn_to(emit, false, in->columns, count);
    if (status != MG_STAGE_OK) return status;

    memcpy(emit->records + emit->out.count, records, count * sizeof(mg_record_t));
    if (in->columns) {
        size_t width = in->columns->count;
        size_t first = (size_t)(records - in->records);
        memcpy(emit->values + emit->out.count * width, in->values + first * width,
               count * width * sizeof(mg_value_t));
    }
    emit->out.count += count;
    emit->produced += count;
    return MG_STAGE_OK;
}

static int
emit_keep(mg_emit_t *face, const mg_record_t *records, size_t count)
{
    mg_native_emit_t *emit = (mg_native_emit_t *)face;
    while (count > OUT_RECORDS) {
        int status = keep_some(emit, records, OUT_RECORDS);
        if (status != MG_STAGE_OK) return status;
        records += OUT_RECORDS;
        count -= OUT_RECORDS;
    }
    return keep_some(emit, records, count);
}

static char *
emit_reserve(mg_emit_t *face, size_t length)
{
    mg_native_emit_t *emit = (mg_native_emit_t *)face;
    if (emit->own_bytes && emit->out.size > 0 && emit->out.size + length > OUT_BYTES) {
        if (deliver(emit) != MG_STAGE_OK) return NULL;
    }
    if (turn_to(emit, true, NULL, 1) != MG_STAGE_OK) return NULL;

    size_t needed = emit->out.size + length + 1 + MG_STAGE_PADDING;
    if (needed > UINT32_MAX ||
        !grow((void **)&emit->buffer, &emit->buffer_capacity, needed, 1)) {
        out_of_memory(emit);
        return NULL;
    }
    emit->reserved = length;
    return emit->buffer + emit->out.size;
}

static int
emit_commit(mg_emit_t *face, size_t length, const mg_record_t *from)
{
    mg_native_emit_t *emit = (mg_native_emit_t *)face;
    if (length > emit->reserved) {
        return mg_stage_fail(emit->face.error, 0, "more bytes committed than reserved");
    }
    mg_record_t *record = &emit->records[emit->out.count++];
    record->offset = (uint32_t)emit->out.size;
    record->length = (uint32_t)length;
    record->line = from ? from->line : 0;
    record->at = from ? from->at : 0;
    emit->buffer[emit->out.size + length] = '\n';
    emit->out.size += length + 1;
    emit->reserved = 0;
    emit->produced++;
    return MG_STAGE_OK;
}

static int
emit_bytes(mg_emit_t *face, const void *bytes, size_t length, const mg_record_t *from)
{
    char *room = emit_reserve(face, length);
    if (room == NULL) return face->error->text[0] ? MG_STAGE_FAILED : MG_STAGE_STOP;
    memcpy(room, bytes, length);
    return emit_commit(face, length, from);
}

static int
emit_row(mg_emit_t *face, const mg_columns_t *columns, const mg_record_t *from,
         mg_value_t **values)
{
    static const mg_record_t none = { 0, 0, 0, 0 };
    mg_native_emit_t *emit = (mg_native_emit_t *)face;

    int status = turn_to(emit, false, columns, 1);
    if (status != MG_STAGE_OK) return status;

    *values = emit->values + emit->out.count * columns->count;
    emit->records[emit->out.count++] = from ? *from : none;
    emit->produced++;
    return MG_STAGE_OK;
}

static char *
emit_store(mg_emit_t *face, size_t length)
{
    mg_native_emit_t *emit = (mg_native_emit_t *)face;
    mg_native_store_t *store = emit->store;

    if (store == NULL || store->capacity - store->used < length) {
        size_t capacity = length > STORE_BYTES ? length : STORE_BYTES;
        store = mg_sys->malloc(sizeof(*store) + capacity);
        if (store == NULL) return NULL;
        store->used = 0;
        store->capacity = capacity;
        store->next = emit->store;
        emit->store = store;
    }
    char *room = store->bytes + store->used;
    store->used += length;
    return room;
}

static int
emit_reject(mg_emit_t *face, const mg_record_t *record, int code, const char *text)
{
    mg_native_emit_t *emit = (mg_native_emit_t *)face;
    emit->failed++;
    return emit->ops->reject(emit->target, emit->in, record, code, text);
}

void
mg_native_emit_init(mg_native_emit_t *emit, const mg_native_emit_ops_t *ops, void *target,
                    mg_error_t *error)
{
    memset(emit, 0, sizeof(*emit));
    emit->face = (mg_emit_t){ .abi = MG_STAGE_ABI,
                              .size = sizeof(mg_emit_t),
                              .error = error,
                              .keep = emit_keep,
                              .bytes = emit_bytes,
                              .reserve = emit_reserve,
                              .commit = emit_commit,
                              .row = emit_row,
                              .store = emit_store,
                              .reject = emit_reject };
    emit->ops = ops;
    emit->target = target;
}

/* Frees all pieces but one of the ordinary size. */
static void
shrink_store(mg_native_emit_t *emit)
{
    mg_native_store_t *kept = NULL;
    while (emit->store) {
        mg_native_store_t *store = emit->store;
        emit->store = store->next;
        if (kept == NULL && store->capacity == STORE_BYTES) {
            kept = store;
        }
        else {
            free(store);
        }
    }
    if (kept) {
        kept->used = 0;
        kept->next = NULL;
    }
    emit->store = kept;
}

void
mg_native_emit_fini(mg_native_emit_t *emit)
{
    shrink_store(emit);
    free(emit->store);
    free(emit->records);
    free(emit->values);
    free(emit->buffer);
}

void
mg_native_emit_begin(mg_native_emit_t *emit, const mg_block_t *in)
{
    emit->in = in;
    emit->out.count = 0;
    emit->out.size = 0;
    emit->own_bytes = false;
    emit->out.origin = in ? in->origin : NULL;
    emit->out.sequence = in ? in->sequence : 0;
}

int
mg_native_emit_end(mg_native_emit_t *emit)
{
    int status = deliver(emit);
    if (emit->store && emit->store->used > 0) shrink_store(emit);
    return status;
}
