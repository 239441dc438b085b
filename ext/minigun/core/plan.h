/* plan.h - Cuts the steps of a run into segments: groups that run in one worker
 * by direct calls, with queues only between them.
 *
 * DESIGN
 *
 * A step joins a segment only if all its predecessors are in it. So items come
 * into a segment from outside at its first step alone, its *head*, which is where
 * its queue stands; every segment is convex; and the graph of segments has no
 * cycle. Steps are placed in one pass in a topological order that follows each
 * branch to its end before the next and keeps the caller's numbering otherwise,
 * so that a branch is not torn apart where a segment gets full. Time and memory
 * are linear in steps and edges, and nothing recurses.
 *
 * When a step joins, in this order:
 *
 *   no predecessors, or MG_PLAN_PRODUCER        heads a segment
 *   MG_PLAN_ALONE                               is a segment
 *   predecessors in several segments            heads a segment
 *   that one segment is an alone step's         heads a segment
 *   that segment holds MG_SEGMENT_MAX steps     heads a segment
 *   affinity with a step of that segment        joins it, whatever follows
 *   MG_PLAN_HEAD                                heads a segment
 *   context differs from that of the segment    heads a segment
 *   anything else                               joins it
 *
 * A plan is plain data: built by one thread, then read by any number.
 */
#ifndef MG_PLAN_H
#define MG_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

/* A segment's most steps. It bounds how deep steps run nested in each other. */
#define MG_SEGMENT_MAX 32

/* "No step": the affinity of an independent step. */
#define MG_PLAN_NONE UINT32_MAX

/* What the planner has to know of a step; ORed together. */
enum {
    MG_PLAN_PRODUCER = 1 << 0, /* makes items of its own: always a head */
    MG_PLAN_ALONE = 1 << 1,    /* shares no worker: pool, fork, native, loop, timed batch */
    MG_PLAN_HEAD = 1 << 2,     /* wants a queue before it; others may join it */
};

/* The steps to plan, numbered from 0. All arrays stay the caller's. */
typedef struct {
    uint32_t count;
    const uint8_t *flags;     /* [count] MG_PLAN_... */
    const uint8_t *contexts;  /* [count] any numbers; equal ones may share a worker */
    const uint32_t *affinity; /* [count] the step it is co-located with, or MG_PLAN_NONE */

    /* Successors in compressed rows: those of step i are
     * targets[starts[i]] up to, not including, targets[starts[i + 1]]. */
    const uint32_t *starts;  /* [count + 1], ascending, starts[0] = 0 */
    const uint32_t *targets; /* [starts[count]] duplicates do no harm */
} mg_plan_steps_t;

/* Why a step heads a segment; MG_WHY_JOINED if it heads none. */
#define MG_WHYS(XX)                                                                                \
    XX(MG_WHY_JOINED, "it runs with the step before it")                                              \
    XX(MG_WHY_SOURCE, "it has nothing before it")                                                     \
    XX(MG_WHY_PRODUCER, "it is a producer")                                                           \
    XX(MG_WHY_ALONE, "it has workers of its own")                                                   \
    XX(MG_WHY_MERGE, "it joins several segments")                                                     \
    XX(MG_WHY_AFTER_ALONE, "the step before it has workers of its own")                            \
    XX(MG_WHY_FULL, "the segment before it is full")                                               \
    XX(MG_WHY_HEAD, "it asks for one")                                                  \
    XX(MG_WHY_CONTEXT, "it runs in another context than the step before it")

typedef enum {
#define XX(name, text) name,
    MG_WHYS(XX)
#undef XX
} mg_why_t;

/* The plan. Read it, don't write it.
 *
 * The steps of segment s are order[starts[s]] up to, not including,
 * order[starts[s + 1]]: the head first, each step after its predecessors.
 * Segments are numbered so that every edge between two of them goes from a
 * smaller number to a greater one: `order` as a whole is a topological order. */
typedef struct {
    uint32_t steps;
    uint32_t segments;
    const uint32_t *segment_of; /* [steps] */
    const uint32_t *starts;     /* [segments + 1] */
    const uint32_t *order;      /* [steps] */
    const uint8_t *why;         /* [steps] mg_why_t */
} mg_plan_t;

/* Plans the steps.
 *
 * MG_OK      - *out is the plan; mg_plan_free it. It refers to nothing of `steps`.
 * MG_CYCLE   - the edges hold a cycle.
 * MG_INVALID - a target or an affinity is no step, or `starts` don't ascend from 0.
 * MG_NOMEM   - no memory.
 *
 * *out is untouched on failure. */
mg_status_t mg_plan_new(mg_plan_t **out, const mg_plan_steps_t *steps);

/* Frees the plan. NULL is allowed. */
void mg_plan_free(mg_plan_t *plan);

/* The first step of a segment, the only one that items reach from outside. */
static inline uint32_t
mg_plan_head(const mg_plan_t *plan, uint32_t segment)
{
    return plan->order[plan->starts[segment]];
}

static inline uint32_t
mg_plan_size(const mg_plan_t *plan, uint32_t segment)
{
    return plan->starts[segment + 1] - plan->starts[segment];
}

/* True if an edge between these steps needs a queue. */
static inline bool
mg_plan_crosses(const mg_plan_t *plan, uint32_t from, uint32_t to)
{
    return plan->segment_of[from] != plan->segment_of[to];
}

/* The reason in words that follow the step's name. Never NULL. */
const char *mg_why_text(mg_why_t why);

#endif
