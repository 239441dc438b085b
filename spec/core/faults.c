#include "faults.h"

#include "core/sys.h"

#include "test.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    unsigned calls;
    uint64_t nth;
    bool for_good;
    _Atomic uint64_t count;
    _Atomic bool came;
} faults;

static bool
fails(unsigned call, int error)
{
    if (!(faults.calls & call)) return false;
    uint64_t number = atomic_fetch_add(&faults.count, 1) + 1;
    if (number != faults.nth && !(faults.for_good && number > faults.nth)) return false;
    atomic_store(&faults.came, true);
    errno = error;
    return true;
}

static void *
failing_malloc(size_t size)
{
    return fails(FAULT_MEMORY, ENOMEM) ? NULL : mg_sys_real.malloc(size);
}

static void *
failing_calloc(size_t count, size_t size)
{
    return fails(FAULT_MEMORY, ENOMEM) ? NULL : mg_sys_real.calloc(count, size);
}

static void *
failing_realloc(void *memory, size_t size)
{
    return fails(FAULT_MEMORY, ENOMEM) ? NULL : mg_sys_real.realloc(memory, size);
}

static void *
failing_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fails(FAULT_MEMORY, ENOMEM)) return MAP_FAILED;
    return mg_sys_real.mmap(address, size, protection, flags, fd, offset);
}

static int
failing_pipe(int fds[2])
{
    return fails(FAULT_DESCRIPTOR, EMFILE) ? -1 : mg_sys_real.pipe(fds);
}

static ssize_t
failing_read(int fd, void *buffer, size_t size)
{
    return fails(FAULT_INTERRUPT, EINTR) ? -1 : mg_sys_real.read(fd, buffer, size);
}

static ssize_t
failing_write(int fd, const void *buffer, size_t size)
{
    return fails(FAULT_INTERRUPT, EINTR) ? -1 : mg_sys_real.write(fd, buffer, size);
}

static int
failing_poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    return fails(FAULT_INTERRUPT, EINTR) ? -1 : mg_sys_real.poll(fds, count, milliseconds);
}

static int
failing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                       void *argument)
{
    if (fails(FAULT_THREAD, EAGAIN)) return EAGAIN;
    return mg_sys_real.pthread_create(thread, attributes, body, argument);
}

#ifdef MG_LINUX

static int
failing_eventfd(unsigned value, int flags)
{
    return fails(FAULT_DESCRIPTOR, EMFILE) ? -1 : mg_sys_real.eventfd(value, flags);
}

static int
failing_pidfd_open(pid_t pid, unsigned flags)
{
    return fails(FAULT_DESCRIPTOR, EMFILE) ? -1 : mg_sys_real.pidfd_open(pid, flags);
}

static long
failing_futex_wait(const _Atomic uint32_t *word, uint32_t expected, const struct timespec *timeout)
{
    return fails(FAULT_INTERRUPT, EINTR) ? -1 : mg_sys_real.futex_wait(word, expected, timeout);
}

#endif

static mg_sys_t failing;

static void
make_failing(void)
{
    failing = mg_sys_real;
    failing.malloc = failing_malloc;
    failing.calloc = failing_calloc;
    failing.realloc = failing_realloc;
    failing.mmap = failing_mmap;
    failing.pipe = failing_pipe;
    failing.read = failing_read;
    failing.write = failing_write;
    failing.poll = failing_poll;
    failing.pthread_create = failing_pthread_create;
#ifdef MG_LINUX
    failing.eventfd = failing_eventfd;
    failing.pidfd_open = failing_pidfd_open;
    failing.futex_wait = failing_futex_wait;
#endif
}

bool
fault_came(void)
{
    return atomic_load(&faults.came);
}

static bool
run_with(unsigned calls, uint64_t nth, bool for_good, void (*scenario)(void))
{
    faults.calls = calls;
    faults.nth = nth;
    faults.for_good = for_good;
    atomic_store(&faults.count, 0);
    atomic_store(&faults.came, false);
    alarm(MG_TEST_SECONDS);
    mg_sys = &failing;
    scenario();
    mg_sys = &mg_sys_real;
    return fault_came();
}

void
fault_each(const char *name, unsigned calls, void (*scenario)(void))
{
    make_failing();
    for (int for_good = 0; for_good < (calls & FAULT_INTERRUPT ? 1 : 2); for_good++) {
        uint64_t nth = 0;
        do {
            nth++;
            snprintf(mg_test_context, sizeof(mg_test_context), "%s: call %llu of kind %#x fails%s\n", name,
                     (unsigned long long)nth, calls, for_good ? ", and all after it" : "");
        } while (run_with(calls, nth, for_good != 0, scenario));
    }
    mg_test_context[0] = '\0';
}
