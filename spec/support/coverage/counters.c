/* Compiled into each extension while coverage is measured; see dump_at_exit.c. */
#define _GNU_SOURCE
#include <dlfcn.h>

extern void __gcov_dump(void);

__attribute__((constructor)) static void
announce(void)
{
    void (*add)(void (*)(void)) = (void (*)(void (*)(void)))dlsym(RTLD_DEFAULT, "minigun_coverage_register");
    if (add) add(__gcov_dump);
}
