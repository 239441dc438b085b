/* aggregate.h - What is gathered of one column in one group. */
#ifndef MG_NATIVE_AGGREGATE_H
#define MG_NATIVE_AGGREGATE_H

#include "core/stage.h"
#include "table.h"

typedef enum { MG_SUM, MG_MIN, MG_MAX, MG_MEAN } mg_aggregate_t;

__extension__ typedef __int128 mg_wide_t;

/* Zero is empty. */
typedef struct {
    mg_wide_t integers;
    double floats, lost;
    uint64_t numbers; /* values that are numbers */
    mg_value_t extreme;
    char *text; /* the extreme's, if it is one */
    size_t room;
    bool any, fractional;
} mg_cell_t;

/* Adds a value; its text is kept in the table. False if there is no memory. */
bool mg_cell_add(mg_table_t *table, mg_aggregate_t kind, mg_cell_t *cell, const mg_value_t *value);
bool mg_cell_merge(mg_table_t *table, mg_aggregate_t kind, mg_cell_t *cell, const mg_cell_t *other);

/* What it comes to; texts live as long as the cell, or in emit's store. */
mg_value_t mg_cell_result(mg_aggregate_t kind, const mg_cell_t *cell, mg_emit_t *emit);

#endif
