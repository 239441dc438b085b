#include "rig.h"

#include "core/sys.h"

#include "test.h"

#include <sched.h>
#include <string.h>

void
rig_init(rig_t *rig)
{
    *rig = (rig_t){ .random = 1 };
    pthread_mutex_init(&rig->lock, NULL);
}

void
rig_fini(rig_t *rig)
{
    for (uint32_t i = 0; i < rig->nstages; i++) {
        free(rig->stages[i].seen);
        free(rig->stages[i].made);
        free(rig->stages[i].settled);
        free(rig->stages[i].failed);
        mg_park_fini(&rig->stages[i].breath);
    }
    pthread_mutex_destroy(&rig->lock);
}

static uint32_t *
numbers(void)
{
    uint32_t *all = calloc(RIG_VALUES, sizeof(uint32_t));
    CHECK(all);
    return all;
}

uint32_t
rig_stage(rig_t *rig, mg_kind_t kind, rig_each_t *each)
{
    CHECK(rig->nstages < RIG_STAGES);
    rig_stage_t *stage = &rig->stages[rig->nstages];
    *stage = (rig_stage_t){ .rig = rig, .each = each, .at_once = 8, .ascending = true };
    stage->seen = numbers();
    stage->made = numbers();
    stage->settled = numbers();
    stage->failed = numbers();
    mg_park_init(&stage->breath);
    stage->spec = (mg_step_spec_t){ .kind = kind,
                                    .targets = stage->to,
                                    .capacity = 100,
                                    .may_split = kind == MG_KIND_EACH,
                                    .has_flush = kind == MG_KIND_BATCH,
                                    .data = stage };
    if (kind == MG_KIND_PRODUCER) stage->plan = MG_PLAN_PRODUCER;
    if (kind == MG_KIND_LOOP) stage->plan = MG_PLAN_ALONE;
    return rig->nstages++;
}

uint32_t
rig_producer(rig_t *rig, uint32_t items)
{
    uint32_t number = rig_stage(rig, MG_KIND_PRODUCER, NULL);
    CHECK(items < RIG_VALUES);
    rig->stages[number].items = items;
    return number;
}

void
rig_edge(rig_t *rig, uint32_t from, uint32_t to)
{
    rig_stage_t *stage = &rig->stages[from];
    CHECK(stage->spec.ntargets < RIG_TARGETS);
    stage->to[stage->spec.ntargets++] = to;
}

uint32_t
rig_random(rig_t *rig, uint32_t limit)
{
    /* Marsaglia, "Xorshift RNGs", 2003. */
    uint32_t x = rig->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    rig->random = x;
    return x % limit;
}

void
rig_yield(rig_t *rig)
{
    pthread_mutex_unlock(&rig->lock);
    sched_yield();
    pthread_mutex_lock(&rig->lock);
}

bool
rig_chance(rig_t *rig, unsigned what, uint32_t of)
{
    return rig->chaos & what && rig_random(rig, of) == 0;
}

static void *
worker_main(void *data)
{
    mg_worker_t *worker = data;
    rig_t *rig = worker->run->data;
    pthread_mutex_lock(&rig->lock);
    mg_worker_run(worker);
    pthread_mutex_unlock(&rig->lock);
    return NULL;
}

static mg_status_t
spawn(mg_worker_t *worker)
{
    rig_t *rig = worker->run->data;
    CHECK(rig->nthreads < RIG_THREADS);
    if (mg_sys->pthread_create(&rig->threads[rig->nthreads], NULL, worker_main, worker)) return MG_SYSERR;
    rig->nthreads++;
    return MG_OK;
}

static mg_status_t
rest(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible)
{
    rig_t *rig = run->data;
    if (interruptible && rig_chance(rig, RIG_INTERRUPT, 8)) {
        rig_yield(rig);
        return MG_AGAIN;
    }
    pthread_mutex_unlock(&rig->lock);
    mg_park_sleep(park, deadline);
    pthread_mutex_lock(&rig->lock);
    return MG_OK;
}

static mg_status_t
exposed(mg_worker_t *worker, mg_status_t (*body)(mg_worker_t *worker))
{
    rig_t *rig = worker->run->data;
    if (worker->taken) rig->exposures++;
    return body(worker);
}

static mg_status_t
interrupted(mg_worker_t *worker)
{
    rig_t *rig = worker->run->data;
    /* Each death costs a thread, and there is an end to those. */
    if (rig->nthreads < RIG_THREADS / 2 && rig_chance(rig, RIG_KILL, 8)) worker->dying = true;
    return MG_OK;
}

static void
head_ended(mg_step_t *step)
{
    (void)step;
}

static void
undelivered(mg_step_t *step, mg_chunk_t *chunk)
{
    rig_stage_t *stage = step->data;
    stage->undelivered += mg_chunk_size(chunk);
}

static void
cancelled(mg_step_t *step, const mg_chunk_t *chunk, uint32_t from)
{
    rig_stage_t *stage = step->data;
    stage->cancelled += chunk->count - from;
}

static uint64_t
weight(const mg_step_t *step, mg_item_t item)
{
    (void)step;
    (void)item;
    return 1;
}

/* Each item weighs so many bytes. */
static uint64_t
size(mg_item_t item)
{
    return item % 5 == 0 ? MG_LARGE_ITEM : 10;
}

const mg_run_ops_t rig_ops = {
    .run_items = rig_run_items,
    .run_once = rig_run_once,
    .flush = rig_flush,
    .spawn = spawn,
    .sleep = rest,
    .exposed = exposed,
    .interrupted = interrupted,
    .head_ended = head_ended,
    .undelivered = undelivered,
    .cancelled = cancelled,
    .weight = weight,
    .size = size,
};
