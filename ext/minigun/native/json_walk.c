#include "json_walk.h"

#include "json_scalar.h"
#include "json_text.h"

enum { DEPTH = 1024 };

static const char not_an_object[] = "not a JSON object";
static const char unfinished[] = "the JSON text ends too early";
static const char bad_key[] = "a JSON object's key is missing";
static const char bad_colon[] = "a colon is missing in a JSON object";
static const char bad_value[] = "not a JSON value";
static const char bad_comma[] = "a comma or closing bracket is missing in JSON";
static const char too_deep[] = "JSON is nested too deep";
static const char trailing[] = "there is more behind the JSON object";
static const char bad_escape[] = "a JSON string has a wrong escape";

static bool
is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The end of what stands before `next`, without white space. */
static inline uint32_t
trimmed(const char *data, uint32_t next)
{
    if (data[next - 1] != '"') {
        while (is_space(data[next - 1])) next--;
    }
    return next;
}

/* Bytes behind the key can be read. */
static inline uint32_t
find_plain(const mg_json_fields_t *fields, const char *key, uint32_t length)
{
    uint64_t candidates = fields->by_length[length < MG_JSON_LONG ? length : MG_JSON_LONG], head;
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

/* Checks the escapes of a string that nobody wants; `quote` and `after` are the positions of
 * its begin and of what follows it. */
static const char *
check_escapes(const char *data, uint32_t quote, uint32_t after, uint32_t end)
{
    uint32_t length = trimmed(data, after < end ? after : end) - quote - 2;
    return mg_json_escapes(data + quote + 1, length) ? NULL : bad_escape;
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
        if (walk->escapes && check_escapes(data, next[0], next[1], end)) return bad_escape;
        next += 2;
    }
    if (*next >= end) return unfinished;
    switch (data[*next]) {
    case '"':
        if (walk->escapes && check_escapes(data, next[0], next[1], end)) return bad_escape;
        next++;
        break;
    case '{':
    case '[':
        if (++depth == DEPTH) return too_deep;
        open[depth] = data[*next++];
        goto begin;
    default:
        if (!check_scalar(data, *next, end)) return bad_value;
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

/* Goes over the value at *next that nobody wants; gives what follows it, or NULL with the
 * complaint. The place is handed on by value: through memory each step would wait for the
 * one before. */
static inline const uint32_t *
pass_value(mg_json_walk_t *walk, const uint32_t *next, uint32_t end, const char **complaint)
{
    const char *data = walk->data;
    char kind = data[*next];
    if (kind == '"') {
        *complaint = walk->escapes ? check_escapes(data, next[0], next[1], end) : NULL;
        return *complaint ? NULL : next + 1;
    }
    if (kind == '{' || kind == '[') {
        uint32_t close;
        walk->next = next + 1;
        *complaint = skip_container(walk, end, kind, &close);
        return *complaint ? NULL : walk->next;
    }
    *complaint = check_scalar(data, *next, end) ? NULL : bad_value;
    return *complaint ? NULL : next + 1;
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
        return walk->escapes ? check_escapes(data, begin, *walk->next, end) : NULL;
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

/* Is there a member's key at *next? A member has four positions of its own at least, and
 * behind the last one there are more, so one look at the end will do. */
static inline const char *
check_key(const char *data, const uint32_t *next, uint32_t end)
{
    if (next[3] >= end) return unfinished;
    if (data[next[0]] != '"') return bad_key;
    return data[next[1]] == ':' ? NULL : bad_colon;
}

/* Goes to the end of the record, where the object must end. */
static const char *
jump_to_end(mg_json_walk_t *walk, uint32_t end)
{
    const uint32_t *next = walk->next;
    while (*next < end) next++;
    walk->next = next;
    return walk->data[next[-1]] == '}' ? NULL : unfinished;
}

/* Checks the members of an object that is ruled out, from behind the value in hand. */
static const char *
pass_rest(mg_json_walk_t *walk, uint32_t end)
{
    const char *data = walk->data, *complaint;
    const uint32_t *next = walk->next;
    if (walk->lazy) return jump_to_end(walk, end);
    while (*next < end && data[*next] == ',') {
        next++;
        complaint = check_key(data, next, end);
        if (!complaint && walk->escapes) complaint = check_escapes(data, next[0], next[1], end);
        if (complaint) return complaint;
        next = pass_value(walk, next + 2, end, &complaint);
        if (next == NULL) return complaint;
    }
    if (*next >= end) return unfinished;
    walk->next = next + 1;
    return data[*next] == '}' ? NULL : bad_comma;
}

static void
forget(const mg_json_fields_t *fields, mg_json_found_t *found)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->slots[i] < MG_JSON_FIELDS) found[fields->slots[i]].kind = 0;
        if (fields->inner[i]) forget(fields->inner[i], found);
    }
}

