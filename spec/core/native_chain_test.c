#include "core/native_chain.h"
#include "core/native_gate.h"
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

/* A source of blocks of one record each, "0", "1" and so on. */
enum { RECORDS = 2000 };

typedef struct {
    _Atomic uint64_t next;
    uint64_t limit;
} numbers_t;

typedef struct {
    numbers_t *numbers;
    mg_record_t record;
    char data[32 + MG_STAGE_PADDING];
} number_reader_t;

static numbers_t numbers;

static int
numbers_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    (void)host;
    (void)error;
    atomic_store(&numbers.next, 0);
    numbers.limit = (uint64_t)mg_option_integer(options, "limit", RECORDS);
    *stage = &numbers;
    return MG_STAGE_OK;
}

static int
numbers_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    (void)worker;
    (void)error;
    number_reader_t *reader = calloc(1, sizeof(*reader));
    reader->numbers = stage;
    *state = reader;
    return MG_STAGE_OK;
}

static int
numbers_read(void *state, mg_block_t *block, mg_error_t *error)
{
    (void)error;
    number_reader_t *reader = state;
    uint64_t number = atomic_fetch_add(&reader->numbers->next, 1);
    if (number >= reader->numbers->limit) return MG_STAGE_END;
    int length = snprintf(reader->data, 32, "%llu", (unsigned long long)number);
    reader->record = (mg_record_t){ .offset = 0, .length = (uint32_t)length };
    block->data = reader->data;
    block->size = (size_t)length;
    block->records = &reader->record;
    block->count = 1;
    block->sequence = number;
    return MG_STAGE_OK;
}

static const mg_stage_t numbers_stage = { .abi = MG_STAGE_ABI,
                                          .size = sizeof(mg_stage_t),
                                          .name = "numbers",
                                          .open = numbers_open,
                                          .start = numbers_start,
                                          .read = numbers_read,
                                          .stop = free };

/* Passes on odd numbers, rejects multiples of ten, fails where it is told to. */
typedef struct {
    long fail_at;
} odd_t;

static odd_t odd = { -1 };

static long
number_of(const mg_block_t *block, size_t i)
{
    char text[32] = "";
    memcpy(text, block->data + block->records[i].offset, block->records[i].length);
    return strtol(text, NULL, 10);
}

static int
odd_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    for (size_t i = 0; i < block->count; i++) {
        long number = number_of(block, i);
        int status = MG_STAGE_OK;
        if (number == odd.fail_at) return mg_stage_fail(emit->error, 7, "no %ld", number);
        if (number % 10 == 0) {
            status = emit->reject(emit, &block->records[i], 10, "a multiple of ten");
        }
        else if (number % 2) {
            status = emit->keep(emit, &block->records[i], 1);
        }
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

static const mg_stage_t odd_stage = {
    .abi = MG_STAGE_ABI, .size = sizeof(mg_stage_t), .name = "odd", .process = odd_process
};

/* Adds numbers up, one sum per worker. */
static const char *const sum_names[] = { "sum" };
static const mg_columns_t sum_columns = { 1, sum_names };

static int
sum_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    (void)stage;
    (void)worker;
    (void)error;
    *state = calloc(1, sizeof(int64_t));
    return MG_STAGE_OK;
}

static int
sum_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)emit;
    for (size_t i = 0; i < block->count; i++) *(int64_t *)state += number_of(block, i);
    return MG_STAGE_OK;
}

static int
sum_merge(void *state, void *other, mg_error_t *error)
{
    (void)error;
    *(int64_t *)state += *(int64_t *)other;
    return MG_STAGE_OK;
}

static int
sum_flush(void *state, mg_emit_t *emit)
{
    mg_value_t *values;
    int status = emit->row(emit, &sum_columns, NULL, &values);
    if (status != MG_STAGE_OK) return status;
    values[0] = (mg_value_t){ .type = MG_VALUE_INTEGER, .as.integer = *(int64_t *)state };
    return MG_STAGE_OK;
}

static const mg_stage_t sum_stage = { .abi = MG_STAGE_ABI,
                                      .size = sizeof(mg_stage_t),
                                      .name = "sum",
                                      .start = sum_start,
                                      .process = sum_process,
                                      .flush = sum_flush,
                                      .merge = sum_merge,
                                      .stop = free };

/* Doubles each record's text, and notes in what order they come. */
typedef struct {
    long last;
    bool in_order;
    _Atomic int inside;
    bool overlapped;
} serial_t;

static serial_t serial;

static int
serial_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    if (atomic_fetch_add(&serial.inside, 1) > 0) serial.overlapped = true;
    for (size_t i = 0; i < block->count; i++) {
        long number = number_of(block, i);
        if (number <= serial.last) serial.in_order = false;
        serial.last = number;
        uint32_t length = block->records[i].length;
        char *room = emit->reserve(emit, 2 * length);
        if (room == NULL) return MG_STAGE_FAILED;
        memcpy(room, block->data + block->records[i].offset, length);
        memcpy(room + length, room, length);
        int status = emit->commit(emit, 2 * length, &block->records[i]);
        if (status != MG_STAGE_OK) return status;
    }
    atomic_fetch_sub(&serial.inside, 1);
    return MG_STAGE_OK;
}

