#include "sys.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef MG_LINUX

#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static int
open_pidfd(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

static long
futex_wait(const _Atomic uint32_t *word, uint32_t expected, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout, NULL, 0);
}

static long
futex_wake(const _Atomic uint32_t *word)
{
    return syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif

const mg_sys_t mg_sys_real = {
    .malloc = malloc,
    .calloc = calloc,
    .realloc = realloc,
    .mmap = mmap,
    .pipe = pipe,
    .read = read,
    .write = write,
    .poll = poll,
    .pthread_create = pthread_create,
#ifdef MG_LINUX
    .eventfd = eventfd,
    .pidfd_open = open_pidfd,
    .futex_wait = futex_wait,
    .futex_wake = futex_wake,
#endif
};

const mg_sys_t *mg_sys = &mg_sys_real;