static const char *walk_object(mg_json_walk_t *walk, uint32_t end, const mg_json_fields_t *fields,
                               mg_json_found_t *found);

/* Takes a value that has members which are looked for, if it is an object. */
static const char *
look_into(mg_json_walk_t *walk, uint32_t end, const mg_json_fields_t *inner, mg_json_found_t *value,
          mg_json_found_t *found)
{
    uint32_t begin = *walk->next;
    forget(inner, found);
    const char *complaint;
    if (walk->data[begin] != '{') {
        if (value) return take_value(walk, end, value);
        const uint32_t *next = pass_value(walk, walk->next, end, &complaint);
        if (next) walk->next = next;
        return complaint;
    }
    complaint = walk_object(walk, end, inner, found);
    if (complaint || value == NULL) return complaint;
    value->kind = '{';
    value->begin = begin;
    value->end = walk->next[-1] + 1;
    return NULL;
}

/* Takes the value of a member that is looked for. */
static inline const char *
take_member(mg_json_walk_t *walk, uint32_t end, const mg_json_fields_t *fields, uint32_t number,
            mg_json_found_t *found)
{
    uint32_t slot = fields->slots[number];
    mg_json_found_t *value = slot < MG_JSON_FIELDS ? &found[slot] : NULL;
    const mg_json_fields_t *inner = fields->inner[number];

    const char *complaint =
        inner ? look_into(walk, end, inner, value, found) : take_value(walk, end, value);
    if (complaint == NULL && value && walk->decisive >> slot & 1 &&
        !walk->holds(walk->holds_data, slot, walk->data, value, walk->escapes)) {
        walk->ruled_out = true;
    }
    return complaint;
}

/* Walks over the object at hand, up to what follows it. */
static const char *
walk_object(mg_json_walk_t *walk, uint32_t end, const mg_json_fields_t *fields,
            mg_json_found_t *found)
{
    const char *data = walk->data, *complaint;
    const uint32_t *next = walk->next + 1;

    if (*next < end && data[*next] == '}') {
        walk->next = next + 1;
        return NULL;
    }
    for (;;) {
        complaint = check_key(data, next, end);
        if (complaint) return complaint;
        uint32_t number = find_member(walk, fields, next[0], next[1]);
        if (number < MG_JSON_FIELDS) {
            walk->next = next + 2;
            complaint = take_member(walk, end, fields, number, found);
            if (complaint) return complaint;
            if (walk->ruled_out) return pass_rest(walk, end);
            next = walk->next;
        }
        else {
            if (number > MG_JSON_FIELDS) return bad_escape;
            next = pass_value(walk, next + 2, end, &complaint);
            if (next == NULL) return complaint;
        }
        if (*next >= end) return unfinished;
        if (data[*next] != ',') break;
        next++;
    }
    walk->next = next + 1;
    return data[*next] == '}' ? NULL : bad_comma;
}

const char *
mg_json_walk(mg_json_walk_t *walk, uint32_t begin, uint32_t end, const mg_json_fields_t *fields,
             mg_json_found_t *found)
{
    for (uint32_t slot = 0; slot < walk->slots; slot++) found[slot].kind = 0;
    walk->ruled_out = false;

    while (*walk->next < begin) walk->next++;
    if (*walk->next >= end || walk->data[*walk->next] != '{') return not_an_object;
    const char *complaint = walk_object(walk, end, fields, found);
    return complaint == NULL && *walk->next < end ? trailing : complaint;
}
