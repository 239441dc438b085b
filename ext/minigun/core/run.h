/* run.h - One run of a plan: steps, the segments they run in, the workers that
 * serve the segments, and the ledger of outstanding work that ends it all.
 *
 * DESIGN
 *
 * A run is a monitor. Everything here, unless it says otherwise, is called with
 * the run's lock held, and only mg_run_ops_t.sleep gives it up. In the binding
 * that lock is Ruby's GVL: items are VALUEs, and they may only move under it.
 * A core test uses a mutex.
 *
 * A worker serves one segment. It takes a chunk from the segment's inbox and
 * runs the chunk's step over it. What the step emits gathers in its hand, and
 * when the chunk is done, or the hand is full, it is delivered: a target in the
 * same segment runs over it at once, in the same thread; any other target gets
 * it through its segment's inbox, which holds a writer back when it is full.
 *
 * The ledger is one number, `pending`: live producers, chunks in inboxes, and
 * items in hands. A step ends when nothing can reach it any more: all that feed
 * it have ended (the cascade), or, where a live step may still address it by
 * name, when pending is zero (the count). One step is closed at a time then,
 * because its flush may create work.
 *
 * A full inbox of a step that can reach the sender does not block the sender:
 * a circle of full inboxes must not stop a run. All other bounds hold.
 */
#ifndef MG_RUN_H
#define MG_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk.h"
#include "histogram.h"
#include "lineage.h"
#include "park.h"
#include "status.h"

enum {
    MG_CHUNK_ITEMS = 64,      /* items in an ordinary chunk */
    MG_LARGE_ITEM = 16384,    /* bytes from which on items are weighed without being asked to */
    MG_CHUNK_BYTES = 1 << 22, /* a hand delivers early what weighs more */
};

/* In place of a step's index: all its static targets. */
#define MG_STATIC UINT32_MAX

typedef enum {
    MG_KIND_PRODUCER, /* runs once, without input */
    MG_KIND_EACH,     /* runs per item */
    MG_KIND_BATCH,    /* keeps items, passes on batches */
    MG_KIND_LOOP,     /* runs once, takes its input itself */
    MG_KIND_ROUTER    /* has no code: distributes */
} mg_kind_t;

typedef struct mg_run mg_run_t;
typedef struct mg_segment mg_segment_t;
typedef struct mg_step mg_step_t;
typedef struct mg_hand mg_hand_t;
typedef struct mg_worker mg_worker_t;
typedef struct mg_waiter mg_waiter_t;
typedef struct mg_run_ops mg_run_ops_t; /* run_ops.h */

/* Chunks in a row, oldest first. */
typedef struct {
    mg_chunk_t *first, *last;
} mg_chunk_list_t;

/* A thread that waits inside the run. Lives on its stack. */
struct mg_waiter {
    mg_park_t *park;
    mg_waiter_t *next;
};

/* Output bound for one step by name. */
typedef struct {
    mg_step_t *target;
    mg_chunk_t *out;
    bool overlaps; /* the target is a static target too */
} mg_route_t;

/* A worker's execution of a step. A step that runs on one worker at a time has
 * one of its own; a concurrent step has one per worker. */
struct mg_hand {
    mg_step_t *step;
    mg_worker_t *worker; /* NULL while at rest */
    mg_hand_t *outer;    /* the hand whose code this one runs inside of */

    mg_chunk_t *in;  /* the chunk it runs over; others may run over it later */
    uint32_t cursor; /* the item in hand */
    mg_token_t token; /* what is emitted now descends from it */

    mg_chunk_t *out;     /* for all static targets; NULL until the first item */
    uint32_t threshold;  /* deliver when `out` holds as many */
    uint32_t sent;       /* static targets that have the oldest chunk already */
    uint32_t sent_items; /* items of it that the next target has */
    bool delivering;     /* a delivery is under way, further down the stack */
    bool eager;          /* items may leave before the code has ended */
    bool held_before;    /* what it holds was there when last looked at */
    uint32_t fit;        /* as many items as a chunk should have, of the size seen last */
    bool overlap_open;   /* a route holds items for a static target */
    mg_chunk_list_t sealed; /* earlier chunks, kept for the order among targets */
    uint32_t sealed_items;

    mg_route_t *routes; /* indexed by the step's route numbers */
    uint32_t nroutes;

    size_t taken; /* items a loop took and has not settled */
    bool holding; /* nothing is delivered until the item in hand is done */
    mg_chunk_t *mark_out, *mark_sealed; /* what was held before that item */
    uint32_t mark_count;
    uint64_t limit;      /* of `spent`, beyond which the item in hand is overdue; 0 for none */
    bool overdue;        /* its code has been told so */
    bool timed;          /* the item in hand is measured */
    bool parked;         /* it failed, and is to be tried again */
    uint64_t timed_from; /* what was spent when it began */
    bool proved;         /* the item in hand was the last of the proof that it blocks */
    uint64_t spent;      /* ns in the step's code, without what ran nested in it */
    uint32_t counted;    /* items of `in` before this one are in the step's books */
};

