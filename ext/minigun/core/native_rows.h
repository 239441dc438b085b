/* native_rows.h - Rows as lines of JSON, for stages that know only bytes. */
#ifndef MG_NATIVE_ROWS_H
#define MG_NATIVE_ROWS_H

#include "stage.h"

/* Buffers used again from block to block. Zero it before the first use. */
typedef struct {
    char *bytes;
    size_t size, capacity;
    mg_record_t *records;
    size_t records_capacity;
    mg_block_t block;
} mg_native_rows_t;

/* The block of rows as a block of JSON texts, in the memory of `rows`; NULL if
 * there is no memory. */
const mg_block_t *mg_native_rows_render(mg_native_rows_t *rows, const mg_block_t *block);

void mg_native_rows_fini(mg_native_rows_t *rows);

#endif
