/* ring.h - A ring of bytes from one process to another, a frame at a time.
 *
 * DESIGN
 *
 * One writer, one reader, in memory the caller provides and both share. Positions
 * only grow and are offsets, never pointers. The writer puts a frame down, then
 * publishes it by moving `head`; the reader moves `tail` when it has done with it.
 * A writer that dies in between has written nothing.
 *
 * A frame lies in one piece: where it doesn't fit before the end of the ring the
 * rest is padded, so no frame is longer than half the ring. Longer messages are
 * the business of transport.h.
 *
 * Either side may be a process gone wrong. So each end keeps its own position to
 * itself, reads the other's once and checks it, and checks the length in a frame
 * against what was published.
 */
#ifndef MG_RING_H
#define MG_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

enum { MG_CACHE_LINE = 64 };

/* In shared memory, zeroed to begin with. Each word has one writer, but for
 * `writer_waits`, which the writer sets and the reader takes away. */
typedef struct {
    _Alignas(MG_CACHE_LINE) _Atomic uint64_t head;
    _Alignas(MG_CACHE_LINE) _Atomic uint64_t tail;
    _Alignas(MG_CACHE_LINE) _Atomic uint32_t writer_waits;
} mg_ring_state_t;

/* What stands before each frame's payload. */
typedef struct {
    uint32_t magic;
    uint32_t length; /* of the payload in this frame */
    uint16_t kind;
    uint16_t flags;
    uint32_t reserved;
    uint64_t sequence;
    uint64_t total; /* of the message the frame is a piece of */
} mg_frame_t;

_Static_assert(sizeof(mg_ring_state_t) == 3 * MG_CACHE_LINE, "one line for each word");
_Static_assert(sizeof(mg_frame_t) == 32, "frames are laid out alike in parent and child");

/* One end of a ring, in its own process's memory. */
typedef struct {
    mg_ring_state_t *state;
    uint8_t *bytes;
    uint64_t capacity;
    uint64_t mine;   /* this end's position */
    uint64_t theirs; /* the other end's, when last read */
    uint64_t taken;  /* the reader's position behind the frame in hand */
} mg_ring_t;

typedef enum { MG_RING_WRITER, MG_RING_READER } mg_ring_side_t;

/* Sets up one end of the ring in `state` and `bytes`, from where `state` says it is.
 * MG_INVALID - `capacity` is not a power of two, or less than 4096. */
mg_status_t mg_ring_init(mg_ring_t *ring, mg_ring_side_t side, mg_ring_state_t *state,
                         void *bytes, size_t capacity);

/* The longest payload a frame can have. */
size_t mg_ring_max(const mg_ring_t *ring);

/* Writer's end: copies a frame in and publishes it. Fills in magic and length.
 * MG_AGAIN   - no room now.
 * MG_INVALID - longer than mg_ring_max.
 * MG_CORRUPT - the reader's position makes no sense. */
mg_status_t mg_ring_try_write(mg_ring_t *ring, mg_frame_t *frame, const void *payload,
                              size_t length);

/* Reader's end: shows the oldest frame, which stays in the ring until
 * mg_ring_release. `payload` points into shared memory: the writer should leave
 * it alone by now, but whoever reads it must survive that it doesn't.
 * MG_AGAIN   - nothing to read.
 * MG_CORRUPT - what is there is no frame; nothing more can be read. */
mg_status_t mg_ring_try_read(mg_ring_t *ring, mg_frame_t *frame, const uint8_t **payload);

/* Gives the room of the frame last read back to the writer. */
void mg_ring_release(mg_ring_t *ring);

/* Reader's end: is there something to read? */
bool mg_ring_readable(const mg_ring_t *ring);

/* Writer's end: would a frame of `length` fit? */
bool mg_ring_writable(const mg_ring_t *ring, size_t length);

#endif
