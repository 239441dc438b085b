/* stage.h - The contract between minigun and a stage written in C.
 *
 * A native stage runs on plain threads, without Ruby's lock, on all cores at
 * once. It is a constant mg_stage_t: a name and a table of functions. It needs
 * this header and nothing else, so it is tested as plain C and shipped in any gem:
 *
 *   static int
 *   process(void *state, const mg_block_t *block, mg_emit_t *emit)
 *   {
 *       for (size_t i = 0; i < block->count; i++) {
 *           const mg_record_t *record = &block->records[i];
 *           if (record->length < 80) continue;
 *           int status = emit->keep(emit, record, 1);
 *           if (status != MG_STAGE_OK) return status;
 *       }
 *       return MG_STAGE_OK;
 *   }
 *
 *   const mg_stage_t long_lines = {
 *       .abi = MG_STAGE_ABI, .size = sizeof(mg_stage_t), .name = "long_lines", .process = process,
 *   };
 *
 * THE LIFE OF A STAGE
 *
 *   open    once per run: checks the options, compiles the pattern, opens the
 *           file. What it makes is shared by all workers.
 *   start   once per worker: makes that worker's own state. Without it the
 *           state is what open made.
 *   process once per block of records, on the worker that owns the state.
 *           A source has `read` in its place.
 *   merge   at the end of the input, for each state but the first: adds what
 *           `other` has gathered to `state`.
 *   flush   at the end: emits what was kept. Of the first state alone where the
 *           stage has a merge, else of each state in turn.
 *   stop    once per state.
 *   close   once per run, with `complete` telling whether all went well. A sink
 *           makes its file visible here, or throws it away.
 *
 * open and close run alone. start, merge, flush and stop of one stage never
 * overlap. read and process overlap across workers, never for one state; a stage
 * with MG_STAGE_SERIAL has one state whatever the number of workers, and its
 * calls never overlap. All but process may be NULL; a source has read instead.
 *
 * A stage that has enough returns MG_STAGE_END from process: what it emitted goes its
 * way, nothing more is read, and the run ends as it does at the end of the input. Blocks
 * that other workers have in hand still come to their own states; so a stage that is to
 * count exactly, as head(1) does, is serial.
 *
 * RECORDS AND ROWS
 *
 * A block is a run of records over one buffer. Where it has columns it is a block
 * of rows: record i has the values values[i * columns->count] onwards, and its
 * bytes are those of the text it was made from. A stage gets rows as rows only if
 * it has MG_STAGE_ROWS; other stages get each row as a line of JSON.
 *
 * ERRORS
 *
 * A function that fails fills in its mg_error_t and returns MG_STAGE_FAILED,
 * which ends the run. A record that can't be worked on is handed to
 * emit->reject: it goes the way of failed items and the run goes on.
 *
 * MEMORY
 *
 * All a stage is given lives until the call returns. All a stage emits by
 * pointer must live until its call returns. Memory is malloc's.
 */
#ifndef MG_STAGE_H
#define MG_STAGE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a stage built against an older header can't work any more. Members
 * are only ever added at the end of structs; `size` tells which are there. */
#define MG_STAGE_ABI 1

/* Bytes behind a block's data that may be read, though they mean nothing. */
#define MG_STAGE_PADDING 64

enum {
    MG_STAGE_OK = 0,
    MG_STAGE_END = 1,     /* of read: there is no more; of process: the stage wants no more */
    MG_STAGE_STOP = 2,    /* of emit's functions: the run ends; return it at once */
    MG_STAGE_FAILED = -1  /* the error is filled in */
};

/* Flags of a stage. */
enum {
    MG_STAGE_SERIAL = 1, /* one state, calls never overlap, in order where the run is ordered */
    MG_STAGE_ROWS = 2    /* takes blocks of rows as they are */
};

/* What went wrong: the stage's own code, and a text for people. */
typedef struct {
    int code;
    char text[252];
} mg_error_t;

/* A record: bytes offset .. offset + length of its block's data. `line` and `at`
 * tell where it came from, counted from the block's origin. */
typedef struct {
    uint32_t offset;
    uint32_t length;
    uint32_t line;
    uint32_t at;
} mg_record_t;

typedef enum {
    MG_VALUE_NULL,
    MG_VALUE_FALSE,
    MG_VALUE_TRUE,
    MG_VALUE_INTEGER,
    MG_VALUE_FLOAT,
    MG_VALUE_TEXT, /* UTF-8 or other bytes */
    MG_VALUE_JSON  /* a JSON text: an object, an array, or a number that fits nowhere else */
} mg_value_type_t;

typedef struct {
    uint32_t type;
    uint32_t length; /* of text */
    union {
        int64_t integer;
        double number;
        const char *text; /* not ended by a NUL */
    } as;
} mg_value_t;

/* The names of the values in each row of a block. They live until the stage that
 * emits them is closed. */
typedef struct {
    uint32_t count;
    const char *const *names;
} mg_columns_t;

/* Where the records of a block came from: a file's name, and how far into it the
 * block begins. `line` is the number of its first line, from 1; 0 for not known. */
typedef struct {
    const char *name;
    uint64_t offset;
    uint64_t line;
} mg_origin_t;

