/* name_table.h - The numbers of the nodes of a graph, by their keys.
 *
 * Keys are as mg_name_key makes them: nearly always Symbols, which are found by their addresses,
 * and pinned by whom the table belongs to. All else is found by `hash` and `eql?`. A key that is
 * added again means its later number from then on.
 *
 * Belongs to one object, under the GVL.
 */
#ifndef MG_NAME_TABLE_H
#define MG_NAME_TABLE_H

#include "core/graph.h"
#include "core/index.h"
#include "minigun.h"

typedef struct {
    mg_index_t keys;
    VALUE others; /* Hash: keys that are no Symbols to numbers; nil as long as there are none */
} mg_name_table_t;

/* An empty one, without memory of its own. */
void mg_name_table_init(mg_name_table_t *table);

/* To be called by the mark, compact and free functions of whom it belongs to. */
void mg_name_table_mark(const mg_name_table_t *table);
void mg_name_table_compact(mg_name_table_t *table);
void mg_name_table_free(mg_name_table_t *table);

/* Forgets all keys, and keeps the memory for the next ones. */
void mg_name_table_clear(mg_name_table_t *table);

/* Enters a key under the next number, which is the count of those before it. Raises NoMemoryError,
 * and what `hash` and `eql?` of the key raise; then the table is good for nothing until it is
 * cleared. */
void mg_name_table_add(mg_name_table_t *table, VALUE key);

/* The number of a key, or MG_GRAPH_NONE. Raises what `hash` and `eql?` of the key raise. */
mg_node_t mg_name_table_find(const mg_name_table_t *table, VALUE key);

#endif
