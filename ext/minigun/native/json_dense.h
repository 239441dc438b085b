/* json_dense.h - A block's records as one text, with nothing but newlines between them. */
#ifndef MG_NATIVE_JSON_DENSE_H
#define MG_NATIVE_JSON_DENSE_H

#include "core/stage.h"

/* Zero it before the first use. */
typedef struct {
    char *bytes; /* with padding behind */
    size_t size, capacity;
    uint32_t *begins; /* where each record lies */
    size_t begins_capacity;
} mg_json_dense_t;

/* True if the block is such a text as it is. */
bool mg_json_is_dense(const mg_block_t *block);

/* Copies the records side by side. */
int mg_json_make_dense(mg_json_dense_t *dense, const mg_block_t *block, mg_error_t *error);

void mg_json_dense_fini(mg_json_dense_t *dense);

#endif
