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
               "failed: lines: block and max_line must be 1 to 2**30");
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

/* The file that the worker's next block is of; its first letter. NULL for the end. */
static const char *
next_file(void *state)
{
    mg_block_t block = { 0 };
    mg_error_t error;
    int status = mg_stage_lines.read(state, &block, &error);
    CHECK(status == MG_STAGE_OK || status == MG_STAGE_END);
    if (status == MG_STAGE_END) return NULL;
    CHECK(block.count == 0 || block.data[block.records[0].offset] == block.origin->name[strlen(block.origin->name) - 1]);
    return block.origin->name;
}

/* What two workers read by turns: the files' last letters. */
static void
check_turns(bool ordered, const char *expected)
{
    char paths[3][512], seen[24] = "";
    mg_option_t options[5] = { YES("quoted"), INTEGER("block", 3) };
    for (size_t i = 0; i < 3; i++) {
        char name[] = { 'f', '-', (char)('a' + i), '\0' }, line[] = { (char)('a' + i), '\n' };
        snprintf(paths[i], sizeof(paths[i]), "%s", in_folder(name));
        char lines_of_file[6];
        for (size_t n = 0; n < sizeof(lines_of_file); n++) lines_of_file[n] = line[n % 2];
        write_file(paths[i], lines_of_file, sizeof(lines_of_file));
        options[2 + i] = path_option(paths[i]);
    }
    mg_options_t given = { 5, options };
    mg_host_t host = { .abi = MG_STAGE_ABI, .size = sizeof(host), .workers = 2, .ordered = ordered };
    void *stage, *states[2];
    mg_error_t error;
    CHECK(mg_stage_lines.open(&given, &host, &stage, &error) == MG_STAGE_OK);
    for (uint32_t i = 0; i < 2; i++) CHECK(mg_stage_lines.start(stage, i, &states[i], &error) == MG_STAGE_OK);

    const char *name, *last[2] = { "", "" };
    for (size_t turn = 0, length = 0; last[0] || last[1]; turn++) {
        name = last[turn % 2] = next_file(states[turn % 2]);
        if (name && (length == 0 || seen[length - 1] != name[strlen(name) - 1])) seen[length++] = name[strlen(name) - 1];
        CHECK(length < sizeof(seen));
    }
    CHECK_TEXT(strdup(seen), expected);
    for (size_t i = 0; i < 2; i++) mg_stage_lines.stop(states[i]);
    CHECK(mg_stage_lines.close(stage, true, &error) == MG_STAGE_OK);
}

TEST(lines_of_several_files_side_by_side_unless_ordered)
{
    check_turns(true, "abc");
    check_turns(false, "abababc");
}

/* Against the plainest way to do it. */
TEST(lines_split_where_newlines_are)
{
    static char bytes[9000 + MG_STAGE_PADDING];
    mg_lines_t split = { 0 };
    unsigned random = 1;
    for (int round = 0; round < 500; round++) {
        size_t size = (random = random * 1103515245 + 12345) / 65536 % (round % 10 ? 300 : 9000), begin = 0, count = 0;
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
