/* shim.c - Preloaded into a Ruby process: makes the Nth call of one function fail.
 *
 * The environment says which, at any time: FAULT_CALL, FAULT_AT (from 1), FAULT_TIMES, FAULT_ERRNO (0: a
 * short count, of read and write), FAULT_PID (of the process that is meant). Changing FAULT_ROUND starts to
 * count anew. FAULT_HIT is set to the round when a call was made to fail. Calloc and realloc count as malloc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic long seen, current;

static long
number(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static int
fails(const char *call)
{
    const char *wanted = getenv("FAULT_CALL");
    if (wanted == NULL || strcmp(wanted, call) != 0 || number("FAULT_PID") != getpid()) return 0;
    long round = number("FAULT_ROUND");
    if (atomic_exchange(&current, round) != round) atomic_store(&seen, 0);
    long count = atomic_fetch_add(&seen, 1) + 1, at = number("FAULT_AT");
    if (count < at || count >= at + number("FAULT_TIMES")) return 0;
    setenv("FAULT_HIT", getenv("FAULT_ROUND"), 1);
    errno = (int)number("FAULT_ERRNO");
    return 1;
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

/* glibc's own names: asking for the next malloc takes memory. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

/* Memory that the extension asks the system for itself, not through Ruby. */
static int
refused(const void *caller)
{
    Dl_info place;
    const char *wanted = getenv("FAULT_CALL");
    if (wanted == NULL || strcmp(wanted, "malloc") != 0) return 0;
    return dladdr(caller, &place) && strstr(place.dli_fname, "/minigun/minigun.so") && fails("malloc");
}

void *
malloc(size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
    return refused(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

pid_t
fork(void)
{
    return fails("fork") ? -1 : REAL(pid_t, "fork", void)();
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *data)
{
    if (fails("pthread_create")) return errno;
    return REAL(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)(
        thread, attributes, start, data);
}

int
eventfd(unsigned int start, int flags)
{
    return fails("eventfd") ? -1 : REAL(int, "eventfd", unsigned int, int)(start, flags);
}

void *
mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_SHARED) && fails("mmap")) return MAP_FAILED;
    return REAL(void *, "mmap", void *, size_t, int, int, int, off_t)(address, size, protection, flags, fd, offset);
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return fails("poll") ? -1 : REAL(int, "poll", struct pollfd *, nfds_t, int)(fds, count, timeout);
}

ssize_t
read(int fd, void *buffer, size_t size)
{
    if (fails("read")) {
        if (errno) return -1;
        if (size > 8) size = 8; /* an eventfd gives nothing for less */
    }
    return REAL(ssize_t, "read", int, void *, size_t)(fd, buffer, size);
}

ssize_t
write(int fd, const void *buffer, size_t size)
{
    if (fails("write")) {
        if (errno) return -1;
        if (size > 8) size = 8; /* an eventfd gives nothing for less */
    }
    return REAL(ssize_t, "write", int, const void *, size_t)(fd, buffer, size);
}
