/* outcome.h - Runs shipped stages without Ruby and tells what came of it, as text. */
#ifndef MG_TEST_OUTCOME_H
#define MG_TEST_OUTCOME_H

#include "core/native_chain.h"
#include "native/native.h"
#include "test.h"

/* A stage with its options. */
typedef struct {
    const mg_stage_t *stage;
    mg_options_t options;
} link_t;

#define TEXT(title, string) { title, { MG_VALUE_TEXT, sizeof(string) - 1, { .text = string } } }
#define INTEGER(title, number) { title, { MG_VALUE_INTEGER, 0, { .integer = number } } }
#define YES(title) { title, { .type = MG_VALUE_TRUE } }

/* STAGE(grep, TEXT("pattern", "x")): a stage needs one option at least; PLAIN has none. */
#define STAGE(title, ...)                                                                          \
    { &mg_stage_##title,                                                                           \
      { sizeof((mg_option_t[]){ __VA_ARGS__ }) / sizeof(mg_option_t), (const mg_option_t[]){ __VA_ARGS__ } } }
#define PLAIN(title) { &mg_stage_##title, { 0, NULL } }

/* Runs the links, ordered, on three workers over the lines of `input`, NULL where the first
 * one is a source. Gives records and rows, as JSON, a line each, then rejects, sorted, as
 * "! stage: text"; or "failed: stage: text" alone. Free it. */
char *outcome(const link_t *links, size_t count, const char *input);
#define OUTCOME(input, ...)                                                                        \
    outcome((const link_t[]){ __VA_ARGS__ }, sizeof((link_t[]){ __VA_ARGS__ }) / sizeof(link_t), input)

/* Sorts the text's lines, in place. */
char *sorted(char *text);

/* realloc, also where a test has it fail. */
void *steady_realloc(void *memory, size_t size);

/* Fails the test, with both texts, unless they are the same; frees the first. */
void check_text(char *text, const char *expected, const char *file, int line);
#define CHECK_TEXT(text, expected) check_text(text, expected, __FILE__, __LINE__)

/* Fails the test unless the text is a failure that names the package; frees the text. */
void check_needs(char *text, const char *package);

/* A folder of the test's own; the path of a file in it, also as an option; all of a file's bytes, or NULL. */
const char *in_folder(const char *name);
mg_option_t path_option(const char *path);
char *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *bytes, size_t size);

#endif
