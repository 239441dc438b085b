#include "rowkey.h"

#include <stdlib.h>

enum { SEVERAL = UINT8_MAX }; /* tag of keys with their types inside */

uint32_t
mg_column(const mg_columns_t *columns, const char *name)
{
    uint32_t i = 0;
    while (i < columns->count && strcmp(columns->names[i], name) != 0) i++;
    return i;
}

int
mg_rowkey_find(mg_rowkey_t *key, const mg_columns_t *columns, const char *stage, mg_error_t *error)
{
    if (columns == key->seen) return MG_STAGE_OK;
    for (uint32_t i = 0; i < key->count; i++) {
        key->places[i] = mg_column(columns, key->names[i]);
        if (key->places[i] == columns->count) {
            return mg_stage_fail(error, 0, "%s: there is no column %s", stage, key->names[i]);
        }
    }
    key->seen = columns;
    return MG_STAGE_OK;
}

static bool
is_text(uint32_t type)
{
    return type == MG_VALUE_TEXT || type == MG_VALUE_JSON;
}

static const char *
make_several(mg_rowkey_t *key, const mg_value_t *row, uint32_t *length)
{
    size_t size = 1;
    for (uint32_t i = 0; i < key->count; i++) {
        const mg_value_t *value = &row[key->places[i]];
        size += sizeof(*value) + (is_text(value->type) ? value->length : 0);
    }
    if (size > UINT32_MAX) return NULL;
    if (size > key->capacity) {
        char *grown = realloc(key->bytes, size * 2);
        if (grown == NULL) return NULL;
        key->bytes = grown;
        key->capacity = size * 2;
    }
    char *at = key->bytes;
    for (uint32_t i = 0; i < key->count; i++) {
        const mg_value_t *value = &row[key->places[i]];
        mg_value_t head = { .type = value->type };
        if (is_text(value->type)) {
            head.length = value->length;
        }
        else if (value->type == MG_VALUE_INTEGER || value->type == MG_VALUE_FLOAT) {
            head.as = value->as;
            if (value->type == MG_VALUE_FLOAT && value->as.number == 0) head.as.number = 0; /* -0.0 */
        }
        memcpy(at, &head, sizeof(head));
        at += sizeof(head);
        if (head.length) memcpy(at, value->as.text, head.length);
        at += head.length;
    }
    *length = (uint32_t)(at - key->bytes);
    return key->bytes;
}

const char *
mg_rowkey_make(mg_rowkey_t *key, const mg_value_t *row, uint32_t *length, uint32_t *tag)
{
    if (key->count == 1 && is_text(row[key->places[0]].type)) {
        const mg_value_t *value = &row[key->places[0]];
        *length = value->length;
        *tag = value->type;
        return value->as.text;
    }
    *tag = SEVERAL;
    return make_several(key, row, length);
}

void
mg_rowkey_values(const mg_rowkey_t *key, const char *bytes, uint32_t length, uint32_t tag,
                 mg_value_t *values)
{
    if (tag != SEVERAL) {
        values[0] = (mg_value_t){ tag, length, { .text = bytes } };
        return;
    }
    for (uint32_t i = 0; i < key->count; i++) {
        memcpy(&values[i], bytes, sizeof(mg_value_t));
        bytes += sizeof(mg_value_t);
        if (!is_text(values[i].type)) continue;
        values[i].as.text = bytes;
        bytes += values[i].length;
    }
}

void
mg_rowkey_fini(mg_rowkey_t *key)
{
    free(key->bytes);
}
