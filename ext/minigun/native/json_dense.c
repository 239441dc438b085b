#include "json_dense.h"

#include <stdlib.h>

bool
mg_json_is_dense(const mg_block_t *block)
{
    for (size_t i = 1; i < block->count; i++) {
        const mg_record_t *before = &block->records[i - 1];
        const char *end = block->data + before->offset + before->length;
        uint32_t gap = block->records[i].offset - before->offset - before->length;
        if (!(gap == 1 && *end == '\n') && !(gap == 2 && *end == '\r' && end[1] == '\n')) return false;
    }
    return true;
}

static int
reserve(mg_json_dense_t *dense, size_t bytes, size_t count, mg_error_t *error)
{
    bytes += MG_STAGE_PADDING;
    if (bytes > UINT32_MAX) return mg_stage_fail(error, 0, "a block of more than 4 GB");
    if (bytes > dense->capacity) {
        char *grown = realloc(dense->bytes, bytes);
        if (grown == NULL) return mg_stage_fail(error, 0, "out of memory");
        dense->bytes = grown;
        dense->capacity = bytes;
    }
    if (count > dense->begins_capacity) {
        uint32_t *grown = realloc(dense->begins, count * sizeof(*grown));
        if (grown == NULL) return mg_stage_fail(error, 0, "out of memory");
        dense->begins = grown;
        dense->begins_capacity = count;
    }
    return MG_STAGE_OK;
}

int
mg_json_make_dense(mg_json_dense_t *dense, const mg_block_t *block, mg_error_t *error)
{
    size_t total = 0;
    for (size_t i = 0; i < block->count; i++) total += block->records[i].length + 1;
    int status = reserve(dense, total, block->count, error);
    if (status != MG_STAGE_OK) return status;

    dense->size = 0;
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        dense->begins[i] = (uint32_t)dense->size;
        memcpy(dense->bytes + dense->size, block->data + record->offset, record->length);
        dense->size += record->length;
        dense->bytes[dense->size++] = '\n';
    }
    memset(dense->bytes + dense->size, ' ', MG_STAGE_PADDING);
    return MG_STAGE_OK;
}

void
mg_json_dense_fini(mg_json_dense_t *dense)
{
    free(dense->bytes);
    free(dense->begins);
}
