#include "park.h"

#include "clock.h"
#include "sys.h"

#include <time.h>

#ifdef MG_LINUX

#include <stdatomic.h>

void
mg_park_init(mg_park_t *park)
{
    atomic_init(&park->rung, 0);
}

void
mg_park_fini(mg_park_t *park)
{
    (void)park;
}

bool
mg_park_sleep(mg_park_t *park, uint64_t deadline)
{
    /* P1: pairs with the exchange in mg_park_ring. */
    while (atomic_exchange_explicit(&park->rung, 0, memory_order_acquire) == 0) {
        struct timespec left, *timeout = NULL;
        if (deadline != 0) {
            uint64_t now = mg_clock_now();
            if (now >= deadline) return false;
            left.tv_sec = (time_t)((deadline - now) / 1000000000u);
            left.tv_nsec = (long)((deadline - now) % 1000000000u);
            timeout = &left;
        }
        mg_sys->futex_wait(&park->rung, 0, timeout);
    }
    return true;
}

void
mg_park_ring(mg_park_t *park)
{
    if (atomic_exchange_explicit(&park->rung, 1, memory_order_release) == 0) {
        mg_sys->futex_wake(&park->rung);
    }
}

bool
mg_park_is_rung(mg_park_t *park)
{
    return atomic_load_explicit(&park->rung, memory_order_relaxed) != 0;
}

#else

void
mg_park_init(mg_park_t *park)
{
    pthread_mutex_init(&park->lock, NULL);
    pthread_cond_init(&park->bell, NULL);
    park->rung = false;
}

void
mg_park_fini(mg_park_t *park)
{
    pthread_cond_destroy(&park->bell);
    pthread_mutex_destroy(&park->lock);
}

bool
mg_park_sleep(mg_park_t *park, uint64_t deadline)
{
    pthread_mutex_lock(&park->lock);
    while (!park->rung) {
        if (deadline == 0) {
            pthread_cond_wait(&park->bell, &park->lock);
            continue;
        }
        uint64_t now = mg_clock_now();
        if (now >= deadline) break;
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t nanoseconds = (uint64_t)until.tv_nsec + (deadline - now);
        until.tv_sec += (time_t)(nanoseconds / 1000000000u);
        until.tv_nsec = (long)(nanoseconds % 1000000000u);
        pthread_cond_timedwait(&park->bell, &park->lock, &until);
    }
    bool rung = park->rung;
    park->rung = false;
    pthread_mutex_unlock(&park->lock);
    return rung;
}

void
mg_park_ring(mg_park_t *park)
{
    pthread_mutex_lock(&park->lock);
    park->rung = true;
    pthread_cond_signal(&park->bell);
    pthread_mutex_unlock(&park->lock);
}

bool
mg_park_is_rung(mg_park_t *park)
{
    pthread_mutex_lock(&park->lock);
    bool rung = park->rung;
    pthread_mutex_unlock(&park->lock);
    return rung;
}

#endif
