/* Chains of native stages in which any one call that can fail does. */
#include "core/native_chain.h"
#include "core/native_gate.h"

#include "faults.h"
#include "test.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 12, PER_BLOCK = 4 };

/* A source of blocks of records "0" to "9". */
typedef struct {
    mg_record_t records[PER_BLOCK];
    char data[PER_BLOCK + MG_STAGE_PADDING];
} reader_t;

static _Atomic uint64_t next;
static reader_t readers[2];

static int
source_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    (void)stage;
    (void)error;
    *state = &readers[worker];
    return MG_STAGE_OK;
}

static int
source_read(void *state, mg_block_t *block, mg_error_t *error)
{
    (void)error;
    reader_t *reader = state;
    uint64_t number = atomic_fetch_add(&next, 1);
    if (number >= BLOCKS) return MG_STAGE_END;
    for (uint32_t i = 0; i < PER_BLOCK; i++) {
        reader->data[i] = (char)('0' + (number * PER_BLOCK + i) % 10);
        reader->records[i] = (mg_record_t){ .offset = i, .length = 1 };
    }
    block->data = reader->data;
    block->size = PER_BLOCK;
    block->records = reader->records;
    block->count = PER_BLOCK;
    block->sequence = number;
    return MG_STAGE_OK;
}

static const mg_stage_t source_stage = { .abi = MG_STAGE_ABI,
                                         .size = sizeof(mg_stage_t),
                                         .name = "source",
                                         .start = source_start,
                                         .read = source_read };

/* Goes through all of emit's functions: what comes of a record is one record. */
static const char *const names[] = { "text" };
static const mg_columns_t columns = { 1, names };

static int
mix_record(const mg_block_t *block, const mg_record_t *record, mg_emit_t *emit)
{
    const char *text = block->data + record->offset;
    mg_value_t *values;
    char *room;
    int status;
    switch (*text % 5) {
    case 0:
        return emit->reject(emit, record, 1, "no");
    case 1:
        return emit->bytes(emit, "ab", 2, record);
    case 2:
        room = emit->reserve(emit, 100);
        if (room == NULL) return MG_STAGE_FAILED;
        memset(room, 'x', 100);
        return emit->commit(emit, 100, record);
    case 3:
        status = emit->row(emit, &columns, record, &values);
        if (status != MG_STAGE_OK) return status;
        values[0] = (mg_value_t){ .type = MG_VALUE_INTEGER, .as.integer = 1 };
        return MG_STAGE_OK;
    default:
        return emit->keep(emit, record, 1);
    }
}

static int
mix_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    int status = MG_STAGE_OK;
    for (size_t i = 0; i < block->count && status == MG_STAGE_OK; i++) {
        status = mix_record(block, &block->records[i], emit);
    }
    return status;
}

static const mg_stage_t mix_stage = {
    .abi = MG_STAGE_ABI, .size = sizeof(mg_stage_t), .name = "mix", .process = mix_process
};

static int
keep_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    return emit->keep(emit, block->records, block->count);
}

static const mg_stage_t serial_stage = { .abi = MG_STAGE_ABI,
                                         .size = sizeof(mg_stage_t),
                                         .flags = MG_STAGE_SERIAL,
                                         .name = "serial",
                                         .process = keep_process };

static const mg_options_t none = { 0, NULL };

static mg_native_chain_t *
chain_of(const mg_stage_t *const *stages, size_t count)
{
    mg_native_chain_options_t options = { .workers = 2, .ordered = true, .wanted = true, .budget = 256 };
    mg_native_chain_t *chain;
    mg_error_t error = { 0, "" };
    mg_status_t status = mg_native_chain_new(&chain, &options);
    CHECK(status == MG_OK || (fault_came() && status == MG_NOMEM));
    if (status != MG_OK) return NULL;
    for (size_t i = 0; i < count; i++) CHECK(mg_native_chain_add(chain, stages[i], &none, &error) == MG_OK);
    return chain;
}

/* Reads the outlet to its end, and counts what came. */
static size_t
drain(mg_native_chain_t *chain)
{
    mg_native_pipe_t *outlet = mg_native_chain_outlet(chain);
    mg_native_parcel_t *parcel;
    mg_status_t status;
    size_t count = 0;

    while ((status = mg_native_pipe_try_pop(outlet, &parcel)) == MG_OK || status == MG_AGAIN) {
        if (status == MG_AGAIN) {
            mg_park_sleep(&outlet->park, 0);
            continue;
        }
        count += parcel->rejected ? 1 : parcel->block.count;
        mg_native_parcel_put(mg_native_chain_parcels(chain), parcel);
    }
    mg_native_chain_join(chain);
    return count;
}

static void
run_chain(void)
{
    const mg_stage_t *stages[] = { &source_stage, &mix_stage, &serial_stage };
    mg_native_chain_t *chain = chain_of(stages, 3);
    if (chain == NULL) return;

    mg_error_t error = { 0, "" };
    atomic_store(&next, 0);
    mg_status_t status = mg_native_chain_start(chain);
    CHECK(status == MG_OK || (fault_came() && (status == MG_NOMEM || status == MG_SYSERR)));
    if (status == MG_OK) {
        size_t came = drain(chain);
        bool failed = mg_native_chain_error(chain, &error) >= 0;
        CHECK(!failed || (fault_came() && error.text[0] != '\0'));
        CHECK(failed || came == BLOCKS * PER_BLOCK);
    }
    mg_native_chain_free(chain);
}

TEST(native_fault_in_a_chain)
{
    fault_each("chain", FAULT_RESOURCES, run_chain);
}

/* A source that waits for what never comes. */
static int fds[2];
static const mg_host_t *waiting_host;
static _Atomic uint32_t waiting;

static int
wait_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    (void)options;
    (void)error;
    waiting_host = host;
    *stage = NULL;
    return MG_STAGE_OK;
}

static int
wait_read(void *state, mg_block_t *block, mg_error_t *error)
{
    (void)state;
    (void)block;
    (void)error;
    atomic_fetch_add(&waiting, 1);
    return waiting_host->wait(waiting_host, fds[0], false);
}

static const mg_stage_t waiting_stage = { .abi = MG_STAGE_ABI,
                                          .size = sizeof(mg_stage_t),
                                          .name = "waiting",
                                          .open = wait_open,
                                          .read = wait_read };

static void
cancel_waiting_chain(void)
{
    const mg_stage_t *stages[] = { &waiting_stage, &serial_stage };
    mg_native_chain_t *chain = chain_of(stages, 2);
    CHECK(chain);
    atomic_store(&waiting, 0);
    CHECK(mg_native_chain_start(chain) == MG_OK);
    while (atomic_load(&waiting) < 2) sched_yield();
    mg_native_chain_cancel(chain);
    CHECK(drain(chain) == 0);
    mg_native_chain_free(chain);
}

TEST(native_fault_interrupts_a_cancelled_wait)
{
    CHECK(pipe(fds) == 0);
    fault_each("waiting chain", FAULT_INTERRUPT, cancel_waiting_chain);
    close(fds[0]);
    close(fds[1]);
}
