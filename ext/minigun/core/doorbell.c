#include "doorbell.h"

#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef MG_LINUX
#include <sys/eventfd.h>
#endif

enum { AWAKE, ASLEEP, NAPPING };

static mg_status_t
open_pair(int fds[2])
{
#ifdef MG_LINUX
    fds[0] = fds[1] = mg_sys->eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fds[0] < 0 ? MG_SYSERR : MG_OK;
#else
    if (mg_sys->pipe(fds) != 0) return MG_SYSERR;
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    return MG_OK;
#endif
}

mg_status_t
mg_doorbell_open(mg_doorbell_t *bell, mg_doorbell_word_t *word)
{
    int fds[2];
    mg_status_t status = open_pair(fds);
    if (status != MG_OK) return status;
    *bell = (mg_doorbell_t){ .word = word, .read_fd = fds[0], .write_fd = fds[1] };
    return MG_OK;
}

void
mg_doorbell_close(mg_doorbell_t *bell)
{
    if (bell->read_fd >= 0) close(bell->read_fd);
    if (bell->write_fd >= 0 && bell->write_fd != bell->read_fd) close(bell->write_fd);
    bell->read_fd = bell->write_fd = -1;
}

void
mg_doorbell_ring(mg_doorbell_t *bell, bool softly)
{
    /* D1: pairs with D2. A change that changes nothing: of the two, one comes later
     * and sees the other's word and all that was written before it. */
    uint32_t asleep = atomic_fetch_or_explicit(&bell->word->asleep, 0, memory_order_acq_rel);
    if (asleep && !(softly && asleep == NAPPING)) mg_doorbell_wake(bell);
}

void
mg_doorbell_wake(mg_doorbell_t *bell)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t written;
    do {
        written = mg_sys->write(bell->write_fd, &one, sizeof(one));
    } while (written < 0 && errno == EINTR); /* EAGAIN: it is ringing already. */
    errno = saved;
}

void
mg_doorbell_doze(mg_doorbell_t *bell, bool nap)
{
    /* D2: pairs with D1. */
    atomic_exchange_explicit(&bell->word->asleep, nap ? NAPPING : ASLEEP, memory_order_acq_rel);
}

void
mg_doorbell_rise(mg_doorbell_t *bell, bool rang)
{
    uint64_t drained[16];

    /* D3: pairs with D1, so that what was rung for softly is seen from now on. */
    atomic_exchange_explicit(&bell->word->asleep, AWAKE, memory_order_acq_rel);
    while (rang && mg_sys->read(bell->read_fd, drained, sizeof(drained)) == (ssize_t)sizeof(drained)) {
    }
}
