#include "native_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "native_gate.h"
#include "sys.h"

enum { DEFAULT_BUDGET = 16 * 1024 * 1024, MAX_WORKERS = 1024 };

mg_status_t
mg_native_chain_new(mg_native_chain_t **out, const mg_native_chain_options_t *options)
{
    if (options->workers == 0 || options->workers > MAX_WORKERS) return MG_INVALID;

    mg_native_chain_t *chain = mg_sys->calloc(1, sizeof(*chain));
    if (chain == NULL) return MG_NOMEM;

    mg__native_host_init(chain, options);
    chain->wanted = options->wanted;
    chain->budget = options->budget ? options->budget : DEFAULT_BUDGET;
    chain->nworkers = options->workers;
    chain->failed_stage = -1;
    pthread_mutex_init(&chain->lock, NULL);
    mg__native_order_init(&chain->order);
    mg_native_parcels_init(&chain->parcels);
    mg_native_pipe_init(&chain->inlet, chain->budget);
    mg_native_pipe_init(&chain->outlet, chain->budget);

    *out = chain;
    return MG_OK;
}

mg_status_t
mg_native_stage_check(const mg_stage_t *stage, mg_error_t *error)
{
    const char *complaint = NULL;
    if (stage == NULL) {
        complaint = "the stage is NULL";
    }
    else if (stage->abi != MG_STAGE_ABI) {
        mg_stage_fail(error, 0, "the stage has ABI version %u, this minigun has %u: "
                      "compile it against Minigun.include_dir", stage->abi, MG_STAGE_ABI);
        return MG_INVALID;
    }
    else if (stage->size < offsetof(mg_stage_t, read) + sizeof(stage->read)) {
        mg_stage_fail(error, 0, "the stage's size is %u, too small", stage->size);
        return MG_INVALID;
    }
    else if (stage->name == NULL || stage->name[0] == '\0') {
        complaint = "the stage has no name";
    }
    else if (stage->process == NULL && stage->read == NULL) {
        complaint = "the stage has neither process nor read";
    }
    else if (stage->process && stage->read) {
        complaint = "the stage has both process and read";
    }
    if (complaint == NULL) return MG_OK;
    mg_stage_fail(error, 0, "%s", complaint);
    return MG_INVALID;
}

mg_status_t
mg_native_chain_add(mg_native_chain_t *chain, const mg_stage_t *stage, const mg_options_t *options,
                    mg_error_t *error)
{
    mg_status_t status = mg_native_stage_check(stage, error);
    if (status != MG_OK) return status;

    if (chain->nstages == MG_NATIVE_STAGES) {
        mg_stage_fail(error, 0, "more than %d stages in a row", MG_NATIVE_STAGES);
        return MG_INVALID;
    }
    if (stage->read && chain->nstages > 0) {
        mg_stage_fail(error, 0, "%s is a source and can only come first", stage->name);
        return MG_INVALID;
    }
    mg_native_stage_t *added = &chain->stages[chain->nstages++];
    size_t known = stage->size < sizeof(mg_stage_t) ? stage->size : sizeof(mg_stage_t);
    memcpy(&added->table, stage, known);
    added->options = options;
    return MG_OK;
}

bool
mg_native_chain_has_source(const mg_native_chain_t *chain)
{
    return chain->nstages > 0 && chain->stages[0].table.read != NULL;
}

static bool
open_stages(mg_native_chain_t *chain)
{
    for (uint32_t i = 0; i < chain->nstages; i++) {
        mg_native_stage_t *stage = &chain->stages[i];
        mg_error_t error = { 0, "" };
        if (stage->table.open &&
            stage->table.open(stage->options, &chain->host, &stage->shared, &error) != MG_STAGE_OK) {
            mg__native_fail(chain, i, &error);
            return false;
        }
        stage->opened = true;
    }
    return true;
}

static void
stop_seats(mg_native_chain_t *chain, mg_native_worker_t *worker)
{
    for (uint32_t i = 0; worker->seats && i < chain->nstages; i++) {
        mg_native_seat_t *seat = &worker->seats[i];
        const mg_stage_t *table = &chain->stages[i].table;
        if (seat->started && table->start && table->stop) table->stop(seat->state);
        seat->started = false;
    }
}

void
mg__native_close_stages(mg_native_chain_t *chain, bool complete)
{
    for (uint32_t w = 0; chain->workers && w < chain->nworkers; w++) {
        stop_seats(chain, &chain->workers[w]);
    }
    stop_seats(chain, &chain->tail);

    for (uint32_t i = 0; i < chain->nstages; i++) {
        mg_native_stage_t *stage = &chain->stages[i];
        if (!stage->opened) continue;

        mg_error_t error = { 0, "" };
        stage->opened = false;
        bool failed = stage->table.close && stage->table.close(stage->shared, complete, &error);
        if (failed && complete) mg__native_fail(chain, i, &error);
    }
}

