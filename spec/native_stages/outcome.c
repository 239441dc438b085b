#include "outcome.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/native_rows.h"

typedef struct {
    char *bytes;
    size_t size;
} text_t;

static void
append(text_t *text, const char *bytes, size_t length)
{
    text->bytes = steady_realloc(text->bytes, text->size + length + 1);
    CHECK(text->bytes != NULL);
    memcpy(text->bytes + text->size, bytes, length);
    text->size += length;
    text->bytes[text->size] = '\0';
}

static void
append_block(text_t *text, const mg_block_t *block)
{
    mg_native_rows_t rows;
    memset(&rows, 0, sizeof(rows));
    if (block->columns) block = mg_native_rows_render(&rows, block);
    for (size_t i = 0; i < block->count; i++) {
        append(text, block->data + block->records[i].offset, block->records[i].length);
        append(text, "\n", 1);
    }
    mg_native_rows_fini(&rows);
}

typedef struct {
    mg_native_chain_t *chain;
    const char *input;
} feeder_t;

/* Two lines a parcel. */
static void *
feed(void *argument)
{
    feeder_t *feeder = argument;
    mg_native_pipe_t *inlet = mg_native_chain_inlet(feeder->chain);
    const char *at = feeder->input, *end = at + strlen(at);
    while (at < end) {
        mg_record_t records[2];
        size_t count = 0;
        const char *begin = at;
        while (count < 2 && at < end) {
            const char *newline = strchr(at, '\n');
            size_t length = (size_t)((newline ? newline : end) - at);
            records[count++] = (mg_record_t){ .offset = (uint32_t)(at - begin), .length = (uint32_t)length };
            at += length + 1;
        }
        size_t size = (size_t)((at < end ? at : end) - begin);
        mg_block_t block = { .data = begin, .size = size, .records = records, .count = count };
        mg_native_parcel_t *parcel = mg_native_parcel_copy(mg_native_chain_parcels(feeder->chain), &block);
        mg_status_t status;
        mg_native_chain_number(feeder->chain, parcel);
        while ((status = mg_native_pipe_try_push(inlet, parcel)) == MG_AGAIN) mg_park_sleep(&inlet->park, 0);
        if (status != MG_OK) mg_native_parcel_put(mg_native_chain_parcels(feeder->chain), parcel);
    }
    mg_native_pipe_close(inlet);
    return NULL;
}

static void
drain(mg_native_chain_t *chain, text_t *text, text_t *rejects)
{
    mg_native_pipe_t *outlet = mg_native_chain_outlet(chain);
    mg_native_parcel_t *parcel;
    mg_status_t status;
    while ((status = mg_native_pipe_try_pop(outlet, &parcel)) == MG_OK || status == MG_AGAIN) {
        if (status == MG_AGAIN) {
            mg_park_sleep(&outlet->park, 0);
            continue;
        }
        if (parcel->rejected) {
            char line[400];
            int length = snprintf(line, sizeof(line), "! %s: %s\n", mg_native_chain_name(chain, parcel->stage), parcel->text);
            append(rejects, line, (size_t)length);
        }
        else {
            append_block(text, &parcel->block);
        }
        mg_native_parcel_put(mg_native_chain_parcels(chain), parcel);
    }
}

char *
outcome(const link_t *links, size_t count, const char *input)
{
    mg_native_chain_options_t options = { .workers = 3, .ordered = true, .wanted = true };
    mg_native_chain_t *chain;
    mg_error_t error;
    text_t text = { NULL, 0 }, rejects = { NULL, 0 };
    append(&text, "", 0);
    append(&rejects, "", 0);
    CHECK(mg_native_chain_new(&chain, &options) == MG_OK);
    for (size_t i = 0; i < count; i++) {
        CHECK(mg_native_chain_add(chain, links[i].stage, &links[i].options, &error) == MG_OK);
    }
    if (mg_native_chain_start(chain) == MG_OK) {
        feeder_t feeder = { chain, input };
        pthread_t thread;
        if (input) CHECK(pthread_create(&thread, NULL, feed, &feeder) == 0);
        drain(chain, &text, &rejects);
        if (input) pthread_join(thread, NULL);
        mg_native_chain_join(chain);
    }
    append(&text, sorted(rejects.bytes), rejects.size);
    free(rejects.bytes);
    int failed = mg_native_chain_error(chain, &error);
    if (failed >= 0) {
        text.size = 0;
        append(&text, "failed: ", 8);
        append(&text, mg_native_chain_name(chain, (uint32_t)failed), strlen(mg_native_chain_name(chain, (uint32_t)failed)));
        append(&text, ": ", 2);
        append(&text, error.text, strlen(error.text));
    }
    mg_native_chain_free(chain);
    return text.bytes;
}

static int
compare(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

char *
sorted(char *text)
{
    char *copy = strdup(text), *lines[1000], *at = text;
    size_t count = 0;
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) lines[count++] = line;
    qsort(lines, count, sizeof(char *), compare);
    for (size_t i = 0; i < count; i++) at += sprintf(at, "%s\n", lines[i]);
    free(copy);
    return text;
}

void
check_text(char *text, const char *expected, const char *file, int line)
{
    if (strcmp(text, expected) != 0) {
        fprintf(stderr, "%s:%d: got\n%s\nnot\n%s\n", file, line, text, expected);
        abort();
    }
    free(text);
}

void
check_needs(char *text, const char *package)
{
    CHECK(strncmp(text, "failed: ", 8) == 0 && strstr(text, "install the package") && strstr(text, package));
    free(text);
}

static char folder[] = "/tmp/minigun-stages-XXXXXX";

static void
leave_folder(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    if (system(command) != 0) perror(folder);
}

const char *
in_folder(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    static bool made;
    if (!made) {
        CHECK(mkdtemp(folder) != NULL);
        atexit(leave_folder);
        made = true;
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

mg_option_t
path_option(const char *path)
{
    return (mg_option_t){ "path", { MG_VALUE_TEXT, (uint32_t)strlen(path), { .text = path } } };
}

char *
read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *bytes = malloc(1 << 20);
    size_t got = fread(bytes, 1, (1 << 20) - 1, file);
    bytes[got] = '\0';
    if (size) *size = got;
    fclose(file);
    return bytes;
}

void
write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes, 1, size, file) == size);
    CHECK(fclose(file) == 0);
}
