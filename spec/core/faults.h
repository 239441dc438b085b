/* faults.h - A system of which any one call can fail, for tests. */
#ifndef MG_FAULTS_H
#define MG_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* What fails; ORed together. */
enum {
    FAULT_MEMORY = 1 << 0,     /* malloc, calloc, realloc, mmap: there is no memory */
    FAULT_DESCRIPTOR = 1 << 1, /* pipe, eventfd, pidfd_open: there are no more descriptors */
    FAULT_THREAD = 1 << 2,     /* pthread_create: there are no more threads */
    FAULT_INTERRUPT = 1 << 3,  /* read, write, poll, futex: a signal came */
    FAULT_RESOURCES = FAULT_MEMORY | FAULT_DESCRIPTOR | FAULT_THREAD
};

/* Runs `scenario` again and again: the first of those calls fails, then the second, and
 * so on, until it passes without a fault; once more with all calls from that one on
 * failing, unless they are interrupts. The scenario checks for itself what must hold
 * then. No other thread may be there before or after it. */
void fault_each(const char *name, unsigned calls, void (*scenario)(void));

/* Within a scenario: has a call failed so far? */
bool fault_came(void);

#endif
