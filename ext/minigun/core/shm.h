/* shm.h - Memory that a process shares with the children it forks afterwards. */
#ifndef MG_SHM_H
#define MG_SHM_H

#include <stddef.h>

#include "status.h"

/* Maps `size` bytes of zeroed memory without a name: it goes when the last process
 * that has it ends, however it ends. Pages come into being when they are touched.
 * MG_INVALID - no size.
 * MG_SYSERR  - the system refused. */
mg_status_t mg_shm_map(void **out, size_t size);

/* Takes the memory out of the calling process alone. NULL is fine. */
void mg_shm_unmap(void *memory, size_t size);

#endif
