#include "aggregate.h"

#include <math.h>

#include "where.h"

/* Copies the text to where the cell keeps it: room that grows by half, so that a column in
 * order doesn't fill the table with what was once the last of it. */
static bool
keep_text(mg_table_t *table, mg_cell_t *cell, const mg_value_t *value)
{
    if (cell->text == NULL || cell->room < value->length) {
        size_t room = value->length + value->length / 2 + 8;
        cell->text = mg_table_store(table, room);
        if (cell->text == NULL) return false;
        cell->room = room;
    }
    memcpy(cell->text, value->as.text, value->length);
    cell->extreme.as.text = cell->text;
    return true;
}

/* Keeps the value if it is further out than the one kept. */
static bool
keep_extreme(mg_table_t *table, mg_cell_t *cell, const mg_value_t *value, int wanted)
{
    if (value->type == MG_VALUE_NULL) return true;
    if (cell->any && mg_value_order(value, &cell->extreme) * wanted <= 0) return true;

    cell->any = true;
    cell->extreme = *value;
    bool text = value->type == MG_VALUE_TEXT || value->type == MG_VALUE_JSON;
    return !text || keep_text(table, cell, value);
}

/* What an addition loses is kept apart (Neumaier 1974), as Ruby's sum does, so that the
 * order of the numbers hardly tells. */
static void
add_float(mg_cell_t *cell, double number)
{
    double sum = cell->floats + number;
    if (isfinite(sum)) {
        cell->lost += fabs(cell->floats) >= fabs(number) ? cell->floats - sum + number : number - sum + cell->floats;
    }
    cell->floats = sum;
}

bool
mg_cell_add(mg_table_t *table, mg_aggregate_t kind, mg_cell_t *cell, const mg_value_t *value)
{
    double number;
    switch (kind) {
    case MG_MIN:
        return keep_extreme(table, cell, value, -1);
    case MG_MAX:
        return keep_extreme(table, cell, value, 1);
    case MG_SUM:
    case MG_MEAN:
        break;
    }
    if (value->type == MG_VALUE_INTEGER) {
        cell->integers += value->as.integer;
        cell->numbers++;
    }
    else if (value->type == MG_VALUE_FLOAT || mg_value_big(value, &number)) {
        add_float(cell, value->type == MG_VALUE_FLOAT ? value->as.number : number);
        cell->fractional = true;
        cell->numbers++;
    }
    return true;
}

bool
mg_cell_merge(mg_table_t *table, mg_aggregate_t kind, mg_cell_t *cell, const mg_cell_t *other)
{
    if (other->any) return keep_extreme(table, cell, &other->extreme, kind == MG_MIN ? -1 : 1);
    cell->integers += other->integers;
    add_float(cell, other->floats);
    cell->lost += other->lost;
    cell->numbers += other->numbers;
    cell->fractional = cell->fractional || other->fractional;
    return true;
}

/* An integer too large for a word, as JSON. */
static mg_value_t
big_integer(mg_wide_t integer, mg_emit_t *emit)
{
    char digits[48];
    size_t at = sizeof(digits);
    bool negative = integer < 0;
    for (; integer; integer /= 10) {
        int digit = (int)(integer % 10);
        digits[--at] = (char)('0' + (digit < 0 ? -digit : digit));
    }
    if (negative) digits[--at] = '-';
    size_t length = sizeof(digits) - at;
    char *text = emit->store(emit, length);
    if (text == NULL) return (mg_value_t){ .type = MG_VALUE_NULL };
    memcpy(text, digits + at, length);
    return (mg_value_t){ MG_VALUE_JSON, (uint32_t)length, { .text = text } };
}

/* Of integers and floats: an integer of more digits than a float has goes in two parts. */
static double
sum(const mg_cell_t *cell)
{
    mg_cell_t all = *cell;
    double most = (double)cell->integers;
    add_float(&all, most);
    add_float(&all, (double)(cell->integers - (mg_wide_t)most));
    return all.floats + all.lost;
}

mg_value_t
mg_cell_result(mg_aggregate_t kind, const mg_cell_t *cell, mg_emit_t *emit)
{
    double total = sum(cell);
    switch (kind) {
    case MG_MIN:
    case MG_MAX:
        return cell->any ? cell->extreme : (mg_value_t){ .type = MG_VALUE_NULL };
    case MG_MEAN:
        if (cell->numbers == 0) return (mg_value_t){ .type = MG_VALUE_NULL };
        return (mg_value_t){ MG_VALUE_FLOAT, 0, { .number = total / (double)cell->numbers } };
    case MG_SUM:
        break;
    }
    if (cell->fractional) return (mg_value_t){ MG_VALUE_FLOAT, 0, { .number = total } };
    if (cell->integers > INT64_MAX || cell->integers < INT64_MIN) {
        return big_integer(cell->integers, emit);
    }
    return (mg_value_t){ MG_VALUE_INTEGER, 0, { .integer = (int64_t)cell->integers } };
}