static bool
start_seat(mg_native_worker_t *worker, uint32_t index, uint32_t number)
{
    mg_native_chain_t *chain = worker->chain;
    mg_native_stage_t *stage = &chain->stages[index];
    mg_native_seat_t *seat = &worker->seats[index];

    mg_native_emit_init(&seat->emit, &mg__native_emit_ops, seat, &seat->error);
    seat->state = stage->shared;
    if (stage->table.start &&
        stage->table.start(stage->shared, number, &seat->state, &seat->error) != MG_STAGE_OK) {
        mg__native_fail(chain, index, &seat->error);
        return false;
    }
    seat->started = true;
    return true;
}

static bool
make_seats(mg_native_worker_t *worker, mg_native_chain_t *chain)
{
    worker->chain = chain;
    worker->seats = mg_sys->calloc(chain->nstages, sizeof(mg_native_seat_t));
    for (uint32_t i = 0; worker->seats && i < chain->nstages; i++) {
        worker->seats[i].worker = worker;
        worker->seats[i].index = i;
    }
    return worker->seats != NULL;
}

static mg_status_t
make_workers(mg_native_chain_t *chain)
{
    uint32_t parallel = chain->serial_from < chain->nstages ? chain->serial_from : chain->nstages;

    chain->workers = mg_sys->calloc(chain->nworkers, sizeof(mg_native_worker_t));
    if (chain->workers == NULL) return MG_NOMEM;
    for (uint32_t w = 0; w < chain->nworkers; w++) {
        if (!make_seats(&chain->workers[w], chain)) return MG_NOMEM;
    }
    if (!make_seats(&chain->tail, chain)) return MG_NOMEM;

    for (uint32_t i = 0; i < parallel; i++) {
        for (uint32_t w = 0; w < chain->nworkers; w++) {
            if (!start_seat(&chain->workers[w], i, w)) return MG_INVALID;
        }
    }
    for (uint32_t i = parallel; i < chain->nstages; i++) {
        if (!start_seat(&chain->tail, i, 0)) return MG_INVALID;
    }
    return MG_OK;
}

static uint32_t
first_serial(const mg_native_chain_t *chain)
{
    for (uint32_t i = 0; i < chain->nstages; i++) {
        if (chain->stages[i].table.flags & MG_STAGE_SERIAL && !chain->stages[i].table.read) return i;
    }
    return chain->host.ordered && chain->wanted ? chain->nstages : UINT32_MAX;
}

/* Signals are Ruby's business: the threads take none. */
static mg_status_t
start_threads(mg_native_chain_t *chain)
{
    sigset_t all, before;
    atomic_store(&chain->running, chain->nworkers);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = 0;
    for (uint32_t i = 0; i < chain->nworkers && failure == 0; i++) {
        mg_native_worker_t *worker = &chain->workers[i];
        failure = mg_sys->pthread_create(&worker->thread, NULL, mg__native_worker_body, worker);
        if (failure == 0) chain->nthreads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0) return MG_OK;

    mg_native_chain_cancel(chain);
    for (uint32_t i = chain->nthreads; i < chain->nworkers; i++) mg__native_worker_left(chain);
    mg_native_chain_join(chain);
    errno = failure;
    return MG_SYSERR;
}

mg_status_t
mg_native_chain_start(mg_native_chain_t *chain)
{
    if (chain->nstages == 0 || chain->workers) return MG_INVALID;
    if (!mg__native_host_open(chain)) return MG_SYSERR;

    chain->serial_from = first_serial(chain);
    mg_native_gate_enter();
    mg_status_t status = open_stages(chain) ? make_workers(chain) : MG_INVALID;
    if (status != MG_OK) mg__native_close_stages(chain, false);
    mg_native_gate_leave();
    if (status == MG_OK) return start_threads(chain);
    mg__native_host_close(chain);
    return status;
}

void
mg__native_fail(mg_native_chain_t *chain, uint32_t stage, const mg_error_t *error)
{
    pthread_mutex_lock(&chain->lock);
    if (chain->failed_stage < 0) {
        chain->failed_stage = (int)stage;
        chain->error = *error;
    }
    pthread_mutex_unlock(&chain->lock);
    mg_native_chain_cancel(chain);
}

int
mg_native_chain_error(mg_native_chain_t *chain, mg_error_t *error)
{
    pthread_mutex_lock(&chain->lock);
    int stage = chain->failed_stage;
    if (stage >= 0) *error = chain->error;
    pthread_mutex_unlock(&chain->lock);
    return stage;
}

