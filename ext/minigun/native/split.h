/* split.h - Cuts text into lines. */
#ifndef MG_NATIVE_SPLIT_H
#define MG_NATIVE_SPLIT_H

#include "core/stage.h"

typedef struct {
    mg_record_t *items;
    size_t count, capacity;
} mg_lines_t;

/* Makes a record of each line in data[begin, end), without its newline. `line` is
 * counted from 0 and `at` from data. A last line needs no
 * newline. Readable bytes behind `end` are not needed. False if there is no
 * memory. */
bool mg_split_lines(mg_lines_t *lines, const char *data, size_t begin, size_t end);

/* The number of newlines in the bytes. */
size_t mg_count_newlines(const char *bytes, size_t size);

#endif
