#include "csv_header.h"

#include <stdlib.h>
#include <time.h>

enum { WAIT_MILLISECONDS = 10, WAITS = 3000 };

void
mg_csv_headers_init(mg_csv_headers_t *headers, const mg_host_t *host)
{
    headers->host = host;
    headers->first = NULL;
    pthread_mutex_init(&headers->lock, NULL);
    pthread_cond_init(&headers->known, NULL);
}

static void
free_header(mg_csv_header_t *header)
{
    for (uint32_t i = 0; header->names && i < header->columns.count; i++) free(header->names[i]);
    free(header->names);
    free(header->places);
    free(header);
}

void
mg_csv_headers_fini(mg_csv_headers_t *headers)
{
    while (headers->first) {
        mg_csv_header_t *header = headers->first;
        headers->first = header->next;
        free_header(header);
    }
    pthread_mutex_destroy(&headers->lock);
    pthread_cond_destroy(&headers->known);
}

static int
find_place(const char *const *names, uint32_t count, const char *name, uint32_t *place,
           mg_error_t *error)
{
    for (*place = 0; *place < count; ++*place) {
        if (strcmp(names[*place], name) == 0) return MG_STAGE_OK;
    }
    return mg_stage_fail(error, 0, "csv: there is no column %s", name);
}

/* Fills in where the wanted columns are among `names`. */
static int
place_columns(mg_csv_header_t *header, const mg_csv_wanted_t *wanted, const char *const *names,
              mg_error_t *error)
{
    uint32_t nselected = wanted->nselected ? wanted->nselected : header->count;
    header->places = calloc(nselected + wanted->ncompared + 1, sizeof(uint32_t));
    header->names = calloc(nselected + 1, sizeof(char *));
    if (!header->places || !header->names) return mg_stage_fail(error, 0, "out of memory");

    int status = MG_STAGE_OK;
    for (uint32_t i = 0; i < nselected && status == MG_STAGE_OK; i++) {
        header->places[i] = i;
        if (wanted->nselected) {
            status = find_place(names, header->count, wanted->selected[i], &header->places[i], error);
            if (status != MG_STAGE_OK) return status;
        }
        header->names[i] = strdup(names[header->places[i]]);
        if (header->names[i] == NULL) return mg_stage_fail(error, 0, "out of memory");
        header->columns.count = i + 1;
    }
    for (uint32_t i = 0; i < wanted->ncompared && status == MG_STAGE_OK; i++) {
        status = find_place(names, header->count, wanted->compared[i], &header->places[nselected + i], error);
    }
    header->columns.names = (const char *const *)header->names;
    return status;
}

/* Lock held. */
static const mg_csv_header_t *
find(const mg_csv_headers_t *headers, const char *file)
{
    const mg_csv_header_t *header = headers->first;
    while (header && header->file != file) header = header->next;
    return header;
}

int
mg_csv_add_header(mg_csv_headers_t *headers, const mg_csv_wanted_t *wanted, const char *file,
                  const char *const *names, uint32_t count, mg_error_t *error)
{
    mg_csv_header_t *header = calloc(1, sizeof(*header));
    if (header == NULL) return mg_stage_fail(error, 0, "out of memory");
    header->file = file;
    header->count = count;
    int status = place_columns(header, wanted, names, error);

    pthread_mutex_lock(&headers->lock);
    bool added = status == MG_STAGE_OK && find(headers, file) == NULL;
    if (added) {
        header->next = headers->first;
        headers->first = header;
        pthread_cond_broadcast(&headers->known);
    }
    pthread_mutex_unlock(&headers->lock);

    if (!added) free_header(header);
    return status;
}

/* Lock held, and given up meanwhile. A fork doesn't wait for those that wait. */
static void
wait_a_while(mg_csv_headers_t *headers)
{
    const mg_host_t *host = headers->host;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_MILLISECONDS * 1000000l;
    if (until.tv_nsec >= 1000000000l) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000l;
    }
    host->leave(host);
    pthread_cond_timedwait(&headers->known, &headers->lock, &until);
    pthread_mutex_unlock(&headers->lock);
    host->enter(host);
    pthread_mutex_lock(&headers->lock);
}

int
mg_csv_find_header(mg_csv_headers_t *headers, const char *file, const mg_csv_header_t **header,
                   mg_error_t *error)
{
    int status = MG_STAGE_OK;
    pthread_mutex_lock(&headers->lock);
    for (int i = 0; (*header = find(headers, file)) == NULL && status == MG_STAGE_OK; i++) {
        if (headers->host->cancelled(headers->host)) {
            status = MG_STAGE_STOP;
        }
        else if (i == WAITS) {
            status = mg_stage_fail(error, 0, "csv: no record of %s named the columns; put csv behind "
                                   "lines, or give headers", file ? file : "the input");
        }
        else {
            wait_a_while(headers);
        }
    }
    pthread_mutex_unlock(&headers->lock);
    return status;
}
