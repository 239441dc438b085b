/* bytes.h - A buffer that grows, for messages under construction. */
#ifndef MG_BYTES_H
#define MG_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "status.h"

/* All zero is an empty buffer. */
typedef struct {
    uint8_t *data;
    size_t size;
    size_t capacity;
} mg_bytes_t;

/* Makes room for `extra` bytes behind the last one.
 * MG_NOMEM - nothing has changed. */
mg_status_t mg_bytes_grow(mg_bytes_t *bytes, size_t extra);

static inline mg_status_t
mg_bytes_reserve(mg_bytes_t *bytes, size_t extra)
{
    if (bytes->capacity - bytes->size >= extra) return MG_OK;
    return mg_bytes_grow(bytes, extra);
}

static inline mg_status_t
mg_bytes_append(mg_bytes_t *bytes, const void *data, size_t size)
{
    mg_status_t status = mg_bytes_reserve(bytes, size);
    if (status != MG_OK || size == 0) return status;
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return MG_OK;
}

/* Empties the buffer; an unusually large one is given back. */
void mg_bytes_clear(mg_bytes_t *bytes);

void mg_bytes_fini(mg_bytes_t *bytes);

#endif
