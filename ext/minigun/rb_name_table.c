#include "name_table.h"

void
mg_name_table_init(mg_name_table_t *table)
{
    *table = (mg_name_table_t){ .others = Qnil };
}

void
mg_name_table_mark(const mg_name_table_t *table)
{
    for (uint32_t i = 0; i < table->keys.count; i++) rb_gc_mark(table->keys.keys[i]);
    rb_gc_mark_movable(table->others);
}

void
mg_name_table_compact(mg_name_table_t *table)
{
    table->others = rb_gc_location(table->others);
}

void
mg_name_table_free(mg_name_table_t *table)
{
    mg_index_free(&table->keys);
}

void
mg_name_table_clear(mg_name_table_t *table)
{
    mg_index_clear(&table->keys);
    if (!NIL_P(table->others)) rb_hash_clear(table->others);
}

void
mg_name_table_add(mg_name_table_t *table, VALUE key)
{
    if (!SYMBOL_P(key)) {
        if (NIL_P(table->others)) table->others = rb_hash_new();
        rb_hash_aset(table->others, key, ULONG2NUM(table->keys.count));
    }
    const mg_status_t status = mg_index_add(&table->keys, key);
    if (status != MG_OK) mg_raise(status);
}

mg_node_t
mg_name_table_find(const mg_name_table_t *table, VALUE key)
{
    if (SYMBOL_P(key)) return mg_index_find(&table->keys, key);
    if (NIL_P(table->others)) return MG_GRAPH_NONE;

    const VALUE number = rb_hash_lookup2(table->others, key, Qnil);
    return NIL_P(number) ? MG_GRAPH_NONE : (mg_node_t)FIX2ULONG(number);
}
