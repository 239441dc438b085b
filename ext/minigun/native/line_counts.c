#include "line_counts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "split.h"

enum { BLOCK = 256 * 1024 };

void
mg_line_counts_init(mg_line_counts_t *counts)
{
    pthread_mutex_init(&counts->lock, NULL);
    counts->count = 0;
}

void
mg_line_counts_fini(mg_line_counts_t *counts)
{
    pthread_mutex_destroy(&counts->lock);
}

/* Lock held. */
static mg_origin_t
nearest(const mg_line_counts_t *counts, const mg_origin_t *origin)
{
    mg_origin_t best = { origin->name, 0, 1 };
    for (size_t i = 0; i < counts->count && i < MG_LINE_COUNTS; i++) {
        const mg_origin_t *known = &counts->known[i];
        if (known->name == origin->name && known->offset <= origin->offset &&
            known->offset >= best.offset) {
            best = *known;
        }
    }
    return best;
}

/* Counts from `place` up to `offset`; false if the file can't be read so far. */
static bool
count_up_to(mg_origin_t *place, uint64_t offset)
{
    char *bytes = malloc(BLOCK);
    int fd = bytes ? open(place->name, O_RDONLY | O_CLOEXEC) : -1;
    while (fd >= 0 && place->offset < offset) {
        uint64_t left = offset - place->offset;
        ssize_t got = pread(fd, bytes, left < BLOCK ? (size_t)left : BLOCK, (off_t)place->offset);
        if (got <= 0) break;
        place->offset += (uint64_t)got;
        place->line += mg_count_newlines(bytes, (size_t)got);
    }
    if (fd >= 0) close(fd);
    free(bytes);
    return place->offset == offset;
}

void
mg_line_counts_find(mg_line_counts_t *counts, mg_origin_t *origin)
{
    pthread_mutex_lock(&counts->lock);
    mg_origin_t place = nearest(counts, origin);
    if (count_up_to(&place, origin->offset)) {
        origin->line = place.line;
        counts->known[counts->count++ % MG_LINE_COUNTS] = place;
    }
    pthread_mutex_unlock(&counts->lock);
}
