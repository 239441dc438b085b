#include "native_internal.h"

#include "clock.h"
#include "native_gate.h"

static void
add(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t sum = atomic_load_explicit(counter, memory_order_relaxed) + amount;
    atomic_store_explicit(counter, sum, memory_order_relaxed);
}

static void
note_emitted(mg_native_seat_t *seat)
{
    atomic_store_explicit(&seat->produced, seat->emit.produced, memory_order_relaxed);
    atomic_store_explicit(&seat->failed, seat->emit.failed, memory_order_relaxed);
}

static bool
cancelled(mg_native_chain_t *chain)
{
    return atomic_load_explicit(&chain->cancelled, memory_order_relaxed);
}

bool
mg__native_enough(mg_native_chain_t *chain)
{
    return atomic_load_explicit(&chain->ended, memory_order_relaxed) && !cancelled(chain);
}

/* Turns a stage's failure into a stop, after noting it. */
static int
settle(mg_native_seat_t *seat, int status)
{
    mg_native_chain_t *chain = seat->worker->chain;
    if (status == MG_STAGE_OK || status == MG_STAGE_STOP) return status;

    if (seat->error.text[0] == '\0') {
        if (cancelled(chain)) return MG_STAGE_STOP;
        mg_stage_fail(&seat->error, status, "failed with status %d and no text", status);
    }
    mg__native_fail(chain, seat->index, &seat->error);
    return MG_STAGE_STOP;
}

/* Puts a parcel into the outlet; frees it if nobody is there. */
static int
send_out(mg_native_chain_t *chain, uint32_t stage, mg_native_parcel_t *parcel)
{
    if (parcel == NULL) {
        mg_error_t error = { 0, "out of memory" };
        mg__native_fail(chain, stage, &error);
        return MG_STAGE_STOP;
    }
    if (mg_native_pipe_push(&chain->outlet, parcel) == MG_OK) return MG_STAGE_OK;
    mg_native_parcel_put(&chain->parcels, parcel);
    return MG_STAGE_STOP;
}

static int
leave_chain(mg_native_worker_t *worker, const mg_block_t *block)
{
    mg_native_chain_t *chain = worker->chain;
    if (!chain->wanted) return MG_STAGE_OK;

    uint64_t begin = mg_clock_now();
    mg_native_parcel_t *parcel = mg_native_parcel_copy(&chain->parcels, block);
    if (parcel && block->columns) {
        parcel->block.columns = mg_native_chain_columns(chain, block->columns);
        if (parcel->block.columns == NULL) {
            mg_native_parcel_put(&chain->parcels, parcel);
            parcel = NULL;
        }
    }
    int status = send_out(chain, chain->nstages - 1, parcel);
    worker->nested += mg_clock_now() - begin;
    return status;
}

/* Hands on what a call of the stage emitted, then settles it. */
static int
finish_call(mg_native_seat_t *seat, int status)
{
    bool enough = status == MG_STAGE_END;
    if (enough || status == MG_STAGE_OK) status = mg_native_emit_end(&seat->emit);
    note_emitted(seat);
    status = settle(seat, status);
    if (!enough) return status;

    seat->ended = true;
    mg_native_chain_end(seat->worker->chain);
    return MG_STAGE_STOP;
}

static int
run_stage(mg_native_worker_t *worker, uint32_t index, const mg_block_t *block)
{
    mg_native_seat_t *seat = &worker->seats[index];
    const mg_stage_t *stage = &worker->chain->stages[index].table;

    if (seat->ended) return MG_STAGE_STOP;
    if (block->columns && !(stage->flags & MG_STAGE_ROWS)) {
        block = mg_native_rows_render(&seat->rows, block);
        if (block == NULL) return settle(seat, mg_stage_fail(&seat->error, 0, "out of memory"));
    }
    mg_native_emit_begin(&seat->emit, block);
    int status = stage->process(seat->state, block, &seat->emit.face);
    add(&seat->consumed, block->count);
    return finish_call(seat, status);
}

int
mg__native_run(mg_native_worker_t *worker, uint32_t index, const mg_block_t *block)
{
    mg_native_chain_t *chain = worker->chain;
    if (cancelled(chain)) return MG_STAGE_STOP;

    uint64_t outer = worker->nested, begin = mg_clock_now();
    int status;
    worker->nested = 0;
    if (index == chain->serial_from && worker != &chain->tail) {
        status = mg__native_order_pass(worker, block);
    }
    else if (index == chain->nstages) {
        status = leave_chain(worker, block);
    }
    else {
        status = run_stage(worker, index, block);
        add(&worker->seats[index].nanoseconds, mg_clock_now() - begin - worker->nested);
    }
    worker->nested = outer + (mg_clock_now() - begin);
    return status;
}

static int
deliver(void *target, const mg_block_t *block)
{
    mg_native_seat_t *seat = target;
    return mg__native_run(seat->worker, seat->index + 1, block);
}

static int
reject(void *target, const mg_block_t *block, const mg_record_t *record, int code, const char *text)
{
    mg_native_seat_t *seat = target;
    mg_native_chain_t *chain = seat->worker->chain;
    mg_native_parcel_t *parcel =
        mg_native_parcel_reject(&chain->parcels, block, record, seat->index, code, text);
    mg_native_stage_t *source = &chain->stages[0];
    if (parcel && parcel->block.origin && parcel->origin.line == 0 && source->table.locate) {
        source->table.locate(source->shared, &parcel->origin);
    }
    return send_out(chain, seat->index, parcel);
}