static const mg_stage_t serial_stage = { .abi = MG_STAGE_ABI,
                                         .size = sizeof(mg_stage_t),
                                         .flags = MG_STAGE_SERIAL,
                                         .name = "serial",
                                         .process = serial_process };

static const mg_options_t none = { 0, NULL };

static mg_native_chain_t *
chain_of(uint32_t workers, bool ordered, size_t budget, const mg_stage_t *const *stages, size_t count)
{
    mg_native_chain_options_t options = {
        .workers = workers, .ordered = ordered, .wanted = true, .budget = budget
    };
    mg_native_chain_t *chain;
    mg_error_t error = { 0, "" };
    CHECK(mg_native_chain_new(&chain, &options) == MG_OK);
    for (size_t i = 0; i < count; i++) {
        CHECK(mg_native_chain_add(chain, stages[i], &none, &error) == MG_OK);
    }
    return chain;
}

typedef struct {
    size_t records, rejects, rows;
    int64_t sum;
    long last;
    bool in_order;
} outcome_t;

static void
note(outcome_t *outcome, const mg_native_parcel_t *parcel)
{
    const mg_block_t *block = &parcel->block;
    if (parcel->rejected) {
        CHECK(parcel->code == 10 && number_of(block, 0) % 10 == 0);
        outcome->rejects++;
        return;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (block->columns) {
            CHECK(strcmp(block->columns->names[0], "sum") == 0);
            outcome->sum += block->values[i].as.integer;
            outcome->rows++;
            continue;
        }
        long number = number_of(block, i);
        outcome->in_order = outcome->in_order && number > outcome->last;
        outcome->last = number;
        outcome->sum += number;
        outcome->records++;
    }
}

/* Reads the outlet to its end. */
static outcome_t
drain(mg_native_chain_t *chain)
{
    outcome_t outcome = { .last = -1, .in_order = true };
    mg_native_pipe_t *outlet = mg_native_chain_outlet(chain);
    mg_native_parcel_t *parcel;
    mg_status_t status;

    while ((status = mg_native_pipe_try_pop(outlet, &parcel)) == MG_OK || status == MG_AGAIN) {
        if (status == MG_AGAIN) {
            mg_park_sleep(&outlet->park, 0);
            continue;
        }
        note(&outcome, parcel);
        mg_native_parcel_put(mg_native_chain_parcels(chain), parcel);
    }
    mg_native_chain_join(chain);
    return outcome;
}

TEST(native_chain_runs_each_record_once)
{
    const mg_stage_t *stages[] = { &numbers_stage, &odd_stage };
    for (uint32_t workers = 1; workers <= 4; workers++) {
        mg_native_chain_t *chain = chain_of(workers, false, 0, stages, 2);
        CHECK(mg_native_chain_start(chain) == MG_OK);
        outcome_t outcome = drain(chain);
        CHECK(outcome.records == RECORDS / 2);
        CHECK(outcome.rejects == RECORDS / 10);
        CHECK(outcome.sum == (int64_t)RECORDS * RECORDS / 4);

        mg_native_counters_t counters;
        mg_native_chain_counters(chain, 1, &counters);
        CHECK(counters.consumed == RECORDS && counters.produced == RECORDS / 2);
        CHECK(counters.failed == RECORDS / 10);
        mg_native_chain_free(chain);
    }
}

TEST(native_chain_keeps_order_in_little_memory)
{
    const mg_stage_t *stages[] = { &numbers_stage, &odd_stage };
    mg_native_chain_t *chain = chain_of(4, true, 256, stages, 2);
    CHECK(mg_native_chain_start(chain) == MG_OK);
    outcome_t outcome = drain(chain);
    CHECK(outcome.records == RECORDS / 2 && outcome.in_order);
    mg_native_chain_free(chain);
}

TEST(native_chain_merges_and_flushes)
{
    const mg_stage_t *stages[] = { &numbers_stage, &odd_stage, &sum_stage, &sum_stage };
    mg_native_chain_t *chain = chain_of(3, false, 0, stages, 3);
    CHECK(mg_native_chain_start(chain) == MG_OK);
    outcome_t outcome = drain(chain);
    CHECK(outcome.rows == 1 && outcome.sum == (int64_t)RECORDS * RECORDS / 4);
    mg_native_chain_free(chain);
}

TEST(native_chain_serial_stages_take_turns)
{
    const mg_stage_t *stages[] = { &numbers_stage, &odd_stage, &serial_stage };
    for (int ordered = 0; ordered <= 1; ordered++) {
        serial = (serial_t){ .last = -1, .in_order = true };
        mg_native_chain_t *chain = chain_of(4, ordered, 0, stages, 3);
        CHECK(mg_native_chain_start(chain) == MG_OK);
        outcome_t outcome = drain(chain);
        CHECK(outcome.records == RECORDS / 2);
        CHECK(!serial.overlapped);
        CHECK(!ordered || serial.in_order);
        mg_native_chain_free(chain);
    }
}

