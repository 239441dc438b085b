#include "core/ring.h"

#include "core/shm.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPACITY = 4096 };

typedef struct {
    mg_ring_state_t state;
    uint8_t bytes[CAPACITY];
} shared_t;

typedef struct {
    shared_t *shared;
    mg_ring_t writer, reader;
} pair_t;

static pair_t
pair_new(void)
{
    pair_t pair;
    void *memory;
    CHECK(mg_shm_map(&memory, sizeof(shared_t)) == MG_OK);
    pair.shared = memory;
    CHECK(mg_ring_init(&pair.writer, MG_RING_WRITER, &pair.shared->state, pair.shared->bytes,
                       CAPACITY) == MG_OK);
    CHECK(mg_ring_init(&pair.reader, MG_RING_READER, &pair.shared->state, pair.shared->bytes,
                       CAPACITY) == MG_OK);
    return pair;
}

static void
pair_free(pair_t *pair)
{
    mg_shm_unmap(pair->shared, sizeof(shared_t));
}

static void
fill(uint8_t *payload, size_t length, uint64_t number)
{
    for (size_t i = 0; i < length; i++) payload[i] = (uint8_t)(number * 31 + i);
}

static size_t
length_of(uint64_t number)
{
    return (size_t)(number * 7919 % 2017);
}

static mg_status_t
write_number(mg_ring_t *ring, uint64_t number)
{
    uint8_t payload[2048];
    mg_frame_t frame = { .kind = 7, .sequence = number };
    fill(payload, length_of(number), number);
    return mg_ring_try_write(ring, &frame, payload, length_of(number));
}

static mg_status_t
read_number(mg_ring_t *ring, uint64_t number)
{
    uint8_t expected[2048];
    mg_frame_t frame;
    const uint8_t *payload;
    mg_status_t status = mg_ring_try_read(ring, &frame, &payload);
    if (status != MG_OK) return status;

    CHECK(frame.kind == 7);
    CHECK(frame.sequence == number);
    CHECK(frame.length == length_of(number));
    fill(expected, frame.length, number);
    CHECK(memcmp(payload, expected, frame.length) == 0);
    mg_ring_release(ring);
    return MG_OK;
}

TEST(ring_gives_frames_back_in_order_round_and_round)
{
    pair_t pair = pair_new();
    uint64_t written = 0, read = 0;

    while (read < 5000) {
        while (write_number(&pair.writer, written) == MG_OK) written++;
        CHECK(written > read);
        CHECK(mg_ring_readable(&pair.reader));
        while (read_number(&pair.reader, read) == MG_OK) read++;
        CHECK(read == written);
        CHECK(!mg_ring_readable(&pair.reader));
    }
    pair_free(&pair);
}

TEST(ring_takes_the_longest_frame_wherever_it_stands)
{
    pair_t pair = pair_new();
    size_t max = mg_ring_max(&pair.writer);
    uint8_t payload[CAPACITY] = { 0 };
    const uint8_t *seen;
    mg_frame_t frame = { .kind = 1 };

    CHECK(mg_ring_try_write(&pair.writer, &frame, payload, max + 1) == MG_INVALID);
    for (size_t step = 0; step < CAPACITY / 32; step++) {
        CHECK(mg_ring_writable(&pair.writer, max));
        CHECK(mg_ring_try_write(&pair.writer, &frame, payload, max) == MG_OK);
        CHECK(mg_ring_try_read(&pair.reader, &frame, &seen) == MG_OK);
        CHECK(frame.length == max);
        mg_ring_release(&pair.reader);
        CHECK(mg_ring_try_write(&pair.writer, &frame, payload, 0) == MG_OK);
        CHECK(mg_ring_try_read(&pair.reader, &frame, &seen) == MG_OK);
        CHECK(frame.length == 0);
        mg_ring_release(&pair.reader);
    }
    pair_free(&pair);
}

TEST(ring_refuses_odd_capacities)
{
    shared_t shared = { 0 };
    mg_ring_t ring;
    mg_ring_side_t side = MG_RING_WRITER;
    CHECK(mg_ring_init(&ring, side, &shared.state, shared.bytes, 0) == MG_INVALID);
    CHECK(mg_ring_init(&ring, side, &shared.state, shared.bytes, 2048) == MG_INVALID);
    CHECK(mg_ring_init(&ring, side, &shared.state, shared.bytes, 5000) == MG_INVALID);
}

