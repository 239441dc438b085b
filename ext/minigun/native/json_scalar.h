/* json_scalar.h - Short ways for the scalars that are by far the most, for json_walk.c;
 * json_text.h has the long ones. Sixteen bytes behind a text can be read. */
#ifndef MG_NATIVE_JSON_SCALAR_H
#define MG_NATIVE_JSON_SCALAR_H

#include "json_text.h"

static inline bool
is_digit(char byte)
{
    return (unsigned char)(byte - '0') < 10;
}

/* How many of the eight bytes are digits before one is not; little-endian. */
static inline unsigned
count_digits(uint64_t bytes)
{
    uint64_t high = (bytes + 0x4646464646464646) | (bytes - 0x3030303030303030);
    uint64_t others = (high | bytes) & 0x8080808080808080;
    return others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
}

static inline uint64_t
load(const char *text)
{
    uint64_t bytes;
    memcpy(&bytes, text, sizeof(bytes));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    return bytes;
}

/* Reads an integer of at most seven digits with a comma or brace behind it; any other value
 * is left to mg_json_scalar. The digits are added in pairs, then fours, then all. */
static inline bool
short_integer(const char *text, mg_value_t *value)
{
    uint64_t bytes = load(text);
    unsigned digits = count_digits(bytes);
    char after = text[digits];
    if (digits == 0 || digits == 8 || (*text == '0' && digits > 1) || (after != ',' && after != '}')) return false;

    bytes = (bytes << (64 - 8 * digits)) & 0x0f0f0f0f0f0f0f0f;
    bytes = bytes * 10 + (bytes >> 8);
    bytes = ((bytes & 0x000000ff000000ff) * (100 + (1000000ull << 32)) +
             ((bytes >> 16) & 0x000000ff000000ff) * (1 + (10000ull << 32))) >> 32;
    value->type = MG_VALUE_INTEGER;
    value->as.integer = (int64_t)(uint32_t)bytes;
    return true;
}

/* Where the digits at `text` end: sixteen at most. */
static inline const char *
skip_digits(const char *text)
{
    unsigned digits = count_digits(load(text));
    return digits < 8 ? text + digits : text + 8 + count_digits(load(text + 8));
}

/* The words of JSON by the first letter's low four bits, which differ; little-endian. */
static const struct {
    uint64_t bytes, mask;
    uint8_t length;
} json_words[16] = {
    ['t' & 15] = { 0x65757274, 0xffffffff, 4 },
    ['f' & 15] = { 0x65736c6166, 0xffffffffff, 5 },
    ['n' & 15] = { 0x6c6c756e, 0xffffffff, 4 },
};

/* The long way: true if a scalar is at `at`; *value is what it is, and may be NULL. */
static __attribute__((noinline)) bool
read_scalar(const char *data, uint32_t at, uint32_t end, mg_value_t *value)
{
    const char *after;
    return mg_json_scalar(data + at, data + end, &after, value);
}

/* True if a scalar is at `at`. Words and plain numbers with a comma or brace behind them,
 * by far the most, are looked at here; which word it is can't be foreseen, so no branch
 * asks for it. */
static inline __attribute__((always_inline)) bool
check_scalar(const char *data, uint32_t at, uint32_t end)
{
    const char *text = data + at, *stop = text;
    if (is_digit(*text)) {
        if (*text != '0' || !is_digit(text[1])) {
            stop = skip_digits(text);
            if (*stop == '.' && is_digit(stop[1])) stop = skip_digits(stop + 1);
        }
    }
    else {
        unsigned word = *text & 15;
        bool known = (load(text) & json_words[word].mask) == json_words[word].bytes;
        stop = text + (known ? json_words[word].length : 0);
    }
    if (stop > text && (*stop == ',' || *stop == '}') && stop < data + end) return true;
    return read_scalar(data, at, end, NULL);
}

#endif
