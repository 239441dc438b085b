#include "bytes.h"

#include <stdlib.h>

#include "sys.h"

enum { SMALLEST = 256, KEPT = 1 << 20 };

mg_status_t
mg_bytes_grow(mg_bytes_t *bytes, size_t extra)
{
    if (extra > SIZE_MAX / 2 - bytes->size) return MG_NOMEM;

    size_t needed = bytes->size + extra;
    size_t capacity = bytes->capacity < SMALLEST ? SMALLEST : bytes->capacity;
    while (capacity < needed) capacity += capacity / 2;

    uint8_t *data = mg_sys->realloc(bytes->data, capacity);
    if (data == NULL) return MG_NOMEM;
    bytes->data = data;
    bytes->capacity = capacity;
    return MG_OK;
}

void
mg_bytes_clear(mg_bytes_t *bytes)
{
    if (bytes->capacity > KEPT) mg_bytes_fini(bytes);
    bytes->size = 0;
}

void
mg_bytes_fini(mg_bytes_t *bytes)
{
    free(bytes->data);
    *bytes = (mg_bytes_t){ 0 };
}
