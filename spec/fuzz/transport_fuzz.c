/* One end of a transport whose shared memory the other end may have ruined: whatever stands
 * there, statuses come back, what a message says of itself is true, and nothing outside of the
 * memory is touched.
 *
 * sources: ext/minigun/core/transport.c ext/minigun/core/ring.c ext/minigun/core/doorbell.c \
 *          ext/minigun/core/bytes.c ext/minigun/core/sys.c
 */
#include "must.h"

#include "core/sys.h"
#include "core/transport.h"

enum { CAPACITY = 4096, MOST = 1 << 20 };

/* What a ruined frame asks for must not use up the memory of the harness. */
static void *
bounded_realloc(void *memory, size_t size)
{
    return size > MOST ? NULL : realloc(memory, size);
}

static void
set_word(_Atomic uint64_t *word, input_t *input)
{
    /* Near the truth, more often than not. */
    uint64_t value = take(input, 1) & 1 ? take(input, 8) : atomic_load(word) + take(input, 2) * 32;
    atomic_store(word, value);
}

static void
read_all(const mg_message_t *message)
{
    volatile uint8_t sum = 0;
    MUST(message->size <= MOST);
    for (size_t i = 0; i < message->size; i++) sum = (uint8_t)(sum + message->data[i]);
}

/* Frames that are well made but for what they say of the whole. */
static void
write_frame(mg_ring_t *writer, input_t *input)
{
    static const uint8_t payload[CAPACITY];
    mg_frame_t frame = { .kind = (uint16_t)take(input, 1),
                         .flags = (uint16_t)(take(input, 1) & 1),
                         .sequence = take(input, 1) };
    size_t length = take(input, 2) % (CAPACITY / 2);
    frame.total = take(input, 1) & 1 ? length : take(input, 3);
    mg_status_t status = mg_ring_try_write(writer, &frame, payload, length);
    MUST(status == MG_OK || status == MG_AGAIN || status == MG_INVALID || status == MG_CORRUPT);
}

static void
spoil(mg_transport_shared_t *shared, uint8_t *bytes, input_t *input)
{
    size_t at = take(input, 2) % (2 * CAPACITY), count = take(input, 1) % 40;
    switch (take(input, 1) % 6) {
    case 0: set_word(&shared->to_parent.head, input); break;
    case 1: set_word(&shared->to_parent.tail, input); break;
    case 2: set_word(&shared->to_worker.head, input); break;
    case 3: set_word(&shared->to_worker.tail, input); break;
    case 4: set_word(&shared->claims[take(input, 1) % MG_TRANSPORT_WINDOW], input); break;
    default:
        for (size_t i = 0; i < count && at + i < 2 * CAPACITY; i++) bytes[at + i] = (uint8_t)take(input, 1);
    }
}

static void
use_claims(mg_transport_t *transport, input_t *input)
{
    mg_claim_t claim = { 0 };
    uint64_t sequence = take(input, 1);
    uint32_t count = (uint32_t)take(input, 2);
    switch (take(input, 1) % 4) {
    case 0: mg_transport_grant(transport, sequence, count % (MG_TRANSPORT_CHUNK_MAX + 1)); break;
    case 1: MUST(mg_transport_revoke(transport, sequence, count, &claim) <= MG_OK); break;
    case 2: mg_transport_begin(transport, sequence, count % MG_TRANSPORT_CHUNK_MAX); break;
    default: mg_transport_rest(transport, sequence);
    }
    if (mg_transport_claim(transport, sequence, &claim) == MG_OK) MUST(claim.limit <= MG_TRANSPORT_CHUNK_MAX);
}

static bool
step(mg_transport_t *transport, mg_ring_t *writer, uint8_t *bytes, input_t *input)
{
    static const uint8_t text[3 * CAPACITY];
    mg_message_t message;
    mg_status_t status = MG_OK;
    switch (take(input, 1) % 6) {
    case 0: spoil(transport->shared, bytes, input); break;
    case 1: write_frame(writer, input); break;
    case 2:
        if (transport->unsent) break;
        if (mg_bytes_append(&transport->outbox, text, take(input, 2) % sizeof(text)) != MG_OK) break;
        status = mg_transport_send(transport, 1, take(input, 1));
        break;
    case 3: status = mg_transport_pump(transport); break;
    case 4: use_claims(transport, input); break;
    default:
        status = mg_transport_receive(transport, &message);
        if (status == MG_OK) read_all(&message);
    }
    (void)mg_transport_ready(transport);
    MUST(status == MG_OK || status == MG_AGAIN || status == MG_NOMEM || status == MG_CORRUPT);
    return status != MG_CORRUPT;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mg_sys_t bounded;
    bounded = mg_sys_real;
    bounded.realloc = bounded_realloc;
    mg_sys = &bounded;

    input_t input = { data, size };
    size_t whole = mg_transport_size(CAPACITY);
    mg_transport_shared_t *shared = aligned_alloc(4096, whole);
    MUST(shared);
    memset(shared, 0, whole);
    uint8_t *bytes = (uint8_t *)shared + whole - 2 * CAPACITY;

    mg_doorbell_t bell;
    mg_transport_t transport;
    mg_ring_t writer;
    MUST(mg_doorbell_open(&bell, &shared->worker_bell) == MG_OK);
    MUST(mg_transport_init(&transport, shared, CAPACITY, MG_PARENT, &bell) == MG_OK);
    MUST(mg_ring_init(&writer, MG_RING_WRITER, &shared->to_parent, bytes + CAPACITY, CAPACITY) == MG_OK);
    while (input.left && step(&transport, &writer, bytes, &input)) continue;
    mg_transport_fini(&transport);
    mg_doorbell_close(&bell);
    free(shared);
    return 0;
}
