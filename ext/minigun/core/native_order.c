#include "native_internal.h"

#include <time.h>

#include "native_gate.h"

mg_status_t
mg__native_order_init(mg_native_order_t *order)
{
    memset(order, 0, sizeof(*order));
    pthread_mutex_init(&order->serial, NULL);
    pthread_mutex_init(&order->lock, NULL);
    pthread_cond_init(&order->moved, NULL);
    return MG_OK;
}

void
mg__native_order_fini(mg_native_order_t *order, mg_native_parcels_t *parcels)
{
    for (size_t i = 0; i < MG_NATIVE_WINDOW; i++) {
        while (order->slots[i].first) {
            mg_native_parcel_t *parcel = order->slots[i].first;
            order->slots[i].first = parcel->next;
            mg_native_parcel_put(parcels, parcel);
        }
    }
    pthread_cond_destroy(&order->moved);
    pthread_mutex_destroy(&order->lock);
    pthread_mutex_destroy(&order->serial);
}

void
mg__native_order_wake(mg_native_order_t *order)
{
    pthread_mutex_lock(&order->lock);
    pthread_cond_broadcast(&order->moved);
    pthread_mutex_unlock(&order->lock);
}

static int
run_serial(mg_native_chain_t *chain, const mg_block_t *block)
{
    return mg__native_run(&chain->tail, chain->serial_from, block);
}

static int
pass_unordered(mg_native_chain_t *chain, const mg_block_t *block)
{
    pthread_mutex_t *serial = &chain->order.serial;
    if (pthread_mutex_trylock(serial) != 0) {
        mg_native_gate_leave();
        pthread_mutex_lock(serial);
        mg_native_gate_enter();
    }
    int status = run_serial(chain, block);
    pthread_mutex_unlock(serial);
    return status;
}

/* Runs parcels through the serial part and frees them. Lock not held. */
static int
run_parcels(mg_native_chain_t *chain, mg_native_parcel_t *parcel)
{
    int status = MG_STAGE_OK;
    while (parcel) {
        mg_native_parcel_t *next = parcel->next;
        if (status == MG_STAGE_OK) status = run_serial(chain, &parcel->block);
        mg_native_parcel_put(&chain->parcels, parcel);
        parcel = next;
    }
    return status;
}

/* Lock held. */
static mg_native_parcel_t *
take_parked(mg_native_order_t *order, mg_native_slot_t *slot)
{
    mg_native_parcel_t *first = slot->first;
    for (mg_native_parcel_t *parcel = first; parcel; parcel = parcel->next) {
        order->parked -= parcel->size;
    }
    slot->first = slot->last = NULL;
    return first;
}

/* Lock held; given up while waiting. A second at most, so that a lost wake-up costs
 * no more. */
static void
wait_moved(mg_native_order_t *order)
{
    struct timespec until;
    mg_native_gate_leave();
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_cond_timedwait(&order->moved, &order->lock, &until);
    pthread_mutex_unlock(&order->lock);
    mg_native_gate_enter();
    pthread_mutex_lock(&order->lock);
}

/* Lock held. */
static bool
must_wait(const mg_native_chain_t *chain, uint64_t sequence, size_t size)
{
    const mg_native_order_t *order = &chain->order;
    if (sequence == order->next || atomic_load(&chain->cancelled)) return false;
    return sequence >= order->next + MG_NATIVE_WINDOW ||
           (size > 0 && order->parked > 0 && order->parked + size > chain->budget);
}

/* Parks the parcel, or runs it if its turn has come. */
static int
park(mg_native_worker_t *worker, mg_native_parcel_t *parcel)
{
    mg_native_chain_t *chain = worker->chain;
    mg_native_order_t *order = &chain->order;
    mg_native_slot_t *slot = &order->slots[worker->sequence % MG_NATIVE_WINDOW];

    pthread_mutex_lock(&order->lock);
    while (must_wait(chain, worker->sequence, parcel->size)) wait_moved(order);
    bool now = worker->sequence == order->next;
    if (slot->last) {
        slot->last->next = parcel;
    }
    else {
        slot->first = parcel;
    }
    slot->last = parcel;
    order->parked += parcel->size;
    mg_native_parcel_t *run = now ? take_parked(order, slot) : NULL;
    pthread_mutex_unlock(&order->lock);

    return run_parcels(chain, run);
}

static int
pass_ordered(mg_native_worker_t *worker, const mg_block_t *block)
{
    mg_native_chain_t *chain = worker->chain;
    mg_native_order_t *order = &chain->order;
    mg_native_slot_t *slot = &order->slots[worker->sequence % MG_NATIVE_WINDOW];

    pthread_mutex_lock(&order->lock);
    bool now = worker->sequence == order->next;
    mg_native_parcel_t *parked = now ? take_parked(order, slot) : NULL;
    pthread_mutex_unlock(&order->lock);

    if (now) {
        int status = run_parcels(chain, parked);
        return status == MG_STAGE_OK ? run_serial(chain, block) : status;
    }
    mg_native_parcel_t *parcel = mg_native_parcel_copy(&chain->parcels, block);
    if (parcel == NULL) {
        mg_error_t error = { 0, "out of memory" };
        mg__native_fail(chain, chain->serial_from < chain->nstages ? chain->serial_from : 0, &error);
        return MG_STAGE_STOP;
    }
    parcel->next = NULL;
    return park(worker, parcel);
}

int
mg__native_order_pass(mg_native_worker_t *worker, const mg_block_t *block)
{
    return worker->chain->host.ordered ? pass_ordered(worker, block)
                                       : pass_unordered(worker->chain, block);
}

int
mg__native_order_done(mg_native_worker_t *worker)
{
    mg_native_chain_t *chain = worker->chain;
    mg_native_order_t *order = &chain->order;
    int status = MG_STAGE_OK;
    if (!chain->host.ordered || chain->serial_from == UINT32_MAX) return MG_STAGE_OK;

    pthread_mutex_lock(&order->lock);
    while (must_wait(chain, worker->sequence, 0)) wait_moved(order);
    order->slots[worker->sequence % MG_NATIVE_WINDOW].done = true;
    if (!order->draining) {
        order->draining = true;
        mg_native_slot_t *slot = &order->slots[order->next % MG_NATIVE_WINDOW];
        while (slot->done && status == MG_STAGE_OK && !atomic_load(&chain->cancelled)) {
            mg_native_parcel_t *parked = take_parked(order, slot);
            if (parked) {
                pthread_mutex_unlock(&order->lock);
                status = run_parcels(chain, parked);
                if (status == MG_STAGE_STOP && mg__native_enough(chain)) status = MG_STAGE_OK;
                pthread_mutex_lock(&order->lock);
            }
            slot->done = false;
            order->next++;
            pthread_cond_broadcast(&order->moved);
            slot = &order->slots[order->next % MG_NATIVE_WINDOW];
        }
        order->draining = false;
    }
    pthread_mutex_unlock(&order->lock);

    return status;
}
