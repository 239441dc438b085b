/* lines - The source of text: files, pipes and descriptors, one record per line, without
 * its newline (\n or \r\n).
 *
 * A plain file that can be read anywhere is cut into ranges of bytes, which the
 * workers take in turn and read each for itself; a range's lines are those that
 * begin in it. Anything else is read, and unpacked, by whichever worker has
 * finished its last block, while the others work. Of several files that are read so,
 * each worker takes one for itself where the order doesn't matter; the last is shared.
 *
 * Options: path, fd (any number of both; `name` behind an fd is what errors call it),
 * format (auto, plain, gzip, zstd), block, max_line (bounds memory: a line that is longer
 * than both ends the run), quoted (newlines within double quotes end no record; a file is
 * read in one piece then).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "line_counts.h"
#include "native.h"
#include "range.h"
#include "split.h"
#include "stream.h"

enum { BLOCK = 256 * 1024, MAX_LINE = 64 * 1024 * 1024 };

typedef struct {
    const mg_host_t *host;
    mg_input_format_t format;
    mg_files_t files;
    mg_line_counts_t counts;
    pthread_mutex_t lock;

    /* Guarded by lock. */
    size_t current;     /* file that is read now */
    bool opened;
    bool failed;
    mg_stream_t stream; /* without an input where ranges are taken */
    uint64_t position;  /* of the next range */
    uint64_t sequence;
} lines_t;

/* One worker's block, and the file that it reads alone, if there is one. */
typedef struct {
    lines_t *lines;
    mg_file_t *file;
    mg_stream_t stream; /* of that */
    mg_buffer_t buffer;
    mg_lines_t split;
    mg_origin_t origin;
} reader_t;

/* Whoever holds the lock may wait for a pipe, so a fork must not wait for those that
 * wait for the lock. */
static void
lock(lines_t *lines)
{
    if (pthread_mutex_trylock(&lines->lock) == 0) return;
    lines->host->leave(lines->host);
    pthread_mutex_lock(&lines->lock);
    lines->host->enter(lines->host);
}

/* Lock held. */
static void
finish_file(lines_t *lines)
{
    mg_stream_reset(&lines->stream, NULL);
    lines->opened = false;
    mg_file_release(&lines->files.items[lines->current++]);
}

