#include "process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

enum { STACK = 64 * 1024, LOOK_EVERY = 200, EXIT_ORPHANED = 113 };

int
mg_process_open(pid_t pid)
{
#ifdef MG_LINUX
    return mg_sys->pidfd_open(pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

static void
pause_for(unsigned milliseconds)
{
    struct timespec left = { .tv_sec = milliseconds / 1000,
                             .tv_nsec = (long)(milliseconds % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* A process that ended before the descriptor was opened has been replaced as our
 * parent by then, so the loop sees it either way. */
static void *
watch(void *data)
{
    mg_orphanage_t *orphanage = data;
    int fd = mg_process_open(orphanage->parent);
    struct pollfd one = { .fd = fd, .events = POLLIN };

    while (getppid() == orphanage->parent) {
        if (fd < 0) pause_for(LOOK_EVERY);
        else mg_sys->poll(&one, 1, -1);
    }
    if (fd >= 0) close(fd);

    atomic_store(&orphanage->orphaned, true);
    mg_doorbell_wake(orphanage->bell);
    kill(getpid(), SIGTERM);
    pause_for(orphanage->grace);
    _exit(EXIT_ORPHANED);
}

mg_status_t
mg_process_watch_parent(mg_orphanage_t *orphanage, pid_t parent, mg_doorbell_t *bell,
                        unsigned grace)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;

    atomic_store(&orphanage->orphaned, false);
    orphanage->parent = parent;
    orphanage->bell = bell;
    orphanage->grace = grace;

    if (pthread_attr_init(&attributes) != 0) return MG_SYSERR;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);

    /* Signals are for the threads that were there before. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = mg_sys->pthread_create(&thread, &attributes, watch, orphanage);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed ? MG_SYSERR : MG_OK;
}
