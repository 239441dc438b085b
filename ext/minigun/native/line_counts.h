/* line_counts.h - Numbers of lines in files that nobody has counted: the workers share a
 * plain file, so none of them knows how many lines there are before its part. */
#ifndef MG_NATIVE_LINE_COUNTS_H
#define MG_NATIVE_LINE_COUNTS_H

#include <pthread.h>

#include "core/stage.h"

enum { MG_LINE_COUNTS = 64 };

typedef struct {
    pthread_mutex_t lock;

    /* Guarded by lock. */
    mg_origin_t known[MG_LINE_COUNTS]; /* places to count on from; names are compared by address */
    size_t count;
} mg_line_counts_t;

void mg_line_counts_init(mg_line_counts_t *counts);
void mg_line_counts_fini(mg_line_counts_t *counts);

/* Fills in origin->line by reading the file up to there, from the nearest known place
 * on; leaves it alone if that fails. Any thread may call it. */
void mg_line_counts_find(mg_line_counts_t *counts, mg_origin_t *origin);

#endif
