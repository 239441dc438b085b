/* memory.h - Memory that is free, but that the allocator keeps for later. */
#ifndef MG_MEMORY_H
#define MG_MEMORY_H

/* Gives it back to the system, where the allocator can do that; else does nothing. Any
 * thread. Takes a third of a microsecond for a page that goes, and others wait meanwhile
 * who want memory. */
void mg_memory_trim(void);

#endif
