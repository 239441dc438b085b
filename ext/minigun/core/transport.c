#include "transport.h"

enum { MORE = 1 }; /* flag of a frame that is not the last of its message */

static size_t
header_size(void)
{
    return (sizeof(mg_transport_shared_t) + 4095) & ~(size_t)4095;
}

size_t
mg_transport_size(size_t capacity)
{
    return header_size() + 2 * capacity;
}

mg_status_t
mg_transport_init(mg_transport_t *transport, mg_transport_shared_t *shared, size_t capacity,
                  mg_role_t role, mg_doorbell_t *peer)
{
    uint8_t *to_worker = (uint8_t *)shared + header_size(), *to_parent = to_worker + capacity;
    bool parent = role == MG_PARENT;

    *transport = (mg_transport_t){ .shared = shared, .peer = peer };
    mg_status_t status = mg_ring_init(&transport->out, MG_RING_WRITER,
                                      parent ? &shared->to_worker : &shared->to_parent,
                                      parent ? to_worker : to_parent, capacity);
    if (status != MG_OK) return status;
    return mg_ring_init(&transport->in, MG_RING_READER,
                        parent ? &shared->to_parent : &shared->to_worker,
                        parent ? to_parent : to_worker, capacity);
}

void
mg_transport_fini(mg_transport_t *transport)
{
    mg_bytes_fini(&transport->outbox);
    mg_bytes_fini(&transport->inbox);
}

static void
reset_ring(mg_ring_state_t *state)
{
    atomic_store(&state->head, 0);
    atomic_store(&state->tail, 0);
    atomic_store(&state->writer_waits, 0);
}

void
mg_transport_reset(mg_transport_t *transport, size_t capacity)
{
    mg_transport_shared_t *shared = transport->shared;
    mg_doorbell_t *peer = transport->peer;

    reset_ring(&shared->to_worker);
    reset_ring(&shared->to_parent);
    for (int i = 0; i < MG_TRANSPORT_WINDOW; i++) atomic_store(&shared->claims[i], 0);
    atomic_store(&shared->worker_bell.asleep, 0);

    mg_transport_fini(transport);
    mg_transport_init(transport, shared, capacity, MG_PARENT, peer);
}

mg_status_t
mg_transport_send(mg_transport_t *transport, uint16_t kind, uint64_t sequence)
{
    if (transport->unsent) return MG_INVALID;

    transport->sending = (mg_frame_t){ .kind = kind,
                                       .sequence = sequence,
                                       .total = transport->outbox.size };
    transport->sent = 0;
    transport->unsent = true;
    return mg_transport_pump(transport);
}

/* Asks to be woken when there is room, unless there is by now. */
static bool
wait_for_room(mg_ring_t *ring, size_t length)
{
    /* T1: pairs with T2. */
    atomic_exchange_explicit(&ring->state->writer_waits, 1, memory_order_acq_rel);
    return !mg_ring_writable(ring, length);
}

mg_status_t
mg_transport_pump(mg_transport_t *transport)
{
    bool published = false;
    mg_status_t status = MG_OK;

    while (transport->unsent) {
        size_t left = transport->outbox.size - transport->sent;
        size_t length = left, max = mg_ring_max(&transport->out);
        transport->sending.flags = 0;
        if (left > max) {
            length = max;
            transport->sending.flags = MORE;
        }

        const uint8_t *data = left ? transport->outbox.data + transport->sent : NULL;
        status = mg_ring_try_write(&transport->out, &transport->sending, data, length);
        if (status == MG_AGAIN) {
            /* The other end must know of the pieces before it can make room. */
            if (published) mg_doorbell_ring(transport->peer, false);
            published = false;
            if (wait_for_room(&transport->out, length)) return MG_AGAIN;
            continue;
        }
        if (status != MG_OK) break;

        published = true;
        transport->sent += length;
        if (transport->sent == transport->outbox.size) {
            transport->unsent = false;
            mg_bytes_clear(&transport->outbox);
        }
    }
    if (published) mg_doorbell_ring(transport->peer, transport->hush);
    return status;
}

static void
release_frame(mg_transport_t *transport)
{
    mg_ring_release(&transport->in);
    /* T2: pairs with T1, so the writer sees the room or is woken. */
    _Atomic uint32_t *waits = &transport->in.state->writer_waits;
    if (atomic_exchange_explicit(waits, 0, memory_order_acq_rel)) mg_doorbell_wake(transport->peer);
}

void
mg_transport_release(mg_transport_t *transport)
{
    if (!transport->in_hand) return;
    transport->in_hand = false;
    if (transport->from_ring) {
        release_frame(transport);
    }
    else {
        mg_bytes_clear(&transport->inbox);
        transport->announced = 0;
    }
}

