#include "stream.h"

#include <string.h>

#include "split.h"

void
mg_stream_reset(mg_stream_t *stream, mg_input_t *input)
{
    mg_input_free(stream->input);
    stream->input = input;
    stream->offset = 0;
    stream->line = 1;
    stream->carried = 0;
}

/* Reads until the buffer holds `target` bytes, or enough for now. */
static int
fill(mg_stream_t *stream, mg_buffer_t *buffer, size_t *filled, size_t target, bool *ended,
     mg_error_t *error)
{
    int status = mg_buffer_reserve(buffer, target, error);
    while (status == MG_STAGE_OK && *filled < target) {
        size_t got;
        char *room = buffer->bytes + *filled;
        status = mg_input_read(stream->input, room, target - *filled, &got, error);
        if (status != MG_STAGE_OK) break;
        *ended = got == 0;
        *filled += got;
        if (*ended || (*filled < target && memchr(room, '\n', got))) break;
    }
    return status;
}

int
mg_stream_take(mg_stream_t *stream, mg_buffer_t *buffer, size_t *size, bool *ended, mg_error_t *error)
{
    size_t filled = stream->carried, end = 0;
    *ended = false;
    int status = mg_buffer_reserve(buffer, filled + stream->block, error);
    if (status != MG_STAGE_OK) return status;
    if (filled > 0) memcpy(buffer->bytes, stream->carry.bytes, filled);
    stream->carried = 0;

    while (end == 0 && !*ended) {
        status = fill(stream, buffer, &filled, filled + stream->block, ended, error);
        if (status != MG_STAGE_OK) return status;
        end = *ended           ? filled
              : stream->quoted ? mg_whole_quoted(buffer->bytes, filled)
                               : mg_whole_lines(buffer->bytes, filled);
        if (end == 0 && filled > stream->max_line) {
            return mg_line_too_long(stream->offset, stream->max_line, error);
        }
    }
    status = mg_buffer_reserve(&stream->carry, filled - end, error);
    if (status != MG_STAGE_OK) return status;
    memcpy(stream->carry.bytes, buffer->bytes + end, filled - end);
    stream->carried = filled - end;
    stream->offset += end;
    stream->line += mg_count_newlines(buffer->bytes, end);
    *size = end;
    return MG_STAGE_OK;
}
