/* stage_run.h - Puts a block through one native stage, without a chain, for harnesses. */
#ifndef MG_FUZZ_STAGE_RUN_H
#define MG_FUZZ_STAGE_RUN_H

#include <stdlib.h>

#include "core/native_emit.h"
#include "core/native_rows.h"
#include "core/stage.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) __builtin_trap();                                                        \
    } while (0)

/* What came of it. Two runs that must agree have equal ones. */
typedef struct {
    uint64_t records, rejects, bytes;
    uint64_t hash; /* of all that was emitted, rows as JSON */
    int status;
} run_t;

static inline int
run_deliver(void *target, const mg_block_t *block)
{
    run_t *run = target;
    mg_native_rows_t rows;
    memset(&rows, 0, sizeof(rows));
    if (block->columns) block = mg_native_rows_render(&rows, block);
    MUST(block != NULL);
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        MUST(record->offset + (size_t)record->length <= block->size);
        for (size_t at = 0; at < record->length; at++) {
            run->hash = (run->hash ^ (unsigned char)block->data[record->offset + at]) * 1099511628211u;
        }
        run->hash = (run->hash ^ '\n') * 1099511628211u;
        run->bytes += record->length;
    }
    run->records += block->count;
    mg_native_rows_fini(&rows);
    return MG_STAGE_OK;
}

static inline int
run_reject(void *target, const mg_block_t *block, const mg_record_t *record, int code, const char *text)
{
    run_t *run = target;
    (void)block;
    (void)record;
    (void)code;
    MUST(text && *text);
    run->rejects++;
    return MG_STAGE_OK;
}

static inline int
run_wait(const mg_host_t *host, int fd, bool write)
{
    (void)host;
    (void)fd;
    (void)write;
    return MG_STAGE_OK;
}

static inline bool
run_cancelled(const mg_host_t *host)
{
    (void)host;
    return false;
}

static inline void
run_gate(const mg_host_t *host)
{
    (void)host;
}

static const mg_host_t run_host = { .abi = MG_STAGE_ABI,
                                    .size = sizeof(mg_host_t),
                                    .workers = 1,
                                    .ordered = true,
                                    .wait = run_wait,
                                    .cancelled = run_cancelled,
                                    .leave = run_gate,
                                    .enter = run_gate };

/* All records in one block, or each in a block of its own. */
static inline run_t
run_stage(const mg_stage_t *stage, const mg_options_t *options, const mg_block_t *block, bool singly)
{
    static const mg_native_emit_ops_t ops = { run_deliver, run_reject };
    run_t run = { .hash = 14695981039346656037u };
    mg_native_emit_t emit;
    mg_error_t error = { 0, "" };
    void *shared = NULL, *state = NULL;

    memset(&emit, 0, sizeof(emit));
    run.status = stage->open ? stage->open(options, &run_host, &shared, &error) : MG_STAGE_OK;
    if (run.status != MG_STAGE_OK) return run;
    state = shared;
    if (stage->start) MUST(stage->start(shared, 0, &state, &error) == MG_STAGE_OK);
    mg_native_emit_init(&emit, &ops, &run, &error);

    mg_block_t part = *block;
    if (singly) part.count = 1;
    for (size_t i = 0; i < block->count && run.status == MG_STAGE_OK; i += part.count) {
        part.records = block->records + i;
        mg_native_emit_begin(&emit, &part);
        run.status = stage->process(state, &part, &emit.face);
        if (run.status == MG_STAGE_OK) run.status = mg_native_emit_end(&emit);
    }
    if (stage->flush && run.status == MG_STAGE_OK) {
        mg_native_emit_begin(&emit, NULL);
        run.status = stage->flush(state, &emit.face);
        if (run.status == MG_STAGE_OK) run.status = mg_native_emit_end(&emit);
    }
    MUST(run.status != MG_STAGE_FAILED || error.text[0]);
    mg_native_emit_fini(&emit);
    if (stage->stop && stage->start) stage->stop(state);
    if (stage->close) stage->close(shared, true, &error);
    return run;
}

static inline bool
same(const run_t *one, const run_t *other)
{
    return one->records == other->records && one->rejects == other->rejects && one->hash == other->hash &&
           one->status == other->status;
}

#endif