struct mg_step {
    mg_run_t *run;
    uint32_t index;
    mg_kind_t kind;
    mg_segment_t *segment;
    mg_step_t *segment_next; /* the next step of its segment */

    mg_step_t **targets;
    uint32_t ntargets;
    bool round_robin;
    uint32_t turn;

    size_t capacity; /* of items in the inbox; 0 for unbounded */
    size_t queued;
    uint64_t max_bytes;    /* that the items in the inbox may weigh; 0 for no bound */
    bool weighs_all;       /* else only where the first of several is a large one */
    uint64_t queued_bytes; /* as far as they were weighed */
    uint32_t parked; /* items that wait to be tried again */
    mg_waiter_t *writers;

    uint32_t workers;     /* at a time; 1 for a serial step */
    uint32_t max_workers; /* what `workers` may grow to once the step proves to block */
    bool concurrent;      /* each worker has a hand of its own */
    bool ordered;         /* output leaves in the order of input */
    bool may_split;       /* the segment may be cut at this step */
    bool addresses;       /* its code may send by name */
    bool open_input;      /* awaits items sent by name, so only the count ends it */
    bool has_flush;       /* flush must be called at its end */

    /* End of stream. */
    uint32_t live_upstreams, live_feeders;
    uint32_t busy; /* workers inside it */
    bool running;  /* a producer or loop is at work, not waiting for input */
    bool closing, ending, ended;
    bool futile; /* nothing behind it will use what it emits */
    mg_step_t *ending_next; /* while several end at once */
    mg_step_t **feeds; /* steps it addressed, by route number */
    bool *feeds_freely; /* whether the inbox there is unbounded for it: it can reach the sender */
    uint32_t nfeeds;

    mg_hand_t hand;

    /* Counters, per run. At the end accepted is the sum of the five behind it. */
    uint64_t accepted, done, skipped, failed, dead, cancelled;
    uint64_t produced;
    double started_at, ended_at; /* seconds since 1970; 0 for never */
    uint64_t spent;        /* ns in its code, of all hands together */
    uint64_t waiting_room; /* ns that it waited for room in an inbox */
    mg_reservoir_t *latency; /* NULL until the first item */

    /* Does it block? See watch.h. */
    uint8_t slow_streak, fast_streak;
    bool watched; /* each item is timed */
    bool slow;    /* the last one might prove something, so that the next one is measured in full */
    bool grown; /* has workers because it proved to block */

    bool traced;      /* the source items it makes are followed until they are settled */
    mg_tokens_t kept; /* of what it has collected, or taken as a loop */

    uint64_t flush_at; /* mg_clock_now when flush is due, with no item; 0 for never */

    void *data; /* the caller's */
};

struct mg_segment {
    mg_run_t *run;
    mg_step_t *first; /* its steps, in topological order */
    mg_step_t *head;  /* its producer or loop, run before the inbox is served; or NULL */
    uint32_t open;    /* steps not ended */
    bool head_begun;
    bool bound; /* see mg_hand_bind */

    mg_chunk_list_t inbox;
    size_t queued;         /* items in inbox */
    mg_waiter_t *sleepers; /* workers that wait for input */
    uint32_t nsleepers;
    void (*listener)(void *data); /* see mg_hand_listen */
    void *listener_data;
    uint64_t listening_since;
    uint32_t nworkers, most_workers;
    uint64_t waiting_input; /* ns that its workers waited for items */

    /* Order behind a concurrent step: outputs parked until their turn. */
    uint64_t next_sequence, next_release;
    mg_chunk_list_t *parked;
    bool *parked_ready;
    uint32_t window;
    bool releasing;
    mg_waiter_t *window_waiters;

    mg_segment_t *next; /* all segments of the run */
};

struct mg_worker {
    mg_run_t *run;
    mg_segment_t *segment;
    mg_hand_t *hand;   /* the one whose code runs now, or NULL */
    mg_hand_t own;     /* for a concurrent step */
    uint64_t since;    /* from here on, time is to be charged to the hand whose code runs */
    mg_chunk_t *taken; /* chunk of the pass under way */
    bool running_head;
    bool dying; /* its thread was killed: it leaves when its hands are empty */
    bool left;
    mg_worker_t *next; /* all workers of the run, newest first */
    void *data;        /* the caller's */
};

struct mg_run {
    const mg_run_ops_t *ops;
    mg_step_t *steps;
    uint32_t nsteps;
    mg_segment_t *segments;
    mg_worker_t *workers;
    uint32_t live_workers;

