/* rig.h - A run on POSIX threads, for tests: a mutex for the run's lock, and stages
 * whose items are numbers from 1 to RIG_VALUES - 1.
 *
 *   rig_t rig;
 *   rig_init(&rig);
 *   uint32_t source = rig_producer(&rig, 1000);
 *   uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
 *   rig_edge(&rig, source, sink);
 *   CHECK(rig_run(&rig) == MG_OK);
 *   CHECK(rig.stages[sink].nseen == 1000);
 *   rig_fini(&rig);
 *
 * Whatever a stage is given is noted in its `seen`, and after a run the ledger of every
 * step is checked. */
#ifndef MG_RIG_H
#define MG_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/plan.h"
#include "core/run_ops.h"

enum { RIG_STAGES = 16, RIG_TARGETS = 8, RIG_VALUES = 4096, RIG_THREADS = 512, RIG_KEPT = 64 };

/* What goes wrong, or at least different, now and then; ORed together. */
enum {
    RIG_YIELD = 1 << 0,     /* the lock changes hands in the middle of a stage's code */
    RIG_INTERRUPT = 1 << 1, /* waits are interrupted */
    RIG_KILL = 1 << 2,      /* idle workers die, and are replaced */
    RIG_SPLIT = 1 << 3,     /* stages are taken to block, and are cut off */
    RIG_TEND = 1 << 4       /* producers are taken to be slow */
};

/* What `each` may answer besides a status that stops the run. */
enum { RIG_FAILED = MG_INVALID, RIG_PARKED = MG_TIMEOUT };

typedef struct rig rig_t;
typedef struct rig_stage rig_stage_t;
typedef mg_status_t rig_each_t(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item);

struct rig_stage {
    rig_t *rig;
    mg_step_spec_t spec; /* may be changed before the run, but for targets and segment */
    uint8_t plan;        /* MG_PLAN_... */
    uint32_t to[RIG_TARGETS];
    rig_each_t *each;
    uint32_t argument; /* what `each` wants it to be */

    uint32_t items;     /* a producer's */
    bool endless;       /* it makes them over and over, until it is told to stop */
    bool (*until)(const rig_t *rig); /* when all are made it waits for this, if set */
    bool slow;          /* it takes its time over every tenth item, and over the last
                         * until the inboxes behind it are empty */
    mg_park_t breath;   /* where it rests */
    uint64_t patience;  /* ns: what a loop waits for input, and a batch for more; 0 for no end */
    uint32_t timeouts;  /* how often a loop waited in vain */
    bool listens;       /* a loop that is told when there is input */
    uint32_t at_once;   /* what a loop takes, or a batch keeps, at most */
    mg_item_t kept[RIG_KEPT];
    uint32_t nkept;

    uint32_t *seen; /* [RIG_VALUES] how often each item came */
    uint32_t *made; /* how often a producer made it */
    uint32_t *settled, *failed; /* how often it was told that all that came of it is done, and that
                                 * some of it failed; only where traced */
    uint64_t nseen;
    mg_item_t last;
    size_t most_queued; /* items in its inbox, as far as anybody looked */
    uint64_t undelivered, cancelled; /* items that the run told of */
    bool ascending; /* each item was greater than the one before */
};

struct rig {
    pthread_mutex_t lock;
    mg_run_t run;
    mg_park_t owner;
    rig_stage_t stages[RIG_STAGES];
    uint32_t nstages;
    pthread_t threads[RIG_THREADS];
    uint32_t nthreads;
    unsigned chaos; /* RIG_... */
    uint32_t random;
    uint32_t exposures; /* of workers with a chunk */
    /* Called by the owner when it wakes, with the lock held. */
    void (*looks)(rig_t *rig);
};

void rig_init(rig_t *rig);
void rig_fini(rig_t *rig);

uint32_t rig_stage(rig_t *rig, mg_kind_t kind, rig_each_t *each);
uint32_t rig_producer(rig_t *rig, uint32_t items);
void rig_edge(rig_t *rig, uint32_t from, uint32_t to);

/* Plans, sets up, runs, joins all threads and checks the ledger. The status of setting
 * up, or the run's failure. */
mg_status_t rig_run(rig_t *rig);

/* A number below `limit`. Lock held. */
uint32_t rig_random(rig_t *rig, uint32_t limit);

/* Does it happen this time, where there is such chaos? Once in `of` times. Lock held. */
bool rig_chance(rig_t *rig, unsigned what, uint32_t of);

/* What the core calls. */
extern const mg_run_ops_t rig_ops;
mg_status_t rig_run_items(mg_hand_t *hand);
mg_status_t rig_run_once(mg_hand_t *hand);
mg_status_t rig_flush(mg_hand_t *hand);

/* Lock held; another thread may have it for a while. */
void rig_yield(rig_t *rig);

/* The same, and long enough for a thread that waits for it to get it: a mutex isn't fair. */
void rig_breathe(rig_t *rig);

/* Emits, or sends to the stage `target`; an interrupt does no harm. */
mg_status_t rig_emit(mg_hand_t *hand, mg_item_t item);
mg_status_t rig_send(rig_stage_t *stage, mg_hand_t *hand, uint32_t target, mg_item_t item);

/* Stages. */
rig_each_t rig_count;  /* ends the item */
rig_each_t rig_pass;   /* passes it on */
rig_each_t rig_twice;  /* passes it on twice */
rig_each_t rig_some;   /* passes on two of three */
rig_each_t rig_fail;   /* fails where item % argument is 0, else passes on */
rig_each_t rig_route;  /* passes on, and sends odd items to the stage `argument` too */
rig_each_t rig_retry;  /* fails the first `argument` attempts of every fifth item */
rig_each_t rig_cancel; /* cancels the run at the item `argument` */
rig_each_t rig_linger; /* passes on after other threads had a go */

#endif
