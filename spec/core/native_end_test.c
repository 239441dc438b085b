/* Stages that have enough before the input ends. */
#include "core/native_chain.h"
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { ENOUGH = 10 };

/* An endless source of numbers, one in each block. */
static _Atomic uint64_t next_number;

typedef struct {
    mg_record_t record;
    char data[32 + MG_STAGE_PADDING];
} reader_t;

static int
endless_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    (void)stage;
    (void)worker;
    (void)error;
    *state = calloc(1, sizeof(reader_t));
    return MG_STAGE_OK;
}

static int
endless_read(void *state, mg_block_t *block, mg_error_t *error)
{
    (void)error;
    reader_t *reader = state;
    block->sequence = atomic_fetch_add(&next_number, 1);
    int length = snprintf(reader->data, 32, "%llu", (unsigned long long)block->sequence);
    reader->record = (mg_record_t){ .length = (uint32_t)length };
    block->data = reader->data;
    block->size = (size_t)length;
    block->records = &reader->record;
    block->count = 1;
    return MG_STAGE_OK;
}

static const mg_stage_t endless = { .abi = MG_STAGE_ABI,
                                    .size = sizeof(mg_stage_t),
                                    .name = "endless",
                                    .start = endless_start,
                                    .read = endless_read,
                                    .stop = free };

/* A source of one block at a time that comes only when `fd` is readable: never. */
static int silence[2];
static const mg_host_t *silent_host;

static int
silent_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    (void)options;
    (void)stage;
    (void)error;
    silent_host = host;
    return MG_STAGE_OK;
}

static int
silent_read(void *state, mg_block_t *block, mg_error_t *error)
{
    static _Atomic bool first_is_out;
    static reader_t reader = { .record = { .length = 1 }, .data = "0" };
    (void)state;
    (void)error;
    if (atomic_exchange(&first_is_out, true)) return silent_host->wait(silent_host, silence[0], false);
    *block = (mg_block_t){ .data = reader.data, .size = 1, .records = &reader.record, .count = 1 };
    return MG_STAGE_OK;
}

static const mg_stage_t silent = { .abi = MG_STAGE_ABI,
                                   .size = sizeof(mg_stage_t),
                                   .name = "silent",
                                   .open = silent_open,
                                   .read = silent_read };

/* Passes on the first ones and then wants no more. */
static size_t passed, late, wanted;

static int
head_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    if (passed == wanted) late++;
    for (size_t i = 0; i < block->count && passed < wanted; i++, passed++) {
        int status = emit->keep(emit, &block->records[i], 1);
        if (status != MG_STAGE_OK) return status;
    }
    return passed == wanted ? MG_STAGE_END : MG_STAGE_OK;
}

static const mg_stage_t head = { .abi = MG_STAGE_ABI,
                                 .size = sizeof(mg_stage_t),
                                 .flags = MG_STAGE_SERIAL,
                                 .name = "head",
                                 .process = head_process };

/* Keeps records until the end. */
static char kept[64 * 32];

static int
tail_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    (void)emit;
    for (size_t i = 0; i < block->count; i++) {
        strncat(kept, block->data + block->records[i].offset, block->records[i].length);
        strcat(kept, " ");
    }
    return MG_STAGE_OK;
}

static int
tail_flush(void *state, mg_emit_t *emit)
{
    (void)state;
    return emit->bytes(emit, kept, strlen(kept), NULL);
}

static const mg_stage_t tail = { .abi = MG_STAGE_ABI,
                                 .size = sizeof(mg_stage_t),
                                 .flags = MG_STAGE_SERIAL,
                                 .name = "tail",
                                 .process = tail_process,
                                 .flush = tail_flush };

static const mg_options_t none = { 0, NULL };

static mg_native_chain_t *
started(uint32_t workers, bool ordered, const mg_stage_t *const *stages, size_t enough)
{
    mg_native_chain_options_t options = { .workers = workers, .ordered = ordered, .wanted = true, .budget = 4096 };
    mg_native_chain_t *chain;
    mg_error_t error;
    passed = late = 0;
    wanted = enough;
    kept[0] = '\0';
    atomic_store(&next_number, 0);
    CHECK(mg_native_chain_new(&chain, &options) == MG_OK);
    for (; *stages; stages++) CHECK(mg_native_chain_add(chain, *stages, &none, &error) == MG_OK);
    CHECK(mg_native_chain_start(chain) == MG_OK);
    return chain;
}

