/* platform.h - Which calls of the system the core may use.
 *
 * MG_LINUX stands for futex, eventfd and pidfd_open; each use has a portable one
 * beside it. -DMG_PORTABLE builds and tests that one on Linux too.
 */
#ifndef MG_PLATFORM_H
#define MG_PLATFORM_H

#if defined __linux__ && !defined MG_PORTABLE
#define MG_LINUX 1
#endif

#endif
