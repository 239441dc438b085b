/* item_put.h - How an encoder writes tags, lengths and bytes. Raises when there is no
 * memory.
 */
#ifndef MG_ITEM_PUT_H
#define MG_ITEM_PUT_H

#include "item.h"

#include <string.h>

/* Room for `size` bytes; they count as written. */
static inline uint8_t *
mg_put_room(mg_encoder_t *encoder, size_t size)
{
    mg_bytes_t *out = encoder->out;
    mg_status_t status = mg_bytes_reserve(out, size);
    if (status != MG_OK) mg_raise(status);
    uint8_t *at = out->data + out->size;
    out->size += size;
    return at;
}

static inline void
mg_put_tag(mg_encoder_t *encoder, mg_item_tag_t tag)
{
    *mg_put_room(encoder, 1) = (uint8_t)tag;
}

/* A length: seven bits a byte, lowest first. */
static inline void
mg_put_length(mg_encoder_t *encoder, size_t length)
{
    uint8_t *at = mg_put_room(encoder, 10), *begin = at;
    while (length >= 0x80) {
        *at++ = (uint8_t)(length | 0x80);
        length >>= 7;
    }
    *at++ = (uint8_t)length;
    encoder->out->size -= 10 - (size_t)(at - begin);
}

static inline void
mg_put_bytes(mg_encoder_t *encoder, const void *data, size_t size)
{
    mg_put_length(encoder, size);
    if (size > 0) memcpy(mg_put_room(encoder, size), data, size);
}

static inline void
mg_put_sized(mg_encoder_t *encoder, mg_item_tag_t tag, const void *data, size_t size)
{
    uint8_t *at = mg_put_room(encoder, size + 1);
    at[0] = (uint8_t)tag;
    memcpy(at + 1, data, size);
}

#endif
