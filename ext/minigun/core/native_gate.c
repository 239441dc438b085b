#include "native_gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "clock.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t opened, left;

    /* Guarded by lock. */
    uint32_t closed;
    uint32_t inside;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static _Atomic uint32_t closing;

/* Waits for a second at most: callers look again, so a lost wake-up costs no more. */
static void
wait_a_while(pthread_cond_t *condition, uint64_t nanoseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    uint64_t sum = (uint64_t)until.tv_nsec + nanoseconds;
    until.tv_sec += (time_t)(sum / 1000000000);
    until.tv_nsec = (long)(sum % 1000000000);
    pthread_cond_timedwait(condition, &gate.lock, &until);
}

void
mg_native_gate_enter(void)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.closed) wait_a_while(&gate.opened, 1000000000);
    gate.inside++;
    pthread_mutex_unlock(&gate.lock);
}

void
mg_native_gate_leave(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.inside--;
    if (gate.closed && gate.inside == 0) pthread_cond_broadcast(&gate.left);
    pthread_mutex_unlock(&gate.lock);
}

void
mg_native_gate_pass(void)
{
    if (!atomic_load_explicit(&closing, memory_order_relaxed)) return;
    mg_native_gate_leave();
    mg_native_gate_enter();
}

bool
mg_native_gate_close(uint64_t nanoseconds)
{
    uint64_t deadline = mg_clock_now() + nanoseconds;

    atomic_fetch_add(&closing, 1);
    pthread_mutex_lock(&gate.lock);
    gate.closed++;
    while (gate.inside > 0) {
        uint64_t now = mg_clock_now();
        if (now >= deadline) break;
        wait_a_while(&gate.left, deadline - now);
    }
    bool empty = gate.inside == 0;
    pthread_mutex_unlock(&gate.lock);

    return empty;
}

void
mg_native_gate_open(bool in_child)
{
    if (in_child) {
        atomic_store(&closing, 0);
        pthread_mutex_init(&gate.lock, NULL);
        pthread_cond_init(&gate.opened, NULL);
        pthread_cond_init(&gate.left, NULL);
        gate.closed = 0;
        gate.inside = 0;
        return;
    }
    atomic_fetch_sub(&closing, 1);
    pthread_mutex_lock(&gate.lock);
    gate.closed--;
    pthread_cond_broadcast(&gate.opened);
    pthread_mutex_unlock(&gate.lock);
}
