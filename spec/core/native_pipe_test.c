#include "core/native_gate.h"
#include "core/native_pipe.h"

#include "test.h"

#include <sched.h>
#include <stdatomic.h>

enum { WRITERS = 3, READERS = 3, EACH = 400 };

typedef struct {
    mg_native_pipe_t pipe;
    mg_native_parcels_t parcels;
    _Atomic uint32_t next_writer, writing;
    _Atomic uint32_t seen[WRITERS * EACH];
    _Atomic uint32_t pushed, popped;
} plumbing_t;

static void
lay(plumbing_t *plumbing, size_t budget)
{
    *plumbing = (plumbing_t){ .writing = WRITERS };
    mg_native_parcels_init(&plumbing->parcels);
    mg_native_pipe_init(&plumbing->pipe, budget);
}

static void
tear_down(plumbing_t *plumbing)
{
    mg_native_pipe_fini(&plumbing->pipe, &plumbing->parcels);
    mg_native_parcels_fini(&plumbing->parcels);
}

static mg_native_parcel_t *
parcel_of(plumbing_t *plumbing, uint64_t number)
{
    mg_native_parcel_t *parcel = mg_native_parcel_get(&plumbing->parcels, 16);
    CHECK(parcel);
    parcel->size = 16;
    parcel->block.sequence = number;
    return parcel;
}

static void *
writer_main(void *data)
{
    plumbing_t *plumbing = data;
    uint32_t first = atomic_fetch_add(&plumbing->next_writer, 1) * EACH;
    mg_native_gate_enter();
    for (uint32_t i = 0; i < EACH; i++) {
        mg_native_parcel_t *parcel = parcel_of(plumbing, first + i);
        if (mg_native_pipe_push(&plumbing->pipe, parcel) == MG_CANCELLED) {
            mg_native_parcel_put(&plumbing->parcels, parcel);
            break;
        }
        plumbing->pushed++;
        if (i % 16 == 0) sched_yield();
    }
    if (atomic_fetch_sub(&plumbing->writing, 1) == 1) mg_native_pipe_close(&plumbing->pipe);
    mg_native_gate_leave();
    return NULL;
}

static void *
reader_main(void *data)
{
    plumbing_t *plumbing = data;
    mg_native_parcel_t *parcel;
    mg_native_gate_enter();
    while (mg_native_pipe_pop(&plumbing->pipe, &parcel) == MG_OK) {
        plumbing->seen[parcel->block.sequence]++;
        plumbing->popped++;
        mg_native_parcel_put(&plumbing->parcels, parcel);
    }
    mg_native_gate_leave();
    return NULL;
}

static void
start(plumbing_t *plumbing, pthread_t *threads, int count, void *(*body)(void *))
{
    for (int i = 0; i < count; i++) CHECK(pthread_create(&threads[i], NULL, body, plumbing) == 0);
}

static void
join(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

/* A try_pop at the other end, as Ruby's side does it, wakes writers that wait. */
TEST(native_pipe_brings_each_parcel_once)
{
    static const size_t budgets[] = { 1, 16, 48, 112, 1024 };
    for (size_t b = 0; b < sizeof(budgets) / sizeof(budgets[0]); b++) {
        plumbing_t plumbing;
        pthread_t threads[WRITERS];
        uint32_t popped = 0;
        mg_native_parcel_t *parcel;
        mg_status_t status;

        lay(&plumbing, budgets[b]);
        start(&plumbing, threads, WRITERS, writer_main);
        while ((status = mg_native_pipe_try_pop(&plumbing.pipe, &parcel)) != MG_CLOSED) {
            if (status == MG_AGAIN) {
                mg_park_sleep(&plumbing.pipe.park, 0);
                continue;
            }
            CHECK(status == MG_OK && plumbing.seen[parcel->block.sequence]++ == 0);
            mg_native_parcel_put(&plumbing.parcels, parcel);
            popped++;
        }
        CHECK(popped == WRITERS * EACH);
        join(threads, WRITERS);
        tear_down(&plumbing);
    }
}

TEST(native_pipe_refuses_what_is_over_its_budget)
{
    plumbing_t plumbing;
    mg_native_parcel_t *parcel;
    lay(&plumbing, 40);
    for (uint64_t i = 0; i < 2; i++) CHECK(mg_native_pipe_try_push(&plumbing.pipe, parcel_of(&plumbing, i)) == MG_OK);
    mg_native_parcel_t *third = parcel_of(&plumbing, 2);
    CHECK(mg_native_pipe_try_push(&plumbing.pipe, third) == MG_AGAIN);
    CHECK(mg_native_pipe_try_pop(&plumbing.pipe, &parcel) == MG_OK && parcel->block.sequence == 0);
    mg_native_parcel_put(&plumbing.parcels, parcel);
    CHECK(mg_native_pipe_try_push(&plumbing.pipe, third) == MG_OK);
    mg_native_pipe_close(&plumbing.pipe);
    for (uint64_t i = 1; i < 3; i++) {
        CHECK(mg_native_pipe_try_pop(&plumbing.pipe, &parcel) == MG_OK && parcel->block.sequence == i);
        mg_native_parcel_put(&plumbing.parcels, parcel);
    }
    CHECK(mg_native_pipe_try_pop(&plumbing.pipe, &parcel) == MG_CLOSED);
    tear_down(&plumbing);
}

TEST(native_pipe_gives_each_parcel_to_one_reader)
{
    plumbing_t plumbing;
    pthread_t threads[READERS];
    lay(&plumbing, 48);
    start(&plumbing, threads, READERS, reader_main);
    for (uint64_t i = 0; i < EACH; i++) {
        mg_native_parcel_t *parcel = parcel_of(&plumbing, i);
        while (mg_native_pipe_try_push(&plumbing.pipe, parcel) == MG_AGAIN) mg_park_sleep(&plumbing.pipe.park, 0);
    }
    mg_native_pipe_close(&plumbing.pipe);
    join(threads, READERS);
    CHECK(plumbing.popped == EACH);
    for (uint32_t i = 0; i < EACH; i++) CHECK(plumbing.seen[i] == 1);
    tear_down(&plumbing);
}

TEST(native_pipe_cancel_wakes_both_ends)
{
    for (uint32_t round = 0; round < 40; round++) {
        plumbing_t plumbing;
        pthread_t threads[WRITERS];
        mg_native_parcel_t *parcel;
        lay(&plumbing, 48);
        start(&plumbing, threads, WRITERS, writer_main);
        while (plumbing.popped < round) {
            if (mg_native_pipe_try_pop(&plumbing.pipe, &parcel) == MG_OK) {
                plumbing.popped++;
                mg_native_parcel_put(&plumbing.parcels, parcel);
            }
        }
        mg_native_pipe_cancel(&plumbing.pipe);
        join(threads, WRITERS);
        CHECK(plumbing.pushed <= plumbing.popped + 3);
        tear_down(&plumbing);

        lay(&plumbing, 48);
        start(&plumbing, threads, READERS, reader_main);
        if (round % 2) sched_yield();
        mg_native_pipe_cancel(&plumbing.pipe);
        join(threads, READERS);
        CHECK(plumbing.popped == 0);
        tear_down(&plumbing);
    }
}
