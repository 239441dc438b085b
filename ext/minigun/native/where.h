/* where.h - Conditions on the columns of a row.
 *
 * As options, in this order: `where` with a column's name, then what holds for it:
 * `eq` (any of several), `ne` (none of several), `ge`, `gt`, `le`, `lt`. */
#ifndef MG_NATIVE_WHERE_H
#define MG_NATIVE_WHERE_H

#include "core/stage.h"

typedef struct {
    uint32_t column; /* the caller's number */
    bool begins;     /* a new column's first condition */
    char kind[3];
    mg_value_t operand;
} mg_condition_t;

typedef struct {
    size_t count;
    mg_condition_t *items;
} mg_where_t;

/* Reads the conditions; `number` gives a column's number by its name, or false with
 * the error filled in. */
int mg_where_read(mg_where_t *where, const mg_options_t *options,
                  bool (*number)(void *data, const char *name, uint32_t *column, mg_error_t *error),
                  void *data, mg_error_t *error);

void mg_where_free(mg_where_t *where);

/* True if all columns meet their conditions. values[column] are looked at. Where
 * `typeless`, texts are read as numbers if the operand is one. */
bool mg_where_holds(const mg_where_t *where, const mg_value_t *values, bool typeless);

/* True if this column's conditions are met. */
bool mg_where_column_holds(const mg_where_t *where, uint32_t column, const mg_value_t *value,
                           bool typeless);

/* True if this column's conditions hold for the integers from *low to *high, for no others,
 * and for nothing that is no number. */
bool mg_where_span(const mg_where_t *where, uint32_t column, int64_t *low, int64_t *high);

/* A number that fits no word, which is kept as JSON: true, and about which one it is. */
bool mg_value_big(const mg_value_t *value, double *number);

/* -1, 0 or 1; 2 if the two have no order: then they are not equal either. */
int mg_value_compare(const mg_value_t *one, const mg_value_t *other);

/* Below zero, 0 or above for any two: numbers come before texts, then other JSON, true and
 * false, null. mg_value_rank tells the kinds alone apart. */
int mg_value_order(const mg_value_t *one, const mg_value_t *other);
int mg_value_rank(const mg_value_t *one, const mg_value_t *other);

#endif
