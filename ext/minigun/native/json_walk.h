/* json_walk.h - Goes over one JSON object along its index and finds members by name.
 * The whole object is checked against the grammar, wanted or not, unless one of its
 * members rules it out: then the rest is only looked at for its end. */
#ifndef MG_NATIVE_JSON_WALK_H
#define MG_NATIVE_JSON_WALK_H

#include "core/stage.h"

enum { MG_JSON_FIELDS = 64 };

/* Names to look for. */
typedef struct {
    uint32_t count;
    const char *names[MG_JSON_FIELDS];
    uint32_t lengths[MG_JSON_FIELDS];
    uint64_t heads[MG_JSON_FIELDS]; /* the first bytes of each name, zeros behind a short one */
    uint64_t masks[MG_JSON_FIELDS]; /* which of them count */
    uint64_t by_length[32]; /* bit i: name i is that long; the last is for all longer ones */
} mg_json_fields_t;

/* A value's text, without the quotes of a string; numbers and literals are read. */
typedef struct {
    uint32_t begin, end;
    char kind; /* the value's first byte: " { [ t f n - or a digit; 0 for not there */
    mg_value_t scalar;
} mg_json_found_t;

/* A place in an index; see json_index.h. */
typedef struct {
    const char *data;
    const uint32_t *next;
    bool escapes; /* there may be backslashes */

    /* Rules objects out by the members in `decisive`, a bit each; may be NULL. */
    uint64_t decisive;
    bool (*holds)(const void *data, uint32_t number, const char *text,
                  const mg_json_found_t *found, bool escapes);
    const void *holds_data;
} mg_json_walk_t;

/* What mg_json_walk gives for an object that is ruled out. */
extern const char mg_json_ruled_out[];

/* The number of the name, added if it is new. False if there are too many. */
bool mg_json_field(mg_json_fields_t *fields, const char *name, uint32_t *number);

/* Walks over the object in data[begin, end) and notes the last member of each name in
 * found[0 .. count). NULL, mg_json_ruled_out, or what is wrong with the text. */
const char *mg_json_walk(mg_json_walk_t *walk, uint32_t begin, uint32_t end,
                         const mg_json_fields_t *fields, mg_json_found_t *found);

#endif
