#include "shm.h"

#include <sys/mman.h>

#include "sys.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

mg_status_t
mg_shm_map(void **out, size_t size)
{
    if (size == 0) return MG_INVALID;

    void *memory = mg_sys->mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return MG_SYSERR;
    *out = memory;
    return MG_OK;
}

void
mg_shm_unmap(void *memory, size_t size)
{
    if (memory) munmap(memory, size);
}