/* Whatever a writer gone wrong puts there, the reader stays inside the ring. */
TEST(ring_survives_any_bytes)
{
    pair_t pair = pair_new();
    unsigned random = 1;
    mg_frame_t frame;
    const uint8_t *payload;

    for (int round = 0; round < 20000; round++) {
        mg_ring_t reader = pair.reader;
        CHECK(write_number(&reader, 0) != MG_INVALID);
        reader = pair.reader;
        for (int change = 0; change < 3; change++) {
            random = random * 1103515245 + 12345;
            pair.shared->bytes[(random >> 8) % 64] = (uint8_t)(random >> 20);
        }
        random = random * 1103515245 + 12345;
        atomic_store(&pair.shared->state.head, random >> 14 & (round % 2 ? 0x1fff : 0xfe0));

        mg_status_t status = mg_ring_try_read(&reader, &frame, &payload);
        if (status != MG_OK) continue;
        CHECK(payload >= pair.shared->bytes);
        CHECK(payload + frame.length <= pair.shared->bytes + CAPACITY);
    }
    pair_free(&pair);
}

TEST(ring_distrusts_the_readers_position)
{
    pair_t pair = pair_new();
    while (write_number(&pair.writer, 100) == MG_OK) {
    }
    atomic_store(&pair.shared->state.tail, 1u << 30);
    CHECK(write_number(&pair.writer, 100) == MG_CORRUPT);
    pair_free(&pair);
}

enum { FRAMES = 20000 };

static void *
write_all(void *data)
{
    mg_ring_t *writer = data;
    for (uint64_t number = 0; number < FRAMES;) {
        if (write_number(writer, number) == MG_OK) number++;
        else sched_yield();
    }
    return NULL;
}

TEST(ring_between_threads)
{
    pair_t pair = pair_new();
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, write_all, &pair.writer) == 0);
    for (uint64_t number = 0; number < FRAMES;) {
        mg_status_t status = read_number(&pair.reader, number);
        CHECK(status == MG_OK || status == MG_AGAIN);
        if (status == MG_OK) number++;
        else sched_yield();
    }
    pthread_join(thread, NULL);
    pair_free(&pair);
}

enum { LONG_FRAMES = 5000, LONG = 1800 };

static void *
write_long(void *data)
{
    static uint8_t payload[LONG];
    mg_ring_t *writer = data;
    for (uint64_t number = 0; number < LONG_FRAMES;) {
        mg_frame_t frame = { .sequence = number, .total = LONG };
        memset(payload, (int)(number % 251), LONG);
        if (mg_ring_try_write(writer, &frame, payload, LONG) == MG_OK) number++;
    }
    return NULL;
}

/* The reader waits for each frame on the spot, so that it sees it as early as can be. */
TEST(ring_shows_frames_once_they_are_whole)
{
    static uint8_t expected[LONG];
    pair_t pair = pair_new();
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, write_long, &pair.writer) == 0);
    for (uint64_t number = 0; number < LONG_FRAMES;) {
        mg_frame_t frame;
        const uint8_t *payload;
        mg_status_t status = mg_ring_try_read(&pair.reader, &frame, &payload);
        if (status == MG_AGAIN) continue;
        CHECK(status == MG_OK && frame.sequence == number && frame.length == LONG);
        memset(expected, (int)(number % 251), LONG);
        CHECK(memcmp(payload, expected, LONG) == 0);
        mg_ring_release(&pair.reader);
        number++;
    }
    pthread_join(thread, NULL);
    pair_free(&pair);
}

TEST(ring_between_processes_whose_writer_is_killed)
{
    for (int round = 0; round < 30; round++) {
        pair_t pair = pair_new();
        pid_t child = fork();
        if (child == 0) {
            write_all(&pair.writer);
            _exit(0);
        }

        uint64_t number = 0, fatal = (uint64_t)round * 37;
        bool gone = false;
        for (;;) {
            mg_status_t status = read_number(&pair.reader, number);
            CHECK(status == MG_OK || status == MG_AGAIN);
            if (status == MG_OK) number++;
            else if (gone) break;
            else sched_yield();
            if (number >= fatal && !gone) {
                kill(child, SIGKILL);
                CHECK(waitpid(child, NULL, 0) == child);
                gone = true;
            }
        }
        CHECK(number >= fatal);
        pair_free(&pair);
    }
}
