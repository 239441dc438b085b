#include "outcome.h"

#include <string.h>

#include "native/json_text.h"
#include "native/where.h"

TEST(pass_passes)
{
    CHECK_TEXT(OUTCOME("a\n\nb", PLAIN(pass)), "a\n\nb\n");
}

TEST(grep_keeps_drops_and_captures)
{
#ifdef HAVE_PCRE2_H
    static const char words[] = "apple\nbanana\ncaf\xc3\xa9\n\xff\xff";
    CHECK_TEXT(OUTCOME(words, STAGE(grep, TEXT("pattern", "an|ap"))), "apple\nbanana\n");
    CHECK_TEXT(OUTCOME(words, STAGE(grep, TEXT("pattern", "a"), YES("invert"))), "\xff\xff\n");
    CHECK_TEXT(OUTCOME(words, STAGE(grep, TEXT("pattern", "^....$"), TEXT("utf", "^....$"))), "caf\xc3\xa9\n");
    CHECK_TEXT(OUTCOME(words, STAGE(grep, TEXT("pattern", "(?<first>.)(?<n>n)?"), YES("captures"))),
               "{\"first\":\"a\",\"n\":null}\n{\"first\":\"b\",\"n\":null}\n{\"first\":\"c\",\"n\":null}\n"
               "{\"first\":\"\xff\",\"n\":null}\n");
    CHECK_TEXT(OUTCOME("", STAGE(grep, TEXT("pattern", "(x"))),
               "failed: grep: the pattern (x is wrong at 2: missing closing parenthesis");
    CHECK_TEXT(OUTCOME("", STAGE(grep, TEXT("pattern", "x"), YES("captures"))),
               "failed: grep: captures: the pattern names none");
    CHECK_TEXT(OUTCOME("", PLAIN(grep)), "failed: grep: grep needs a pattern");
#else
    check_needs(OUTCOME("", STAGE(grep, TEXT("pattern", "x"))), "libpcre2-dev");
#endif
}

TEST(json_selects_filters_and_rejects)
{
#ifdef HAVE_SIMDJSON
    static const char objects[] = "{\"a\":1,\"b\":\"x\\n\"}\n{\"a\":2.5,\"c\":{\"d\":[true]}}\nnope\n{\"a\":3,}\n"
                                  "{\"a\":1e400,\"b\":null}\n{\"a\":\"y\",\"e\":\"\\x\"}";
    CHECK_TEXT(OUTCOME(objects, STAGE(json, TEXT("select", "a"), TEXT("select", "b"))),
               "{\"a\":1,\"b\":\"x\\u000a\"}\n{\"a\":2.5,\"b\":null}\n{\"a\":1e400,\"b\":null}\n"
               "! json: a JSON object's key is missing\n! json: a JSON string has a wrong escape\n! json: not a JSON object\n");
    CHECK_TEXT(OUTCOME(objects, STAGE(json, TEXT("where", "a"), INTEGER("ge", 2), TEXT("where", "b"), { "eq", { .type = MG_VALUE_NULL } })),
               "{\"a\":2.5,\"c\":{\"d\":[true]}}\n{\"a\":1e400,\"b\":null}\n"
               "! json: a JSON object's key is missing\n! json: a JSON string has a wrong escape\n! json: not a JSON object\n");
    CHECK_TEXT(OUTCOME("{\"c\":{\"d\":[true],\"~/\":1}}\n{\"c\":5}",
                       STAGE(json, TEXT("select", "/c/d"), TEXT("as", "x"), TEXT("select", "/c/~0~1"))),
               "{\"x\":[true],\"/c/~0~1\":1}\n{\"x\":null,\"/c/~0~1\":null}\n");
#else
    check_needs(OUTCOME("", STAGE(json, TEXT("select", "a"))), "libsimdjson-dev");
#endif
}

