#include "core/lineage.h"

#include "test.h"

static bool
next_is(mg_lineage_t *lineage, mg_item_t item, bool failed)
{
    mg_settled_t settled;
    return mg_lineage_next(lineage, &settled) && settled.item == item && settled.failed == failed;
}

static bool
none_left(mg_lineage_t *lineage)
{
    mg_settled_t settled;
    return !mg_lineage_next(lineage, &settled);
}

TEST(lineage_settles_a_root_with_its_last_reference)
{
    mg_lineage_t *lineage = mg_lineage_new();
    mg_token_t one = mg_lineage_root(lineage, 3, 11), other = mg_lineage_root(lineage, 3, 12);
    CHECK(one && other && one != other);
    mg_lineage_retain(lineage, one);
    mg_lineage_release(lineage, one);
    CHECK(none_left(lineage));
    mg_lineage_release(lineage, other);
    mg_lineage_fail(lineage, one);
    mg_lineage_release(lineage, one);
    mg_lineage_retain(lineage, 0);
    mg_lineage_fail(lineage, 0);
    mg_lineage_release(lineage, 0);

    mg_settled_t settled;
    CHECK(mg_lineage_next(lineage, &settled) && settled.item == 12 && settled.step == 3 && !settled.failed);
    CHECK(next_is(lineage, 11, true));
    CHECK(none_left(lineage));
    mg_lineage_free(lineage);
}

TEST(lineage_settles_a_group_through_its_members)
{
    mg_lineage_t *lineage = mg_lineage_new();
    mg_tokens_t list = { 0 };
    CHECK(mg_lineage_group(lineage, &list) == 0);
    for (mg_item_t item = 1; item <= 20; item++) {
        CHECK(mg_tokens_add(lineage, &list, mg_lineage_root(lineage, 0, item)) == MG_OK);
    }
    mg_token_t first = list.tokens[0];
    mg_lineage_retain(lineage, first);
    mg_token_t group = mg_lineage_group(lineage, &list);
    CHECK(group && list.count == 0);
    mg_lineage_fail(lineage, group);
    CHECK(none_left(lineage));
    mg_lineage_release(lineage, group);

    mg_settled_t settled;
    for (int i = 0; i < 19; i++) CHECK(mg_lineage_next(lineage, &settled) && settled.item > 1 && settled.failed);
    CHECK(none_left(lineage));
    mg_lineage_release(lineage, first);
    CHECK(next_is(lineage, 1, true));
    mg_lineage_free(lineage);
}

/* Groups of groups, as a loop makes them that is never done with all it has. */
TEST(lineage_lets_go_of_a_long_chain_of_groups)
{
    mg_lineage_t *lineage = mg_lineage_new();
    mg_tokens_t list = { 0 };
    for (mg_item_t item = 1; item <= 100000; item++) {
        mg_tokens_add(lineage, &list, mg_lineage_root(lineage, 0, item));
        mg_tokens_add(lineage, &list, mg_lineage_group(lineage, &list));
    }
    CHECK(none_left(lineage));
    mg_tokens_release(lineage, &list);
    mg_settled_t settled;
    uint32_t count = 0;
    while (mg_lineage_next(lineage, &settled)) count++;
    CHECK(count == 100000);
    mg_tokens_fini(&list);
    mg_lineage_free(lineage);
}

TEST(lineage_uses_what_was_given_back)
{
    mg_lineage_t *lineage = mg_lineage_new();
    mg_token_t most = 0;
    for (mg_item_t item = 1; item <= 10000; item++) {
        mg_token_t token = mg_lineage_root(lineage, 0, item);
        if (token > most) most = token;
        mg_lineage_release(lineage, token);
        CHECK(next_is(lineage, item, false));
    }
    CHECK(most == 1);
    mg_lineage_free(lineage);
}

TEST(lineage_gives_up_what_is_left)
{
    mg_lineage_t *lineage = mg_lineage_new();
    mg_lineage_release(lineage, mg_lineage_root(lineage, 0, 1));
    mg_lineage_root(lineage, 0, 2);
    mg_lineage_abandon(lineage);
    CHECK(next_is(lineage, 1, false));
    CHECK(next_is(lineage, 2, true));
    CHECK(none_left(lineage));
    mg_lineage_free(lineage);
}

TEST(lineage_goes_with_the_items_of_chunks)
{
    mg_lineage_t *lineage = mg_lineage_new();
    mg_chunk_t *from = mg_chunk_new(8), *to = mg_chunk_new(8);
    for (mg_item_t item = 1; item <= 6; item++) from->items[from->count++] = item;
    CHECK(mg_chunk_stamp(lineage, from, 0) == MG_OK && from->tokens == NULL);
    CHECK(mg_chunk_root(lineage, from, 1) == MG_OK && from->stamped == 6);
    CHECK(mg_chunk_token(from, 2) != 0 && mg_chunk_token(from, 6) == 0);

    for (mg_item_t item = 2; item <= 6; item += 2) to->items[to->count++] = item; /* each second one */
    CHECK(mg_chunk_copy_tokens(lineage, to, from, 1, 2) == MG_OK);
    CHECK(mg_chunk_token(to, 2) == mg_chunk_token(from, 5));
    mg_chunk_let_go(lineage, from);
    CHECK(from->count == 0);
    CHECK(next_is(lineage, 1, false) && next_is(lineage, 3, false) && next_is(lineage, 5, false));
    CHECK(none_left(lineage));
    mg_chunk_let_go(lineage, to);
    CHECK(next_is(lineage, 2, false) && next_is(lineage, 4, false) && next_is(lineage, 6, false));
    mg_chunk_free(from);
    mg_chunk_free(to);
    mg_lineage_free(lineage);
}
