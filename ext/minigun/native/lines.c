/* lines - The source of text: files, pipes and descriptors, one record per line.
 *
 * A plain file that can be read anywhere is cut into ranges of bytes, which the
 * workers take in turn and read each for itself; a range's lines are those that
 * begin in it. Anything else is read, and unpacked, by whichever worker has
 * finished its last block, while the others work: see take_stream.
 *
 * Options: path, fd (any number of both), format (auto, plain, gzip, zstd), block,
 * max_line, quoted (newlines within double quotes end no record; a file is read in one
 * piece then).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"
#include "line_counts.h"
#include "native.h"
#include "range.h"
#include "split.h"

enum { BLOCK = 256 * 1024, MAX_LINE = 64 * 1024 * 1024 };

typedef struct {
    const char *name; /* NULL for a descriptor that was given */
    int fd;
    bool given;
    char given_name[24];
    uint64_t size;
    uint32_t readers; /* workers inside, and one while it is the current one */
} file_t;

typedef struct {
    const mg_host_t *host;
    mg_input_format_t format;
    size_t block, max_line;
    bool quoted;
    size_t nfiles;
    file_t *files;

    mg_line_counts_t counts;

    pthread_mutex_t lock;

    /* Guarded by lock. */
    size_t current;    /* file that is read now */
    uint64_t position; /* in its unpacked bytes */
    uint64_t line;     /* of a stream's next byte */
    mg_input_t *input; /* NULL where ranges are taken, or no file is open */
    bool opened;
    bool failed;
    mg_buffer_t carry; /* the begin of a line whose end was not read yet */
    size_t carried;
    uint64_t sequence;
} lines_t;

/* One worker's block. */
typedef struct {
    lines_t *lines;
    mg_buffer_t buffer;
    mg_lines_t split;
    mg_origin_t origin;
} reader_t;

static const char *
name_of(const file_t *file)
{
    return file->given ? file->given_name : file->name;
}

/* Puts the file's name before an error. */
static int
in_file(const file_t *file, mg_error_t *error)
{
    char text[sizeof(error->text)];
    memcpy(text, error->text, sizeof(text));
    return mg_stage_fail(error, error->code, "%.80s: %.160s", name_of(file), text);
}

/* Lock held. */
static void
release_file(file_t *file)
{
    if (--file->readers > 0) return;
    if (!file->given && file->fd >= 0) close(file->fd);
    file->fd = -1;
}

/* Lock held. */
static void
finish_file(lines_t *lines)
{
    mg_input_free(lines->input);
    lines->input = NULL;
    lines->opened = false;
    release_file(&lines->files[lines->current++]);
}

/* Lock held. Decides how the file is read. */
static int
open_file(lines_t *lines, mg_error_t *error)
{
    file_t *file = &lines->files[lines->current];
    /* Non-blocking, so that a FIFO nobody writes to yet can be given up. */
    if (!file->given) file->fd = open(file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0) return mg_stage_fail(error, errno, "%s: %s", name_of(file), strerror(errno));

    struct stat status;
    bool regular = fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode);
    if (S_ISDIR(status.st_mode)) {
        return mg_stage_fail(error, EISDIR, "%s: %s", name_of(file), strerror(EISDIR));
    }
    lines->opened = true;
    lines->position = 0;
    lines->line = 1;
    lines->carried = 0;
    file->readers = 1;
    file->size = regular ? (uint64_t)status.st_size : 0;
    off_t here = file->given ? lseek(file->fd, 0, SEEK_CUR) : 0;

    lines->input = mg_input_new(file->fd, lines->format, regular ? NULL : lines->host);
    if (lines->input == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");
    if (!regular || here < 0 || lines->quoted) return MG_STAGE_OK;

    mg_input_format_t format;
    int found = mg_input_detect(lines->input, &format, error);
    if (found == MG_STAGE_OK && format == MG_INPUT_PLAIN) {
        mg_input_free(lines->input);
        lines->input = NULL;
        lines->position = (uint64_t)here;
    }
    return found;
}

/* Reads the lines that begin in [from, to). No lock held. */
static int
read_range(reader_t *reader, const file_t *file, uint64_t from, uint64_t to, mg_block_t *block,
           mg_error_t *error)
{
    mg_range_t range = {
        .fd = file->fd, .from = from, .to = to, .max_line = reader->lines->max_line
    };
    int status = mg_range_read(&range, &reader->buffer, error);
    if (status != MG_STAGE_OK) return in_file(file, error);

    if (!mg_split_lines(&reader->split, reader->buffer.bytes, range.begin, range.end)) {
        return mg_stage_fail(error, ENOMEM, "out of memory");
    }
    reader->origin.offset = range.offset;
    reader->origin.line = range.offset == 0 ? 1 : 0;
    block->size = range.end;
    return MG_STAGE_OK;
}

/* Lock held. Takes whole lines of a stream: what was carried over, and what can be
 * read now up to the last newline; the rest is carried on. */
static int
take_stream(reader_t *reader, bool *ended, size_t *size, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    size_t filled = lines->carried, end = 0;

    int status = mg_buffer_reserve(&reader->buffer, filled + lines->block, error);
    if (status != MG_STAGE_OK) return status;
    if (filled > 0) memcpy(reader->buffer.bytes, lines->carry.bytes, filled);
    lines->carried = 0;

    while (end == 0 && !*ended) {
        size_t target = filled + lines->block, got = 1;
        status = mg_buffer_reserve(&reader->buffer, target, error);
        while (status == MG_STAGE_OK && filled < target) {
            status = mg_input_read(lines->input, reader->buffer.bytes + filled, target - filled, &got, error);
            if (status != MG_STAGE_OK || got == 0) break;
            filled += got;
            /* A pipe gives what it has: don't hold that back for the rest. */
            if (got < target - filled && memchr(reader->buffer.bytes + filled - got, '\n', got)) break;
        }
        if (status != MG_STAGE_OK) return status;
        *ended = got == 0;
        end = *ended           ? filled
              : lines->quoted ? mg_whole_quoted(reader->buffer.bytes, filled)
                              : mg_whole_lines(reader->buffer.bytes, filled);
        if (end == 0 && filled > lines->max_line) {
            return mg_line_too_long(lines->position, lines->max_line, error);
        }
    }
    status = mg_buffer_reserve(&lines->carry, filled - end, error);
    if (status != MG_STAGE_OK) return status;
    memcpy(lines->carry.bytes, reader->buffer.bytes + end, filled - end);
    lines->carried = filled - end;
    *size = end;
    return MG_STAGE_OK;
}

