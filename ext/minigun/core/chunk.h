/* chunk.h - A short vector of items, the unit in which everything travels.
 *
 * A chunk belongs to one owner at a time and is not thread-safe. Items in it are
 * those from `head` up to `count`. `tokens`, when not NULL, runs beside `items`
 * and names for each item the source items it descends from. */
#ifndef MG_CHUNK_H
#define MG_CHUNK_H

#include <stddef.h>
#include <stdint.h>

/* One machine word: a VALUE, a pointer, a number. The core never looks inside. */
typedef uintptr_t mg_item_t;

typedef struct mg_chunk {
    struct mg_chunk *next; /* for the list its owner keeps it in */
    uint32_t step;         /* index of the step it is for, while queued */
    uint32_t attempt;      /* how often its items were tried and failed before */
    uint32_t head;
    uint32_t count;
    uint32_t capacity;
    uint64_t bytes; /* what its items weigh, while queued for a step that is bounded so */
    uint32_t stamped; /* items from the first on that have tokens, see lineage.h */
    uint64_t *tokens;
    mg_item_t items[];
} mg_chunk_t;

/* An empty chunk of `capacity` items without tokens, or NULL without memory. */
mg_chunk_t *mg_chunk_new(uint32_t capacity);

/* Frees the chunk and its tokens, not what the items mean. Takes NULL. */
void mg_chunk_free(mg_chunk_t *chunk);

/* Items still in the chunk. */
static inline uint32_t
mg_chunk_size(const mg_chunk_t *chunk)
{
    return chunk->count - chunk->head;
}

/* Chunks of one capacity that are kept for reuse, at most `limit` of them: a
 * fresh page costs more than all the work on the items in it. Not thread-safe. */
typedef struct {
    mg_chunk_t *free;
    uint32_t capacity, size, limit;
} mg_chunk_cache_t;

void mg_chunk_cache_init(mg_chunk_cache_t *cache, uint32_t capacity, uint32_t limit);
void mg_chunk_cache_fini(mg_chunk_cache_t *cache);

/* An empty chunk of the cache's capacity, or NULL without memory. */
mg_chunk_t *mg_chunk_cache_get(mg_chunk_cache_t *cache);

/* Takes a chunk back; frees it if it has another capacity or the cache is full. */
void mg_chunk_cache_put(mg_chunk_cache_t *cache, mg_chunk_t *chunk);

#endif
