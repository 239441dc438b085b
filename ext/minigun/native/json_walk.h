/* json_walk.h - Goes over one JSON object along its index and finds members by name.
 * The whole object is checked against the grammar, wanted or not, unless `lazy`. */
#ifndef MG_NATIVE_JSON_WALK_H
#define MG_NATIVE_JSON_WALK_H

#include "json_fields.h"

/* A value's text, without the quotes of a string; numbers and literals are read. */
typedef struct {
    uint32_t begin, end;
    char kind; /* the value's first byte: " { [ t f n - or a digit; 0 for not there */
    mg_value_t scalar;
} mg_json_found_t;

/* What rules objects out: their members' conditions. A bit for each slot. */
typedef struct {
    uint32_t slots;
    uint64_t decisive; /* there are conditions */
    uint64_t spanned;  /* they hold for the integers from low to high, and for no others */
    int64_t low[MG_JSON_FIELDS], high[MG_JSON_FIELDS];
    bool (*holds)(const void *data, uint32_t slot, const char *text, const mg_json_found_t *found,
                  bool escapes);
    const void *data;
} mg_json_rule_t;

/* A place in an index; see json_index.h. */
typedef struct {
    const char *data;
    const uint32_t *next;
    bool escapes; /* there may be backslashes */
    bool lazy;    /* what is ruled out is looked at no further, but for its end */
    const mg_json_rule_t *rule;
    bool ruled_out;  /* the object in hand is */
    const char *complaint;
    uint32_t failed; /* where that was made */
} mg_json_walk_t;

/* Walks over the object in data[begin, end) and notes the last member of each name in
 * found, by slot. NULL, or what is wrong with the text; walk->ruled_out tells the rest. */
const char *mg_json_walk(mg_json_walk_t *walk, uint32_t begin, uint32_t end,
                         const mg_json_fields_t *fields, mg_json_found_t *found);

#endif
