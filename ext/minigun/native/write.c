/* write - The sink: a record per line into a file, which appears under its name only
 * once it is whole, with the rights that a file there has; or into a descriptor.
 *
 * Options: path or fd, fsync, append (no temporary file then), delimiter.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native.h"

enum { BUFFER = 256 * 1024 };

typedef struct {
    const mg_host_t *host;
    int fd;
    bool given, append, fsync;
    const char *path;
    char *target;    /* the path, with links followed; NULL if the file is written in place */
    char *temporary; /* beside it */
    const char *delimiter;
    size_t delimiter_length;
    size_t size;
    char buffer[BUFFER];
} write_t;

static int
fail(mg_error_t *error, const write_t *sink, const char *what)
{
    int number = errno;
    if (sink->path == NULL) {
        return mg_stage_fail(error, number, "descriptor %d: %s: %s", sink->fd, what, strerror(number));
    }
    return mg_stage_fail(error, number, "%s: %s: %s", sink->path, what, strerror(number));
}

static int
open_file(write_t *sink, mg_error_t *error)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
    if (sink->append) {
        sink->fd = open(sink->path, flags | O_APPEND, 0666);
        return sink->fd < 0 ? fail(error, sink, "open") : MG_STAGE_OK;
    }
    struct stat status;
    bool exists = stat(sink->path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        sink->fd = open(sink->path, O_WRONLY | O_CLOEXEC);
        return sink->fd < 0 ? fail(error, sink, "open") : MG_STAGE_OK;
    }
    sink->target = exists ? realpath(sink->path, NULL) : strdup(sink->path);
    if (sink->target == NULL) return fail(error, sink, "open");
    size_t room = strlen(sink->target) + 48;
    sink->temporary = malloc(room);
    if (sink->temporary == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");
    snprintf(sink->temporary, room, "%s.%ld-%llx.tmp", sink->target, (long)getpid(),
             (unsigned long long)(uintptr_t)sink);
    sink->fd = open(sink->temporary, flags | O_EXCL, 0666);
    if (sink->fd < 0) return fail(error, sink, "open");
    if (exists) (void)!fchmod(sink->fd, status.st_mode & 07777);
    return MG_STAGE_OK;
}

static void
free_sink(write_t *sink)
{
    free(sink->target);
    free(sink->temporary);
    free(sink);
}

static int
write_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    write_t *sink = malloc(sizeof(*sink));
    if (sink == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");

    memset(sink, 0, offsetof(write_t, buffer));
    sink->host = host;
    sink->path = mg_option_text(options, "path", NULL);
    sink->fd = (int)mg_option_integer(options, "fd", -1);
    sink->given = sink->fd >= 0;
    sink->append = mg_option_true(options, "append");
    sink->fsync = mg_option_true(options, "fsync");
    sink->delimiter = mg_option_text(options, "delimiter", "\n");
    sink->delimiter_length = strlen(sink->delimiter);

    int status = MG_STAGE_OK;
    if (sink->path == NULL && !sink->given) {
        status = mg_stage_fail(error, EINVAL, "write needs a path or an fd");
    }
    else if (!sink->given) {
        status = open_file(sink, error);
    }
    if (status != MG_STAGE_OK) {
        free_sink(sink);
        return status;
    }
    *stage = sink;
    return MG_STAGE_OK;
}

static int
write_out(write_t *sink, const char *bytes, size_t size, mg_error_t *error)
{
    while (size > 0) {
        if (sink->temporary == NULL) {
            int status = sink->host->wait(sink->host, sink->fd, true);
            if (status != MG_STAGE_OK) return status;
        }
        ssize_t written = write(sink->fd, bytes, size);
        if (written < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
        if (written < 0) return fail(error, sink, "write");
        bytes += written;
        size -= (size_t)written;
    }
    return MG_STAGE_OK;
}

static int
add(write_t *sink, const char *bytes, size_t size, mg_error_t *error)
{
    if (sink->size + size > BUFFER) {
        int status = write_out(sink, sink->buffer, sink->size, error);
        sink->size = 0;
        if (status != MG_STAGE_OK || size > BUFFER) {
            return status == MG_STAGE_OK ? write_out(sink, bytes, size, error) : status;
        }
    }
    memcpy(sink->buffer + sink->size, bytes, size);
    sink->size += size;
    return MG_STAGE_OK;
}

static int
write_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    write_t *sink = state;
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        int status = add(sink, block->data + record->offset, record->length, emit->error);
        if (status == MG_STAGE_OK) {
            status = add(sink, sink->delimiter, sink->delimiter_length, emit->error);
        }
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

static int
write_flush(void *state, mg_emit_t *emit)
{
    write_t *sink = state;
    int status = write_out(sink, sink->buffer, sink->size, emit->error);
    sink->size = 0;
    return status;
}

/* A rename is on disk only once its directory is. */
static int
sync_directory(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL) return -1;
    char *slash = strrchr(copy, '/');
    if (slash) slash[slash == copy ? 1 : 0] = '\0';
    int fd = open(slash ? copy : ".", O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0) close(fd);
    free(copy);
    return result;
}

static int
write_close(void *stage, bool complete, mg_error_t *error)
{
    write_t *sink = stage;
    int status = MG_STAGE_OK;

    if (complete && sink->fsync && fsync(sink->fd) != 0 && errno != EINVAL) {
        status = fail(error, sink, "fsync");
    }
    if (!sink->given && close(sink->fd) != 0 && status == MG_STAGE_OK) {
        status = fail(error, sink, "close");
    }
    if (sink->temporary) {
        bool good = complete && status == MG_STAGE_OK;
        if (good && rename(sink->temporary, sink->target) != 0) {
            status = fail(error, sink, "rename");
            good = false;
        }
        if (!good) unlink(sink->temporary);
        if (good && sink->fsync && sync_directory(sink->target) != 0) {
            status = fail(error, sink, "fsync of the directory");
        }
    }
    free_sink(sink);
    return status;
}

const mg_stage_t mg_stage_write = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .flags = MG_STAGE_SERIAL,
    .name = "write",
    .open = write_open,
    .process = write_process,
    .flush = write_flush,
    .close = write_close,
};
