#include "index.h"

#include <stdlib.h>
#include <string.h>

#include "sys.h"

enum { FIRST_CAPACITY = 16, MOST = UINT32_MAX / 4 };

/* Fibonacci hashing: the upper bits of a product are the well mixed ones. */
static uint32_t
home(uintptr_t key, uint32_t mask)
{
    return (uint32_t)((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
}

/* The slot that holds the key, or the empty one where it belongs. */
static uint32_t *
slot_of(const mg_index_t *index, uintptr_t key)
{
    const uint32_t mask = 2 * index->capacity - 1;
    uint32_t slot = home(key, mask);

    while (index->slots[slot] != 0 && index->keys[index->slots[slot] - 1] != key) slot = (slot + 1) & mask;
    return &index->slots[slot];
}

static mg_status_t
grow(mg_index_t *index)
{
    if (index->capacity >= MOST) return MG_NOMEM;

    const uint32_t capacity = index->capacity == 0 ? FIRST_CAPACITY : 2 * index->capacity;
    uintptr_t *keys = mg_sys->realloc(index->keys, capacity * sizeof(*keys));
    if (keys == NULL) return MG_NOMEM;
    index->keys = keys;

    uint32_t *slots = mg_sys->calloc(2 * (size_t)capacity, sizeof(*slots));
    if (slots == NULL) return MG_NOMEM;
    free(index->slots);
    index->slots = slots;
    index->capacity = capacity;
    for (uint32_t i = 0; i < index->count; i++) *slot_of(index, index->keys[i]) = i + 1;
    return MG_OK;
}

mg_status_t
mg_index_add(mg_index_t *index, uintptr_t key)
{
    if (index->count == index->capacity) {
        const mg_status_t status = grow(index);
        if (status != MG_OK) return status;
    }
    uint32_t *slot = slot_of(index, key);
    index->keys[index->count++] = key;
    *slot = index->count;
    return MG_OK;
}

uint32_t
mg_index_find(const mg_index_t *index, uintptr_t key)
{
    if (index->count == 0) return MG_INDEX_NONE;

    const uint32_t found = *slot_of(index, key);
    return found == 0 ? MG_INDEX_NONE : found - 1;
}

void
mg_index_clear(mg_index_t *index)
{
    if (index->count > 0) memset(index->slots, 0, 2 * (size_t)index->capacity * sizeof(*index->slots));
    index->count = 0;
}

void
mg_index_free(mg_index_t *index)
{
    free(index->keys);
    free(index->slots);
    *index = (mg_index_t){ 0 };
}

size_t
mg_index_memsize(const mg_index_t *index)
{
    return index->capacity * (sizeof(*index->keys) + 2 * sizeof(*index->slots));
}
