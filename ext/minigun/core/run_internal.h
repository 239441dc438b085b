/* run_internal.h - What the files of a run share with each other: run.c sets up
 * and tears down, worker.c serves segments, loop.c is for steps that take their items
 * themselves, deliver.c hands output on, inbox.c queues and wakes, ending.c keeps the
 * ledger, segment.c cuts segments. */
#ifndef MG_RUN_INTERNAL_H
#define MG_RUN_INTERNAL_H

#include "clock.h"
#include "run_ops.h"

/* Charges the time since the last charge to the hand whose code runs. So each step is
 * charged for its own code only, and where one step hands over to another, one reading
 * of the clock does for both. */
static inline void
mg__charge(mg_worker_t *worker)
{
    uint64_t now = mg_clock_now(), took = now - worker->since;
    worker->since = now;
    if (worker->hand == NULL) return;
    worker->hand->spent += took;
    worker->hand->step->spent += took;
}

/* Whatever the worker did since the last charge is nobody's. */
static inline void
mg__charge_nobody(mg_worker_t *worker)
{
    worker->since = mg_clock_now();
}

/* trace.c: the lineage of items, where a run has one. */

/* Lets go of what the chunk holds, and empties it; tells the owner what that settles. */
void mg__let_go(mg_run_t *run, mg_chunk_t *chunk);

/* What the chunk of the hand's output holds descends from the item in hand. */
void mg__stamp(mg_hand_t *hand, mg_chunk_t *chunk);

/* As mg__stamp, for what came about outside of the step's workers. */
void mg__stamp_published(mg_step_t *step, mg_chunk_t *chunk);

/* `to`, a part of `from` from `first` on, has been taken out of it. */
void mg__move_tokens(mg_run_t *run, mg_chunk_t *to, mg_chunk_t *from, uint32_t first);

/* The chunk's items from `from` on have failed. */
void mg__fail_tokens(mg_run_t *run, const mg_chunk_t *chunk, uint32_t from);

/* The loop has taken the chunk's items, which leave it. */
void mg__take_tokens(mg_step_t *step, mg_chunk_t *chunk);

/* The step has dealt with all it had collected or taken. */
void mg__kept_done(mg_step_t *step);

/* An item that failed and waits to be tried again. */
typedef struct mg_parked {
    uint64_t due;
    mg_chunk_t *chunk; /* of that one item; `step` and `attempt` are set */
} mg_parked_t;

/* chunk lists */
void mg__list_append(mg_chunk_list_t *list, mg_chunk_t *chunk);
void mg__list_prepend(mg_chunk_list_t *list, mg_chunk_t *chunk);
mg_chunk_t *mg__list_shift(mg_chunk_list_t *list);

/* inbox.c */

/* Puts a chunk, which the inbox then owns, into the inbox of `target`. What it waits
 * is added to `*waited`, nanoseconds, which may be NULL.
 * MG_AGAIN     - interrupted while the inbox was full; the chunk is the caller's.
 * MG_CANCELLED - the run stops; the chunk is the caller's. */
mg_status_t mg__push(mg_step_t *target, mg_chunk_t *chunk, bool blocking, bool interruptible,
                     uint64_t *waited);

/* How many of `count` items one chunk for the target may have, at least one; what they
 * weigh is added up in `*bytes`. */
uint32_t mg__fit(const mg_step_t *target, const mg_item_t *items, uint32_t count, uint64_t *bytes);

/* Puts a chunk of items that were accepted before, and are on the ledger with it, in
 * front of the inbox. */
void mg__push_again(mg_step_t *target, mg_chunk_t *chunk);

/* The oldest chunk of the segment's inbox, or NULL; it is the caller's, and stays
 * on the ledger until mg__work_done. At most `max` items, 0 for all. */
mg_chunk_t *mg__take(mg_segment_t *segment, size_t max);

/* Sets what is called once when something happens to the segment; NULL for nothing. */
void mg__listen(mg_segment_t *segment, void (*ring)(void *data), void *data);

/* Sleeps until the segment has something to do, or the deadline has passed.
 * As mg_run_ops_t.sleep. */
mg_status_t mg__idle(mg_segment_t *segment, uint64_t deadline, bool interruptible);

/* Starts or wakes as many workers as the segment's inbox can use. */
void mg__rouse(mg_segment_t *segment);
void mg__rouse_all(mg_segment_t *segment);
void mg__ring_all(mg_waiter_t **waiters);

/* Waits in `list` until somebody rings. */
mg_status_t mg__wait_in(mg_run_t *run, mg_waiter_t **list, uint64_t deadline, bool interruptible);

/* ending.c */
void mg__work_begun(mg_run_t *run);
void mg__work_done(mg_run_t *run);
void mg__check_end(mg_step_t *step);
void mg__finish(mg_step_t *step);
void mg__settle(mg_run_t *run);

/* Counts the chunk's items from `from` on as cancelled, and tells so. */
void mg__cancel_items(mg_step_t *step, const mg_chunk_t *chunk, uint32_t from);

/* trace.c */

/* Gives back a chunk that is through. */
static inline void
mg__chunk_done(mg_run_t *run, mg_chunk_t *chunk)
{
    if (run->lineage && chunk) mg__let_go(run, chunk);
    mg_chunk_cache_put(&run->cache, chunk);
}

/* deliver.c */
void mg__hand_init(mg_hand_t *hand, mg_step_t *step);
void mg__hand_fini(mg_hand_t *hand);
mg_status_t mg__hand_flush(mg_hand_t *hand, bool blocking, bool interruptible);
/* Moves all that the hand holds, in order, to the end of `list`; each chunk's
 * `step` tells where it goes. */
void mg__hand_seal(mg_hand_t *hand, mg_chunk_list_t *list);
/* Delivers a sealed chunk of `step`; the chunk stays the caller's. */
mg_status_t mg__deliver_sealed(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk);

/* worker.c */
mg_status_t mg__run_chunk(mg_worker_t *worker, mg_step_t *step, mg_chunk_t *chunk);
mg_status_t mg__worker_start(mg_segment_t *segment);

/* segment.c */

/* Hands that emit at their own pace hand on what they hold for a segment that has
 * run dry, and from then on each item at once. True if there was something. */
bool mg__pull(mg_segment_t *segment);

/* A static target's segment waits for input. */
bool mg__targets_idle(const mg_step_t *step);

/* Nothing of the step's output runs in its own segment. */
bool mg__all_outside(const mg_step_t *step);

/* route.c */

/* True if what the step emits goes to `target`, among others. */
bool mg__is_target(const mg_step_t *step, const mg_step_t *target);

/* True if a full inbox of `target` must not hold the step back. */
bool mg__feeds_freely(const mg_step_t *step, const mg_step_t *target);

void mg__route_init(mg_route_t *route, const mg_step_t *step, mg_step_t *target);

#endif
