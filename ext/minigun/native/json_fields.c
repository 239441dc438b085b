#include "json_fields.h"

#include <stdlib.h>

/* The next name of a pointer, behind its slash, as a copy; *path is set to what follows. */
static char *
next_name(const char **path)
{
    size_t length = strcspn(*path, "/"), size = 0;
    char *name = malloc(length + 1);
    for (size_t i = 0; name && i < length; i++) {
        char byte = (*path)[i], escaped = i + 1 < length ? (*path)[i + 1] : '\0';
        bool escape = byte == '~' && (escaped == '0' || escaped == '1');
        name[size++] = !escape ? byte : escaped == '0' ? '~' : '/';
        if (escape) i++;
    }
    if (name) name[size] = '\0';
    *path += length;
    return name;
}

static void
set_name(mg_json_fields_t *fields, uint32_t number, char *name)
{
    uint32_t length = (uint32_t)strlen(name);
    fields->names[number] = name;
    fields->lengths[number] = length;
    fields->masks[number] = length < 8 ? (1ull << 8 * length) - 1 : UINT64_MAX;
    fields->heads[number] = 0;
    memcpy(&fields->heads[number], name, length < 8 ? length : 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    fields->masks[number] = __builtin_bswap64(fields->masks[number]);
#endif
    fields->slots[number] = MG_JSON_FIELDS;
    fields->by_length[length < MG_JSON_LONG ? length : MG_JSON_LONG] |= 1ull << number;
}

/* Takes the name over. */
static int
find_or_add(mg_json_fields_t *fields, char *name, uint32_t *number, mg_error_t *error)
{
    if (name == NULL) return mg_stage_fail(error, 0, "out of memory");
    for (*number = 0; *number < fields->count; ++*number) {
        if (strcmp(fields->names[*number], name) != 0) continue;
        free(name);
        return MG_STAGE_OK;
    }
    if (fields->count == MG_JSON_FIELDS) {
        free(name);
        return mg_stage_fail(error, 0, "json can look for %d members, not more", MG_JSON_FIELDS);
    }
    set_name(fields, fields->count++, name);
    return MG_STAGE_OK;
}

int
mg_json_field(mg_json_fields_t *fields, const char *path, uint32_t *slots, uint32_t *slot,
              mg_error_t *error)
{
    bool pointer = *path == '/';
    for (unsigned depth = 0;; depth++) {
        uint32_t number = 0;
        if (pointer) path++;
        char *name = pointer ? next_name(&path) : strdup(path);
        int status = find_or_add(fields, name, &number, error);
        if (status != MG_STAGE_OK) return status;

        if (!pointer || *path == '\0') {
            if (fields->slots[number] == MG_JSON_FIELDS) {
                if (*slots == MG_JSON_FIELDS) {
                    return mg_stage_fail(error, 0, "json can look for %d members, not more", MG_JSON_FIELDS);
                }
                fields->slots[number] = (*slots)++;
            }
            *slot = fields->slots[number];
            return MG_STAGE_OK;
        }
        if (depth == MG_JSON_DEPTH) {
            return mg_stage_fail(error, 0, "json looks into %d objects within each other, not more", MG_JSON_DEPTH);
        }
        if (fields->inner[number] == NULL) fields->inner[number] = calloc(1, sizeof(*fields));
        fields = fields->inner[number];
        if (fields == NULL) return mg_stage_fail(error, 0, "out of memory");
    }
}

void
mg_json_fields_fini(mg_json_fields_t *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        free(fields->names[i]);
        if (fields->inner[i]) mg_json_fields_fini(fields->inner[i]);
        free(fields->inner[i]);
    }
    memset(fields, 0, sizeof(*fields));
}
