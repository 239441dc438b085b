/* native_pipe.h - A queue of parcels, bounded by bytes, between native threads and
 * one thread that must not block here: a Ruby thread.
 *
 * Native threads use push and pop, which block at the gate's outer side (see
 * native_gate.h). The Ruby thread uses try_push or try_pop and sleeps on `park`,
 * which rings whenever trying again may help.
 */
#ifndef MG_NATIVE_PIPE_H
#define MG_NATIVE_PIPE_H

#include <pthread.h>

#include "native_parcel.h"
#include "park.h"
#include "status.h"

typedef struct {
    size_t budget; /* bytes; one parcel fits always */
    mg_park_t park;

    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* Guarded by lock. */
    mg_native_parcel_t *first, *last;
    size_t bytes;
    uint64_t pushed; /* parcels */
    bool closed;     /* nothing more comes */
    bool cancelled;  /* nobody wants anything */
} mg_native_pipe_t;

void mg_native_pipe_init(mg_native_pipe_t *pipe, size_t budget);

/* Frees what is left in it. */
void mg_native_pipe_fini(mg_native_pipe_t *pipe, mg_native_parcels_t *parcels);

/* Both take the parcel over unless they fail.
 * MG_CANCELLED - nobody will read it.
 * MG_AGAIN     - try_push alone: no room now. */
mg_status_t mg_native_pipe_push(mg_native_pipe_t *pipe, mg_native_parcel_t *parcel);
mg_status_t mg_native_pipe_try_push(mg_native_pipe_t *pipe, mg_native_parcel_t *parcel);

/* MG_CLOSED    - closed and empty.
 * MG_CANCELLED - cancelled.
 * MG_AGAIN     - try_pop alone: nothing there now. */
mg_status_t mg_native_pipe_pop(mg_native_pipe_t *pipe, mg_native_parcel_t **parcel);
mg_status_t mg_native_pipe_try_pop(mg_native_pipe_t *pipe, mg_native_parcel_t **parcel);

/* How many parcels were ever pushed. */
uint64_t mg_native_pipe_pushed(mg_native_pipe_t *pipe);

/* False once it is cancelled: nothing more will be read from it. */
bool mg_native_pipe_wanted(mg_native_pipe_t *pipe);

/* Both wake everybody, any number of times. */
void mg_native_pipe_close(mg_native_pipe_t *pipe);
void mg_native_pipe_cancel(mg_native_pipe_t *pipe);

#endif
