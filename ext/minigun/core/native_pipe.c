#include "native_pipe.h"

#include <time.h>

#include "native_gate.h"

void
mg_native_pipe_init(mg_native_pipe_t *pipe, size_t budget)
{
    pipe->budget = budget;
    mg_park_init(&pipe->park);
    pthread_mutex_init(&pipe->lock, NULL);
    pthread_cond_init(&pipe->changed, NULL);
    pipe->first = pipe->last = NULL;
    pipe->bytes = 0;
    pipe->pushed = 0;
    pipe->closed = pipe->cancelled = false;
}

void
mg_native_pipe_fini(mg_native_pipe_t *pipe, mg_native_parcels_t *parcels)
{
    while (pipe->first) {
        mg_native_parcel_t *parcel = pipe->first;
        pipe->first = parcel->next;
        mg_native_parcel_put(parcels, parcel);
    }
    pthread_cond_destroy(&pipe->changed);
    pthread_mutex_destroy(&pipe->lock);
    mg_park_fini(&pipe->park);
}

/* Lock held. A second at most, so that a lost wake-up costs no more. */
static void
wait_changed(mg_native_pipe_t *pipe)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_cond_timedwait(&pipe->changed, &pipe->lock, &until);
}

/* Lock held. */
static bool
has_room(const mg_native_pipe_t *pipe, const mg_native_parcel_t *parcel)
{
    return pipe->first == NULL || pipe->bytes + parcel->size <= pipe->budget;
}

/* Lock held. */
static void
append(mg_native_pipe_t *pipe, mg_native_parcel_t *parcel)
{
    parcel->next = NULL;
    if (pipe->last) {
        pipe->last->next = parcel;
    }
    else {
        pipe->first = parcel;
    }
    pipe->last = parcel;
    pipe->bytes += parcel->size;
    pipe->pushed++;
}

/* Lock held. */
static mg_native_parcel_t *
remove_first(mg_native_pipe_t *pipe)
{
    mg_native_parcel_t *parcel = pipe->first;
    pipe->first = parcel->next;
    if (pipe->first == NULL) pipe->last = NULL;
    pipe->bytes -= parcel->size;
    return parcel;
}

mg_status_t
mg_native_pipe_push(mg_native_pipe_t *pipe, mg_native_parcel_t *parcel)
{
    pthread_mutex_lock(&pipe->lock);
    /* Others may have taken the room while the lock was given up for the gate. */
    while (!pipe->cancelled && !has_room(pipe, parcel)) {
        mg_native_gate_leave();
        while (!pipe->cancelled && !has_room(pipe, parcel)) wait_changed(pipe);
        pthread_mutex_unlock(&pipe->lock);
        mg_native_gate_enter();
        pthread_mutex_lock(&pipe->lock);
    }
    mg_status_t status = pipe->cancelled ? MG_CANCELLED : MG_OK;
    if (status == MG_OK) append(pipe, parcel);
    pthread_mutex_unlock(&pipe->lock);

    if (status == MG_OK) mg_park_ring(&pipe->park);
    return status;
}

mg_status_t
mg_native_pipe_try_push(mg_native_pipe_t *pipe, mg_native_parcel_t *parcel)
{
    mg_status_t status = MG_OK;

    pthread_mutex_lock(&pipe->lock);
    if (pipe->cancelled) {
        status = MG_CANCELLED;
    }
    else if (!has_room(pipe, parcel)) {
        status = MG_AGAIN;
    }
    else {
        append(pipe, parcel);
        pthread_cond_broadcast(&pipe->changed);
    }
    pthread_mutex_unlock(&pipe->lock);

    return status;
}

mg_status_t
mg_native_pipe_pop(mg_native_pipe_t *pipe, mg_native_parcel_t **parcel)
{
    mg_status_t status = MG_OK;

    mg_native_gate_leave();
    pthread_mutex_lock(&pipe->lock);
    while (!pipe->cancelled && !pipe->closed && pipe->first == NULL) wait_changed(pipe);
    if (pipe->cancelled) {
        status = MG_CANCELLED;
    }
    else if (pipe->first == NULL) {
        status = MG_CLOSED;
    }
    else {
        *parcel = remove_first(pipe);
    }
    pthread_mutex_unlock(&pipe->lock);
    mg_native_gate_enter();

    if (status == MG_OK) mg_park_ring(&pipe->park);
    return status;
}

mg_status_t
mg_native_pipe_try_pop(mg_native_pipe_t *pipe, mg_native_parcel_t **parcel)
{
    mg_status_t status = MG_OK;

    pthread_mutex_lock(&pipe->lock);
    if (pipe->cancelled) {
        status = MG_CANCELLED;
    }
    else if (pipe->first) {
        *parcel = remove_first(pipe);
        pthread_cond_broadcast(&pipe->changed);
    }
    else {
        status = pipe->closed ? MG_CLOSED : MG_AGAIN;
    }
    pthread_mutex_unlock(&pipe->lock);

    return status;
}

uint64_t
mg_native_pipe_pushed(mg_native_pipe_t *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    uint64_t pushed = pipe->pushed;
    pthread_mutex_unlock(&pipe->lock);
    return pushed;
}

bool
mg_native_pipe_wanted(mg_native_pipe_t *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    bool wanted = !pipe->cancelled;
    pthread_mutex_unlock(&pipe->lock);
    return wanted;
}

void
mg_native_pipe_close(mg_native_pipe_t *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->closed = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
    mg_park_ring(&pipe->park);
}

void
mg_native_pipe_cancel(mg_native_pipe_t *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->cancelled = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
    mg_park_ring(&pipe->park);
}
