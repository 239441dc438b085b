/* clock.h - The clocks the engine reads, as nanoseconds. */
#ifndef MG_CLOCK_H
#define MG_CLOCK_H

#include <stdint.h>

/* Time that only goes forward; its zero means nothing. */
uint64_t mg_clock_now(void);

/* Seconds since 1970, for time stamps. */
double mg_clock_wall(void);

/* Processor time used by the calling thread, and by the whole process. Both are
 * system calls. */
uint64_t mg_clock_thread_cpu(void);
uint64_t mg_clock_process_cpu(void);

/* How often the processor clocks were read since the process began. */
uint64_t mg_clock_cpu_reads(void);

#endif
