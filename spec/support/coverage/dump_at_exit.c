/* Preloaded while coverage is measured: children leave by _exit, at which the counters of
 * instrumented libraries would be lost. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

enum { MOST = 8 };

static void (*dumps[MOST])(void);
static int count;

__attribute__((visibility("default"))) void
minigun_coverage_register(void (*dump)(void))
{
    if (count < MOST) dumps[count++] = dump;
}

__attribute__((visibility("default"), noreturn)) void
_exit(int status)
{
    for (int i = 0; i < count; i++) dumps[i]();

    void (*leave)(int) = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
    leave(status);
    abort();
}
