#include "json_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { DIGITS = 768 };

static bool
ends_scalar(const char *text, const char *end)
{
    if (text >= end) return true;
    switch (*text) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ',':
    case ':':
    case '}':
    case ']':
        return true;
    }
    return false;
}

static inline bool
is_digit(char byte)
{
    return (unsigned char)(byte - '0') < 10;
}

/* A number as its digits: mantissa * 10 ** exponent, if `exact`. */
typedef struct {
    uint64_t mantissa;
    int64_t exponent;
    bool exact, negative, integral;
} decimal_t;

static inline const char *
read_digits(const char *text, const char *end, decimal_t *decimal, int *significant)
{
    while (text < end && is_digit(*text)) {
        decimal->mantissa = decimal->mantissa * 10 + (uint64_t)(*text++ - '0');
        if (*significant > 0 || decimal->mantissa > 0) ++*significant;
    }
    return text;
}

static const char *
read_exponent(const char *text, const char *end, decimal_t *decimal)
{
    int64_t exponent = 0;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    if (!is_digit(*text)) return NULL;
    while (text < end && is_digit(*text)) {
        if (exponent < 100000) exponent = exponent * 10 + (*text - '0');
        text++;
    }
    decimal->exponent += negative ? -exponent : exponent;
    decimal->integral = false;
    return text;
}

/* Where the number ends, at `end` at the latest, or NULL if it is none. */
static const char *
read_decimal(const char *text, const char *end, decimal_t *decimal)
{
    int significant = 0;
    *decimal = (decimal_t){ .integral = true };
    if (*text == '-') {
        decimal->negative = true;
        text++;
    }
    if (*text == '0') {
        text++;
    }
    else {
        const char *begin = text;
        text = read_digits(text, end, decimal, &significant);
        if (text == begin) return NULL;
    }
    if (*text == '.') {
        const char *begin = ++text;
        text = read_digits(text, end, decimal, &significant);
        if (text == begin) return NULL;
        decimal->exponent = -(text - begin);
        decimal->integral = false;
    }
    if (*text == 'e' || *text == 'E') text = read_exponent(text + 1, end, decimal);
    decimal->exact = significant <= 19;
    return text;
}

static bool
slow_number(const char *text, size_t length, double *number)
{
    char copy[DIGITS + 1];
    if (length > DIGITS) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *after;
    *number = strtod(copy, &after);
    return after == copy + length && isfinite(*number);
}

static void
to_value(const char *text, const char *after, const decimal_t *decimal, mg_value_t *value)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    uint64_t limit = (uint64_t)INT64_MAX + (decimal->negative ? 1 : 0);
    if (decimal->integral && decimal->exact && decimal->mantissa <= limit) {
        value->type = MG_VALUE_INTEGER;
        value->as.integer = (int64_t)(decimal->negative ? 0 - decimal->mantissa : decimal->mantissa);
        return;
    }
    double number = 0;
    /* Both factors are exact, so the product is rounded once (Clinger 1990). */
    bool fast = decimal->exact && decimal->mantissa <= (1ull << 53) && decimal->exponent <= 22 &&
                decimal->exponent >= -22;
    if (fast) {
        number = (double)decimal->mantissa;
        number = decimal->exponent < 0 ? number / powers[-decimal->exponent]
                                       : number * powers[decimal->exponent];
        if (decimal->negative) number = -number;
    }
    if (!decimal->integral && (fast || slow_number(text, (size_t)(after - text), &number))) {
        value->type = MG_VALUE_FLOAT;
        value->as.number = number;
        return;
    }
    value->type = MG_VALUE_JSON;
    value->length = (uint32_t)(after - text);
    value->as.text = text;
}

static bool
literal(const char *text, const char *word, size_t length, const char **after)
{
    *after = text + length;
    return memcmp(text, word, length) == 0;
}

bool
mg_json_scalar(const char *text, const char *end, const char **after, mg_value_t *value)
{
    mg_value_t ignored;
    decimal_t decimal;
    bool good;
    if (value == NULL) value = &ignored;

    switch (*text) {
    case 't':
        good = literal(text, "true", 4, after);
        value->type = MG_VALUE_TRUE;
        break;
    case 'f':
        good = literal(text, "false", 5, after);
        value->type = MG_VALUE_FALSE;
        break;
    case 'n':
        good = literal(text, "null", 4, after);
        value->type = MG_VALUE_NULL;
        break;
    default:
        *after = read_decimal(text, end, &decimal);
        good = *after != NULL;
        if (good && value != &ignored) to_value(text, *after, &decimal, value);
    }
    return good && *after <= end && ends_scalar(*after, end);
}

bool
mg_text_number(const char *text, size_t length, mg_value_t *value)
{
    char copy[64];
    const char *after;
    if (length == 0 || length >= sizeof(copy) || !(is_digit(text[0]) || text[0] == '-')) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (!mg_json_scalar(copy, copy + length, &after, value) || after != copy + length) return false;
    return value->type == MG_VALUE_INTEGER || value->type == MG_VALUE_FLOAT;
}

static int
hex(char byte)
{
    if (is_digit(byte)) return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool
code_unit(const char *text, const char *end, uint32_t *unit)
{
    if (end - text < 4) return false;
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex(text[i]);
        if (digit < 0) return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

static char *
put_utf8(char *room, uint32_t code)
{
    if (code < 0x80) {
        *room++ = (char)code;
        return room;
    }
    if (code < 0x800) {
        *room++ = (char)(0xc0 | code >> 6);
    }
    else {
        if (code < 0x10000) {
            *room++ = (char)(0xe0 | code >> 12);
        }
        else {
            *room++ = (char)(0xf0 | code >> 18);
            *room++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *room++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *room++ = (char)(0x80 | (code & 0x3f));
    return room;
}

/* Reads \uXXXX, or two that make up one character, from behind the u. */
static const char *
unicode_escape(const char *text, const char *end, char **room)
{
    uint32_t code, low;
    if (!code_unit(text, end, &code)) return NULL;
    text += 4;
    if (code >= 0xdc00 && code <= 0xdfff) return NULL;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (end - text < 6 || text[0] != '\\' || text[1] != 'u') return NULL;
        if (!code_unit(text + 2, end, &low) || low < 0xdc00 || low > 0xdfff) return NULL;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        text += 6;
    }
    *room = put_utf8(*room, code);
    return text;
}

/* The escape at `text`, a backslash: what stands for it goes to *room. Where it ends, or
 * NULL if it is none. */
static const char *
read_escape(const char *text, const char *end, char **room)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (end - text < 2) return NULL;
    if (text[1] == 'u') return unicode_escape(text + 2, end, room);
    const char *known = memchr(from, text[1], sizeof(from) - 1);
    if (known == NULL) return NULL;
    *(*room)++ = to[known - from];
    return text + 2;
}

bool
mg_json_escapes(const char *text, size_t length)
{
    const char *end = text + length;
    while (text && (text = memchr(text, '\\', (size_t)(end - text))) != NULL) {
        char ignored[4], *room = ignored;
        text = read_escape(text, end, &room);
        if (text == NULL) return false;
    }
    return true;
}

bool
mg_json_unescape(const char *text, size_t length, char *room, size_t *size)
{
    const char *end = text + length;
    char *out = room;

    while (text < end) {
        const char *escape = memchr(text, '\\', (size_t)(end - text));
        size_t plain = (size_t)((escape ? escape : end) - text);
        memcpy(out, text, plain);
        out += plain;
        text += plain;
        if (escape == NULL) break;
        text = read_escape(text, end, &out);
        if (text == NULL) return false;
    }
    *size = (size_t)(out - room);
    return true;
}
