/* json_fields.h - Members to look for in JSON objects, and in objects within them. */
#ifndef MG_NATIVE_JSON_FIELDS_H
#define MG_NATIVE_JSON_FIELDS_H

#include "core/stage.h"

enum {
    MG_JSON_FIELDS = 64, /* at most, all in all */
    MG_JSON_DEPTH = 16,  /* objects within objects */
    MG_JSON_LONG = 31
};

/* The names looked for in one object. Zero it before the first use. */
typedef struct mg_json_fields mg_json_fields_t;
struct mg_json_fields {
    uint32_t count;
    char *names[MG_JSON_FIELDS];
    uint32_t lengths[MG_JSON_FIELDS];
    uint64_t heads[MG_JSON_FIELDS]; /* the first bytes of each name, zeros behind a short one */
    uint64_t masks[MG_JSON_FIELDS]; /* which of them count */
    uint64_t by_length[MG_JSON_LONG + 1]; /* bit i: name i is that long; the last: or longer */
    uint32_t slots[MG_JSON_FIELDS];       /* the caller's number; MG_JSON_FIELDS for none */
    mg_json_fields_t *inner[MG_JSON_FIELDS]; /* what is looked for in its value, or NULL */
};

/* Adds a member: a name, or a path from object to object as a JSON pointer (RFC 6901),
 * which begins with a slash. Gives its slot: that of before if it is known, else
 * *slots, which counts on. MG_STAGE_FAILED with the error filled in if there are too
 * many, or no memory. */
int mg_json_field(mg_json_fields_t *fields, const char *path, uint32_t *slots, uint32_t *slot,
                  mg_error_t *error);

/* Frees what it holds. */
void mg_json_fields_fini(mg_json_fields_t *fields);

#endif
