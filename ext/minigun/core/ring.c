#include "ring.h"

#include <string.h>

#define FRAME_MAGIC 0x6d67f001u
#define PADDING_MAGIC 0x6d67f002u

enum { ALIGNMENT = sizeof(mg_frame_t), SMALLEST = 4096 };

static uint64_t
span(size_t length)
{
    return sizeof(mg_frame_t) + ((length + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1));
}

static uint8_t *
at(const mg_ring_t *ring, uint64_t position)
{
    return ring->bytes + (position & (ring->capacity - 1));
}

static uint64_t
until_end(const mg_ring_t *ring, uint64_t position)
{
    return ring->capacity - (position & (ring->capacity - 1));
}

mg_status_t
mg_ring_init(mg_ring_t *ring, mg_ring_side_t side, mg_ring_state_t *state, void *bytes,
             size_t capacity)
{
    if (capacity < SMALLEST || (capacity & (capacity - 1)) != 0) return MG_INVALID;

    uint64_t head = atomic_load_explicit(&state->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&state->tail, memory_order_acquire);
    bool writes = side == MG_RING_WRITER;
    *ring = (mg_ring_t){ .state = state,
                         .bytes = bytes,
                         .capacity = capacity,
                         .mine = writes ? head : tail,
                         .theirs = writes ? tail : head,
                         .taken = tail };
    return MG_OK;
}

size_t
mg_ring_max(const mg_ring_t *ring)
{
    return ring->capacity / 2 - sizeof(mg_frame_t);
}

/* The room a frame of `size` takes, with the padding before it. */
static uint64_t
needed(const mg_ring_t *ring, uint64_t size)
{
    uint64_t end = until_end(ring, ring->mine);
    return size <= end ? size : end + size;
}

mg_status_t
mg_ring_try_write(mg_ring_t *ring, mg_frame_t *frame, const void *payload, size_t length)
{
    if (length > mg_ring_max(ring)) return MG_INVALID;

    uint64_t size = span(length), room = needed(ring, size);
    if (ring->capacity - (ring->mine - ring->theirs) < room) {
        /* W1: pairs with W2, so what is overwritten has been read. */
        ring->theirs = atomic_load_explicit(&ring->state->tail, memory_order_acquire);
        if (ring->mine - ring->theirs > ring->capacity) return MG_CORRUPT;
        if (ring->capacity - (ring->mine - ring->theirs) < room) return MG_AGAIN;
    }

    if (room > size) {
        mg_frame_t padding = { .magic = PADDING_MAGIC };
        memcpy(at(ring, ring->mine), &padding, sizeof(padding));
        ring->mine += room - size;
    }
    frame->magic = FRAME_MAGIC;
    frame->length = (uint32_t)length;
    memcpy(at(ring, ring->mine), frame, sizeof(*frame));
    if (length > 0) memcpy(at(ring, ring->mine) + sizeof(*frame), payload, length);
    ring->mine += size;

    /* R1: pairs with R2, so a frame that is seen is whole. */
    atomic_store_explicit(&ring->state->head, ring->mine, memory_order_release);
    return MG_OK;
}

mg_status_t
mg_ring_try_read(mg_ring_t *ring, mg_frame_t *frame, const uint8_t **payload)
{
    /* R2: pairs with R1. */
    uint64_t head = atomic_load_explicit(&ring->state->head, memory_order_acquire);
    uint64_t held = head - ring->mine;
    if (held == 0) return MG_AGAIN;
    if (held > ring->capacity || head % ALIGNMENT != 0) return MG_CORRUPT;

    uint64_t position = ring->mine;
    memcpy(frame, at(ring, position), sizeof(*frame));
    if (frame->magic == PADDING_MAGIC) {
        uint64_t skipped = until_end(ring, position);
        if (skipped >= held) return MG_CORRUPT;
        position += skipped;
        held -= skipped;
        memcpy(frame, at(ring, position), sizeof(*frame));
    }

    uint64_t size = span(frame->length);
    if (frame->magic != FRAME_MAGIC || frame->length > mg_ring_max(ring)) return MG_CORRUPT;
    if (size > held || size > until_end(ring, position)) return MG_CORRUPT;

    *payload = at(ring, position) + sizeof(*frame);
    ring->taken = position + size;
    return MG_OK;
}

void
mg_ring_release(mg_ring_t *ring)
{
    ring->mine = ring->taken;
    /* W2: pairs with W1. */
    atomic_store_explicit(&ring->state->tail, ring->mine, memory_order_release);
}

bool
mg_ring_readable(const mg_ring_t *ring)
{
    return atomic_load_explicit(&ring->state->head, memory_order_acquire) != ring->mine;
}

bool
mg_ring_writable(const mg_ring_t *ring, size_t length)
{
    uint64_t tail = atomic_load_explicit(&ring->state->tail, memory_order_acquire);
    return ring->capacity - (ring->mine - tail) >= needed(ring, span(length));
}
