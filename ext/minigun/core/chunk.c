#include "chunk.h"

#include <stdlib.h>

#include "sys.h"

mg_chunk_t *
mg_chunk_new(uint32_t capacity)
{
    mg_chunk_t *chunk = mg_sys->malloc(sizeof(*chunk) + capacity * sizeof(mg_item_t));
    if (chunk == NULL) return NULL;
    chunk->next = NULL;
    chunk->step = 0;
    chunk->attempt = 0;
    chunk->head = 0;
    chunk->count = 0;
    chunk->capacity = capacity;
    chunk->bytes = 0;
    chunk->stamped = 0;
    chunk->tokens = NULL;
    return chunk;
}

void
mg_chunk_free(mg_chunk_t *chunk)
{
    if (chunk == NULL) return;
    free(chunk->tokens);
    free(chunk);
}

void
mg_chunk_cache_init(mg_chunk_cache_t *cache, uint32_t capacity, uint32_t limit)
{
    *cache = (mg_chunk_cache_t){ .capacity = capacity, .limit = limit };
}

void
mg_chunk_cache_fini(mg_chunk_cache_t *cache)
{
    while (cache->free) {
        mg_chunk_t *chunk = cache->free;
        cache->free = chunk->next;
        mg_chunk_free(chunk);
    }
    cache->size = 0;
}

mg_chunk_t *
mg_chunk_cache_get(mg_chunk_cache_t *cache)
{
    mg_chunk_t *chunk = cache->free;
    if (chunk == NULL) return mg_chunk_new(cache->capacity);
    cache->free = chunk->next;
    cache->size--;
    chunk->next = NULL;
    return chunk;
}

void
mg_chunk_cache_put(mg_chunk_cache_t *cache, mg_chunk_t *chunk)
{
    if (chunk == NULL) return;
    if (chunk->capacity != cache->capacity || chunk->tokens || cache->size >= cache->limit) {
        mg_chunk_free(chunk);
        return;
    }
    chunk->head = 0;
    chunk->count = 0;
    chunk->attempt = 0;
    chunk->bytes = 0;
    chunk->next = cache->free;
    cache->free = chunk;
    cache->size++;
}
