/* rowkey.h - Some columns of a row as one key, and back. */
#ifndef MG_NATIVE_ROWKEY_H
#define MG_NATIVE_ROWKEY_H

#include "core/stage.h"
#include "table.h"

enum { MG_ROWKEY_COLUMNS = 16 };

/* The columns by name, and where they are in the blocks at hand. */
typedef struct {
    uint32_t count;
    const char *names[MG_ROWKEY_COLUMNS];
    const mg_columns_t *seen;
    uint32_t places[MG_ROWKEY_COLUMNS];
    char *bytes;
    size_t capacity;
} mg_rowkey_t;

/* The place of a name among the columns; their count if it isn't there. */
uint32_t mg_column(const mg_columns_t *columns, const char *name);

/* Finds the columns in a block's; what isn't there is an error. */
int mg_rowkey_find(mg_rowkey_t *key, const mg_columns_t *columns, const char *stage,
                   mg_error_t *error);

/* The key of a row. NULL if there is no memory. */
const char *mg_rowkey_make(mg_rowkey_t *key, const mg_value_t *row, uint32_t *length,
                           uint32_t *tag);

/* Writes the values that a key was made from; texts lie within the key. */
void mg_rowkey_values(const mg_rowkey_t *key, const char *bytes, uint32_t length, uint32_t tag,
                      mg_value_t *values);

void mg_rowkey_fini(mg_rowkey_t *key);

#endif
