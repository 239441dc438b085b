#include "watch.h"

#include "run_internal.h"

enum { FAST_STREAK = 64 };

/* What the thread's processor clock showed when it was last read here. Ruby runs many
 * threads on one of the system's, one after the other, and its clock runs on. */
static _Thread_local uint64_t thread_seen;

void
mg_watch_begin(mg_hand_t *hand, mg_watch_t *watch)
{
    const mg_step_t *step = hand->step;
    bool clocks = step->slow && step->may_split && step->workers == 1;
    watch->thread = clocks ? mg_clock_thread_cpu() : thread_seen;
    watch->self = pthread_self();
    watch->process = clocks ? mg_clock_process_cpu() : 0;
    mg__charge(hand->worker);
    watch->spent = hand->spent;
}

void
mg_watch_enter(const mg_worker_t *worker)
{
    const mg_step_t *step = worker->segment->first;
    while (step && !(step->may_split && step->workers == 1)) step = step->segment_next;
    if (step) thread_seen = mg_clock_thread_cpu();
}

static bool
waited(const mg_step_t *step, const mg_watch_t *watch, uint64_t wall)
{
    if (wall < MG_WATCH_PROOF) return false;
    thread_seen = mg_clock_thread_cpu();
    /* Where Ruby gives a thread another native one it does so while that waits. */
    uint64_t own = pthread_equal(watch->self, pthread_self()) ? thread_seen - watch->thread : 0;
    if (own > wall / 5) return false;
    if (!step->slow) return true;
    uint64_t all = mg_clock_process_cpu() - watch->process;
    return all <= own + wall / 2;
}

/* A step that got workers because it blocked, and doesn't any more. */
static void
watch_concurrent(mg_step_t *step, uint64_t wall)
{
    if (wall >= MG_WATCH_FROM) {
        step->fast_streak = 0;
    }
    else if (step->grown && ++step->fast_streak >= FAST_STREAK) {
        step->fast_streak = 0;
        mg_step_narrow(step);
    }
}

bool
mg_watch_end(mg_hand_t *hand, const mg_watch_t *watch, double *seconds)
{
    mg_step_t *step = hand->step;
    mg__charge(hand->worker);
    uint64_t wall = hand->spent - watch->spent;
    *seconds = (double)wall / 1e9;

    if (step->workers > 1) {
        watch_concurrent(step, wall);
        return false;
    }
    if (wall < MG_WATCH_FROM) {
        step->watched = step->slow = false;
        step->slow_streak = 0;
        return false;
    }
    bool proof = step->may_split && !step->segment->bound && waited(step, watch, wall);
    step->watched = true;
    step->slow = wall >= MG_WATCH_PROOF;
    step->slow_streak = proof ? (uint8_t)(step->slow_streak + 1) : 0;
    return step->slow_streak == MG_WATCH_STREAK;
}

void
mg_watch_chunk(mg_step_t *step, uint64_t took, uint32_t items)
{
    if (!step->watched && items > 0 && took / items >= MG_WATCH_FROM) step->watched = true;
}
