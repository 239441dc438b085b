#include "native_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "sys.h"

static bool
room(mg_native_rows_t *rows, size_t length)
{
    size_t needed = rows->size + length + MG_STAGE_PADDING;
    if (needed <= rows->capacity) return true;

    size_t wanted = rows->capacity < 4096 ? 4096 : rows->capacity;
    while (wanted < needed) wanted *= 2;
    char *grown = mg_sys->realloc(rows->bytes, wanted);
    if (grown == NULL) return false;
    rows->bytes = grown;
    rows->capacity = wanted;
    return true;
}

static bool
append(mg_native_rows_t *rows, const char *bytes, size_t length)
{
    if (!room(rows, length)) return false;
    memcpy(rows->bytes + rows->size, bytes, length);
    rows->size += length;
    return true;
}

static bool
append_string(mg_native_rows_t *rows, const char *text, size_t length)
{
    if (!room(rows, length * 6 + 2)) return false;

    char *out = rows->bytes + rows->size;
    *out++ = '"';
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            *out++ = '\\';
            *out++ = (char)byte;
        }
        else if (byte < 0x20) {
            static const char digits[] = "0123456789abcdef";
            memcpy(out, "\\u00", 4);
            out[4] = digits[byte >> 4];
            out[5] = digits[byte & 15];
            out += 6;
        }
        else {
            *out++ = (char)byte;
        }
    }
    *out++ = '"';
    rows->size = (size_t)(out - rows->bytes);
    return true;
}

/* The shortest digits that read back as the same number. */
static bool
append_float(mg_native_rows_t *rows, double number)
{
    char text[40];
    if (!isfinite(number)) return append(rows, "null", 4);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    if (strpbrk(text, ".e") == NULL) strcat(text, ".0");
    return append(rows, text, strlen(text));
}

static bool
append_value(mg_native_rows_t *rows, const mg_value_t *value)
{
    char text[24];

    switch ((mg_value_type_t)value->type) {
    case MG_VALUE_NULL:
        return append(rows, "null", 4);
    case MG_VALUE_FALSE:
        return append(rows, "false", 5);
    case MG_VALUE_TRUE:
        return append(rows, "true", 4);
    case MG_VALUE_INTEGER:
        snprintf(text, sizeof(text), "%" PRId64, value->as.integer);
        return append(rows, text, strlen(text));
    case MG_VALUE_FLOAT:
        return append_float(rows, value->as.number);
    case MG_VALUE_TEXT:
        return append_string(rows, value->as.text, value->length);
    case MG_VALUE_JSON:
        return append(rows, value->as.text, value->length);
    }
    return append(rows, "null", 4);
}

static bool
append_row(mg_native_rows_t *rows, const mg_columns_t *columns, const mg_value_t *values)
{
    bool fits = append(rows, "{", 1);
    for (uint32_t i = 0; i < columns->count && fits; i++) {
        fits = (i == 0 || append(rows, ",", 1)) &&
               append_string(rows, columns->names[i], strlen(columns->names[i])) &&
               append(rows, ":", 1) && append_value(rows, &values[i]);
    }
    return fits && append(rows, "}", 1);
}

const mg_block_t *
mg_native_rows_render(mg_native_rows_t *rows, const mg_block_t *block)
{
    if (rows->records_capacity < block->count) {
        mg_record_t *grown = mg_sys->realloc(rows->records, block->count * sizeof(mg_record_t));
        if (grown == NULL) return NULL;
        rows->records = grown;
        rows->records_capacity = block->count;
    }
    rows->size = 0;
    for (size_t i = 0; i < block->count; i++) {
        size_t offset = rows->size;
        if (!append_row(rows, block->columns, block->values + i * block->columns->count)) return NULL;
        if (rows->size > UINT32_MAX) return NULL; /* records have no further offsets */
        rows->records[i] = block->records[i];
        rows->records[i].offset = (uint32_t)offset;
        rows->records[i].length = (uint32_t)(rows->size - offset);
        if (!append(rows, "\n", 1)) return NULL;
    }
    rows->block = *block;
    rows->block.data = rows->bytes;
    rows->block.size = rows->size;
    rows->block.records = rows->records;
    rows->block.columns = NULL;
    rows->block.values = NULL;
    return &rows->block;
}

void
mg_native_rows_fini(mg_native_rows_t *rows)
{
    free(rows->bytes);
    free(rows->records);
    memset(rows, 0, sizeof(*rows));
}
