/* json_walk.h - Goes over one JSON object along its index and finds members by name.
 * The whole object is checked against the grammar, wanted or not. */
#ifndef MG_NATIVE_JSON_WALK_H
#define MG_NATIVE_JSON_WALK_H

#include "core/stage.h"

enum { MG_JSON_FIELDS = 64 };

/* Names to look for. */
typedef struct {
    uint32_t count;
    const char *names[MG_JSON_FIELDS];
    uint32_t lengths[MG_JSON_FIELDS];
    uint64_t by_length[32]; /* bit i: name i is that long; the last is for all longer ones */
} mg_json_fields_t;

/* A value's text; for a string, without its quotes. */
typedef struct {
    uint32_t begin, end;
    char kind; /* the value's first byte: " { [ t f n - or a digit; 0 for not there */
} mg_json_found_t;

/* A place in an index; see json_index.h. */
typedef struct {
    const char *data;
    const uint32_t *next;
    bool escapes; /* there may be backslashes */
} mg_json_walk_t;

/* The number of the name, added if it is new. False if there are too many. */
bool mg_json_field(mg_json_fields_t *fields, const char *name, uint32_t *number);

/* Walks over the object in data[begin, end) and notes the last member of each name in
 * found[0 .. count). NULL, or what is wrong with the text; the place is behind `end`
 * in either case if the index goes that far. */
const char *mg_json_walk(mg_json_walk_t *walk, uint32_t begin, uint32_t end,
                         const mg_json_fields_t *fields, mg_json_found_t *found);

#endif