    uint64_t pending;
    uint32_t open;       /* steps not ended */
    uint32_t first_open; /* no step before it is open */
    uint32_t addressers; /* open steps that may send by name */
    bool cancelled;
    bool draining; /* producers stop at their next emit */
    bool started;
    mg_status_t failure; /* of the machine itself, such as MG_NOMEM */

    struct mg_parked *parked; /* a heap of items that wait to be tried again, by time */
    uint32_t nparked, parked_room;

    mg_lineage_t *lineage; /* NULL unless a step is traced */
    bool settled;          /* the owner was told that there is something in it */

    mg_park_t *owner; /* rings when the run is over, or needs its owner */
    mg_chunk_cache_t cache;
    void *data; /* the caller's */
};

/* What a step is, for mg_run_init. */
typedef struct {
    mg_kind_t kind;
    uint32_t segment; /* 0 .. nsegments - 1 */
    const uint32_t *targets;
    uint32_t ntargets;
    bool round_robin;
    size_t capacity;
    uint64_t max_bytes; /* see mg_step */
    bool weighs_all;
    uint32_t workers, max_workers;
    bool ordered, may_split, addresses, open_input, has_flush;
    bool traced;
    void *data;
} mg_step_spec_t;

/* Sets up a run of `nsteps` steps; specs are in order of definition, targets
 * need not be. `order` lists all steps in topological order.
 * MG_NOMEM - nothing was kept; mg_run_fini is not needed. */
mg_status_t mg_run_init(mg_run_t *run, const mg_run_ops_t *ops, const mg_step_spec_t *specs,
                        uint32_t nsteps, uint32_t nsegments, const uint32_t *order, void *data);

/* Frees what the run holds, but not what items mean. All workers have left. */
void mg_run_fini(mg_run_t *run);

/* Starts the producers and loops, and ends what nothing can reach. */
mg_status_t mg_run_start(mg_run_t *run);

/* True when each step has ended, or the run was cancelled, and all workers left. */
bool mg_run_over(const mg_run_t *run);

/* Nanoseconds that the step's code has run in the hand until `now`; the hand's code is
 * what its worker runs. */
uint64_t mg_hand_spent(const mg_hand_t *hand, uint64_t now);

/* Makes every wait in the run return, so that its workers leave. Idempotent. */
void mg_run_cancel(mg_run_t *run);

/* Lets the run end with what it has accepted: producers stop. Idempotent. */
void mg_run_drain(mg_run_t *run);

/* Counts what is still held or queued as cancelled. Once, after the workers left. */
void mg_run_settle_cancelled(mg_run_t *run);

/* Calls `visit` for each item the run holds, in no order. `visit` must not touch
 * the run. */
void mg_run_each_item(const mg_run_t *run, void (*visit)(mg_item_t item, void *data), void *data);

/* A number that changes whenever an item gets on anywhere. */
uint64_t mg_run_progress(const mg_run_t *run);

/* Looks for producers that hold items back though they are slow: cuts their
 * segment behind them, or hands on what they hold. True while there is a
 * producer left to look after. */
bool mg_run_tend(mg_run_t *run);

/* Closes a step that awaits items sent by name, if none has come so far. */
void mg_run_expire(mg_run_t *run, uint32_t step);

/* The whole life of a worker, in its own thread. */
void mg_worker_run(mg_worker_t *worker);

/* Gives up a worker whose thread ends without mg_worker_run having returned; the
 * run is cancelled. Does nothing to a worker that left. */
void mg_worker_abandon(mg_worker_t *worker);

/* Hands of a step: emit, deliver. */

/* Adds an item for all static targets; delivers when enough are held.
 * MG_CLOSED    - a producer's work is wanted no more: the run drains, or all that it
 *                leads to has ended. The item is held or was dealt with.
 * MG_CANCELLED - the run stops.
 * MG_AGAIN     - the thread was interrupted; the item is held all the same. */
mg_status_t mg_hand_emit_slow(mg_hand_t *hand, mg_item_t item);

/* The same for an item after which nothing has to be done; false, and nothing done, if
 * it isn't such a one. */
static inline bool
mg_hand_emit_fast(mg_hand_t *hand, mg_item_t item)
{
    mg_chunk_t *out = hand->out;
    if (out == NULL || hand->delivering || out->count + 1 >= hand->threshold) return false;
    out->items[out->count++] = item;
    return true;
}

static inline mg_status_t
mg_hand_emit(mg_hand_t *hand, mg_item_t item)
{
    return mg_hand_emit_fast(hand, item) ? MG_OK : mg_hand_emit_slow(hand, item);
}

/* Opens a route to `target`, which makes the step a feeder of it, and gives the
 * number to send by. The same target gives the same number.
 * MG_CLOSED - the target has ended, or is about to. */
