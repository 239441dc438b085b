/* input.h - Bytes of a file, a pipe or a descriptor, unpacked if they are packed. */
#ifndef MG_NATIVE_INPUT_H
#define MG_NATIVE_INPUT_H

#include "core/stage.h"

typedef enum { MG_INPUT_AUTO, MG_INPUT_PLAIN, MG_INPUT_GZIP, MG_INPUT_ZSTD } mg_input_format_t;

typedef struct mg_input mg_input_t;

/* The format that is called so: auto, plain, gzip or zstd. False for others. */
bool mg_input_format(const char *name, mg_input_format_t *format);

/* Reads `fd`, which stays the caller's, from where it stands. `host` tells when to
 * give up waiting, or is NULL for a file that never blocks. NULL if there is no
 * memory. */
mg_input_t *mg_input_new(int fd, mg_input_format_t format, const mg_host_t *host);
void mg_input_free(mg_input_t *input);

/* Finds out what format a stream has by its first bytes, unless that was given. */
int mg_input_detect(mg_input_t *input, mg_input_format_t *format, mg_error_t *error);

/* Reads up to `room` bytes; *size is 0 at the end alone. MG_STAGE_OK, _STOP or
 * _FAILED. */
int mg_input_read(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error);

#endif
