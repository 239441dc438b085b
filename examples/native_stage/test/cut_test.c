/* The stage without minigun: an emit of one's own is enough. */
#include <core/stage.h>

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

extern const mg_stage_t minigun_cut;

static char emitted[256];
static int rejected;

static int
note_bytes(mg_emit_t *emit, const void *bytes, size_t length, const mg_record_t *from)
{
    (void)emit;
    (void)from;
    strncat(emitted, bytes, length);
    strcat(emitted, "|");
    return MG_STAGE_OK;
}

static int
note_reject(mg_emit_t *emit, const mg_record_t *record, int code, const char *text)
{
    (void)emit;
    (void)record;
    (void)code;
    CHECK(strcmp(text, "too few fields") == 0);
    rejected++;
    return MG_STAGE_OK;
}

static mg_option_t
text(const char *name, const char *value)
{
    mg_option_t option = { name, { MG_VALUE_TEXT, (uint32_t)strlen(value), { .text = value } } };
    return option;
}

static mg_option_t
integer(const char *name, int64_t value)
{
    mg_option_t option = { name, { MG_VALUE_INTEGER, 0, { .integer = value } } };
    return option;
}

int
main(void)
{
    mg_error_t error = { 0, "" };
    mg_option_t items[] = { integer("field", 2), text("separator", ":") };
    mg_options_t options = { 2, items }, none = { 0, NULL };
    void *stage;

    CHECK(minigun_cut.open(&none, NULL, &stage, &error) == MG_STAGE_FAILED);
    CHECK(strcmp(error.text, "field must be 1 or more") == 0);
    CHECK(minigun_cut.open(&options, NULL, &stage, &error) == MG_STAGE_OK);

    mg_record_t records[] = { { 0, 5, 0, 0 }, { 6, 2, 1, 6 }, { 9, 3, 2, 9 } };
    mg_block_t block = { .data = "a:b:c\na:\nxyz", .size = 12, .records = records, .count = 3 };
    mg_emit_t emit = { .error = &error, .bytes = note_bytes, .reject = note_reject };
    CHECK(minigun_cut.process(stage, &block, &emit) == MG_STAGE_OK);
    CHECK(strcmp(emitted, "b||") == 0);
    CHECK(rejected == 1);
    CHECK(minigun_cut.close(stage, true, &error) == MG_STAGE_OK);
    puts("cut works");
    return 0;
}
