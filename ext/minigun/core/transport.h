/* transport.h - Messages between a process and one forked worker, and the books of
 * who has which item.
 *
 * DESIGN
 *
 * A ring each way. A message that is longer than a frame can be goes in pieces, as
 * room comes, and is put together on the other side; so its size is bounded by
 * memory, not by the ring. Sending never blocks: what doesn't fit stays in the
 * outbox and is pumped on later. Waiting is exchange.h's.
 *
 * Items travel in chunks, up to MG_TRANSPORT_WINDOW of them at a time. For each
 * there is a claim in shared memory: how many of its items the worker has begun,
 * how many it may begin, and whether one is in its hands. The worker takes an item
 * by raising the first number, just before it starts on it; the parent takes items
 * back by lowering the second. Both by compare-and-swap on one word, so each item
 * belongs to one of them at any instant, and a worker's death tells which item it
 * died of.
 */
#ifndef MG_TRANSPORT_H
#define MG_TRANSPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "doorbell.h"
#include "ring.h"
#include "status.h"

enum {
    MG_TRANSPORT_WINDOW = 8,      /* chunks on their way or in work at once */
    MG_TRANSPORT_CHUNK_MAX = 65535 /* items in a chunk */
};

/* In shared memory, zeroed to begin with. The bytes of the two rings follow. */
typedef struct {
    mg_ring_state_t to_worker;
    mg_ring_state_t to_parent;
    _Alignas(MG_CACHE_LINE) _Atomic uint64_t claims[MG_TRANSPORT_WINDOW];
    _Alignas(MG_CACHE_LINE) mg_doorbell_word_t worker_bell;
} mg_transport_shared_t;

/* One end, in its own process's memory. */
typedef struct {
    mg_transport_shared_t *shared;
    mg_doorbell_t *peer; /* rings at the other end */
    mg_ring_t out, in;

    mg_bytes_t outbox; /* the message being built or sent */
    mg_frame_t sending;
    size_t sent;
    bool unsent;
    bool hush; /* what is sent needn't end the other end's nap */

    mg_bytes_t inbox; /* pieces of a long message */
    size_t announced; /* its whole length; 0 for none */
    bool in_hand;     /* a message was given out and not released */
    bool from_ring;
} mg_transport_t;

typedef struct {
    uint16_t kind;
    uint64_t sequence;
    const uint8_t *data;
    size_t size;
} mg_message_t;

/* Who is at this end. */
typedef enum { MG_PARENT, MG_WORKER } mg_role_t;

/* Bytes of shared memory for one worker, with rings of `capacity` each way. */
size_t mg_transport_size(size_t capacity);

/* Sets up an end over memory both sides share. MG_INVALID - see mg_ring_init. */
mg_status_t mg_transport_init(mg_transport_t *transport, mg_transport_shared_t *shared,
                              size_t capacity, mg_role_t role, mg_doorbell_t *peer);
void mg_transport_fini(mg_transport_t *transport);

/* Makes the memory ready for another worker. The last one is gone, and what it
 * sent has been read. */
void mg_transport_reset(mg_transport_t *transport, size_t capacity);

/* Begins to send the bytes in `outbox`, which stays untouched until all is sent.
 * MG_OK      - all is sent.
 * MG_AGAIN   - the rest goes by mg_transport_pump, when the ring has room.
 * MG_INVALID - an earlier message is still being sent.
 * MG_CORRUPT - the other end has ruined the ring. */
mg_status_t mg_transport_send(mg_transport_t *transport, uint16_t kind, uint64_t sequence);
mg_status_t mg_transport_pump(mg_transport_t *transport);

/* Gives the next message, good until mg_transport_release or the next call.
 * MG_AGAIN   - none, or not whole yet.
 * MG_NOMEM   - too long to hold; can be tried again.
 * MG_CORRUPT - no more sense can be made of what comes. */
mg_status_t mg_transport_receive(mg_transport_t *transport, mg_message_t *message);
void mg_transport_release(mg_transport_t *transport);

/* Is there something to receive, or room for what is unsent? Is there such room? */
bool mg_transport_ready(const mg_transport_t *transport);
bool mg_transport_room(const mg_transport_t *transport);

/* The books. `sequence` names a chunk; it must be one of the last
 * MG_TRANSPORT_WINDOW granted. */
typedef struct {
    uint32_t begun;  /* items the worker has begun, the one in hand included */
    uint32_t limit;  /* items it may begin */
    bool in_hand;    /* the last one begun is not finished */
} mg_claim_t;

/* Parent: lets the worker begin `count` items of a chunk. Before sending it. */
void mg_transport_grant(mg_transport_t *transport, uint64_t sequence, uint32_t count);

/* Parent: takes back the items from `keep` on that the worker has not begun, and
 * tells what is left. MG_INVALID - no such chunk. */
mg_status_t mg_transport_revoke(mg_transport_t *transport, uint64_t sequence, uint32_t keep,
                                mg_claim_t *claim);

/* Either: MG_INVALID - no such chunk. */
mg_status_t mg_transport_claim(const mg_transport_t *transport, uint64_t sequence,
                               mg_claim_t *claim);

/* Worker: takes the chunk's item `index` in hand. False if it was taken back. */
bool mg_transport_begin(mg_transport_t *transport, uint64_t sequence, uint32_t index);

/* Worker: has nothing in hand. */
void mg_transport_rest(mg_transport_t *transport, uint64_t sequence);

#endif