/* Lock held. Decides how the file is read. */
static int
open_file(lines_t *lines, mg_error_t *error)
{
    mg_file_t *file = &lines->files.items[lines->current];
    lines->opened = true;
    int status = mg_file_open(file, error);
    if (status != MG_STAGE_OK) return status;

    off_t here = file->given ? lseek(file->fd, 0, SEEK_CUR) : 0;

    mg_input_t *input = mg_input_new(file->fd, lines->format, file->regular ? NULL : lines->host);
    mg_stream_reset(&lines->stream, input);
    if (input == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");
    /* Files that the system makes up, as in /proc, have no size until they are read. */
    if (file->size == 0 || here < 0 || lines->stream.quoted) return MG_STAGE_OK;

    mg_input_format_t format;
    int found = mg_input_detect(input, &format, error);
    if (found == MG_STAGE_FAILED) return mg_file_failed(file, error);
    if (found == MG_STAGE_OK && format == MG_INPUT_PLAIN) {
        mg_stream_reset(&lines->stream, NULL);
        lines->position = file->start = (uint64_t)here;
    }
    return found;
}

/* Reads the lines that begin in [from, to). No lock held. */
static int
read_range(reader_t *reader, const mg_file_t *file, uint64_t from, uint64_t to, mg_block_t *block,
           mg_error_t *error)
{
    mg_range_t range = {
        .fd = file->fd, .from = from, .to = to, .first = from == file->start,
        .max_line = reader->lines->stream.max_line
    };
    int status = mg_range_read(&range, &reader->buffer, error);
    if (status != MG_STAGE_OK) return mg_file_failed(file, error);

    if (!mg_split_lines(&reader->split, reader->buffer.bytes, range.begin, range.end)) {
        return mg_stage_fail(error, ENOMEM, "out of memory");
    }
    reader->origin.offset = range.offset;
    reader->origin.line = range.offset == 0 ? 1 : 0;
    block->size = range.end;
    return MG_STAGE_OK;
}

/* Lock held. */
static int
read_stream(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    const mg_file_t *file = &lines->files.items[lines->current];
    bool ended;

    reader->origin = (mg_origin_t){ file->name, lines->stream.offset, lines->stream.line };
    int status = mg_stream_take(&lines->stream, &reader->buffer, &block->size, &ended, error);
    if (status == MG_STAGE_FAILED) return mg_file_failed(file, error);
    if (status == MG_STAGE_OK && ended) finish_file(lines);
    return status;
}

/* Takes a stream's block apart, if there is one. Lock held, and given up. */
static int
finish_block(reader_t *reader, mg_block_t *block, int status, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    const char *bytes = reader->buffer.bytes;
    if (status == MG_STAGE_OK) block->sequence = lines->sequence++;
    if (status == MG_STAGE_FAILED) lines->failed = true;
    pthread_mutex_unlock(&lines->lock);
    if (status != MG_STAGE_OK) return status;

    bool split = lines->stream.quoted ? mg_split_quoted(&reader->split, bytes, block->size)
                                      : mg_split_lines(&reader->split, bytes, 0, block->size);
    return split ? MG_STAGE_OK : mg_stage_fail(error, ENOMEM, "out of memory");
}

/* Lock held. Takes the current file, if the others can do without. */
static void
take_file(reader_t *reader)
{
    lines_t *lines = reader->lines;
    mg_file_t *file = &lines->files.items[lines->current];
    bool shared = lines->host->ordered || lines->host->workers == 1 || !file->regular || file->given;
    if (shared || lines->current + 1 == lines->files.count) return;

    mg_stream_reset(&reader->stream, lines->stream.input);
    lines->stream.input = NULL;
    lines->opened = false;
    lines->current++;
    reader->file = file;
}

static void
release_own(reader_t *reader)
{
    mg_stream_reset(&reader->stream, NULL);
    mg_file_release(reader->file);
    reader->file = NULL;
}

/* No lock held. */
static int
read_own(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    mg_stream_t *stream = &reader->stream;
    bool ended;
    reader->origin = (mg_origin_t){ reader->file->name, stream->offset, stream->line };
    int status = mg_stream_take(stream, &reader->buffer, &block->size, &ended, error);
    if (status == MG_STAGE_FAILED) mg_file_failed(reader->file, error);
    if (status != MG_STAGE_OK || ended) release_own(reader);

    lock(lines);
    return finish_block(reader, block, status, error);
}

static int
read_next_range(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    mg_file_t *file = &lines->files.items[lines->current];
    uint64_t from = lines->position, to = from + lines->stream.block;
    if (to > file->size) to = file->size;

    lines->position = to;
    block->sequence = lines->sequence++;
    file->readers++;
    if (to == file->size) finish_file(lines);
    pthread_mutex_unlock(&lines->lock);

    reader->origin.name = file->name;
    int status = read_range(reader, file, from, to, block, error);

    lock(lines);
    mg_file_release(file);
    pthread_mutex_unlock(&lines->lock);
    return status;
}

/* No lock held. */
static int
read_shared(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    int status = MG_STAGE_OK;

    lock(lines);
    while (status == MG_STAGE_OK && !lines->failed && lines->current < lines->files.count) {
        if (!lines->opened) {
            status = open_file(lines, error);
            continue;
        }
        if (lines->stream.input || lines->position < lines->files.items[lines->current].size) break;
        finish_file(lines);
    }
    if (status == MG_STAGE_FAILED) lines->failed = true;
    if (status == MG_STAGE_OK && (lines->failed || lines->current == lines->files.count)) {
        status = MG_STAGE_END;
    }
    if (status == MG_STAGE_OK && lines->stream.input) take_file(reader);
    if (status != MG_STAGE_OK || reader->file) {
        pthread_mutex_unlock(&lines->lock);
        return status == MG_STAGE_OK ? read_own(reader, block, error) : status;
    }
    if (lines->stream.input == NULL) return read_next_range(reader, block, error);
    return finish_block(reader, block, read_stream(reader, block, error), error);
}

static int
lines_read(void *state, mg_block_t *block, mg_error_t *error)
{
    reader_t *reader = state;
    int status = reader->file ? read_own(reader, block, error) : read_shared(reader, block, error);
    block->data = reader->buffer.bytes;
    block->records = reader->split.items;
    block->count = reader->split.count;
    block->origin = &reader->origin;
    return status;
}

static int
read_options(lines_t *lines, const mg_options_t *options, mg_error_t *error)
{
    const char *format = mg_option_text(options, "format", "auto");
    if (!mg_input_format(format, &lines->format)) {
        return mg_stage_fail(error, EINVAL, "format must be auto, plain, gzip or zstd, not %s", format);
    }
    int64_t block = mg_option_integer(options, "block", BLOCK);
    int64_t max_line = mg_option_integer(options, "max_line", MAX_LINE);
    if (block < 1 || block > 1 << 30 || max_line < 1 || max_line > 1 << 30) {
        return mg_stage_fail(error, EINVAL, "block and max_line must be 1 to 2**30");
    }
    lines->stream.block = (size_t)block;
    lines->stream.max_line = (size_t)max_line;
    lines->stream.quoted = mg_option_true(options, "quoted");
    return MG_STAGE_OK;
}

static int
lines_close(void *stage, bool complete, mg_error_t *error)
{
    lines_t *lines = stage;
    (void)complete;
    (void)error;
    if (lines->opened) finish_file(lines);
    pthread_mutex_destroy(&lines->lock);
    mg_line_counts_fini(&lines->counts);
    free(lines->stream.carry.bytes);
    mg_files_free(&lines->files);
    free(lines);
    return MG_STAGE_OK;
}

static int
lines_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    lines_t *lines = calloc(1, sizeof(*lines));
    if (lines == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");

    lines->host = host;
    pthread_mutex_init(&lines->lock, NULL);
    mg_line_counts_init(&lines->counts);
    int status = read_options(lines, options, error);
    if (status == MG_STAGE_OK) status = mg_files_read(&lines->files, options, error);
    if (status != MG_STAGE_OK) {
        lines_close(lines, false, error);
        return status;
    }
    *stage = lines;
    return MG_STAGE_OK;
}

static int
lines_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    reader_t *reader = calloc(1, sizeof(*reader));
    (void)worker;
    if (reader == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");
    reader->lines = stage;
    reader->stream = reader->lines->stream; /* nothing is open yet */
    *state = reader;
    return MG_STAGE_OK;
}

static void
lines_stop(void *state)
{
    reader_t *reader = state;
    if (reader->file) release_own(reader);
    free(reader->stream.carry.bytes);
    free(reader->buffer.bytes);
    free(reader->split.items);
    free(reader);
}

static void
lines_locate(void *stage, mg_origin_t *origin)
{
    lines_t *lines = stage;
    mg_line_counts_find(&lines->counts, origin);
}

const mg_stage_t mg_stage_lines = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "lines",
    .open = lines_open,
    .start = lines_start,
    .read = lines_read,
    .stop = lines_stop,
    .close = lines_close,
    .locate = lines_locate,
};