mg_status_t mg_step_route(mg_step_t *step, mg_step_t *target, uint32_t *number);

/* Adds an item for the target of a route. As mg_hand_emit_slow; MG_CLOSED if the
 * target has ended. */
mg_status_t mg_hand_send(mg_hand_t *hand, uint32_t number, mg_item_t item);

/* Delivers all that the hand holds. */
mg_status_t mg_hand_flush(mg_hand_t *hand);

/* Sends items that came about outside of the step's workers, from any thread that
 * has the lock; `target` is a step's index or MG_STATIC. Full inboxes block,
 * unless the target's worker could be the one that waits for the caller. `done`
 * tells how many items have gone to all their targets; what is left can be sent
 * again after MG_AGAIN. */
mg_status_t mg_step_publish(mg_step_t *step, uint32_t target, const mg_item_t *items, size_t count,
                            bool blocking, size_t *done);

/* Lineage; these do nothing in a run that has none. */

/* What the hand has emitted and was not handed on descends from hand->token. */
void mg_hand_stamp(mg_hand_t *hand);

/* The next `count` items in hand are collected by their step. */
void mg_hand_collect(mg_hand_t *hand, uint32_t count);

/* What is emitted from now on descends from all that the step has collected; or, for a
 * batch that is `again` tried, from what it did before. Until mg_hand_batch_done. */
void mg_hand_batch(mg_hand_t *hand, bool again);
void mg_hand_batch_done(mg_hand_t *hand);

/* The item in hand, or the batch; for a loop, all it has taken and not settled: failed. */
void mg_hand_failed(mg_hand_t *hand);

/* From hold to release or drop, what the hand emits is kept back, so that an item
 * that fails half-way leaves nothing behind. */
mg_status_t mg_hand_hold(mg_hand_t *hand);
mg_status_t mg_hand_release(mg_hand_t *hand);
void mg_hand_drop(mg_hand_t *hand);

/* Puts an item of the hand's step aside, to be tried again at `due`. It stays on the
 * ledger, in no worker's hands and no inbox. */
mg_status_t mg_hand_park(mg_hand_t *hand, mg_item_t item, uint32_t attempt, uint64_t due);

/* Brings parked items that are due to their inboxes, whatever their bounds. Returns
 * when the next one is due, 0 for none. */
uint64_t mg_run_unpark(mg_run_t *run, uint64_t now);

/* The input of a loop. */

/* Takes up to `max` items of the loop's inbox, waiting for them; `*count` is 0 at
 * the end of the stream. They stay on the ledger until settled.
 * MG_AGAIN     - interrupted, nothing taken.
 * MG_TIMEOUT   - nothing came before the deadline.
 * MG_CANCELLED - the run stops. */
mg_status_t mg_hand_take(mg_hand_t *hand, size_t max, uint64_t deadline, mg_item_t *items,
                         size_t *count);

/* For a loop that waits for other things besides its input: has `ring` called, once,
 * when mg_hand_take would no longer find nothing, at a moment when the lock is held.
 * False if it is so already; then nothing is called. NULL takes it back. */
bool mg_hand_listen(mg_hand_t *hand, void (*ring)(void *data), void *data);

/* Says that `count` items taken earlier are dealt with, their output emitted. */
void mg_hand_settle(mg_hand_t *hand, size_t count);

/* Says that `count` items taken earlier wait for others before anything is done with
 * them, so that they are no work that could create work. */
void mg_hand_keep(mg_hand_t *hand, size_t count);

/* Takes up kept items again. */
void mg_hand_resume(mg_hand_t *hand, size_t count);

/* Cuts the segment of the hand's step before the step, while the hand runs: the
 * step and what follows it get a worker of their own, and with them what is left
 * of hand->in from the cursor on. The caller returns MG_OK from run_items at once.
 * MG_INVALID - there is nothing before the step to cut it off from. */
mg_status_t mg_hand_split(mg_hand_t *hand);

/* Puts what is left of hand->in, from the cursor on, in front of the segment's inbox, for
 * other workers to take. The caller returns MG_OK from run_items at once. */
mg_status_t mg_hand_give_back(mg_hand_t *hand);

/* Leaves what is left of hand->in from the cursor on to another worker, because this
 * one is dying: a thread that was killed once can't be killed again. The caller
 * returns MG_OK from run_items at once. */
mg_status_t mg_hand_pass_on(mg_hand_t *hand);

/* Says that the hand's code has left something in its thread that no other thread can
 * use, such as a fiber: its segment is neither cut nor given more workers from now on. */
void mg_hand_bind(mg_hand_t *hand);

/* Lets up to max_workers workers serve the step at once, or one again. The step has
 * a segment to itself. */
void mg_step_widen(mg_step_t *step);
void mg_step_narrow(mg_step_t *step);

#endif
