/* Stages for which the first allocation of memory fails, then the second, and so on until all that
 * they ask for is there. The linker has the program's calls go through here, where it can; the core
 * gets its memory in any case. */
#include "outcome.h"

#ifdef MG_WRAPPED

#include <stdatomic.h>
#include <string.h>

#include "core/sys.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static _Atomic long until; /* that many calls from now on one fails; 0 and less for none */

static bool
fails(void)
{
    return atomic_load(&until) > 0 && atomic_fetch_sub(&until, 1) == 1;
}

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

/* For what must not fail: the tests' own. */
void *
steady_realloc(void *memory, size_t size)
{
    return __real_realloc(memory, size);
}

static char *
result(const link_t *links, size_t count, const char *input)
{
    char *text = outcome(links, count, input);
    return strncmp(text, "failed: ", 8) == 0 ? text : sorted(text);
}

/* It ends as it should, or the stage or a record of its fails, for want of memory. */
static void
check_without_memory(const link_t *links, size_t count, const char *input)
{
    static mg_sys_t steady;
    steady = mg_sys_real;
    steady.malloc = __real_malloc;
    steady.calloc = __real_calloc;
    steady.realloc = __real_realloc;
    mg_sys = &steady;
    char *expected = result(links, count, input);
    bool failed = true;
    for (long nth = 1; failed; nth++) {
        CHECK(nth < 10000);
        snprintf(mg_test_context, sizeof(mg_test_context), "%s: allocation %ld fails\n", links[count - 1].stage->name, nth);
        atomic_store(&until, nth);
        char *text = result(links, count, input);
        failed = atomic_load(&until) <= 0;
        atomic_store(&until, 0);
        bool told = (text[0] == '!' || strncmp(text, "failed: ", 8) == 0) && strstr(text, "out of memory");
        if (!told) check_text(strdup(text), expected, __FILE__, __LINE__);
        CHECK(failed || !told);
        free(text);
    }
    free(expected);
    mg_sys = &mg_sys_real;
    mg_test_context[0] = '\0';
}

#define WITHOUT_MEMORY(input, ...)                                                                 \
    check_without_memory((const link_t[]){ __VA_ARGS__ }, sizeof((link_t[]){ __VA_ARGS__ }) / sizeof(link_t), input)

static const char table[] = "k,n,s\na,1,x\nb,2,\"y, z\"\na,3,\nc,,z\nb,-5,y";

TEST(memory_of_tables)
{
    WITHOUT_MEMORY(table, STAGE(csv, TEXT("select", "k"), TEXT("select", "s"), TEXT("where", "k"), TEXT("ne", "c")));
    WITHOUT_MEMORY(table, STAGE(csv, TEXT("select", "k"), TEXT("select", "s")), STAGE(distinct, TEXT("by", "s")));
    WITHOUT_MEMORY(table, STAGE(csv, TEXT("select", "k"), TEXT("select", "s")),
                   STAGE(group, TEXT("by", "k"), YES("count"), TEXT("max", "s"), TEXT("min", "s")));
    WITHOUT_MEMORY(table, STAGE(csv, TEXT("select", "k"), TEXT("select", "s")), STAGE(top, INTEGER("n", 2), TEXT("by", "s")));
    WITHOUT_MEMORY("b\nd\na\nc\na", PLAIN(distinct));
    WITHOUT_MEMORY("b\nd\na\nc\na", STAGE(top, INTEGER("n", 2)));
    WITHOUT_MEMORY("b\nd\na\nc\na", STAGE(group, TEXT("by", "line")));
}

TEST(memory_of_filters)
{
    WITHOUT_MEMORY("a\nb", PLAIN(pass));
#ifdef HAVE_PCRE2_H
    WITHOUT_MEMORY("apple\nbanana", STAGE(grep, TEXT("pattern", "(?<first>.)(?<n>n)?"), YES("captures")));
#endif
#ifdef HAVE_SIMDJSON
    WITHOUT_MEMORY("{\"a\":1,\"b\":\"x\\n\"}\n{\"a\":2}\nno",
                   STAGE(json, TEXT("select", "a"), TEXT("select", "/b"), TEXT("where", "a"), INTEGER("gt", 0)));
#endif
#ifdef HAVE_XXHASH
    WITHOUT_MEMORY("abc\nd", STAGE(digest, TEXT("algorithm", "xxh64"), TEXT("as", "sum")));
#endif
}

TEST(memory_of_files)
{
    write_file(in_folder("lines"), "one\ntwo\r\n\nthree", 15);
    mg_option_t from = path_option(in_folder("lines")), to = path_option(in_folder("written"));
    WITHOUT_MEMORY(NULL, { &mg_stage_lines, { 1, &from } });
    WITHOUT_MEMORY("a\nb\nc", { &mg_stage_write, { 1, &to } });
#ifdef HAVE_ZLIB_H
    WITHOUT_MEMORY("aaaa\nbbbb", STAGE(compress, TEXT("format", "gzip")), PLAIN(decompress));
#endif
}

#else

void *
steady_realloc(void *memory, size_t size)
{
    return realloc(memory, size);
}

#endif
