/* border.h - Records into Ruby objects and back, where a chain of native stages meets
 * Ruby. All of it is called with the GVL. */
#ifndef MG_BORDER_H
#define MG_BORDER_H

#include "minigun.h"

#include "core/native_chain.h"

/* Items from Ruby, gathered into a block. Zero it before mg_border_init. */
typedef struct {
    mg_native_chain_t *chain;
    VALUE schemas;  /* of Hashes seen: [keys, ...], in the order of `columns` */
    const mg_columns_t **columns;
    long ncolumns;
    long schema;    /* of the block under way; -1 for plain records */
    char *data;
    size_t size, data_capacity;
    mg_record_t *records;
    size_t count, records_capacity;
    mg_value_t *values; /* texts as offsets into data until the block is sealed */
    size_t nvalues, values_capacity;
} mg_border_t;

/* Keys of rows that went to Ruby. */
typedef struct {
    const mg_columns_t *columns;
    VALUE keys; /* frozen Strings, or Symbols */
} mg_border_keys_t;

void mg_border_init(mg_border_t *border, mg_native_chain_t *chain);
void mg_border_fini(mg_border_t *border);
void mg_border_mark(const mg_border_t *border);

typedef enum {
    MG_BORDER_ADDED,
    MG_BORDER_FULL,   /* seal first, then add again */
    MG_BORDER_STRANGE /* no native stage takes such an item */
} mg_border_added_t;

/* Adds an item to the block under way. Raises NoMemoryError. */
mg_border_added_t mg_border_add(mg_border_t *border, VALUE item);

/* The block under way as a parcel; NULL if it is empty. Raises NoMemoryError. */
mg_native_parcel_t *mg_border_seal(mg_border_t *border);

/* The keys of a block's rows. */
VALUE mg_border_keys(const mg_columns_t *columns, bool symbols);

/* The block's records as Strings, or its rows as Hashes with these keys. */
VALUE mg_border_items(const mg_block_t *block, VALUE keys);

#endif
