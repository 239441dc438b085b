#include "clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic uint64_t cpu_reads;

static uint64_t
read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t
mg_clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double
mg_clock_wall(void)
{
    return (double)read_clock(CLOCK_REALTIME) / 1e9;
}

uint64_t
mg_clock_thread_cpu(void)
{
    atomic_fetch_add_explicit(&cpu_reads, 1, memory_order_relaxed);
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t
mg_clock_process_cpu(void)
{
    atomic_fetch_add_explicit(&cpu_reads, 1, memory_order_relaxed);
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t
mg_clock_cpu_reads(void)
{
    return atomic_load_explicit(&cpu_reads, memory_order_relaxed);
}
