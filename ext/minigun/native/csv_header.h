/* csv_header.h - The columns of CSV files: known once the worker that has a file's first
 * record has read it; the others wait for that. */
#ifndef MG_NATIVE_CSV_HEADER_H
#define MG_NATIVE_CSV_HEADER_H

#include <pthread.h>

#include "core/stage.h"

enum { MG_CSV_FIELDS = 1024 };

/* Columns by name: those to be given, all if there are none; those by option in place of a
 * header; those with conditions. */
typedef struct {
    const char *selected[MG_CSV_FIELDS];
    const char *given[MG_CSV_FIELDS];
    const char *compared[MG_CSV_FIELDS];
    uint32_t nselected, ngiven, ncompared;
} mg_csv_wanted_t;

typedef struct mg_csv_header mg_csv_header_t;
struct mg_csv_header {
    mg_csv_header_t *next;
    const char *file; /* NULL for input without a name */
    uint32_t count;   /* of fields in a record */
    uint32_t *places; /* of the columns wanted: selected ones, then compared ones */
    mg_columns_t columns;
    char **names;
};

typedef struct {
    const mg_host_t *host;
    pthread_mutex_t lock;
    pthread_cond_t known;
    mg_csv_header_t *first; /* Guarded by lock; what it points to doesn't change. */
} mg_csv_headers_t;

void mg_csv_headers_init(mg_csv_headers_t *headers, const mg_host_t *host);
void mg_csv_headers_fini(mg_csv_headers_t *headers);

/* Makes a file's columns known, unless they are. `file` must live as long as the headers
 * and is told by its address; the names are copied. */
int mg_csv_add_header(mg_csv_headers_t *headers, const mg_csv_wanted_t *wanted, const char *file,
                      const char *const *names, uint32_t count, mg_error_t *error);

/* Waits until they are known. MG_STAGE_STOP if the run ends. */
int mg_csv_find_header(mg_csv_headers_t *headers, const char *file, const mg_csv_header_t **header,
                       mg_error_t *error);

#endif
