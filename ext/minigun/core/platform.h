/* platform.h - Which calls of the system the core may use, and what processors differ in.
 *
 * MG_LINUX stands for futex, eventfd and pidfd_open; each use has a portable one
 * beside it. -DMG_PORTABLE builds and tests that one on Linux too.
 */
#ifndef MG_PLATFORM_H
#define MG_PLATFORM_H

#if defined __linux__ && !defined MG_PORTABLE
#define MG_LINUX 1
#endif

/* For a thread that looks at something over and over again. */
static inline void
mg_cpu_relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

#endif
