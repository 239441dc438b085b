#include "json_walk.h"

#include "json_text.h"

enum { DEPTH = 1024, LONG = 31 };

static const char not_an_object[] = "not a JSON object";
static const char unfinished[] = "the JSON text ends too early";
static const char bad_key[] = "a JSON object's key is missing";
static const char bad_colon[] = "a colon is missing in a JSON object";
static const char bad_value[] = "not a JSON value";
static const char bad_comma[] = "a comma or closing bracket is missing in JSON";
static const char too_deep[] = "JSON is nested too deep";
static const char trailing[] = "there is more behind the JSON object";
static const char bad_escape[] = "a JSON key has a wrong escape";

const char mg_json_ruled_out[] = "ruled out";

bool
mg_json_field(mg_json_fields_t *fields, const char *name, uint32_t *number)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->names[i], name) == 0) {
            *number = i;
            return true;
        }
    }
    if (fields->count == MG_JSON_FIELDS) return false;
    uint32_t length = (uint32_t)strlen(name);
    *number = fields->count++;
    fields->names[*number] = name;
    fields->lengths[*number] = length;
    fields->masks[*number] = length < 8 ? (1ull << 8 * length) - 1 : UINT64_MAX;
    memcpy(&fields->heads[*number], name, length < 8 ? length : 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    fields->masks[*number] = __builtin_bswap64(fields->masks[*number]);
#endif
    fields->by_length[length < LONG ? length : LONG] |= 1ull << *number;
    return true;
}

static bool
is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The end of what stands before `next`, without white space. */
static inline uint32_t
trimmed(const char *data, uint32_t next)
{
    while (is_space(data[next - 1])) next--;
    return next;
}

/* Bytes behind the key can be read. */
static inline uint32_t
find_plain(const mg_json_fields_t *fields, const char *key, uint32_t length)
{
    uint64_t candidates = fields->by_length[length < LONG ? length : LONG], head;
    memcpy(&head, key, sizeof(head));
    for (; candidates; candidates &= candidates - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(candidates);
        if ((head & fields->masks[i]) != fields->heads[i]) continue;
        if (length <= 8) return i;
        if (fields->lengths[i] == length && memcmp(fields->names[i], key, length) == 0) return i;
    }
    return MG_JSON_FIELDS;
}

/* The number of the name that the key is, MG_JSON_FIELDS for none, one more for a key
 * that can't be read. */
static uint32_t
find_escaped(const mg_json_fields_t *fields, const char *key, uint32_t length)
{
    char plain[512 + 8];
    size_t size;
    if (length > 512) return MG_JSON_FIELDS;
    if (!mg_json_unescape(key, length, plain, &size)) return MG_JSON_FIELDS + 1;
    return find_plain(fields, plain, (uint32_t)size);
}

static inline bool
is_digit(char byte)
{
    return (unsigned char)(byte - '0') < 10;
}

/* Reads a short integer with a comma or brace behind it; any other value is left to
 * mg_json_scalar. */
static inline bool
short_integer(const char *text, mg_value_t *value)
{
    int64_t number = *text - '0';
    if (!is_digit(*text) || (number == 0 && is_digit(text[1]))) return false;
    int digits = 1;
    for (; is_digit(text[digits]) && digits < 18; digits++) number = number * 10 + (text[digits] - '0');
    if (text[digits] != ',' && text[digits] != '}') return false;
    value->type = MG_VALUE_INTEGER;
    value->as.integer = number;
    return true;
}

/* Checks the scalar that begins at `at`; NULL or a complaint. Plain numbers, by far the
 * most, are looked at here. */
static inline const char *
check_scalar(const char *data, uint32_t at, uint32_t end)
{
    const char *text = data + at, *stop;
    if (is_digit(*text) && (*text != '0' || !is_digit(text[1]))) {
        while (is_digit(*text)) text++;
        if (*text == '.' && is_digit(text[1])) {
            for (text++; is_digit(*text);) text++;
        }
        if ((*text == ',' || *text == '}') && text < data + end) return NULL;
    }
    return mg_json_scalar(data + at, data + end, &stop, NULL) ? NULL : bad_value;
}