TEST(native_chain_failure_names_its_stage)
{
    const mg_stage_t *stages[] = { &numbers_stage, &odd_stage, &sum_stage };
    mg_error_t error;
    odd.fail_at = 500;
    mg_native_chain_t *chain = chain_of(3, true, 0, stages, 3);
    CHECK(mg_native_chain_start(chain) == MG_OK);
    drain(chain);
    odd.fail_at = -1;
    CHECK(mg_native_chain_error(chain, &error) == 1);
    CHECK(error.code == 7 && strcmp(error.text, "no 500") == 0);
    mg_native_chain_free(chain);
}

TEST(native_chain_cancel_frees_blocked_workers)
{
    const mg_stage_t *stages[] = { &numbers_stage };
    for (int ordered = 0; ordered <= 1; ordered++) {
        mg_native_chain_t *chain = chain_of(4, ordered, 64, stages, 1);
        CHECK(mg_native_chain_start(chain) == MG_OK);
        while (!mg_park_sleep(&mg_native_chain_outlet(chain)->park, 0)) continue;
        mg_native_chain_cancel(chain);
        mg_native_chain_join(chain);
        mg_error_t error;
        CHECK(mg_native_chain_error(chain, &error) == -1);
        mg_native_chain_free(chain);
    }
}

/* Feeds `count` records through the inlet, from a thread that drains nothing. */
static void *
feed(void *argument)
{
    mg_native_chain_t *chain = argument;
    mg_native_pipe_t *inlet = mg_native_chain_inlet(chain);
    for (int i = 0; i < RECORDS; i++) {
        char text[32 + MG_STAGE_PADDING];
        int length = snprintf(text, 32, "%d", i);
        mg_record_t record = { .length = (uint32_t)length };
        mg_block_t block = { .data = text, .size = (size_t)length, .records = &record, .count = 1 };
        mg_native_parcel_t *parcel = mg_native_parcel_copy(mg_native_chain_parcels(chain), &block);
        CHECK(parcel != NULL);
        mg_native_chain_number(chain, parcel);
        while (mg_native_pipe_try_push(inlet, parcel) == MG_AGAIN) mg_park_sleep(&inlet->park, 0);
    }
    mg_native_pipe_close(inlet);
    return NULL;
}

TEST(native_chain_takes_items_from_its_inlet)
{
    const mg_stage_t *stages[] = { &odd_stage };
    for (int ordered = 0; ordered <= 1; ordered++) {
        pthread_t feeder;
        mg_native_chain_t *chain = chain_of(3, ordered, 512, stages, 1);
        CHECK(mg_native_chain_start(chain) == MG_OK);
        CHECK(pthread_create(&feeder, NULL, feed, chain) == 0);
        outcome_t outcome = drain(chain);
        pthread_join(feeder, NULL);
        CHECK(outcome.records == RECORDS / 2 && outcome.rejects == RECORDS / 10);
        CHECK(!ordered || outcome.in_order);
        mg_native_chain_free(chain);
    }
}

TEST(native_chain_stands_still_at_the_gate)
{
    const mg_stage_t *stages[] = { &numbers_stage, &odd_stage, &sum_stage };
    mg_native_chain_t *chain = chain_of(2, false, 0, stages, 3);
    CHECK(mg_native_chain_start(chain) == MG_OK);
    CHECK(mg_native_gate_close(10000000000));
    uint64_t before = atomic_load(&numbers.next);
    for (int i = 0; i < 1000; i++) sched_yield();
    CHECK(atomic_load(&numbers.next) == before);
    mg_native_gate_open(false);
    CHECK(drain(chain).rows == 1);
    mg_native_chain_free(chain);
}

TEST(native_chain_refuses_strange_stages)
{
    mg_error_t error = { 0, "" };
    mg_stage_t stage = odd_stage;
    CHECK(mg_native_stage_check(NULL, &error) == MG_INVALID && strstr(error.text, "NULL"));
    stage.abi = 99;
    CHECK(mg_native_stage_check(&stage, &error) == MG_INVALID && strstr(error.text, "ABI version 99"));
    stage = odd_stage;
    stage.size = 8;
    CHECK(mg_native_stage_check(&stage, &error) == MG_INVALID && strstr(error.text, "too small"));
    stage = odd_stage;
    stage.process = NULL;
    CHECK(mg_native_stage_check(&stage, &error) == MG_INVALID && strstr(error.text, "neither"));
    stage = odd_stage;
    stage.name = NULL;
    CHECK(mg_native_stage_check(&stage, &error) == MG_INVALID && strstr(error.text, "no name"));

    const mg_stage_t *stages[] = { &odd_stage };
    mg_native_chain_t *chain = chain_of(1, false, 0, stages, 1);
    CHECK(mg_native_chain_add(chain, &numbers_stage, &none, &error) == MG_INVALID);
    CHECK(strstr(error.text, "can only come first"));
    mg_native_chain_free(chain);
}
