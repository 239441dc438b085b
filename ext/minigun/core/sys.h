/* sys.h - What the core asks of the system and of the C library, as a table.
 *
 * Every call of the core that can fail for reasons outside of it goes through here,
 * so that a test can make any one of them fail, and see what becomes of it. Clocks,
 * locks and what only gives something back can't fail, and are called as they are.
 */
#ifndef MG_SYS_H
#define MG_SYS_H

#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "platform.h"

/* Each as the function of the same name, with its results and its errno. */
typedef struct {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *memory, size_t size);
    void *(*mmap)(void *address, size_t size, int protection, int flags, int fd, off_t offset);

    int (*pipe)(int fds[2]);
    ssize_t (*read)(int fd, void *buffer, size_t size);
    ssize_t (*write)(int fd, const void *buffer, size_t size);
    int (*poll)(struct pollfd *fds, nfds_t count, int milliseconds);
    int (*pthread_create)(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                          void *argument);

#ifdef MG_LINUX
    int (*eventfd)(unsigned value, int flags);
    int (*pidfd_open)(pid_t pid, unsigned flags);
    /* Sleeps while `*word` is `expected`, and wakes one that sleeps; in this process. */
    long (*futex_wait)(const _Atomic uint32_t *word, uint32_t expected, const struct timespec *timeout);
    long (*futex_wake)(const _Atomic uint32_t *word);
#endif
} mg_sys_t;

/* The system itself. */
extern const mg_sys_t mg_sys_real;

/* What the core uses: &mg_sys_real, until a test that has no other thread puts another
 * one here. */
extern const mg_sys_t *mg_sys;

#endif
