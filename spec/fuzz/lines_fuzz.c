/* Cutting text into lines: in one piece, in ranges of a file, and as a stream, always the same
 * ones as byte by byte.
 *
 * sources: ext/minigun/native/split.c ext/minigun/native/range.c ext/minigun/native/stream.c ext/minigun/native/input.c
 */
#include <sys/mman.h>
#include <unistd.h>

#include "native/range.h"
#include "native/split.h"
#include "native/stream.h"
#include "stage_run.h"

typedef struct {
    uint64_t count, hash;
} seen_t;

static void
see(seen_t *seen, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) seen->hash = (seen->hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    seen->hash = (seen->hash ^ 256) * 1099511628211u;
    seen->count++;
}

static seen_t
byte_by_byte(const char *bytes, size_t size, bool quoted)
{
    seen_t seen = { 0, 1 };
    bool inside = false;
    size_t begin = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '"' && quoted) inside = !inside;
        if (bytes[i] != '\n' || inside) continue;
        see(&seen, bytes + begin, i - begin - (i > begin && bytes[i - 1] == '\r'));
        begin = i + 1;
    }
    if (begin < size) see(&seen, bytes + begin, size - begin);
    return seen;
}

static void
see_block(seen_t *seen, const mg_lines_t *lines, const char *bytes)
{
    for (size_t i = 0; i < lines->count; i++) see(seen, bytes + lines->items[i].offset, lines->items[i].length);
}

static seen_t
in_ranges(int fd, size_t size, size_t step)
{
    seen_t seen = { 0, 1 };
    mg_buffer_t buffer = { 0 };
    mg_lines_t lines = { 0 };
    mg_error_t error;
    for (uint64_t from = 0; from < size; from += step) {
        uint64_t to = from + step < size ? from + step : size;
        mg_range_t range = { .fd = fd, .from = from, .to = to, .first = from == 0, .max_line = 1 << 20 };
        MUST(mg_range_read(&range, &buffer, &error) == MG_STAGE_OK);
        MUST(mg_split_lines(&lines, buffer.bytes, range.begin, range.end));
        see_block(&seen, &lines, buffer.bytes);
    }
    free(lines.items);
    free(buffer.bytes);
    return seen;
}

static seen_t
as_stream(int fd, size_t step, bool quoted)
{
    seen_t seen = { 0, 1 };
    mg_stream_t stream = { .block = step, .max_line = 1 << 20, .quoted = quoted };
    mg_buffer_t buffer = { 0 };
    mg_lines_t lines = { 0 };
    mg_error_t error;
    bool ended = false;
    MUST(lseek(fd, 0, SEEK_SET) == 0);
    mg_stream_reset(&stream, mg_input_new(fd, MG_INPUT_PLAIN, NULL));
    while (!ended) {
        size_t size;
        MUST(mg_stream_take(&stream, &buffer, &size, &ended, &error) == MG_STAGE_OK);
        MUST(quoted ? mg_split_quoted(&lines, buffer.bytes, size) : mg_split_lines(&lines, buffer.bytes, 0, size));
        see_block(&seen, &lines, buffer.bytes);
    }
    mg_stream_reset(&stream, NULL);
    free(stream.carry.bytes);
    free(lines.items);
    free(buffer.bytes);
    return seen;
}

static bool
equal(seen_t one, seen_t other)
{
    return one.count == other.count && one.hash == other.hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (size < 1) return 0;
    size_t step = data[0] + 1u;
    const char *bytes = (const char *)data + 1;
    size--;
    if (fd < 0) fd = memfd_create("fuzz", 0);
    MUST(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);

    seen_t expected = byte_by_byte(bytes, size, false);
    MUST(equal(in_ranges(fd, size, step), expected));
    MUST(equal(as_stream(fd, step, false), expected));
    MUST(equal(as_stream(fd, step, true), byte_by_byte(bytes, size, true)));
    return 0;
}
