/* range.h - The lines of one range of bytes in a file. */
#ifndef MG_NATIVE_RANGE_H
#define MG_NATIVE_RANGE_H

#include "core/stage.h"

/* Memory that grows. Zero it before the first use; free(bytes) in the end. */
typedef struct {
    char *bytes;
    size_t capacity;
} mg_buffer_t;

/* Makes room for `size` bytes and the padding behind a block. */
int mg_buffer_reserve(mg_buffer_t *buffer, size_t size, mg_error_t *error);

typedef struct {
    int fd;
    uint64_t from, to; /* to > from */
    bool first;        /* a line begins at from, whatever is before it */
    size_t max_line;

    /* What was found: whole lines in buffer[begin, end), the first of them at `offset` of
     * the file. */
    size_t begin, end;
    uint64_t offset;
} mg_range_t;

/* Reads the lines that begin in [from, to), so that ranges side by side give each line
 * once. Other threads may read the same descriptor. */
int mg_range_read(mg_range_t *range, mg_buffer_t *buffer, mg_error_t *error);

/* Fills in the error of a line at `offset`. */
int mg_line_too_long(uint64_t offset, size_t max_line, mg_error_t *error);

#endif
