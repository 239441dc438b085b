#include "split.h"

#include <stdlib.h>

#ifdef __x86_64__
#include <immintrin.h>
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

/* Writes line number `number`. */
static inline void
put(mg_lines_t *lines, size_t number, size_t begin, size_t end)
{
    mg_record_t *record = &lines->items[number];
    record->offset = (uint32_t)begin;
    record->length = (uint32_t)(end - begin);
    record->line = (uint32_t)number;
    record->at = (uint32_t)(begin - lines->begin);
}

/* A return before the newline is part of that. */
static inline void
put_line(mg_lines_t *lines, size_t number, const char *data, size_t begin, size_t newline)
{
    bool return_before = (newline > begin) & (data[newline - (newline > 0)] == '\r');
    put(lines, number, begin, newline - return_before);
}

#ifdef __x86_64__

enum { STEP = 64 };

/* One bit for each byte among 64 that is the wanted one. */
static inline uint64_t
matches(const char *bytes, char wanted)
{
    const __m128i all = _mm_set1_epi8(wanted);
    uint64_t mask = 0;
    for (unsigned i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, all)) << (16 * i);
    }
    return mask;
}

#else

enum { STEP = 8 };

static inline uint64_t
matches(const char *bytes, char wanted)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < STEP; i++) mask |= (uint64_t)(bytes[i] == wanted) << i;
    return mask;
}

#endif

typedef uint64_t (*matches_t)(const char *bytes, char wanted);

enum { PIECE = 64 * STEP };

/* Notes where newlines are among `size` bytes, whole steps, and gives how many. Which steps
 * have one can't be foreseen, so the first of each is noted whether it is there or not, and
 * counted if it is. */
static inline __attribute__((always_inline)) uint32_t
find_newlines(const char *bytes, uint32_t size, uint32_t *places, matches_t find)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < size; at += STEP) {
        uint64_t mask = find(bytes + at, '\n');
        places[count] = at + (uint32_t)__builtin_ctzll(mask | 1ull << 63);
        count += mask != 0;
        for (mask &= mask - 1; __builtin_expect(mask != 0, 0); mask &= mask - 1) {
            places[count++] = at + (uint32_t)__builtin_ctzll(mask);
        }
    }
    return count;
}

static inline __attribute__((always_inline)) bool
split_lines(mg_lines_t *lines, const char *data, size_t begin, size_t end, matches_t find)
{
    uint32_t places[PIECE + 1];
    size_t start = begin;
    lines->count = 0;
    lines->begin = begin;

    while (begin + STEP <= end) {
        uint32_t size = end - begin < PIECE ? (uint32_t)(end - begin) / STEP * STEP : PIECE;
        uint32_t count = find_newlines(data + begin, size, places, find);
        if (lines->count + count > lines->capacity && !grow(lines, lines->count + count)) return false;
        for (uint32_t i = 0; i < count; i++) {
            size_t newline = begin + places[i];
            put_line(lines, lines->count + i, data, start, newline);
            start = newline + 1;
        }
        lines->count += count;
        begin += size;
    }
    if (!grow(lines, lines->count + STEP + 1)) return false;
    for (; begin < end; begin++) {
        if (data[begin] != '\n') continue;
        put_line(lines, lines->count++, data, start, begin);
        start = begin + 1;
    }
    if (start < end) put(lines, lines->count++, start, end);
    return true;
}

#ifdef __x86_64__

__attribute__((target("avx2"))) static inline uint64_t
matches_avx2(const char *bytes, char wanted)
{
    const __m256i all = _mm256_set1_epi8(wanted);
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    uint64_t below = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, all));
    return below | (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, all)) << 32;
}

__attribute__((target("avx2"))) static bool
split_lines_avx2(mg_lines_t *lines, const char *data, size_t begin, size_t end)
{
    return split_lines(lines, data, begin, end, matches_avx2);
}

#endif

bool
mg_split_lines(mg_lines_t *lines, const char *data, size_t begin, size_t end)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) return split_lines_avx2(lines, data, begin, end);
#endif
    return split_lines(lines, data, begin, end, matches);
}

size_t
mg_count_newlines(const char *bytes, size_t size)
{
    size_t count = 0, at = 0;
    for (; at + STEP <= size; at += STEP) count += (size_t)__builtin_popcountll(matches(bytes + at, '\n'));
    for (; at < size; at++) count += bytes[at] == '\n';
    return count;
}

size_t
mg_whole_lines(const char *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] != '\n') size--;
    return size;
}

/* Bit i of the result: an odd number of quotes up to and with byte i. `inside` is
 * whether there was one open before, and is after. */
static inline uint64_t
quoted(uint64_t quotes, bool *inside)
{
    for (unsigned shift = 1; shift < STEP; shift *= 2) quotes ^= quotes << shift;
    if (*inside) quotes = ~quotes;
    *inside = quotes >> (STEP - 1) & 1;
    return quotes;
}

size_t
mg_whole_quoted(const char *bytes, size_t size)
{
    size_t at = 0, end = 0;
    bool inside = false;
    for (; at + STEP <= size; at += STEP) {
        uint64_t ends = matches(bytes + at, '\n') & ~quoted(matches(bytes + at, '"'), &inside);
        if (STEP < 64) ends &= (1ull << (STEP & 63)) - 1;
        if (ends) end = at + 64 - (size_t)__builtin_clzll(ends);
    }
    for (; at < size; at++) {
        if (bytes[at] == '"') inside = !inside;
        if (bytes[at] == '\n' && !inside) end = at + 1;
    }
    return end;
}

bool
mg_split_quoted(mg_lines_t *lines, const char *data, size_t size)
{
    size_t at = 0, start = 0;
    uint32_t line = 0, first = 0;
    bool inside = false;
    lines->count = 0;
    lines->begin = 0;

    for (;;) {
        if (lines->count + 2 > lines->capacity && !grow(lines, lines->count + 2)) return false;
        while (at < size && (data[at] != '\n' || inside)) {
            if (data[at] == '"') inside = !inside;
            line += data[at++] == '\n';
        }
        if (at == size) break;
        put_line(lines, lines->count, data, start, at);
        lines->items[lines->count++].line = first;
        start = ++at;
        first = ++line;
    }
    if (start < size) {
        put(lines, lines->count, start, size);
        lines->items[lines->count++].line = first;
    }
    return true;
}
