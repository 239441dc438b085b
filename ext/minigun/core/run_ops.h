/* run_ops.h - What a run needs of its surroundings: a table that its caller fills. */
#ifndef MG_RUN_OPS_H
#define MG_RUN_OPS_H

#include "run.h"

/* What the core needs of its surroundings. All are called with the lock held. */
struct mg_run_ops {
    /* Runs the hand's step over hand->in from hand->cursor to its end, counting
     * done, skipped, failed and dead, with each emit going to mg_hand_emit.
     * MG_OK        - all done, or the rest was moved by mg_hand_split.
     * MG_CANCELLED - the run stops; items from the cursor on are not done. */
    mg_status_t (*run_items)(mg_hand_t *hand);

    /* Runs a producer or a loop, once. Any status but MG_OK stops the run. */
    mg_status_t (*run_once)(mg_hand_t *hand);

    /* Lets the step emit what it kept, at its end or at flush_at; only where
     * has_flush. */
    mg_status_t (*flush)(mg_hand_t *hand);

    /* Starts a thread that calls mg_worker_run(worker). */
    mg_status_t (*spawn)(mg_worker_t *worker);

    /* Gives the lock up, sleeps on `park` until it rings or the deadline passes,
     * takes the lock again. Where `interruptible`, an interrupt of the calling
     * thread ends the sleep with MG_AGAIN. Never MG_CANCELLED. */
    mg_status_t (*sleep)(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible);

    /* Calls `body`, which runs code of steps, with the interrupts of the worker's
     * thread let through to that code. */
    mg_status_t (*exposed)(mg_worker_t *worker, mg_status_t (*body)(mg_worker_t *worker));

    /* Lets pending interrupts of an idle worker's thread have their way; may set
     * worker->dying. MG_CANCELLED stops the run. */
    mg_status_t (*interrupted)(mg_worker_t *worker);

    /* Tells that a producer or loop has ended, before its targets are told. */
    void (*head_ended)(mg_step_t *step);

    /* Tells that items came for a step that had ended; they are counted as
     * cancelled. */
    void (*undelivered)(mg_step_t *step, mg_chunk_t *chunk);

    /* Tells of items, those of the chunk from `from` on, that the step will not deal
     * with because the run was cancelled; they are counted as cancelled. */
    void (*cancelled)(mg_step_t *step, const mg_chunk_t *chunk, uint32_t from);

    /* How many items the step accepted an item that is tried again stands for: those of
     * a batch. They were counted as done when they were collected. */
    uint64_t (*weight)(const mg_step_t *step, mg_item_t item);

    /* Estimates the bytes of memory that the item keeps in use. */
    uint64_t (*size)(mg_item_t item);
};

#endif
