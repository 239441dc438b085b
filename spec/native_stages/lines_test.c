#include "outcome.h"

#include <string.h>
#include <unistd.h>

#include "native/split.h"

#ifdef HAVE_ZLIB_H
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD_H
#include <zstd.h>
#endif

static const char text[] = "one\ntwo\r\n\nfour\nlast";
static const char lines[] = "one\ntwo\n\nfour\nlast\n";

static mg_option_t
path_option(const char *path)
{
    return (mg_option_t){ "path", { MG_VALUE_TEXT, (uint32_t)strlen(path), { .text = path } } };
}

static char *
lines_of(const char *path, int64_t block)
{
    mg_option_t options[] = { path_option(path), INTEGER("block", block) };
    link_t link = { &mg_stage_lines, { 2, options } };
    return outcome(&link, 1, NULL);
}

TEST(lines_of_a_file_in_blocks_of_any_size)
{
    const char *path = in_folder("plain");
    write_file(path, text, sizeof(text) - 1);
    for (int64_t block = 1; block < 24; block++) CHECK_TEXT(lines_of(path, block), lines);
    write_file(path, "", 0);
    CHECK_TEXT(lines_of(path, 10), "");
    write_file(path, "\n", 1);
    CHECK_TEXT(lines_of(path, 1), "\n");
}

TEST(lines_of_a_pipe)
{
    int fds[2];
    CHECK(pipe(fds) == 0);
    CHECK(write(fds[1], text, sizeof(text) - 1) == sizeof(text) - 1);
    close(fds[1]);
    mg_option_t options[] = { INTEGER("fd", fds[0]), INTEGER("block", 2) };
    link_t link = { &mg_stage_lines, { 2, options } };
    CHECK_TEXT(outcome(&link, 1, NULL), lines);
    close(fds[0]);
}

TEST(lines_keep_newlines_within_quotes)
{
    const char *path = in_folder("quoted");
    static const char csv[] = "a,\"x\ny\"\nb,\"\"\"\n\"\nc,\"\"\n";
    write_file(path, csv, sizeof(csv) - 1);
    for (int64_t block = 1; block < 30; block++) {
        mg_option_t options[] = { path_option(path), INTEGER("block", block), YES("quoted") };
        link_t links[] = { { &mg_stage_lines, { 3, options } }, STAGE(csv, TEXT("headers", "k"), TEXT("headers", "v")) };
        CHECK_TEXT(outcome(links, 2, NULL), "{\"k\":\"a\",\"v\":\"x\\u000ay\"}\n{\"k\":\"b\",\"v\":\"\\\"\\u000a\"}\n"
                                            "{\"k\":\"c\",\"v\":\"\"}\n");
    }
}

TEST(lines_tell_what_is_wrong)
{
    CHECK_TEXT(OUTCOME(NULL, STAGE(lines, TEXT("path", "/nowhere/at/all"))),
               "failed: lines: /nowhere/at/all: No such file or directory");
    CHECK_TEXT(OUTCOME(NULL, STAGE(lines, TEXT("path", "/"))), "failed: lines: /: Is a directory");
    CHECK_TEXT(OUTCOME(NULL, STAGE(lines, TEXT("path", "/"), INTEGER("block", 0))),
               "failed: lines: block must be 1 to 2**30");
}

TEST(lines_from_packed_files)
{
    const char *path = in_folder("packed");
#ifdef HAVE_ZLIB_H
    /* Two members, cut within a line. */
    gzFile file = gzopen(path, "wb");
    gzwrite(file, text, 6);
    gzclose(file);
    file = gzopen(path, "ab");
    gzwrite(file, text + 6, sizeof(text) - 1 - 6);
    gzclose(file);
    CHECK_TEXT(lines_of(path, 3), lines);

    size_t size;
    char *packed = read_file(path, &size);
    write_file(path, packed, size - 4);
    free(packed);
    char *result = lines_of(path, 3);
    CHECK(strstr(result, "gzip: the input ends in the middle"));
    free(result);
#else
    write_file(path, "\x1f\x8b\x08\0", 4);
    check_needs(lines_of(path, 3), "zlib1g-dev");
#endif
#ifdef HAVE_ZSTD_H
    char frames[400];
    size_t first = ZSTD_compress(frames, sizeof(frames), text, 6, 3);
    size_t second = ZSTD_compress(frames + first, sizeof(frames) - first, text + 6, sizeof(text) - 1 - 6, 3);
    write_file(path, frames, first + second);
    CHECK_TEXT(lines_of(path, 3), lines);
#else
    write_file(path, "\x28\xb5\x2f\xfd", 4);
    check_needs(lines_of(path, 3), "libzstd-dev");
#endif
}

/* Against the plainest way to do it. */
TEST(lines_split_where_newlines_are)
{
    static char bytes[300 + MG_STAGE_PADDING];
    mg_lines_t split = { 0 };
    unsigned random = 1;
    for (int round = 0; round < 500; round++) {
        size_t size = (random = random * 1103515245 + 12345) / 65536 % 300, begin = 0, count = 0;
        for (size_t i = 0; i < size; i++) {
            bytes[i] = "\n\r\"ab"[(random = random * 1103515245 + 12345) / 65536 % 5];
        }
        CHECK(mg_split_lines(&split, bytes, 0, size));
        for (size_t i = 0; i <= size; i++) {
            if (i < size ? bytes[i] != '\n' : begin == size) continue;
            size_t end = i < size && i > begin && bytes[i - 1] == '\r' ? i - 1 : i;
            CHECK(count < split.count && split.items[count].offset == begin);
            CHECK(split.items[count].length == end - begin && split.items[count].line == count);
            count++;
            begin = i + 1;
        }
        CHECK(count == split.count);
        CHECK(mg_count_newlines(bytes, size) + (size > 0 && bytes[size - 1] != '\n') == count);
    }
    free(split.items);
}