/* Goes over the rest of an object or array whose bracket was just passed. */
static const char *
skip_container(mg_json_walk_t *walk, uint32_t end, char bracket, uint32_t *close)
{
    char open[DEPTH];
    const char *data = walk->data;
    const uint32_t *next = walk->next;
    uint32_t depth = 0;
    open[0] = bracket;

begin:
    if (*next >= end) return unfinished;
    if (data[*next] == (open[depth] == '{' ? '}' : ']')) goto closing;

member:
    if (open[depth] == '{') {
        if (next[0] >= end || next[1] >= end) return unfinished;
        if (data[next[0]] != '"') return bad_key;
        if (data[next[1]] != ':') return bad_colon;
        next += 2;
    }
    if (*next >= end) return unfinished;
    switch (data[*next]) {
    case '"':
        next++;
        break;
    case '{':
    case '[':
        if (++depth == DEPTH) return too_deep;
        open[depth] = data[*next++];
        goto begin;
    default:
        if (check_scalar(data, *next, end)) return bad_value;
        next++;
    }

follow:
    if (*next >= end) return unfinished;
    if (data[*next] == ',') {
        next++;
        goto member;
    }
    if (data[*next] != (open[depth] == '{' ? '}' : ']')) return bad_comma;

closing:
    *close = *next++;
    if (depth-- > 0) goto follow;
    walk->next = next;
    return NULL;
}

/* Goes over a value that nobody wants, up to what follows it. */
static inline const char *
skip_value(mg_json_walk_t *walk, uint32_t end)
{
    const char *data = walk->data;
    uint32_t begin = *walk->next++, close;

    switch (data[begin]) {
    case '"':
        return NULL;
    case '{':
    case '[':
        return skip_container(walk, end, data[begin], &close);
    default:
        return check_scalar(data, begin, end);
    }
}

/* Takes a value, up to what follows it. */
static const char *
take_value(mg_json_walk_t *walk, uint32_t end, mg_json_found_t *value)
{
    const char *data = walk->data, *after, *complaint;
    uint32_t begin = *walk->next++;
    value->kind = data[begin];
    value->begin = begin;

    switch (value->kind) {
    case '"':
        value->begin++;
        value->end = trimmed(data, *walk->next < end ? *walk->next : end) - 1;
        return NULL;
    case '{':
    case '[':
        complaint = skip_container(walk, end, value->kind, &value->end);
        value->end++;
        return complaint;
    default:
        if (short_integer(data + begin, &value->scalar) && *walk->next < end) return NULL;
        return mg_json_scalar(data + begin, data + end, &after, &value->scalar) ? NULL : bad_value;
    }
}

static inline uint32_t
find_member(const mg_json_walk_t *walk, const mg_json_fields_t *fields, uint32_t key, uint32_t colon)
{
    const char *text = walk->data + key + 1;
    uint32_t length = trimmed(walk->data, colon) - key - 2;
    uint32_t number = find_plain(fields, text, length);
    if (number < MG_JSON_FIELDS || !walk->escapes || !memchr(text, '\\', length)) return number;
    return find_escaped(fields, text, length);
}

/* Goes to the end of an object that is ruled out: it must have one. */
static const char *
rule_out(mg_json_walk_t *walk, uint32_t end)
{
    const uint32_t *next = walk->next;
    if (*next >= end) return unfinished;
    while (next[1] < end) next++;
    walk->next = next + 1;
    return walk->data[*next] == '}' ? mg_json_ruled_out : unfinished;
}

static const char *
walk_members(mg_json_walk_t *walk, uint32_t end, const mg_json_fields_t *fields,
             mg_json_found_t *found)
{
    const char *data = walk->data;
    for (;;) {
        const uint32_t *next = walk->next;
        if (next[0] >= end || next[1] >= end || next[2] >= end) return unfinished;
        if (data[next[0]] != '"') return bad_key;
        if (data[next[1]] != ':') return bad_colon;
        uint32_t number = find_member(walk, fields, next[0], next[1]);
        if (number > MG_JSON_FIELDS) return bad_escape;

        walk->next = next + 2;
        const char *complaint = number < MG_JSON_FIELDS ? take_value(walk, end, &found[number])
                                                        : skip_value(walk, end);
        if (complaint) return complaint;
        if (number < MG_JSON_FIELDS && walk->decisive >> number & 1 &&
            !walk->holds(walk->holds_data, number, data, &found[number], walk->escapes)) {
            return rule_out(walk, end);
        }
        uint32_t separator = *walk->next;
        if (separator >= end) return unfinished;
        walk->next++;
        if (data[separator] == '}') return NULL;
        if (data[separator] != ',') return bad_comma;
    }
}

const char *
mg_json_walk(mg_json_walk_t *walk, uint32_t begin, uint32_t end, const mg_json_fields_t *fields,
             mg_json_found_t *found)
{
    const char *data = walk->data;
    for (uint32_t i = 0; i < fields->count; i++) found[i].kind = 0;

    while (*walk->next < begin) walk->next++;
    if (*walk->next >= end || data[*walk->next] != '{') return not_an_object;
    walk->next++;

    if (*walk->next < end && data[*walk->next] == '}') {
        walk->next++;
    }
    else {
        const char *complaint = walk_members(walk, end, fields, found);
        if (complaint) return complaint;
    }
    return *walk->next < end ? trailing : NULL;
}
