#include "where.h"

#include <math.h>
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

static double
number_of(const mg_value_t *value)
{
    return value->type == MG_VALUE_INTEGER ? (double)value->as.integer : value->as.number;
}

static int
order(double one, double other)
{
    if (one < other) return -1;
    if (one > other) return 1;
    return one == other ? 0 : 2;
}

/* A word has more digits than a float: where the two look equal the rest decides. */
static int
order_mixed(int64_t integer, double number)
{
    int result = order((double)integer, number);
    if (result != 0) return result;
    if (number >= 9223372036854775808.0) return -1;
    int64_t whole = (int64_t)number;
    return (integer > whole) - (integer < whole);
}

bool
mg_value_big(const mg_value_t *value, double *number)
{
    char copy[512];
    if (value->type != MG_VALUE_JSON || value->length == 0) return false;
    char first = value->as.text[0];
    if (first != '-' && (first < '0' || first > '9')) return false;

    size_t length = value->length < sizeof(copy) ? value->length : sizeof(copy) - 1;
    memcpy(copy, value->as.text, length);
    copy[length] = '\0';
    *number = strtod(copy, NULL);
    if (length < value->length) *number = first == '-' ? -HUGE_VAL : HUGE_VAL;
    return true;
}

int
mg_value_compare(const mg_value_t *one, const mg_value_t *other)
{
    if (one->type == MG_VALUE_INTEGER && other->type == MG_VALUE_INTEGER) {
        return (one->as.integer > other->as.integer) - (one->as.integer < other->as.integer);
    }
    if (is_number(one) && is_number(other)) {
        if (one->type == other->type) return order(one->as.number, other->as.number);
        if (one->type == MG_VALUE_INTEGER) return order_mixed(one->as.integer, other->as.number);
        int result = order_mixed(other->as.integer, one->as.number);
        return result == 2 ? 2 : -result;
    }
    double big;
    if (is_number(other) && mg_value_big(one, &big)) return order(big, number_of(other));
    if (is_number(one) && mg_value_big(other, &big)) return order(number_of(one), big);
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

/* Narrows the span to what one condition lets through. */
static bool
narrow(const mg_condition_t *condition, int64_t *low, int64_t *high)
{
    int64_t operand = condition->operand.as.integer;
    bool strict = condition->kind[1] == 't';
    if (condition->operand.type != MG_VALUE_INTEGER) return false;
    if (strict && (operand == INT64_MAX || operand == INT64_MIN)) return false;

    switch (condition->kind[0]) {
    case 'g':
        if (operand + strict > *low) *low = operand + strict;
        return true;
    case 'l':
        if (operand - strict < *high) *high = operand - strict;
        return true;
    default:
        return false;
    }
}

bool
mg_where_span(const mg_where_t *where, uint32_t column, int64_t *low, int64_t *high)
{
    bool any = false;
    *low = INT64_MIN;
    *high = INT64_MAX;
    for (size_t i = 0; i < where->count; i++) {
        if (where->items[i].column != column) continue;
        if (!narrow(&where->items[i], low, high)) return false;
        any = true;
    }
    return any;
}

/* Numbers, texts, other JSON, true and false, null. */
static int
rank(const mg_value_t *value)
{
    double ignored;
    if (is_number(value) || mg_value_big(value, &ignored)) return 0;
    if (value->type == MG_VALUE_TEXT) return 1;
    if (value->type == MG_VALUE_JSON) return 2;
    return value->type == MG_VALUE_NULL ? 4 : 3;
}

int
mg_value_rank(const mg_value_t *one, const mg_value_t *other)
{
    return rank(one) - rank(other);
}

int
mg_value_order(const mg_value_t *one, const mg_value_t *other)
{
    int ranks = mg_value_rank(one, other);
    if (ranks) return ranks;
    int result = mg_value_compare(one, other);
    return result == 2 ? (one->type > other->type) - (one->type < other->type) : result;
}
