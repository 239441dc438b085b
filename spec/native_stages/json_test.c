/* What of JSON is taken, and what is refused. */
#include "outcome.h"

#include <string.h>

#ifdef HAVE_SIMDJSON

static char *
selected(const char *text)
{
    return OUTCOME(text, STAGE(json, TEXT("select", "a")));
}

TEST(json_strings_are_unescaped)
{
    CHECK_TEXT(selected("{\"a\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\\/\\\\\"}"), "{\"a\":\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\\\\\"}\n");
    CHECK_TEXT(selected("{\"a\":\"\\b\\f\\n\\r\\t\\\"\"}"), "{\"a\":\"\\u0008\\u000c\\u000a\\u000d\\u0009\\\"\"}\n");
    CHECK_TEXT(selected("{\"\\u0061\":1}"), "{\"a\":1}\n");
    CHECK_TEXT(selected(" { \"b\" : \"a\" , \"a\" : 1 } "), "{\"a\":1}\n");
    CHECK_TEXT(OUTCOME("{\"a_long_name\":1,\"a_long_naming\":2}", STAGE(json, TEXT("select", "a_long_naming"))), "{\"a_long_naming\":2}\n");
}

TEST(json_numbers_are_read_exactly)
{
    static const struct {
        const char *text, *comes;
    } numbers[] = {
        { "-9223372036854775808", "-9223372036854775808" },
        { "9223372036854775808", "9223372036854775808" },
        { "0.1", "0.1" }, { "-0.5e-3", "-0.0005" }, { "1E+2", "100.0" }, { "1e400", "1e400" },
        { "0.000000000000000000000000000001", "1e-30" }, { "123456789012345678901234567890", "123456789012345678901234567890" },
        { "0.1234567890123456789012345", "0.12345678901234568" }, { "2.2250738585072014e-308", "2.2250738585072014e-308" }
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char text[100], comes[100];
        snprintf(text, sizeof(text), "{\"a\":%s}", numbers[i].text);
        snprintf(comes, sizeof(comes), "{\"a\":%s}\n", numbers[i].comes);
        CHECK_TEXT(selected(text), comes);
    }
}

TEST(json_that_is_wrong_is_refused)
{
    static const char *const escapes[] = { "\\u12", "\\uzzzz", "\\ud83d", "\\ud83d\\n", "\\ud83d\\u0041", "\\udc00", "\\q" };
    static const char *const values[] = { "01", "1.", "1e", "1e+", "-", ".5", "+1", "tru", "nul", "1x", "--1", "truex" };
    static const char *const texts[] = { "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"b\":[1,}", "{\"b\":[1 2]}",
                                         "{\"b\":{\"c\":1]}", "{\"b\":[}", "{\"b\":{\"c\"}}", "{\"b\":{1:2}}", "[1]", "{} {}", "{\"a\":1}}", "" };
    char text[100];
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        snprintf(text, sizeof(text), "{\"a\":\"%s\"}", escapes[i]);
        CHECK_TEXT(selected(text), "! json: a JSON string has a wrong escape\n");
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(text, sizeof(text), "{\"a\":%s}", values[i]);
        char *outcome = selected(text);
        if (strncmp(outcome, "! json: ", 8) != 0) fprintf(stderr, "%s: %s\n", text, outcome);
        CHECK(strncmp(outcome, "! json: ", 8) == 0);
        free(outcome);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *outcome = selected(texts[i]);
        if (texts[i][0] && strncmp(outcome, "! json: ", 8) != 0) fprintf(stderr, "%s: %s\n", texts[i], outcome);
        CHECK(texts[i][0] == '\0' || strncmp(outcome, "! json: ", 8) == 0);
        free(outcome);
    }
}

TEST(json_may_be_deep_within_reason)
{
    enum { DEEP = 3000 };
    char text[2 * DEEP + 20] = "{\"b\":";
    memset(text + 5, '[', DEEP);
    memset(text + 5 + DEEP, ']', DEEP);
    strcpy(text + 5 + 2 * DEEP, ",\"a\":1}");
    char *result = selected(text);
    CHECK(strncmp(result, "! json: ", 8) == 0);
    free(result);
}

static const char mixed[] = "{\"a\":1}\n{\"a\":2.5}\n{\"a\":\"t\"}\n{\"a\":\"u\"}\n{\"a\":true}\n{\"a\":null}\n{\"a\":1e30}\n{\"a\":123456789012345678901}\n{}";

TEST(json_compares_what_can_be_compared)
{
    CHECK_TEXT(OUTCOME(mixed, STAGE(json, TEXT("where", "a"), INTEGER("gt", 1))), "{\"a\":2.5}\n{\"a\":1e30}\n{\"a\":123456789012345678901}\n");
    CHECK_TEXT(OUTCOME(mixed, STAGE(json, TEXT("where", "a"), INTEGER("le", 1))), "{\"a\":1}\n");
    CHECK_TEXT(OUTCOME(mixed, STAGE(json, TEXT("where", "a"), { "lt", { MG_VALUE_FLOAT, 0, { .number = 2.75 } } })), "{\"a\":1}\n{\"a\":2.5}\n");
    CHECK_TEXT(OUTCOME(mixed, STAGE(json, TEXT("where", "a"), TEXT("ge", "u"))), "{\"a\":\"u\"}\n");
    CHECK_TEXT(OUTCOME(mixed, STAGE(json, TEXT("where", "a"), { "eq", { .type = MG_VALUE_TRUE } })), "{\"a\":true}\n");
    CHECK_TEXT(OUTCOME(mixed, STAGE(json, TEXT("where", "a"), INTEGER("ge", 2), TEXT("lt", "x"))), "");
    CHECK_TEXT(OUTCOME("", STAGE(json, INTEGER("ge", 2))), "failed: json: ge without where");
}

#endif
