/* table.h - A hash table from bytes to fixed-size payloads, in order of insertion. */
#ifndef MG_NATIVE_TABLE_H
#define MG_NATIVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mg_table_piece mg_table_piece_t;

typedef struct {
    uint64_t seed;
    size_t stride; /* of an entry: its key and its payload */
    char *entries;
    size_t count, capacity;
    uint64_t *slots; /* high half: part of the hash; low half: entry + 1, 0 for free */
    size_t nslots;
    mg_table_piece_t *pieces; /* memory of keys */
} mg_table_t;

/* `seed` is the same for tables that will be merged. */
void mg_table_init(mg_table_t *table, size_t payload, uint64_t seed);
void mg_table_fini(mg_table_t *table);

/* The payload of a key, zeroed if it is new; good until the next call. `tag` is part
 * of the key. NULL if there is no memory. */
void *mg_table_put(mg_table_t *table, const void *key, uint32_t length, uint32_t tag, bool *fresh);

/* The entry at place i of the order. */
void *mg_table_at(const mg_table_t *table, size_t i, const char **key, uint32_t *length,
                  uint32_t *tag);

/* Memory that lives as long as the table. */
char *mg_table_store(mg_table_t *table, size_t length);

/* A number that differs from run to run. */
uint64_t mg_table_seed(void);

uint64_t mg_table_hash(const void *bytes, size_t length, uint64_t seed);

#endif
