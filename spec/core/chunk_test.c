#include "core/bytes.h"
#include "core/chunk.h"
#include "core/status.h"

#include "test.h"

#include <string.h>

TEST(chunk_cache_gives_back_what_it_was_given_up_to_its_limit)
{
    mg_chunk_cache_t cache;
    mg_chunk_t *chunks[5];
    mg_chunk_cache_init(&cache, 3, 2);
    for (int i = 0; i < 5; i++) {
        chunks[i] = mg_chunk_cache_get(&cache);
        CHECK(chunks[i] && chunks[i]->capacity == 3 && mg_chunk_size(chunks[i]) == 0);
        chunks[i]->items[chunks[i]->count++] = 7;
        chunks[i]->attempt = 4;
    }
    for (int i = 0; i < 5; i++) mg_chunk_cache_put(&cache, chunks[i]);
    CHECK(cache.size == 2);
    mg_chunk_t *again = mg_chunk_cache_get(&cache);
    CHECK(again == chunks[1] && mg_chunk_size(again) == 0 && again->attempt == 0);
    mg_chunk_cache_put(&cache, again);
    mg_chunk_cache_put(&cache, mg_chunk_new(8)); /* of another capacity: freed */
    mg_chunk_cache_put(&cache, NULL);
    CHECK(cache.size == 2);
    mg_chunk_cache_fini(&cache);
    CHECK(cache.size == 0 && cache.free == NULL);
}

TEST(chunk_counts_from_its_head)
{
    mg_chunk_t *chunk = mg_chunk_new(4);
    CHECK(chunk);
    chunk->count = 4;
    chunk->head = 3;
    CHECK(mg_chunk_size(chunk) == 1);
    mg_chunk_free(chunk);
    mg_chunk_free(NULL);
}

TEST(bytes_grow_and_keep_what_they_hold)
{
    mg_bytes_t bytes = { 0 };
    char piece[333];
    for (int i = 0; i < 100; i++) {
        memset(piece, i, sizeof(piece));
        CHECK(mg_bytes_append(&bytes, piece, sizeof(piece)) == MG_OK);
    }
    CHECK(bytes.size == 100 * sizeof(piece));
    for (size_t i = 0; i < bytes.size; i++) CHECK(bytes.data[i] == i / sizeof(piece));
    CHECK(mg_bytes_append(&bytes, NULL, 0) == MG_OK);
    mg_bytes_clear(&bytes);
    CHECK(bytes.size == 0 && bytes.capacity > 0);
    mg_bytes_fini(&bytes);
    CHECK(bytes.data == NULL && bytes.capacity == 0);
}

TEST(bytes_refuse_what_no_memory_could_hold)
{
    mg_bytes_t bytes = { 0 };
    CHECK(mg_bytes_append(&bytes, "abc", 3) == MG_OK);
    CHECK(mg_bytes_reserve(&bytes, SIZE_MAX) == MG_NOMEM);
    CHECK(mg_bytes_reserve(&bytes, SIZE_MAX - 2) == MG_NOMEM);
    CHECK(mg_bytes_reserve(&bytes, SIZE_MAX / 2) == MG_NOMEM);
    CHECK(bytes.size == 3 && memcmp(bytes.data, "abc", 3) == 0);
    mg_bytes_fini(&bytes);
}

TEST(bytes_give_back_an_unusual_size)
{
    mg_bytes_t bytes = { 0 };
    CHECK(mg_bytes_reserve(&bytes, 4 << 20) == MG_OK);
    mg_bytes_clear(&bytes);
    CHECK(bytes.data == NULL && bytes.capacity == 0);
}

TEST(status_has_words_for_all_and_any)
{
#define XX(name, code, text) CHECK(strcmp(mg_status_text(name), text) == 0);
    MG_STATUSES(XX)
#undef XX
    CHECK(mg_status_text((mg_status_t)-1000) != NULL);
}
