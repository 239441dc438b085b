/* index.h - Numbers by their keys, which are words that are not looked into.
 *
 * The keys are numbered from 0 in the order of adding. A key that is added again means its later
 * number from then on. Finding and adding take constant time on average, by open addressing with
 * linear probing in a table that is at most half full (Knuth, TAOCP 3, 6.4).
 *
 * An index belongs to one thread at a time. All zero is an empty one.
 */
#ifndef MG_INDEX_H
#define MG_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* "No number". */
#define MG_INDEX_NONE UINT32_MAX

typedef struct {
    uintptr_t *keys; /* [capacity] by number; the caller may read the first `count` */
    uint32_t *slots; /* [2 * capacity] number + 1 by the key's home, 0 for empty */
    uint32_t count;
    uint32_t capacity; /* a power of two, or 0 */
} mg_index_t;

/* Adds a key under the number `count` was before.
 *
 * MG_OK    - added.
 * MG_NOMEM - no memory, or no numbers left; the index is as it was. */
mg_status_t mg_index_add(mg_index_t *index, uintptr_t key);

/* The number of a key, or MG_INDEX_NONE. */
uint32_t mg_index_find(const mg_index_t *index, uintptr_t key);

/* Takes out all keys, and keeps the memory for the next ones. */
void mg_index_clear(mg_index_t *index);

/* Frees the memory; the index is an empty one then. */
void mg_index_free(mg_index_t *index);

size_t mg_index_memsize(const mg_index_t *index);

#endif
