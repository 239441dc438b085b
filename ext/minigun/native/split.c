#include "split.h"

#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static bool
grow(mg_lines_t *lines, size_t needed)
{
    size_t wanted = lines->capacity ? lines->capacity : 4096;
    while (wanted < needed) wanted *= 2;
    if (wanted == lines->capacity) return true;

    mg_record_t *grown = realloc(lines->items, wanted * sizeof(*grown));
    if (grown == NULL) return false;
    lines->items = grown;
    lines->capacity = wanted;
    return true;
}

static inline void
add(mg_lines_t *lines, size_t begin, size_t end)
{
    mg_record_t *record = &lines->items[lines->count];
    record->offset = (uint32_t)begin;
    record->length = (uint32_t)(end - begin);
    record->line = (uint32_t)lines->count++;
    record->at = (uint32_t)(begin - lines->begin);
}

#ifdef __SSE2__

enum { STEP = 64 };

/* One bit for each newline among 64 bytes. */
static inline uint64_t
newlines(const char *bytes)
{
    const __m128i wanted = _mm_set1_epi8('\n');
    uint64_t mask = 0;
    for (unsigned i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted)) << (16 * i);
    }
    return mask;
}

#else

enum { STEP = 8 };

static inline uint64_t
newlines(const char *bytes)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < STEP; i++) mask |= (uint64_t)(bytes[i] == '\n') << i;
    return mask;
}

#endif

bool
mg_split_lines(mg_lines_t *lines, const char *data, size_t begin, size_t end)
{
    size_t at = begin, start = begin;
    lines->count = 0;
    lines->begin = begin;

    while (at + STEP <= end) {
        if (lines->count + STEP > lines->capacity && !grow(lines, lines->count + STEP)) return false;
        uint64_t mask = newlines(data + at);
        while (mask) {
            size_t newline = at + (size_t)__builtin_ctzll(mask);
            add(lines, start, newline);
            start = newline + 1;
            mask &= mask - 1;
        }
        at += STEP;
    }
    if (!grow(lines, lines->count + STEP + 1)) return false;
    for (; at < end; at++) {
        if (data[at] != '\n') continue;
        add(lines, start, at);
        start = at + 1;
    }
    if (start < end) add(lines, start, end);
    return true;
}

size_t
mg_count_newlines(const char *bytes, size_t size)
{
    size_t count = 0, at = 0;
    for (; at + STEP <= size; at += STEP) count += (size_t)__builtin_popcountll(newlines(bytes + at));
    for (; at < size; at++) count += bytes[at] == '\n';
    return count;
}

size_t
mg_whole_lines(const char *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] != '\n') size--;
    return size;
}