/* Lock held. */
static int
read_stream(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    bool ended = false;

    reader->origin.name = name_of(&lines->files[lines->current]);
    reader->origin.offset = lines->position;
    reader->origin.line = lines->line;
    int status = take_stream(reader, &ended, &block->size, error);
    if (status == MG_STAGE_FAILED) return in_file(&lines->files[lines->current], error);
    if (status != MG_STAGE_OK) return status;
    lines->position += block->size;
    lines->line += mg_count_newlines(reader->buffer.bytes, block->size);
    if (ended) finish_file(lines);
    return MG_STAGE_OK;
}

static int
read_next_stream(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    int status = read_stream(reader, block, error);
    if (status == MG_STAGE_OK) block->sequence = lines->sequence++;
    if (status == MG_STAGE_FAILED) lines->failed = true;
    pthread_mutex_unlock(&lines->lock);
    if (status != MG_STAGE_OK) return status;

    bool split = lines->quoted ? mg_split_quoted(&reader->split, reader->buffer.bytes, block->size)
                               : mg_split_lines(&reader->split, reader->buffer.bytes, 0, block->size);
    if (!split) {
        return mg_stage_fail(error, ENOMEM, "out of memory");
    }
    return MG_STAGE_OK;
}

static int
read_next_range(reader_t *reader, mg_block_t *block, mg_error_t *error)
{
    lines_t *lines = reader->lines;
    file_t *file = &lines->files[lines->current];
    uint64_t from = lines->position, to = from + lines->block;
    if (to > file->size) to = file->size;

    lines->position = to;
    block->sequence = lines->sequence++;
    file->readers++;
    if (to == file->size) finish_file(lines);
    pthread_mutex_unlock(&lines->lock);

    reader->origin.name = name_of(file);
    int status = read_range(reader, file, from, to, block, error);

    pthread_mutex_lock(&lines->lock);
    release_file(file);
    pthread_mutex_unlock(&lines->lock);
    return status;
}

static int
lines_read(void *state, mg_block_t *block, mg_error_t *error)
{
    reader_t *reader = state;
    lines_t *lines = reader->lines;
    int status = MG_STAGE_OK;

    pthread_mutex_lock(&lines->lock);
    while (status == MG_STAGE_OK && !lines->failed && lines->current < lines->nfiles) {
        if (!lines->opened) {
            status = open_file(lines, error);
            continue;
        }
        if (lines->input || lines->position < lines->files[lines->current].size) break;
        finish_file(lines);
    }
    if (status == MG_STAGE_FAILED) lines->failed = true;
    if (status == MG_STAGE_OK && (lines->failed || lines->current == lines->nfiles)) {
        status = MG_STAGE_END;
    }
    if (status != MG_STAGE_OK) {
        pthread_mutex_unlock(&lines->lock);
        return status;
    }
    status = lines->input ? read_next_stream(reader, block, error)
                          : read_next_range(reader, block, error);
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
    static const char *const formats[] = { "auto", "plain", "gzip", "zstd" };
    size_t chosen = 0;
    while (chosen < 4 && strcmp(format, formats[chosen]) != 0) chosen++;
    if (chosen == 4) {
        return mg_stage_fail(error, EINVAL, "format must be auto, plain, gzip or zstd, not %s", format);
    }
    int64_t block = mg_option_integer(options, "block", BLOCK);
    int64_t max_line = mg_option_integer(options, "max_line", MAX_LINE);
    if (block < 1 || block > 1 << 30) return mg_stage_fail(error, EINVAL, "block must be 1 to 2**30");
    if (max_line < 1 || max_line > 1 << 30) {
        return mg_stage_fail(error, EINVAL, "max_line must be 1 to 2**30");
    }
    lines->format = (mg_input_format_t)chosen;
    lines->block = (size_t)block;
    lines->max_line = (size_t)max_line;
    lines->quoted = mg_option_true(options, "quoted");
    return MG_STAGE_OK;
}

static int
list_files(lines_t *lines, const mg_options_t *options, mg_error_t *error)
{
    lines->files = calloc(options->count + 1, sizeof(file_t));
    if (lines->files == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");

    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        file_t *file = &lines->files[lines->nfiles];
        file->fd = -1;
        if (strcmp(option->name, "path") == 0 && option->value.type == MG_VALUE_TEXT) {
            file->name = option->value.as.text;
            lines->nfiles++;
        }
        else if (strcmp(option->name, "fd") == 0 && option->value.type == MG_VALUE_INTEGER) {
            file->fd = (int)option->value.as.integer;
            file->given = true;
            snprintf(file->given_name, sizeof(file->given_name), "/dev/fd/%d", file->fd);
            lines->nfiles++;
        }
    }
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
    free(lines->carry.bytes);
    free(lines->files);
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
    if (status == MG_STAGE_OK) status = list_files(lines, options, error);
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
    *state = reader;
    return MG_STAGE_OK;
}

static void
lines_stop(void *state)
{
    reader_t *reader = state;
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
