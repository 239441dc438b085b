/* process.h - Seeing other processes end. */
#ifndef MG_PROCESS_H
#define MG_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "doorbell.h"
#include "status.h"

/* A descriptor that becomes readable when the process ends, however it ends and
 * whoever reaps it; -1 where the system has none. The caller closes it. */
int mg_process_open(pid_t pid);

/* Set when the parent is gone. Outlives the thread that sets it. */
typedef struct {
    _Atomic bool orphaned;
    pid_t parent;
    mg_doorbell_t *bell;
    unsigned grace; /* milliseconds */
} mg_orphanage_t;

/* Starts a thread that waits for the end of this process's parent, `parent`. Then it
 * marks the process as orphaned, rings its bell and sends it SIGTERM; a process that
 * is still there after the grace it ends by force. `orphanage` must live on.
 * MG_SYSERR - no thread to be had. */
mg_status_t mg_process_watch_parent(mg_orphanage_t *orphanage, pid_t parent, mg_doorbell_t *bell,
                                    unsigned grace);

#endif