mg_native_pipe_t *
mg_native_chain_inlet(mg_native_chain_t *chain)
{
    return &chain->inlet;
}

mg_native_pipe_t *
mg_native_chain_outlet(mg_native_chain_t *chain)
{
    return &chain->outlet;
}

mg_native_parcels_t *
mg_native_chain_parcels(mg_native_chain_t *chain)
{
    return &chain->parcels;
}

void
mg_native_chain_number(mg_native_chain_t *chain, mg_native_parcel_t *parcel)
{
    parcel->block.sequence = chain->numbered++;
}

bool
mg_native_chain_idle(mg_native_chain_t *chain)
{
    return atomic_load(&chain->through) == mg_native_pipe_pushed(&chain->inlet);
}

void
mg_native_chain_end(mg_native_chain_t *chain)
{
    if (atomic_exchange(&chain->ended, true)) return;
    mg__native_host_ring(chain, chain->end_fds);
    mg_native_pipe_cancel(&chain->inlet);
}

void
mg_native_chain_cancel(mg_native_chain_t *chain)
{
    if (atomic_exchange(&chain->cancelled, true)) return;
    mg__native_host_ring(chain, chain->cancel_fds);
    mg_native_pipe_cancel(&chain->inlet);
    mg_native_pipe_cancel(&chain->outlet);
    mg__native_order_wake(&chain->order);
}

void
mg_native_chain_join(mg_native_chain_t *chain)
{
    for (uint32_t i = 0; i < chain->nthreads; i++) pthread_join(chain->workers[i].thread, NULL);
    chain->nthreads = 0;
    mg__native_host_close(chain);
}

void
mg_native_chain_abandon(mg_native_chain_t *chain, void (*dispose)(void *data), void *data)
{
    mg_native_chain_cancel(chain);
    for (uint32_t i = 0; i < chain->nthreads; i++) pthread_detach(chain->workers[i].thread);
    chain->dispose = dispose;
    chain->disposed = data;
    mg__native_hand_over(chain);
}

void
mg__native_hand_over(mg_native_chain_t *chain)
{
    if (atomic_exchange(&chain->handed_over, true)) chain->dispose(chain->disposed);
}

static void
sum_seat(const mg_native_seat_t *seat, mg_native_counters_t *counters)
{
    counters->consumed += atomic_load_explicit(&seat->consumed, memory_order_relaxed);
    counters->produced += atomic_load_explicit(&seat->produced, memory_order_relaxed);
    counters->failed += atomic_load_explicit(&seat->failed, memory_order_relaxed);
    counters->nanoseconds += atomic_load_explicit(&seat->nanoseconds, memory_order_relaxed);
}

void
mg_native_chain_counters(mg_native_chain_t *chain, uint32_t stage, mg_native_counters_t *counters)
{
    memset(counters, 0, sizeof(*counters));
    if (chain->tail.seats == NULL || stage >= chain->nstages) return;
    for (uint32_t i = 0; i < chain->nworkers; i++) sum_seat(&chain->workers[i].seats[stage], counters);
    sum_seat(&chain->tail.seats[stage], counters);
}

uint32_t
mg_native_chain_size(const mg_native_chain_t *chain)
{
    return chain->nstages;
}

const char *
mg_native_chain_name(const mg_native_chain_t *chain, uint32_t stage)
{
    return chain->stages[stage].table.name;
}

static void
free_seats(mg_native_chain_t *chain, mg_native_worker_t *worker)
{
    for (uint32_t i = 0; worker->seats && i < chain->nstages; i++) {
        mg_native_seat_t *seat = &worker->seats[i];
        mg_native_emit_fini(&seat->emit);
        mg_native_rows_fini(&seat->rows);
    }
    free(worker->seats);
    worker->seats = NULL;
}

void
mg_native_chain_free(mg_native_chain_t *chain)
{
    if (chain == NULL) return;

    for (uint32_t i = 0; chain->workers && i < chain->nworkers; i++) {
        free_seats(chain, &chain->workers[i]);
    }
    free_seats(chain, &chain->tail);
    free(chain->workers);
    mg_native_pipe_fini(&chain->inlet, &chain->parcels);
    mg_native_pipe_fini(&chain->outlet, &chain->parcels);
    mg__native_order_fini(&chain->order, &chain->parcels);
    mg_native_parcels_fini(&chain->parcels);
    mg__native_columns_fini(&chain->columns);
    mg__native_host_close(chain);
    pthread_mutex_destroy(&chain->lock);
    free(chain);
}
