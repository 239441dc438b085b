#include "memory.h"

#include "platform.h"

#include <stdlib.h>

#if defined MG_LINUX && defined __GLIBC__
#include <malloc.h>
#define HAVE_TRIM 1
#endif

void
mg_memory_trim(void)
{
#ifdef HAVE_TRIM
    malloc_trim(0);
#endif
}
