/* files.h - The files of a source, by path or descriptor. Calls for one file must not
 * overlap. */
#ifndef MG_NATIVE_FILES_H
#define MG_NATIVE_FILES_H

#include "core/stage.h"

typedef struct {
    const char *name; /* as errors tell it */
    int fd;           /* -1 while it is not open */
    bool given;       /* as a descriptor: opened and closed by others */
    char number[24];  /* the name of a descriptor that has no other */
    bool regular;
    uint64_t size;    /* of a regular file, when it was opened */
    uint64_t start;   /* where reading began */
    uint32_t readers; /* it is closed when the last one lets go */
} mg_file_t;

typedef struct {
    size_t count;
    mg_file_t *items;
} mg_files_t;

/* Takes the options `path` and `fd`, in any number; `name` behind an fd names it. */
int mg_files_read(mg_files_t *files, const mg_options_t *options, mg_error_t *error);
void mg_files_free(mg_files_t *files);

/* Opens it for one reader. A FIFO that nobody writes to is not waited for. A file that
 * could not be opened has a reader none the less. */
int mg_file_open(mg_file_t *file, mg_error_t *error);
void mg_file_release(mg_file_t *file);

/* Puts the file's name before the error's text. MG_STAGE_FAILED. */
int mg_file_failed(const mg_file_t *file, mg_error_t *error);

#endif