/* Adds a frame to the long message it is a piece of. */
static mg_status_t
collect(mg_transport_t *transport, const mg_frame_t *frame, const uint8_t *payload)
{
    mg_bytes_t *inbox = &transport->inbox;

    if (transport->announced == 0) {
        mg_bytes_clear(inbox);
        mg_status_t status = mg_bytes_reserve(inbox, frame->total);
        if (status != MG_OK) return status;
        transport->announced = frame->total;
    }
    if (frame->total != transport->announced) return MG_CORRUPT;
    if (frame->length > transport->announced - inbox->size) return MG_CORRUPT;

    mg_status_t status = mg_bytes_append(inbox, payload, frame->length);
    if (status != MG_OK) return status;
    release_frame(transport);
    if (frame->flags & MORE) return MG_AGAIN;
    return inbox->size == transport->announced ? MG_OK : MG_CORRUPT;
}

mg_status_t
mg_transport_receive(mg_transport_t *transport, mg_message_t *message)
{
    mg_frame_t frame;
    const uint8_t *payload;
    mg_status_t status;

    mg_transport_release(transport);
    do {
        status = mg_ring_try_read(&transport->in, &frame, &payload);
        if (status != MG_OK) return status;
        transport->from_ring = transport->announced == 0 && !(frame.flags & MORE);
        if (transport->from_ring) {
            if (frame.total != frame.length) return MG_CORRUPT;
            break;
        }
        status = collect(transport, &frame, payload);
    } while (status == MG_AGAIN);
    if (status != MG_OK) return status;

    transport->in_hand = true;
    *message = (mg_message_t){
        .kind = frame.kind,
        .sequence = frame.sequence,
        .data = transport->from_ring ? payload : transport->inbox.data,
        .size = transport->from_ring ? frame.length : transport->inbox.size,
    };
    return MG_OK;
}

bool
mg_transport_ready(const mg_transport_t *transport)
{
    return mg_ring_readable(&transport->in) || mg_transport_room(transport);
}

bool
mg_transport_room(const mg_transport_t *transport)
{
    if (!transport->unsent) return false;

    size_t left = transport->outbox.size - transport->sent, max = mg_ring_max(&transport->out);
    return mg_ring_writable(&transport->out, left < max ? left : max);
}

/* A claim word: sequence, 31 bits; in hand, 1; begun, 16; limit, 16. */
#define IN_HAND ((uint64_t)1 << 32)

static uint64_t
pack(uint64_t sequence, uint32_t begun, uint32_t limit, bool in_hand)
{
    return sequence << 33 | (in_hand ? IN_HAND : 0) | (uint64_t)begun << 16 | limit;
}

static mg_claim_t
unpack(uint64_t word)
{
    return (mg_claim_t){ .begun = (word >> 16) & 0xffff,
                         .limit = word & 0xffff,
                         .in_hand = (word & IN_HAND) != 0 };
}

static bool
is_of(uint64_t word, uint64_t sequence)
{
    return word >> 33 == (sequence & 0x7fffffff);
}

static _Atomic uint64_t *
claim_word(const mg_transport_t *transport, uint64_t sequence)
{
    return &transport->shared->claims[sequence % MG_TRANSPORT_WINDOW];
}

void
mg_transport_grant(mg_transport_t *transport, uint64_t sequence, uint32_t count)
{
    atomic_store(claim_word(transport, sequence), pack(sequence, 0, count, false));
}

mg_status_t
mg_transport_revoke(mg_transport_t *transport, uint64_t sequence, uint32_t keep,
                    mg_claim_t *claim)
{
    _Atomic uint64_t *word = claim_word(transport, sequence);
    uint64_t before = atomic_load(word), after;

    do {
        if (!is_of(before, sequence)) return MG_INVALID;
        *claim = unpack(before);
        if (keep < claim->begun) keep = claim->begun;
        if (keep < claim->limit) claim->limit = keep;
        after = pack(sequence, claim->begun, claim->limit, claim->in_hand);
    } while (!atomic_compare_exchange_weak(word, &before, after));
    return MG_OK;
}

mg_status_t
mg_transport_claim(const mg_transport_t *transport, uint64_t sequence, mg_claim_t *claim)
{
    uint64_t word = atomic_load(claim_word(transport, sequence));
    if (!is_of(word, sequence)) return MG_INVALID;
    *claim = unpack(word);
    return MG_OK;
}

bool
mg_transport_begin(mg_transport_t *transport, uint64_t sequence, uint32_t index)
{
    _Atomic uint64_t *word = claim_word(transport, sequence);
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed), after;

    do {
        mg_claim_t claim = unpack(before);
        if (!is_of(before, sequence) || index >= claim.limit) return false;
        after = pack(sequence, index + 1, claim.limit, true);
    } while (!atomic_compare_exchange_weak(word, &before, after));
    return true;
}

void
mg_transport_rest(mg_transport_t *transport, uint64_t sequence)
{
    atomic_fetch_and(claim_word(transport, sequence), ~IN_HAND);
}
