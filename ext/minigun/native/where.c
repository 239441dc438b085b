#include "where.h"

#include <stdlib.h>

#include "json_text.h"

static bool
is_kind(const char *name)
{
    static const char *const kinds[] = { "eq", "ne", "ge", "gt", "le", "lt" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(name, kinds[i]) == 0) return true;
    }
    return false;
}

int
mg_where_read(mg_where_t *where, const mg_options_t *options,
              bool (*number)(void *data, const char *name, uint32_t *column, mg_error_t *error),
              void *data, mg_error_t *error)
{
    uint32_t column = 0;
    bool named = false, begins = false;

    where->count = 0;
    where->items = calloc(options->count + 1, sizeof(mg_condition_t));
    if (where->items == NULL) return mg_stage_fail(error, 0, "out of memory");

    for (size_t i = 0; i < options->count; i++) {
        const mg_option_t *option = &options->items[i];
        if (strcmp(option->name, "where") == 0 && option->value.type == MG_VALUE_TEXT) {
            if (!number(data, option->value.as.text, &column, error)) return MG_STAGE_FAILED;
            named = begins = true;
        }
        else if (is_kind(option->name)) {
            if (!named) return mg_stage_fail(error, 0, "%s without where", option->name);
            mg_condition_t *condition = &where->items[where->count++];
            condition->column = column;
            condition->begins = begins;
            memcpy(condition->kind, option->name, 3);
            condition->operand = option->value;
            begins = false;
        }
    }
    return MG_STAGE_OK;
}

void
mg_where_free(mg_where_t *where)
{
    free(where->items);
    where->items = NULL;
    where->count = 0;
}

static bool
is_number(const mg_value_t *value)
{
    return value->type == MG_VALUE_INTEGER || value->type == MG_VALUE_FLOAT;
}

static int
order(double one, double other)
{
    if (one < other) return -1;
    if (one > other) return 1;
    return one == other ? 0 : 2;
}

int
mg_value_compare(const mg_value_t *one, const mg_value_t *other)
{
    if (one->type == MG_VALUE_INTEGER && other->type == MG_VALUE_INTEGER) {
        return (one->as.integer > other->as.integer) - (one->as.integer < other->as.integer);
    }
    if (is_number(one) && is_number(other)) {
        return order(one->type == MG_VALUE_INTEGER ? (double)one->as.integer : one->as.number,
                     other->type == MG_VALUE_INTEGER ? (double)other->as.integer : other->as.number);
    }
    if (one->type != other->type) return 2;
    if (one->type != MG_VALUE_TEXT && one->type != MG_VALUE_JSON) return 0;

    uint32_t length = one->length < other->length ? one->length : other->length;
    int result = memcmp(one->as.text, other->as.text, length);
    if (result == 0) return (one->length > other->length) - (one->length < other->length);
    return result < 0 ? -1 : 1;
}

static bool
meets(const mg_condition_t *condition, const mg_value_t *value, bool typeless)
{
    mg_value_t number;
    if (typeless && value->type == MG_VALUE_TEXT && is_number(&condition->operand) &&
        mg_text_number(value->as.text, value->length, &number)) {
        value = &number;
    }
    int result = mg_value_compare(value, &condition->operand);
    switch (condition->kind[0]) {
    case 'e':
        return result == 0;
    case 'n':
        return result != 0;
    case 'g':
        return result == 1 || (result == 0 && condition->kind[1] == 'e');
    default:
        return result == -1 || (result == 0 && condition->kind[1] == 'e');
    }
}

/* The conditions of one column, from item *i on. */
static bool
group_holds(const mg_where_t *where, size_t *i, const mg_value_t *value, bool typeless)
{
    bool any_needed = false, any = false, all = true;
    do {
        const mg_condition_t *condition = &where->items[*i];
        bool met = meets(condition, value, typeless);
        if (condition->kind[0] == 'e') {
            any_needed = true;
            any = any || met;
        }
        else {
            all = all && met;
        }
    } while (++*i < where->count && !where->items[*i].begins);
    return all && (any || !any_needed);
}

bool
mg_where_holds(const mg_where_t *where, const mg_value_t *values, bool typeless)
{
    size_t i = 0;
    while (i < where->count) {
        const mg_value_t *value = &values[where->items[i].column];
        if (!group_holds(where, &i, value, typeless)) return false;
    }
    return true;
}

bool
mg_where_column_holds(const mg_where_t *where, uint32_t column, const mg_value_t *value,
                      bool typeless)
{
    size_t i = 0;
    while (i < where->count) {
        if (where->items[i].column != column) {
            i++;
        }
        else if (!group_holds(where, &i, value, typeless)) {
            return false;
        }
    }
    return true;
}
