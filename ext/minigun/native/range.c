#include "range.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLACK = 4096 }; /* read beyond the range, for the end of its last line */

int
mg_buffer_reserve(mg_buffer_t *buffer, size_t size, mg_error_t *error)
{
    size += MG_STAGE_PADDING;
    if (size <= buffer->capacity) return MG_STAGE_OK;

    char *grown = realloc(buffer->bytes, size);
    if (grown == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");
    buffer->bytes = grown;
    buffer->capacity = size;
    return MG_STAGE_OK;
}

int
mg_line_too_long(uint64_t offset, size_t max_line, mg_error_t *error)
{
    return mg_stage_fail(error, 0, "the line at byte %llu is longer than max_line (%zu)",
                         (unsigned long long)offset, max_line);
}

/* Reads size bytes at offset, fewer only at the end of the file. */
static int
read_at(int fd, char *bytes, size_t size, uint64_t offset, size_t *got, mg_error_t *error)
{
    *got = 0;
    while (*got < size) {
        ssize_t part = pread(fd, bytes + *got, size - *got, (off_t)(offset + *got));
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) return mg_stage_fail(error, errno, "%s", strerror(errno));
        if (part == 0) break;
        *got += (size_t)part;
    }
    return MG_STAGE_OK;
}

/* Reads on until the line that begins before `limit` has its end, which is range->end
 * then. buffer[0, got) is there already, from `base` of the file; more is read only if
 * `whole`. */
static int
read_line_end(mg_range_t *range, mg_buffer_t *buffer, uint64_t base, size_t limit, size_t got,
              bool whole, mg_error_t *error)
{
    size_t searched = limit - 1;
    for (;;) {
        char *newline = searched < got ? memchr(buffer->bytes + searched, '\n', got - searched) : NULL;
        if (newline) {
            range->end = (size_t)(newline - buffer->bytes) + 1;
            return MG_STAGE_OK;
        }
        if (!whole) break;
        if (got > limit + range->max_line) {
            size_t begin = limit - 1;
            while (begin > range->begin && buffer->bytes[begin - 1] != '\n') begin--;
            return mg_line_too_long(base + begin, range->max_line, error);
        }
        searched = got > searched ? got : searched;
        size_t more = got / 2 + SLACK, part;
        int status = mg_buffer_reserve(buffer, got + more, error);
        if (status == MG_STAGE_OK) {
            status = read_at(range->fd, buffer->bytes + got, more, base + got, &part, error);
        }
        if (status != MG_STAGE_OK) return status;
        whole = part == more;
        got += part;
    }
    range->end = got;
    return MG_STAGE_OK;
}

int
mg_range_read(mg_range_t *range, mg_buffer_t *buffer, mg_error_t *error)
{
    /* One byte before tells whether a line begins at `from`. */
    uint64_t base = range->first ? range->from : range->from - 1;
    size_t limit = (size_t)(range->to - base), wanted = limit + SLACK, got;
    range->begin = range->end = 0;

    int status = mg_buffer_reserve(buffer, wanted, error);
    if (status == MG_STAGE_OK) status = read_at(range->fd, buffer->bytes, wanted, base, &got, error);
    if (status != MG_STAGE_OK) return status;

    if (!range->first) {
        char *newline = memchr(buffer->bytes, '\n', got < limit ? got : limit);
        range->begin = newline ? (size_t)(newline - buffer->bytes) + 1 : limit;
    }
    if (range->begin < limit && range->begin < got) {
        status = read_line_end(range, buffer, base, limit, got, got == wanted, error);
        if (status != MG_STAGE_OK) return status;
    }
    if (range->begin > range->end) range->begin = range->end;
    range->offset = base + range->begin;
    return MG_STAGE_OK;
}