const mg_native_emit_ops_t mg__native_emit_ops = { deliver, reject };

/* A block that a stage stopped because it has enough has passed, as far as it was to. */
static int
finish_turn(mg_native_worker_t *worker, int status)
{
    mg_native_chain_t *chain = worker->chain;
    if (status != MG_STAGE_OK && !mg__native_enough(chain)) return status;
    int drained = mg__native_order_done(worker);
    return status == MG_STAGE_OK ? drained : status;
}

/* Reads the source's next block and runs it through the chain. */
static int
turn_from_source(mg_native_worker_t *worker)
{
    mg_native_seat_t *seat = &worker->seats[0];
    mg_block_t block;
    memset(&block, 0, sizeof(block));

    uint64_t begin = mg_clock_now();
    int status = worker->chain->stages[0].table.read(seat->state, &block, &seat->error);
    add(&seat->nanoseconds, mg_clock_now() - begin);
    if (status == MG_STAGE_END) return status;
    if (status != MG_STAGE_OK) return settle(seat, status);

    add(&seat->produced, block.count);
    worker->sequence = block.sequence;
    return finish_turn(worker, block.count ? mg__native_run(worker, 1, &block) : MG_STAGE_OK);
}

static int
turn_from_inlet(mg_native_worker_t *worker)
{
    mg_native_chain_t *chain = worker->chain;
    mg_native_parcel_t *parcel;

    mg_status_t popped = mg_native_pipe_pop(&chain->inlet, &parcel);
    if (popped != MG_OK) return popped == MG_CLOSED ? MG_STAGE_END : MG_STAGE_STOP;

    worker->sequence = parcel->block.sequence;
    int status = mg__native_run(worker, 0, &parcel->block);
    mg_native_parcel_put(&chain->parcels, parcel);
    status = finish_turn(worker, status);
    atomic_fetch_add(&chain->through, 1);
    if (mg_native_chain_idle(chain)) mg_park_ring(&chain->outlet.park);
    return status;
}

void *
mg__native_worker_body(void *argument)
{
    mg_native_worker_t *worker = argument;
    mg_native_chain_t *chain = worker->chain;
    bool source = mg_native_chain_has_source(chain);

    mg_native_gate_enter();
    int status = MG_STAGE_OK;
    while (status == MG_STAGE_OK && !cancelled(chain) && !mg__native_enough(chain)) {
        mg_native_gate_pass();
        status = source ? turn_from_source(worker) : turn_from_inlet(worker);
    }
    mg__native_worker_left(chain);
    mg_native_gate_leave();
    return NULL;
}

static int
flush_seat(mg_native_chain_t *chain, mg_native_seat_t *seat)
{
    const mg_stage_t *stage = &chain->stages[seat->index].table;

    mg_native_emit_begin(&seat->emit, NULL);
    return finish_call(seat, stage->flush(seat->state, &seat->emit.face));
}

/* Merges and flushes one stage of the parallel part. */
static int
end_stage(mg_native_chain_t *chain, uint32_t index)
{
    const mg_stage_t *stage = &chain->stages[index].table;
    mg_native_seat_t *first = &chain->workers[0].seats[index];
    int status = MG_STAGE_OK;

    if (stage->merge) {
        for (uint32_t i = 1; i < chain->nworkers && status == MG_STAGE_OK; i++) {
            void *other = chain->workers[i].seats[index].state;
            status = settle(first, stage->merge(first->state, other, &first->error));
        }
        if (status == MG_STAGE_OK && stage->flush) status = flush_seat(chain, first);
        return status;
    }
    for (uint32_t i = 0; stage->flush && i < chain->nworkers && status == MG_STAGE_OK; i++) {
        status = flush_seat(chain, &chain->workers[i].seats[index]);
    }
    return status;
}

/* What is flushed comes after everything else, so it needs no turn of its own. */
static int
end_stages(mg_native_chain_t *chain)
{
    uint32_t parallel = chain->serial_from < chain->nstages ? chain->serial_from : chain->nstages;
    int status = MG_STAGE_OK;

    if (chain->serial_from != UINT32_MAX) {
        for (uint32_t i = 0; i < chain->nworkers; i++) chain->workers[i].sequence = chain->order.next;
    }
    for (uint32_t i = 0; i < chain->nstages && status == MG_STAGE_OK; i++) {
        if (i < parallel) {
            status = end_stage(chain, i);
        }
        else if (chain->stages[i].table.flush) {
            status = flush_seat(chain, &chain->tail.seats[i]);
        }
        if (status == MG_STAGE_STOP && mg__native_enough(chain)) status = MG_STAGE_OK;
    }
    return status;
}

void
mg__native_worker_left(mg_native_chain_t *chain)
{
    if (atomic_fetch_sub(&chain->running, 1) != 1) return;

    bool complete = !cancelled(chain) && end_stages(chain) == MG_STAGE_OK;
    mg__native_close_stages(chain, complete);
    mg_native_pipe_close(&chain->outlet);
    mg__native_hand_over(chain);
}
