/* watch.h - Finds out whether a step spends its time waiting.
 *
 * DESIGN
 *
 * Proof is a streak of items of at least a millisecond during which the thread
 * used little of the processor, while the rest of the process was not busy
 * either: a thread that waits for Ruby's lock looks idle too. The processor
 * clocks are system calls, so they are read once by each worker, and then only for
 * items after one that took MG_WATCH_PROOF. The first slow item is measured against
 * what the thread's clock showed when it was last read; so it may prove less than it
 * could, but never too much. */
#ifndef MG_WATCH_H
#define MG_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "run.h"

enum {
    MG_WATCH_FROM = 20000,    /* ns: after such an item the next one is timed */
    MG_WATCH_PROOF = 1000000, /* ns: an item that can prove something */
    MG_WATCH_STREAK = 3
};

typedef struct {
    uint64_t spent; /* what the hand had spent before */
    uint64_t thread, process; /* process is 0 where not read */
    pthread_t self;
} mg_watch_t;

/* Before an item that is measured. */
void mg_watch_begin(mg_hand_t *hand, mg_watch_t *watch);

/* After it; `*seconds` is what it took, without what ran nested in it. True if the
 * step has just proved to block. */
bool mg_watch_end(mg_hand_t *hand, const mg_watch_t *watch, double *seconds);

/* At the start of a worker, in its thread, which may have worked for others: reads the clock
 * if any of the worker's steps may prove to block. */
void mg_watch_enter(const mg_worker_t *worker);

/* Starts watching a step whose chunk of `items` took so many nanoseconds, if that was
 * slow. */
void mg_watch_chunk(mg_step_t *step, uint64_t took, uint32_t items);

#endif
