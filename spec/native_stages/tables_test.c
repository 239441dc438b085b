#include "outcome.h"

#include <string.h>

#include "native/table.h"

static const char sales[] = "k,n,s\na,1,x\nb,2,y\na,3,\nc,,z\nb,-5,y";

/* Numbers of CSV are texts, so rows come from JSON where there is one. */
#ifdef HAVE_SIMDJSON
static const char rows[] = "{\"k\":\"a\",\"n\":1}\n{\"k\":\"b\",\"n\":0.5}\n{\"k\":\"a\",\"n\":3}\n{\"k\":null,\"n\":9007199254740993}\n"
                           "{\"k\":\"b\",\"n\":\"t\"}\n{\"k\":\"a\"}";

TEST(group_gathers_by_key)
{
    CHECK_TEXT(sorted(OUTCOME(rows, STAGE(json, TEXT("select", "k"), TEXT("select", "n")),
                              STAGE(group, TEXT("by", "k"), YES("count"), TEXT("sum", "n"), TEXT("min", "n"), TEXT("max", "n"),
                                    TEXT("mean", "n")))),
               "{\"k\":\"a\",\"count\":3,\"sum_n\":4,\"min_n\":1,\"max_n\":3,\"mean_n\":2.0}\n"
               "{\"k\":\"b\",\"count\":2,\"sum_n\":0.5,\"min_n\":0.5,\"max_n\":\"t\",\"mean_n\":0.5}\n"
               "{\"k\":null,\"count\":1,\"sum_n\":9007199254740993,\"min_n\":9007199254740993,\"max_n\":9007199254740993,"
               "\"mean_n\":9007199254740992.0}\n");
}

TEST(top_sorts_numbers_before_texts_and_null_last)
{
    CHECK_TEXT(OUTCOME(rows, STAGE(json, TEXT("select", "n")), STAGE(top, INTEGER("n", 10), TEXT("by", "n"))),
               "{\"n\":9007199254740993}\n{\"n\":3}\n{\"n\":1}\n{\"n\":0.5}\n{\"n\":\"t\"}\n{\"n\":null}\n");
    CHECK_TEXT(OUTCOME(rows, STAGE(json, TEXT("select", "n")), STAGE(top, INTEGER("n", 2), TEXT("by", "n"), YES("ascending"))),
               "{\"n\":0.5}\n{\"n\":1}\n");
}
#endif

TEST(group_takes_texts_and_lines)
{
    CHECK_TEXT(sorted(OUTCOME(sales, STAGE(csv, TEXT("select", "k"), TEXT("select", "s")),
                              STAGE(group, TEXT("by", "k"), TEXT("max", "s")))),
               "{\"k\":\"a\",\"max_s\":\"x\"}\n{\"k\":\"b\",\"max_s\":\"y\"}\n{\"k\":\"c\",\"max_s\":\"z\"}\n");
    CHECK_TEXT(sorted(OUTCOME("x\ny\nx", STAGE(group, TEXT("by", "line")))), "{\"line\":\"x\",\"count\":2}\n{\"line\":\"y\",\"count\":1}\n");
    CHECK_TEXT(OUTCOME("x\ny\nx", PLAIN(group)), "{\"count\":3}\n");
    CHECK_TEXT(OUTCOME(sales, STAGE(csv, TEXT("select", "k")), STAGE(group, TEXT("by", "none"))),
               "failed: group: group: there is no column none");
}

TEST(distinct_passes_each_once)
{
    CHECK_TEXT(sorted(OUTCOME("b\na\nb\n\n\na", PLAIN(distinct))), "a\nb\n");
    CHECK_TEXT(sorted(OUTCOME(sales, STAGE(csv, TEXT("select", "s")), STAGE(distinct, TEXT("by", "s")))),
               "{\"s\":\"\"}\n{\"s\":\"x\"}\n{\"s\":\"y\"}\n{\"s\":\"z\"}\n");
}

TEST(top_keeps_the_first_lines)
{
    CHECK_TEXT(OUTCOME("b\nd\na\nc", STAGE(top, INTEGER("n", 2))), "d\nc\n");
    CHECK_TEXT(OUTCOME("b", STAGE(top, INTEGER("n", 0))), "failed: top: n must be 1 to 1000000");
}

/* Against a list that is searched from its begin. */
TEST(table_finds_what_was_put)
{
    enum { KEYS = 3000 };
    static struct {
        char key[24];
        uint32_t length, tag;
        uint64_t times;
    } known[KEYS];
    size_t count = 0;
    uint64_t random = 7;
    mg_table_t table;
    mg_table_init(&table, sizeof(uint64_t), mg_table_seed());
    for (int i = 0; i < 20000; i++) {
        char key[24];
        random = random * 6364136223846793005 + 1442695040888963407;
        uint32_t number = (uint32_t)(random >> 33) % KEYS, length = number % 23, tag = number % 3;
        memset(key, 'a', sizeof(key));
        memcpy(key, &number, length < sizeof(number) ? length : sizeof(number));
        size_t at = 0;
        while (at < count && (known[at].length != length || known[at].tag != tag || memcmp(known[at].key, key, length))) at++;
        bool fresh;
        uint64_t *times = mg_table_put(&table, key, length, tag, &fresh);
        CHECK(times != NULL && fresh == (at == count) && (!fresh || *times == 0));
        ++*times;
        if (at == count) {
            memcpy(known[at].key, key, length);
            known[at].length = length;
            known[at].tag = tag;
            count++;
        }
        known[at].times++;
    }
    CHECK(table.count == count);
    for (size_t i = 0; i < count; i++) {
        const char *key;
        uint32_t length, tag;
        const uint64_t *times = mg_table_at(&table, i, &key, &length, &tag);
        CHECK(length == known[i].length && tag == known[i].tag && memcmp(key, known[i].key, length) == 0);
        CHECK(*times == known[i].times);
    }
    mg_table_fini(&table);
}
