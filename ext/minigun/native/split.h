/* split.h - Cuts text into lines. */
#ifndef MG_NATIVE_SPLIT_H
#define MG_NATIVE_SPLIT_H

#include "core/stage.h"

typedef struct {
    mg_record_t *items;
    size_t count, capacity;
    size_t begin; /* where the first one was looked for */
} mg_lines_t;

/* Makes a record of each line in data[begin, end), without its newline, and
 * without a return before that. `line` is counted from 0 and `at` from begin. A last
 * line needs no newline. Readable bytes behind `end` are not needed. False if there is no
 * memory. */
bool mg_split_lines(mg_lines_t *lines, const char *data, size_t begin, size_t end);

/* The size of the bytes up to and with their last newline; 0 if there is none. */
size_t mg_whole_lines(const char *bytes, size_t size);

/* The same where newlines within double quotes end no record, as in CSV. The bytes begin
 * outside of quotes. */
bool mg_split_quoted(mg_lines_t *lines, const char *data, size_t size);
size_t mg_whole_quoted(const char *bytes, size_t size);

/* The number of newlines in the bytes. */
size_t mg_count_newlines(const char *bytes, size_t size);

#endif