TEST(csv_reads_rfc_4180)
{
    CHECK_TEXT(OUTCOME("\"a\",b\r\n1,\"x, \"\"y\"\"\"\r\n,2", STAGE(csv, TEXT("select", "b"), TEXT("select", "a"))),
               "{\"b\":\"x, \\\"y\\\"\",\"a\":\"1\"}\n{\"b\":\"2\",\"a\":\"\"}\n");
    CHECK_TEXT(OUTCOME("k;n\nx;10\ny;9\nz;-1.5e1", STAGE(csv, TEXT("separator", ";"), TEXT("where", "n"), INTEGER("lt", 10))),
               "{\"k\":\"y\",\"n\":\"9\"}\n{\"k\":\"z\",\"n\":\"-1.5e1\"}\n");
    CHECK_TEXT(OUTCOME("a,b\n1", STAGE(csv, TEXT("select", "b"))), "! csv: 1 CSV fields, where the header has 2\n");
    CHECK_TEXT(OUTCOME("a,b\n1,\"x", STAGE(csv, TEXT("select", "b"))),
               "! csv: a quoted CSV field has no proper end (lines needs `quoted` for newlines within)\n");
    CHECK_TEXT(OUTCOME("a,b\n1,x\"", STAGE(csv, TEXT("select", "b"))), "! csv: a quote within a CSV field without quotes\n");
    CHECK_TEXT(OUTCOME("a,b\n", STAGE(csv, TEXT("select", "c"))), "failed: csv: csv: there is no column c");
}

TEST(digest_gives_known_digests)
{
#ifdef HAVE_OPENSSL
    CHECK_TEXT(OUTCOME("abc", STAGE(digest, TEXT("algorithm", "sha256"))),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
    CHECK_TEXT(OUTCOME("abc", STAGE(digest, TEXT("algorithm", "md5"), TEXT("as", "sum"))),
               "{\"line\":\"abc\",\"sum\":\"900150983cd24fb0d6963f7d28e17f72\"}\n");
    CHECK_TEXT(OUTCOME("abc", STAGE(digest, TEXT("algorithm", "none"))), "failed: digest: there is no algorithm none");
#else
    check_needs(OUTCOME("abc", STAGE(digest, TEXT("algorithm", "sha256"))), "libssl-dev");
#endif
#ifdef HAVE_XXHASH
    CHECK_TEXT(OUTCOME("abc", STAGE(digest, TEXT("algorithm", "xxh64"))), "44bc2cf5ad770999\n");
#else
    check_needs(OUTCOME("abc", STAGE(digest, TEXT("algorithm", "xxh3"))), "libxxhash-dev");
#endif
}

TEST(where_spans_tell_what_conditions_tell)
{
    static const char *const kinds[] = { "ge", "gt", "le", "lt", "eq", "ne" };
    for (int first = 0; first < 6; first++) {
        for (int second = 0; second < 6; second++) {
            mg_option_t items[] = { TEXT("where", "n"), INTEGER(kinds[first], 3), INTEGER(kinds[second], 5) };
            mg_options_t options = { 3, items };
            mg_where_t where;
            mg_error_t error;
            int64_t low, high;
            extern bool the_only_column(void *data, const char *name, uint32_t *column, mg_error_t *error);
            CHECK(mg_where_read(&where, &options, the_only_column, NULL, &error) == MG_STAGE_OK);
            bool span = mg_where_span(&where, 0, &low, &high);
            CHECK(span == (first < 4 && second < 4));
            for (int64_t n = 0; span && n < 10; n++) {
                mg_value_t value = { MG_VALUE_INTEGER, 0, { .integer = n } };
                CHECK(mg_where_holds(&where, &value, false) == (n >= low && n <= high));
            }
            mg_where_free(&where);
        }
    }
}

bool the_only_column(void *data, const char *name, uint32_t *column, mg_error_t *error);

bool
the_only_column(void *data, const char *name, uint32_t *column, mg_error_t *error)
{
    (void)data;
    (void)error;
    *column = 0;
    return strcmp(name, "n") == 0;
}

TEST(json_text_reads_numbers)
{
    mg_value_t value;
    CHECK(mg_text_number("-12", 3, &value) && value.type == MG_VALUE_INTEGER && value.as.integer == -12);
    CHECK(mg_text_number("1e3", 3, &value) && value.type == MG_VALUE_FLOAT && value.as.number == 1000);
    CHECK(mg_text_number("0.1", 3, &value) && value.as.number == 0.1);
    CHECK(!mg_text_number("01", 2, &value) && !mg_text_number("", 0, &value) && !mg_text_number("1x", 2, &value));
}
