/* What a chain is to its stages, and the pipes that wake those of them that wait. */
#include "native_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "native_gate.h"
#include "sys.h"

static mg_native_chain_t *
chain_of(const mg_host_t *host)
{
    return (mg_native_chain_t *)(void *)(uintptr_t)host;
}

static int
host_wait(const mg_host_t *host, int fd, bool write)
{
    const mg_native_chain_t *chain = chain_of(host);
    struct pollfd fds[3] = { { .fd = fd, .events = write ? POLLOUT : POLLIN },
                             { .fd = chain->cancel_fds[0], .events = POLLIN },
                             { .fd = write ? -1 : chain->end_fds[0], .events = POLLIN } };

    mg_native_gate_leave();
    while (mg_sys->poll(fds, 3, -1) < 0 && errno == EINTR) continue;
    mg_native_gate_enter();
    return fds[1].revents || fds[2].revents ? MG_STAGE_STOP : MG_STAGE_OK;
}

static bool
host_cancelled(const mg_host_t *host)
{
    return atomic_load_explicit(&chain_of(host)->cancelled, memory_order_relaxed);
}

static void
host_leave(const mg_host_t *host)
{
    (void)host;
    mg_native_gate_leave();
}

static void
host_enter(const mg_host_t *host)
{
    (void)host;
    mg_native_gate_enter();
}

void
mg__native_host_init(mg_native_chain_t *chain, const mg_native_chain_options_t *options)
{
    chain->host = (mg_host_t){ .abi = MG_STAGE_ABI,
                               .size = sizeof(mg_host_t),
                               .workers = options->workers,
                               .ordered = options->ordered,
                               .wait = host_wait,
                               .cancelled = host_cancelled,
                               .leave = host_leave,
                               .enter = host_enter };
    chain->cancel_fds[0] = chain->cancel_fds[1] = chain->end_fds[0] = chain->end_fds[1] = -1;
}

static bool
make_pipe(int fds[2])
{
    if (mg_sys->pipe(fds) != 0) return false;
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    return true;
}

bool
mg__native_host_open(mg_native_chain_t *chain)
{
    if (make_pipe(chain->cancel_fds) && make_pipe(chain->end_fds)) return true;

    int number = errno;
    mg__native_host_close(chain);
    errno = number;
    return false;
}

void
mg__native_host_ring(mg_native_chain_t *chain, const int fds[2])
{
    pthread_mutex_lock(&chain->lock);
    while (fds[1] >= 0 && mg_sys->write(fds[1], "", 1) < 0 && errno == EINTR) continue;
    pthread_mutex_unlock(&chain->lock);
}

void
mg__native_host_close(mg_native_chain_t *chain)
{
    int *fds[] = { &chain->cancel_fds[0], &chain->cancel_fds[1], &chain->end_fds[0], &chain->end_fds[1] };
    pthread_mutex_lock(&chain->lock);
    for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
        if (*fds[i] >= 0) close(*fds[i]);
        *fds[i] = -1;
    }
    pthread_mutex_unlock(&chain->lock);
}
