#include "rig.h"

#include "core/clock.h"

#include "test.h"

enum { LOOK_EVERY = 1000000 }; /* ns */

static mg_status_t
plan(rig_t *rig, mg_plan_t **out)
{
    uint8_t flags[RIG_STAGES], contexts[RIG_STAGES] = { 0 };
    uint32_t affinity[RIG_STAGES], starts[RIG_STAGES + 1], targets[RIG_STAGES * RIG_TARGETS], next = 0;
    for (uint32_t i = 0; i < rig->nstages; i++) {
        rig_stage_t *stage = &rig->stages[i];
        flags[i] = stage->plan;
        affinity[i] = MG_PLAN_NONE;
        starts[i] = next;
        for (uint32_t t = 0; t < stage->spec.ntargets; t++) targets[next++] = stage->to[t];
    }
    starts[rig->nstages] = next;
    mg_plan_steps_t steps = { .count = rig->nstages,
                              .flags = flags,
                              .contexts = contexts,
                              .affinity = affinity,
                              .starts = starts,
                              .targets = targets };
    return mg_plan_new(out, &steps);
}

static mg_status_t
set_up(rig_t *rig)
{
    mg_step_spec_t specs[RIG_STAGES];
    mg_plan_t *planned;
    mg_status_t status = plan(rig, &planned);
    if (status != MG_OK) return status;
    for (uint32_t i = 0; i < rig->nstages; i++) {
        specs[i] = rig->stages[i].spec;
        specs[i].segment = planned->segment_of[i];
    }
    status = mg_run_init(&rig->run, &rig_ops, specs, rig->nstages, planned->segments, planned->order, rig);
    mg_plan_free(planned);
    return status;
}

static void
check_ledger(rig_t *rig)
{
    mg_run_t *run = &rig->run;
    for (uint32_t i = 0; i < run->nsteps; i++) {
        const mg_step_t *step = &run->steps[i];
        const rig_stage_t *stage = step->data;
        CHECK(step->accepted == step->done + step->skipped + step->failed + step->dead + step->cancelled);
        CHECK(stage->cancelled + stage->undelivered == step->cancelled);
        if (run->cancelled) continue;
        CHECK(step->ended && step->queued == 0 && step->parked == 0 && step->busy == 0);
    }
    if (!run->cancelled) CHECK(run->pending == 0 && run->nparked == 0);
}

/* What the run tells of source items that are followed. */
static void
hear(rig_t *rig)
{
    mg_settled_t settled;
    rig->run.settled = false;
    while (rig->run.lineage && mg_lineage_next(rig->run.lineage, &settled)) {
        rig_stage_t *stage = rig->run.steps[settled.step].data;
        CHECK(stage->spec.traced && settled.item > 0 && settled.item < RIG_VALUES);
        stage->settled[settled.item]++;
        stage->failed[settled.item] += settled.failed;
    }
}

static void
check_settled(const rig_t *rig)
{
    for (uint32_t i = 0; i < rig->nstages; i++) {
        const rig_stage_t *stage = &rig->stages[i];
        for (mg_item_t item = 1; stage->spec.traced && item < RIG_VALUES; item++) {
            CHECK(stage->settled[item] <= stage->made[item]);
            CHECK(rig->run.cancelled || stage->settled[item] == stage->made[item]);
        }
    }
}

static void
own(rig_t *rig)
{
    mg_run_t *run = &rig->run;
    while (!mg_run_over(run)) {
        uint64_t now = mg_clock_now(), wake_at = now + LOOK_EVERY;
        hear(rig);
        uint64_t retry_at = mg_run_unpark(run, now);
        if (retry_at && retry_at < wake_at) wake_at = retry_at;
        if (mg_run_over(run)) break;
        rig_ops.sleep(run, run->owner, wake_at, true);
        if (rig->chaos & RIG_TEND) mg_run_tend(run);
        if (rig->looks) rig->looks(rig);
    }
}

mg_status_t
rig_run(rig_t *rig)
{
    mg_status_t status = set_up(rig);
    if (status != MG_OK) return status;

    mg_run_t *run = &rig->run;
    pthread_mutex_lock(&rig->lock);
    mg_park_init(&rig->owner);
    run->owner = &rig->owner;
    status = mg_run_start(run);
    if (status != MG_OK) mg_run_cancel(run);
    own(rig);
    run->owner = NULL;
    mg_park_fini(&rig->owner);
    pthread_mutex_unlock(&rig->lock);

    for (uint32_t i = 0; i < rig->nthreads; i++) pthread_join(rig->threads[i], NULL);
    rig->nthreads = 0;
    if (run->cancelled) mg_run_settle_cancelled(run);
    check_ledger(rig);
    if (run->cancelled && run->lineage) mg_lineage_abandon(run->lineage);
    hear(rig);
    check_settled(rig);
    if (status == MG_OK) status = run->failure;
    if (status == MG_OK && run->cancelled) status = MG_CANCELLED;
    mg_run_fini(run);
    return status;
}
