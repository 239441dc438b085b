/* native_parcel.h - A block, or a rejected record, with memory of its own: what
 * waits between native threads and anybody else. */
#ifndef MG_NATIVE_PARCEL_H
#define MG_NATIVE_PARCEL_H

#include <pthread.h>

#include "stage.h"

typedef struct mg_native_parcel mg_native_parcel_t;
struct mg_native_parcel {
    mg_native_parcel_t *next;
    mg_block_t block; /* of a reject: the one record */
    uint32_t stage;   /* of a reject: who rejected it */
    bool rejected;
    int code;
    char text[252];
    char name[256]; /* of a reject's origin */
    mg_origin_t origin;
    size_t size;     /* bytes in use, for budgets */
    size_t capacity; /* of memory */
    char *memory;
};

/* Parcels that were read, for use again: fresh memory is dear. Any thread may
 * call the functions below. */
typedef struct {
    pthread_mutex_t lock;

    /* Guarded by lock. */
    mg_native_parcel_t *first;
    size_t count;
} mg_native_parcels_t;

void mg_native_parcels_init(mg_native_parcels_t *parcels);
void mg_native_parcels_fini(mg_native_parcels_t *parcels);

/* A parcel with `capacity` bytes of memory, or NULL if there is none. */
mg_native_parcel_t *mg_native_parcel_get(mg_native_parcels_t *parcels, size_t capacity);

/* Gives a parcel back; NULL is allowed. */
void mg_native_parcel_put(mg_native_parcels_t *parcels, mg_native_parcel_t *parcel);

/* A copy of `block`: of its records' bytes or, where it has columns, of its values
 * alone. NULL if there is no memory, or the records have more than 4 GB. */
mg_native_parcel_t *mg_native_parcel_copy(mg_native_parcels_t *parcels, const mg_block_t *block);

/* A copy of one record of a block, rejected by stage number `stage`. */
mg_native_parcel_t *mg_native_parcel_reject(mg_native_parcels_t *parcels, const mg_block_t *block,
                                            const mg_record_t *record, uint32_t stage, int code,
                                            const char *text);

#endif
