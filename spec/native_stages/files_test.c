#include "outcome.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(write_makes_a_file_of_what_comes)
{
    const char *path = in_folder("out");
    write_file(path, "old", 3);
    CHECK(chmod(path, 0640) == 0);
    mg_option_t options[] = { path_option(path), YES("fsync") };
    link_t link = { &mg_stage_write, { 2, options } };
    CHECK_TEXT(outcome(&link, 1, "b\na\nc"), "");
    CHECK_TEXT(read_file(path, NULL), "b\na\nc\n");
    struct stat status;
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0640);
}

TEST(write_follows_links_and_appends)
{
    const char *path = in_folder("target"), *link_path = in_folder("link");
    write_file(path, "old\n", 4);
    CHECK(symlink(path, link_path) == 0);
    mg_option_t options[] = { path_option(link_path), YES("append") };
    link_t link = { &mg_stage_write, { 1, options } };
    CHECK_TEXT(outcome(&link, 1, "new"), "");
    CHECK_TEXT(read_file(path, NULL), "new\n");
    struct stat status;
    CHECK(lstat(link_path, &status) == 0 && S_ISLNK(status.st_mode));
    link.options.count = 2;
    CHECK_TEXT(outcome(&link, 1, "more"), "");
    CHECK_TEXT(read_file(path, NULL), "new\nmore\n");
}

TEST(write_leaves_nothing_of_a_run_that_failed)
{
    const char *path = in_folder("sub");
    CHECK(mkdir(path, 0755) == 0);
    char inside[160];
    snprintf(inside, sizeof(inside), "%s/out", path);
    mg_option_t options[] = { path_option(inside) };
    link_t links[] = { STAGE(csv, TEXT("select", "none")), { &mg_stage_write, { 1, options } } };
    CHECK_TEXT(outcome(links, 2, "a,b\n1,2"), "failed: csv: csv: there is no column none");
    DIR *folder = opendir(path);
    size_t entries = 0;
    while (readdir(folder)) entries++;
    closedir(folder);
    CHECK(entries == 2); /* . and .. */
}

TEST(write_tells_what_is_wrong)
{
    CHECK_TEXT(OUTCOME("x", STAGE(write, TEXT("path", "/nowhere/out"))),
               "failed: write: /nowhere/out: open: No such file or directory");
    CHECK_TEXT(OUTCOME("x", PLAIN(write)), "failed: write: write needs a path or an fd");
    if (access("/dev/full", W_OK) == 0) {
        CHECK_TEXT(OUTCOME("x", STAGE(write, TEXT("path", "/dev/full"))),
                   "failed: write: /dev/full: write: No space left on device");
    }
}

static void
check_round_trip(const char *format)
{
    const char *path = in_folder("packed");
    mg_option_t name = path_option(path), formats = { "format", { MG_VALUE_TEXT, 4, { .text = format } } };
    mg_option_t bare[] = { name, TEXT("delimiter", "") };
    link_t pack[] = { { &mg_stage_compress, { 1, &formats } }, { &mg_stage_write, { 2, bare } } };
    CHECK_TEXT(outcome(pack, 2, "one\ntwo\nthree\nfour"), "");
    link_t unpack = { &mg_stage_lines, { 1, &name } };
    CHECK_TEXT(outcome(&unpack, 1, NULL), "one\ntwo\nthree\nfour\n");

    char *bad = outcome((link_t[]){ { &mg_stage_decompress, { 1, &formats } } }, 1, "no such thing");
    CHECK(strncmp(bad, "! decompress: ", 14) == 0);
    free(bad);
}

TEST(compress_makes_what_lines_reads)
{
#ifdef HAVE_ZLIB_H
    check_round_trip("gzip");
    CHECK_TEXT(OUTCOME("x", STAGE(compress, TEXT("format", "gzip"), INTEGER("level", 10))),
               "failed: compress: level must be -1 to 9 for gzip, not 10");
#else
    check_needs(OUTCOME("x", STAGE(compress, TEXT("format", "gzip"))), "zlib1g-dev");
#endif
#ifdef HAVE_ZSTD_H
    check_round_trip("zstd");
    CHECK_TEXT(OUTCOME("x", STAGE(compress, TEXT("format", "zstd"), INTEGER("level", 100))),
               "failed: compress: level must be -131072 to 22 for zstd, not 100");
#else
    (void)check_round_trip;
    check_needs(OUTCOME("x", STAGE(compress, TEXT("format", "zstd"))), "libzstd-dev");
#endif
    CHECK_TEXT(OUTCOME("x", STAGE(compress, TEXT("format", "rar"))), "failed: compress: format must be gzip or zstd, not rar");
}