typedef struct {
    const char *data;
    size_t size; /* of data; the records lie within, in ascending order */
    const mg_record_t *records;
    size_t count;
    const mg_columns_t *columns; /* NULL for plain records */
    const mg_value_t *values;    /* count * columns->count */
    const mg_origin_t *origin;   /* NULL for not known */
    uint64_t sequence;           /* the place of the source's block among all, from 0 */
} mg_block_t;

/* Options by name, as given in Ruby: an Array is the same name again and again,
 * an entry of a nested Hash is named `outer.inner`. Names end with a NUL, and so
 * do texts. They live until the stage is closed. */
typedef struct {
    const char *name;
    mg_value_t value;
} mg_option_t;

typedef struct {
    size_t count;
    const mg_option_t *items;
} mg_options_t;

/* The run, for a stage. */
typedef struct mg_host mg_host_t;
struct mg_host {
    uint32_t abi;
    uint32_t size;
    uint32_t workers;
    bool ordered;

    /* Waits until `fd` can be read (or written). MG_STAGE_STOP if the run ends
     * meanwhile. Call it before each read that may block, and hold no lock that
     * close needs. */
    int (*wait)(const mg_host_t *host, int fd, bool write);

    /* True when the run ends early. For stages that work long on one record. */
    bool (*cancelled)(const mg_host_t *host);

    /* Around a wait that `wait` can't do, as for a lock that another worker may hold while
     * it waits: a fork waits for threads that are at work, and stops those that enter. */
    void (*leave)(const mg_host_t *host);
    void (*enter)(const mg_host_t *host);
};

/* The way on from a stage. All but `store` return MG_STAGE_OK or a status that
 * the stage returns at once. */
typedef struct mg_emit mg_emit_t;
struct mg_emit {
    uint32_t abi;
    uint32_t size;
    mg_error_t *error; /* for the stage to fill in before it returns MG_STAGE_FAILED */

    /* Passes on records of the block in hand, with their values if it has any. */
    int (*keep)(mg_emit_t *emit, const mg_record_t *records, size_t count);

    /* Passes on new bytes. `from` is the record they were made of, or NULL. */
    int (*bytes)(mg_emit_t *emit, const void *bytes, size_t length, const mg_record_t *from);

    /* The same without a copy: reserve gives room for `length` bytes (NULL if there
     * is none), commit makes its first bytes a record. */
    char *(*reserve)(mg_emit_t *emit, size_t length);
    int (*commit)(mg_emit_t *emit, size_t length, const mg_record_t *from);

    /* Passes on a row: *values is set to columns->count values to fill in before the
     * next call of any function of `emit`. Texts must live until the call of the
     * stage returns; `store` gives memory that does. */
    int (*row)(mg_emit_t *emit, const mg_columns_t *columns, const mg_record_t *from,
               mg_value_t **values);

    /* Room for `length` bytes that lives until the call of the stage returns and all
     * that it emitted has gone its way. NULL if there is none. */
    char *(*store)(mg_emit_t *emit, size_t length);

    /* Hands a record over as failed. */
    int (*reject)(mg_emit_t *emit, const mg_record_t *record, int code, const char *text);
};

typedef struct {
    uint32_t abi;  /* MG_STAGE_ABI */
    uint32_t size; /* sizeof(mg_stage_t) */
    uint32_t flags;
    const char *name;

    int (*open)(const mg_options_t *options, const mg_host_t *host, void **stage,
                mg_error_t *error);
    int (*start)(void *stage, uint32_t worker, void **state, mg_error_t *error);
    int (*process)(void *state, const mg_block_t *block, mg_emit_t *emit);
    int (*flush)(void *state, mg_emit_t *emit);
    int (*merge)(void *state, void *other, mg_error_t *error);
    void (*stop)(void *state);
    int (*close)(void *stage, bool complete, mg_error_t *error);

    /* A source's: fills in the next block, whose memory belongs to the state and
     * lives until the state's next read. Sequences are 0, 1, 2 and so on, without a
     * gap, in the order in which reads took their input. MG_STAGE_END at the end. */
    int (*read)(void *state, mg_block_t *block, mg_error_t *error);

    /* A source's: fills in origin->line where the source left it 0. For error
     * messages only, so it may be slow. Any thread may call it. */
    void (*locate)(void *stage, mg_origin_t *origin);
} mg_stage_t;

/* Fills in an error and gives MG_STAGE_FAILED, so that a stage can return it. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static inline int
mg_stage_fail(mg_error_t *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return MG_STAGE_FAILED;
}

/* The first option of that name, or NULL. */
static inline const mg_value_t *
mg_option(const mg_options_t *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->items[i].name, name) == 0) return &options->items[i].value;
    }
    return NULL;
}

static inline bool
mg_option_true(const mg_options_t *options, const char *name)
{
    const mg_value_t *value = mg_option(options, name);
    return value && value->type != MG_VALUE_FALSE && value->type != MG_VALUE_NULL;
}

static inline int64_t
mg_option_integer(const mg_options_t *options, const char *name, int64_t otherwise)
{
    const mg_value_t *value = mg_option(options, name);
    return value && value->type == MG_VALUE_INTEGER ? value->as.integer : otherwise;
}

static inline const char *
mg_option_text(const mg_options_t *options, const char *name, const char *otherwise)
{
    const mg_value_t *value = mg_option(options, name);
    return value && value->type == MG_VALUE_TEXT ? value->as.text : otherwise;
}

#ifdef __cplusplus
}
#endif

#endif