/* All that comes out, one record after the other; the chain is gone then. */
static const char *
all_of(mg_native_chain_t *chain)
{
    static char all[64 * 32];
    mg_native_pipe_t *outlet = mg_native_chain_outlet(chain);
    mg_native_parcel_t *parcel;
    mg_status_t status;
    mg_error_t error;
    all[0] = '\0';
    while ((status = mg_native_pipe_try_pop(outlet, &parcel)) == MG_OK || status == MG_AGAIN) {
        if (status == MG_AGAIN) {
            mg_park_sleep(&outlet->park, 0);
            continue;
        }
        for (size_t i = 0; i < parcel->block.count; i++) {
            const mg_record_t *record = &parcel->block.records[i];
            strncat(all, parcel->block.data + record->offset, record->length);
            strcat(all, ",");
        }
        mg_native_parcel_put(mg_native_chain_parcels(chain), parcel);
    }
    CHECK(status == MG_CLOSED);
    mg_native_chain_join(chain);
    CHECK(mg_native_chain_error(chain, &error) == -1);
    mg_native_chain_free(chain);
    return all;
}

TEST(native_end_of_an_endless_source)
{
    const mg_stage_t *stages[] = { &endless, &head, NULL };
    for (uint32_t workers = 1; workers <= 4; workers++) {
        CHECK(strcmp(all_of(started(workers, true, stages, ENOUGH)), "0,1,2,3,4,5,6,7,8,9,") == 0);
        CHECK(late == 0);

        size_t commas = 0;
        for (const char *at = all_of(started(workers, false, stages, ENOUGH)); *at; at++) commas += *at == ',';
        CHECK(commas == ENOUGH && late == 0);
    }
}

TEST(native_end_flushes_the_stages_behind)
{
    const mg_stage_t *stages[] = { &endless, &head, &tail, NULL };
    CHECK(strcmp(all_of(started(3, true, stages, ENOUGH)), "0 1 2 3 4 5 6 7 8 9 ,") == 0);
}

TEST(native_end_in_what_another_stage_flushes)
{
    const mg_stage_t *stages[] = { &endless, &head, &tail, &head, &tail, NULL };
    /* Both heads share their count, so the second one has enough at once. */
    CHECK(strcmp(all_of(started(2, true, stages, ENOUGH)), "0 1 2 3 4 5 6 7 8 9 ,") == 0);
}

TEST(native_end_wakes_readers_that_wait)
{
    const mg_stage_t *stages[] = { &silent, &head, NULL };
    CHECK(pipe(silence) == 0);
    mg_native_chain_t *chain = started(3, false, stages, 1);
    CHECK(strcmp(all_of(chain), "0,") == 0);
    close(silence[0]);
    close(silence[1]);
}

TEST(native_end_refuses_more_from_the_inlet)
{
    const mg_stage_t *stages[] = { &head, NULL };
    mg_native_chain_t *chain = started(2, true, stages, ENOUGH);
    mg_native_pipe_t *inlet = mg_native_chain_inlet(chain);
    mg_status_t status = MG_OK;
    for (uint64_t i = 0; status == MG_OK; i++) {
        char text[1 + MG_STAGE_PADDING] = "x";
        mg_record_t record = { .length = 1 };
        mg_block_t block = { .data = text, .size = 1, .records = &record, .count = 1 };
        mg_native_parcel_t *parcel = mg_native_parcel_copy(mg_native_chain_parcels(chain), &block);
        mg_native_chain_number(chain, parcel);
        while ((status = mg_native_pipe_try_push(inlet, parcel)) == MG_AGAIN) mg_park_sleep(&inlet->park, 0);
        if (status != MG_OK) mg_native_parcel_put(mg_native_chain_parcels(chain), parcel);
    }
    CHECK(status == MG_CANCELLED);
    CHECK(strcmp(all_of(chain), "x,x,x,x,x,x,x,x,x,x,") == 0);
}

static _Atomic bool gone;

static void
dispose(void *data)
{
    mg_native_chain_free(data);
    atomic_store(&gone, true);
}

/* Some while they work, some when the last worker leaves or has left. */
TEST(native_end_of_a_chain_that_is_abandoned)
{
    const mg_stage_t *stages[] = { &endless, &head, NULL };
    for (uint32_t round = 0; round < 60; round++) {
        mg_native_chain_t *chain = started(1 + round % 3, false, stages, round % 2 ? 1 : 1000000);
        mg_native_pipe_t *outlet = mg_native_chain_outlet(chain);
        mg_native_parcel_t *parcel;
        mg_status_t status = MG_OK;
        while (round % 2 && status != MG_CLOSED) {
            status = mg_native_pipe_try_pop(outlet, &parcel);
            if (status == MG_AGAIN) mg_park_sleep(&outlet->park, 0);
            if (status == MG_OK) mg_native_parcel_put(mg_native_chain_parcels(chain), parcel);
        }
        atomic_store(&gone, false);
        mg_native_chain_abandon(chain, dispose, chain);
        while (!atomic_load(&gone)) sched_yield();
    }
}
