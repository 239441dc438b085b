#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECE = 64 * 1024, FIRST_SLOTS = 256 };

struct mg_table_piece {
    mg_table_piece_t *next;
    size_t used, size;
    char bytes[];
};

typedef struct {
    const char *key;
    uint32_t length, tag;
    uint64_t hash;
    uint64_t unused; /* payloads are aligned to 16 bytes */
} entry_t;

static uint64_t
mix(uint64_t one, uint64_t other)
{
    __extension__ typedef unsigned __int128 wide_t;
    wide_t product = (wide_t)one * other;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
load(const void *bytes, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return word;
}

static inline uint64_t
load8(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* Multiply and fold, sixteen bytes a step. */
uint64_t
mg_table_hash(const void *bytes, size_t length, uint64_t seed)
{
    static const uint64_t first = 0x9e3779b97f4a7c15, second = 0xd6e8feb86659fd93;
    const char *at = bytes;
    uint64_t hash = seed ^ (length * first);

    if (length >= 16) {
        const char *last = at + length - 16;
        for (; at < last; at += 16) hash = mix(load8(at) ^ first ^ hash, load8(at + 8) ^ second);
        return mix(mix(load8(last) ^ first ^ hash, load8(last + 8) ^ second), first);
    }
    if (length >= 8) return mix(mix(load8(at) ^ first ^ hash, load8(at + length - 8) ^ second), first);
    return mix(mix(load(at, length) ^ first ^ hash, second), first);
}

uint64_t
mg_table_seed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return mix((uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&now, 0x9e3779b97f4a7c15);
}

void
mg_table_init(mg_table_t *table, size_t payload, uint64_t seed)
{
    memset(table, 0, sizeof(*table));
    table->seed = seed;
    table->stride = sizeof(entry_t) + (payload + 15) / 16 * 16;
}

void
mg_table_fini(mg_table_t *table)
{
    while (table->pieces) {
        mg_table_piece_t *piece = table->pieces;
        table->pieces = piece->next;
        free(piece);
    }
    free(table->entries);
    free(table->slots);
    memset(table, 0, sizeof(*table));
}

char *
mg_table_store(mg_table_t *table, size_t length)
{
    mg_table_piece_t *piece = table->pieces;
    if (piece == NULL || piece->size - piece->used < length) {
        size_t size = length > PIECE ? length : PIECE;
        piece = malloc(sizeof(*piece) + size);
        if (piece == NULL) return NULL;
        piece->used = 0;
        piece->size = size;
        piece->next = table->pieces;
        table->pieces = piece;
    }
    char *room = piece->bytes + piece->used;
    piece->used += length;
    return room;
}

static entry_t *
entry_at(const mg_table_t *table, size_t i)
{
    return (entry_t *)(void *)(table->entries + i * table->stride);
}

static bool
grow_slots(mg_table_t *table)
{
    size_t wanted = table->nslots ? table->nslots * 2 : FIRST_SLOTS;
    uint64_t *slots = calloc(wanted, sizeof(*slots));
    if (slots == NULL) return false;

    for (size_t i = 0; i < table->count; i++) {
        uint64_t hash = entry_at(table, i)->hash;
        size_t at = hash & (wanted - 1);
        while (slots[at]) at = (at + 1) & (wanted - 1);
        slots[at] = (hash & 0xffffffff00000000) | (i + 1);
    }
    free(table->slots);
    table->slots = slots;
    table->nslots = wanted;
    return true;
}

static bool
grow_entries(mg_table_t *table)
{
    size_t wanted = table->capacity ? table->capacity * 2 : FIRST_SLOTS / 2;
    if (wanted >= UINT32_MAX) return false;
    char *grown = realloc(table->entries, wanted * table->stride);
    if (grown == NULL) return false;
    table->entries = grown;
    table->capacity = wanted;
    return true;
}

static entry_t *
append(mg_table_t *table, const void *key, uint32_t length, uint32_t tag, uint64_t hash)
{
    if (table->count == table->capacity && !grow_entries(table)) return NULL;
    char *copy = mg_table_store(table, length);
    if (copy == NULL) return NULL;
    memcpy(copy, key, length);

    entry_t *entry = entry_at(table, table->count++);
    memset(entry, 0, table->stride);
    entry->key = copy;
    entry->length = length;
    entry->tag = tag;
    entry->hash = hash;
    return entry;
}

void *
mg_table_put(mg_table_t *table, const void *key, uint32_t length, uint32_t tag, bool *fresh)
{
    if (table->count * 2 >= table->nslots && !grow_slots(table)) return NULL;

    uint64_t hash = mg_table_hash(key, length, table->seed ^ tag);
    size_t mask = table->nslots - 1, at = hash & mask;
    for (; table->slots[at]; at = (at + 1) & mask) {
        if ((table->slots[at] ^ hash) >> 32) continue;
        entry_t *entry = entry_at(table, (uint32_t)table->slots[at] - 1);
        if (entry->length == length && entry->tag == tag && memcmp(entry->key, key, length) == 0) {
            *fresh = false;
            return entry + 1;
        }
    }
    entry_t *entry = append(table, key, length, tag, hash);
    if (entry == NULL) return NULL;
    table->slots[at] = (hash & 0xffffffff00000000) | table->count;
    *fresh = true;
    return entry + 1;
}

void *
mg_table_at(const mg_table_t *table, size_t i, const char **key, uint32_t *length, uint32_t *tag)
{
    entry_t *entry = entry_at(table, i);
    *key = entry->key;
    *length = entry->length;
    *tag = entry->tag;
    return entry + 1;
}
