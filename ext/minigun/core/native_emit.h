/* native_emit.h - What a native stage emits into: the block under way to the next
 * stage. Records that are passed on stay where they are; new bytes go into a
 * buffer that is used again and again. */
#ifndef MG_NATIVE_EMIT_H
#define MG_NATIVE_EMIT_H

#include "stage.h"

typedef struct mg_native_emit mg_native_emit_t;

/* Takes a full block, or a rejected record; owned by whoever made the emit. */
typedef struct {
    int (*deliver)(void *target, const mg_block_t *block);
    int (*reject)(void *target, const mg_block_t *block, const mg_record_t *record, int code,
                  const char *text);
} mg_native_emit_ops_t;

/* A piece of the memory behind mg_emit_t.store. */
typedef struct mg_native_store mg_native_store_t;

struct mg_native_emit {
    mg_emit_t face; /* first: the stage holds a pointer to it */
    const mg_native_emit_ops_t *ops;
    void *target;

    const mg_block_t *in; /* the block in hand; NULL in a flush */
    mg_block_t out;       /* the block under way */
    bool own_bytes;       /* its records lie in `buffer`, not in in->data */

    mg_record_t *records;
    size_t records_capacity;
    mg_value_t *values;
    size_t values_capacity;
    char *buffer;
    size_t buffer_capacity;
    size_t reserved;
    mg_native_store_t *store; /* the piece in use, then the others */
    uint64_t produced, failed; /* records, so far */
};

void mg_native_emit_init(mg_native_emit_t *emit, const mg_native_emit_ops_t *ops, void *target,
                         mg_error_t *error);
void mg_native_emit_fini(mg_native_emit_t *emit);

/* Before a call of the stage: `in` is the block it gets, or NULL. */
void mg_native_emit_begin(mg_native_emit_t *emit, const mg_block_t *in);

/* After the call: delivers what is left. As deliver. */
int mg_native_emit_end(mg_native_emit_t *emit);

#endif
