#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static mg_file_t *
add(mg_files_t *files, const char *name, int fd)
{
    mg_file_t *file = &files->items[files->count++];
    file->name = name;
    file->fd = fd;
    return file;
}

int
mg_files_read(mg_files_t *files, const mg_options_t *options, mg_error_t *error)
{
    files->count = 0;
    files->items = calloc(options->count + 1, sizeof(mg_file_t));
    if (files->items == NULL) return mg_stage_fail(error, ENOMEM, "out of memory");

    mg_file_t *given = NULL;
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->items[i].name;
        const mg_value_t *value = &options->items[i].value;
        if (strcmp(name, "path") == 0 && value->type == MG_VALUE_TEXT) {
            add(files, value->as.text, -1);
        }
        else if (strcmp(name, "fd") == 0 && value->type == MG_VALUE_INTEGER) {
            given = add(files, NULL, (int)value->as.integer);
            given->given = true;
            snprintf(given->number, sizeof(given->number), "/dev/fd/%d", given->fd);
            given->name = given->number;
        }
        else if (strcmp(name, "name") == 0 && value->type == MG_VALUE_TEXT && given) {
            given->name = value->as.text;
        }
    }
    return MG_STAGE_OK;
}

void
mg_files_free(mg_files_t *files)
{
    free(files->items);
    files->items = NULL;
    files->count = 0;
}

int
mg_file_failed(const mg_file_t *file, mg_error_t *error)
{
    char text[sizeof(error->text)];
    memcpy(text, error->text, sizeof(text));
    return mg_stage_fail(error, error->code, "%.80s: %.160s", file->name, text);
}

static int
fail(const mg_file_t *file, int number, mg_error_t *error)
{
    return mg_stage_fail(error, number, "%s: %s", file->name, strerror(number));
}

int
mg_file_open(mg_file_t *file, mg_error_t *error)
{
    struct stat status;
    file->readers = 1;
    if (!file->given) file->fd = open(file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &status) != 0) return fail(file, errno, error);
    if (S_ISDIR(status.st_mode)) return fail(file, EISDIR, error);
    file->regular = S_ISREG(status.st_mode);
    file->size = file->regular ? (uint64_t)status.st_size : 0;
    return MG_STAGE_OK;
}

void
mg_file_release(mg_file_t *file)
{
    if (--file->readers > 0 || file->given) return;
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
}
