/* stream.h - Whole lines of an input that can only be read from its begin to its end. */
#ifndef MG_NATIVE_STREAM_H
#define MG_NATIVE_STREAM_H

#include "input.h"
#include "range.h"

/* What one caller at a time may use. Zero it, then fill in the first four. */
typedef struct {
    mg_input_t *input; /* the stream's own; NULL where nothing is open */
    size_t block;      /* bytes to read at once */
    size_t max_line;
    bool quoted;         /* newlines within double quotes end no line */
    uint64_t offset;     /* of the next byte, unpacked */
    uint64_t line;       /* its number, from 1 */
    mg_buffer_t carry;   /* the begin of a line whose end was not read yet */
    size_t carried;
} mg_stream_t;

/* Reads into the buffer: *size bytes of whole lines, and the rest too if the input has
 * *ended. A pipe is not waited for once there is a whole line. As mg_input_read. */
int mg_stream_take(mg_stream_t *stream, mg_buffer_t *buffer, size_t *size, bool *ended,
                   mg_error_t *error);

/* Takes another input; the one before is freed. NULL is allowed. */
void mg_stream_reset(mg_stream_t *stream, mg_input_t *input);

#endif
