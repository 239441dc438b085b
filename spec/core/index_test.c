#include "test.h"

#include "core/index.h"

enum { MANY = 10000 };

TEST(index_of_nothing)
{
    mg_index_t index = { 0 };

    CHECK(mg_index_find(&index, 0) == MG_INDEX_NONE);
    mg_index_clear(&index);
    CHECK(mg_index_memsize(&index) == 0);
    mg_index_free(&index);
}

/* Keys from both ends of the words there are. */
TEST(index_finds_every_key_and_no_other)
{
    mg_index_t index = { 0 };

    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MANY; i++) {
            const uintptr_t key = i % 2 == 0 ? (uintptr_t)i << 3 : ~((uintptr_t)i << 3);
            CHECK(mg_index_find(&index, key) == MG_INDEX_NONE);
            CHECK(mg_index_add(&index, key) == MG_OK);
            CHECK(index.count == i + 1 && index.keys[i] == key);
        }
        for (uint32_t i = 0; i < MANY; i++) CHECK(mg_index_find(&index, index.keys[i]) == i);
        for (uint32_t i = 0; i < MANY; i++) CHECK(mg_index_find(&index, (uintptr_t)i << 3 | 1) == MG_INDEX_NONE);
        CHECK(mg_index_memsize(&index) >= MANY * (sizeof(uintptr_t) + 2 * sizeof(uint32_t)));
        mg_index_clear(&index);
        CHECK(index.count == 0 && mg_index_find(&index, 16) == MG_INDEX_NONE);
    }
    mg_index_free(&index);
    CHECK(index.keys == NULL && index.count == 0);
}

/* Also when the table has grown since, and is filled anew from the keys. */
TEST(index_of_a_key_added_twice_is_the_later_one)
{
    mg_index_t index = { 0 };

    CHECK(mg_index_add(&index, 7) == MG_OK);
    CHECK(mg_index_add(&index, 8) == MG_OK);
    CHECK(mg_index_add(&index, 7) == MG_OK);
    CHECK(mg_index_find(&index, 7) == 2 && mg_index_find(&index, 8) == 1);
    for (uintptr_t i = 0; i < MANY; i++) CHECK(mg_index_add(&index, 100 + i) == MG_OK);
    CHECK(mg_index_find(&index, 7) == 2 && mg_index_find(&index, 8) == 1);
    mg_index_free(&index);
}
