/* native_internal.h - What the files of a chain share. */
#ifndef MG_NATIVE_INTERNAL_H
#define MG_NATIVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "native_chain.h"
#include "native_emit.h"
#include "native_rows.h"

enum { MG_NATIVE_WINDOW = 1024 }; /* blocks that may be ahead of the next in order */

typedef struct mg_native_worker mg_native_worker_t;

/* A stage, once per chain. */
typedef struct {
    mg_stage_t table;
    const mg_options_t *options;
    void *shared;
    bool opened;
} mg_native_stage_t;

/* A stage on one worker. */
typedef struct {
    mg_native_worker_t *worker;
    uint32_t index;
    void *state;
    bool started;
    mg_native_emit_t emit;
    mg_native_rows_t rows;
    mg_error_t error;
    bool ended; /* wants no more; its worker's alone, or guarded as the serial part is */
    _Atomic uint64_t consumed, produced, failed, nanoseconds; /* written by the worker alone */
} mg_native_seat_t;

struct mg_native_worker {
    mg_native_chain_t *chain;
    pthread_t thread;
    uint64_t sequence; /* of the source's block in hand */
    uint64_t nested;   /* nanoseconds that later stages took within the current call */
    mg_native_seat_t *seats; /* one per stage */
};

/* Output of a block of the source, parked until its turn. */
typedef struct {
    mg_native_parcel_t *first, *last;
    bool done; /* its worker has gone on */
} mg_native_slot_t;

typedef struct {
    pthread_mutex_t serial; /* held while the serial part of an unordered chain runs */

    pthread_mutex_t lock;
    pthread_cond_t moved;

    /* Guarded by lock. */
    uint64_t next; /* sequence whose turn it is */
    size_t parked; /* bytes */
    bool draining;
    mg_native_slot_t slots[MG_NATIVE_WINDOW];
} mg_native_order_t;

/* Columns that outlive the stage that made them. */
typedef struct mg_native_columns mg_native_columns_t;
struct mg_native_columns {
    mg_native_columns_t *next;
    mg_columns_t columns;
    const char *names[];
};

struct mg_native_chain {
    mg_host_t host; /* first: host->wait finds the chain by it */
    bool wanted;
    size_t budget;
    uint32_t nstages;
    uint32_t serial_from; /* first stage of the serial part; UINT32_MAX for none */
    mg_native_stage_t stages[MG_NATIVE_STAGES];

    uint32_t nworkers, nthreads;
    mg_native_worker_t *workers;
    mg_native_worker_t tail; /* runs the serial part, lent to whoever's turn it is */
    mg_native_order_t order;

    mg_native_parcels_t parcels;
    mg_native_pipe_t inlet, outlet;
    uint64_t numbered;
    _Atomic uint64_t through; /* parcels of the inlet that no worker has in hand any more */

    _Atomic uint32_t running;
    _Atomic bool cancelled;
    _Atomic bool ended; /* a stage has enough: nothing more is read */
    _Atomic bool handed_over;
    void (*dispose)(void *data); /* of an abandoned chain */
    void *disposed;

    pthread_mutex_t lock;

    /* Guarded by lock. */
    int failed_stage; /* -1 for none */
    mg_error_t error;
    mg_native_columns_t *columns;
    int cancel_fds[2]; /* the first can be read once the chain is cancelled; -1 for none */
    int end_fds[2];    /* the same, once a stage has enough */
};

/* The host, and its pipes: open before the threads start (false with errno set), ring
 * from any thread, close when they are gone. */
void mg__native_host_init(mg_native_chain_t *chain, const mg_native_chain_options_t *options);
bool mg__native_host_open(mg_native_chain_t *chain);
void mg__native_host_ring(mg_native_chain_t *chain, const int fds[2]);
void mg__native_host_close(mg_native_chain_t *chain);

/* Notes a stage's failure, if it is the first, and cancels. */
void mg__native_fail(mg_native_chain_t *chain, uint32_t stage, const mg_error_t *error);

/* True if it ended so: then a stop is none, and the chain ends as at the end of input. */
bool mg__native_enough(mg_native_chain_t *chain);

/* Stops all states and closes all stages that are open. */
void mg__native_close_stages(mg_native_chain_t *chain, bool complete);

void mg__native_columns_fini(mg_native_columns_t **columns);

/* The body of a worker's thread. */
void *mg__native_worker_body(void *worker);

/* Says that a worker is done; the last one ends the chain. */
void mg__native_worker_left(mg_native_chain_t *chain);

/* Called by the last worker to leave, and by an owner that abandons the chain, as the last thing they
 * do with it: the second one disposes of it. */
void mg__native_hand_over(mg_native_chain_t *chain);

/* Runs a block through the stages from `index` on; MG_STAGE_OK or MG_STAGE_STOP. */
int mg__native_run(mg_native_worker_t *worker, uint32_t index, const mg_block_t *block);

/* What a seat's emit calls. */
extern const mg_native_emit_ops_t mg__native_emit_ops;

mg_status_t mg__native_order_init(mg_native_order_t *order);
void mg__native_order_fini(mg_native_order_t *order, mg_native_parcels_t *parcels);

/* Takes a block through the serial part, now or in its turn. As mg__native_run. */
int mg__native_order_pass(mg_native_worker_t *worker, const mg_block_t *block);

/* Says that all output of the worker's block has passed. */
int mg__native_order_done(mg_native_worker_t *worker);

void mg__native_order_wake(mg_native_order_t *order);

#endif
