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
static bool
good_escapes(const char *data, uint32_t quote, uint32_t after, uint32_t end)
{
    if (quote >= end) return false;
    uint32_t length = trimmed(data, after < end ? after : end) - quote - 2;
    return mg_json_escapes(data + quote + 1, length);
}

/* Notes what is wrong with the token at `next`. */
static const uint32_t *
fail(mg_json_walk_t *walk, const uint32_t *next, const char *complaint)
{
    walk->complaint = complaint;
    walk->failed = *next;
    return NULL;
}

/* Goes over the object or array at `next`; gives what follows it, or NULL. */
static const uint32_t *
skip_container(mg_json_walk_t *walk, const uint32_t *next, uint32_t end)
{
    char open[DEPTH];
    const char *data = walk->data;
    uint32_t depth = 0;
    open[0] = data[*next++];

begin:
    if (*next >= end) return fail(walk, next, unfinished);
    if (data[*next] == (open[depth] == '{' ? '}' : ']')) goto closing;

member:
    if (open[depth] == '{') {
        if (next[0] >= end || next[1] >= end) return fail(walk, next, unfinished);
        if (data[next[0]] != '"') return fail(walk, next, bad_key);
        if (data[next[1]] != ':') return fail(walk, next + 1, bad_colon);
        if (walk->escapes && !good_escapes(data, next[0], next[1], end)) return fail(walk, next, bad_escape);
        next += 2;
    }
    if (*next >= end) return fail(walk, next, unfinished);
    switch (data[*next]) {
    case '"':
        if (walk->escapes && !good_escapes(data, next[0], next[1], end)) return fail(walk, next, bad_escape);
        next++;
        break;
    case '{':
    case '[':
        if (++depth == DEPTH) return fail(walk, next, too_deep);
        open[depth] = data[*next++];
        goto begin;
    default:
        if (!check_scalar(data, *next, end)) return fail(walk, next, bad_value);
        next++;
    }

follow:
    if (*next >= end) return fail(walk, next, unfinished);
    if (data[*next] == ',') {
        next++;
        goto member;
    }
    if (data[*next] != (open[depth] == '{' ? '}' : ']')) return fail(walk, next, bad_comma);

closing:
    next++;
    if (depth-- > 0) goto follow;
    return next;
}

/* Goes over the value at `next` that nobody wants; gives what follows it, or NULL. The
 * place is handed on by value: through memory each step would wait for the one before. */
static inline __attribute__((always_inline)) const uint32_t *
pass_value(mg_json_walk_t *walk, const uint32_t *next, uint32_t end, bool escapes)
{
    const char *data = walk->data;
    char kind = data[*next];
    if (kind == '"') {
        if (!escapes || good_escapes(data, next[0], next[1], end)) return next + 1;
        return fail(walk, next, bad_escape);
    }
    if (kind == '{' || kind == '[') return skip_container(walk, next, end);
    return check_scalar(data, *next, end) ? next + 1 : fail(walk, next, bad_value);
}

/* Takes the value at `next`; gives what follows it, or NULL. */
static inline __attribute__((always_inline)) const uint32_t *
take_value(mg_json_walk_t *walk, const uint32_t *next, uint32_t end, bool escapes,
           mg_json_found_t *value)
{
    const char *data = walk->data;
    uint32_t begin = *next;
    char kind = data[begin];
    value->kind = kind;
    value->begin = begin;
    if (begin >= end) return fail(walk, next, unfinished);

    if (kind == '"') {
        value->begin++;
        value->end = trimmed(data, next[1] < end ? next[1] : end) - 1;
        if (!escapes || good_escapes(data, begin, next[1], end)) return next + 1;
        return fail(walk, next, bad_escape);
    }
    if (kind == '{' || kind == '[') {
        const uint32_t *after = skip_container(walk, next, end);
        if (after) value->end = after[-1] + 1;
        return after;
    }
    if (short_integer(data + begin, &value->scalar)) return next + 1;
    return read_scalar(data, begin, end, &value->scalar) ? next + 1 : fail(walk, next, bad_value);
}

static inline uint32_t
find_member(const mg_json_walk_t *walk, const mg_json_fields_t *fields, uint32_t key,
            uint32_t colon, bool escapes)
{
    const char *text = walk->data + key + 1;
    uint32_t length = trimmed(walk->data, colon) - key - 2;
    uint32_t number = find_plain(fields, text, length);
    if (!escapes || number < MG_JSON_FIELDS || !memchr(text, '\\', length)) return number;
    return find_escaped(fields, text, length);
}

/* Is there a member's key at `next`? */
static inline bool
check_key(mg_json_walk_t *walk, const uint32_t *next)
{
    const char *data = walk->data;
    if (data[next[0]] == '"' && data[next[1]] == ':') return true;
    return data[next[0]] == '"' ? fail(walk, next + 1, bad_colon) : fail(walk, next, bad_key);
}

/* What follows the object whose closing brace is to be at `next`, or NULL. */
static inline const uint32_t *
close_object(mg_json_walk_t *walk, const uint32_t *next)
{
    return walk->data[*next] == '}' ? next + 1 : fail(walk, next, bad_comma);
}

/* Goes to the end of the record, where the object must end. */
static const uint32_t *
jump_to_end(mg_json_walk_t *walk, const uint32_t *next, uint32_t end)
{
    while (*next < end) next++;
    return walk->data[next[-1]] == '}' ? next : fail(walk, next, unfinished);
}

/* Checks the members of an object that is ruled out, from behind the value in hand. */
static inline __attribute__((always_inline)) const uint32_t *
pass_rest(mg_json_walk_t *walk, const uint32_t *next, uint32_t end, bool escapes)
{
    const char *data = walk->data;
    if (walk->lazy) return jump_to_end(walk, next, end);
    while (data[*next] == ',') {
        next++;
        if (!check_key(walk, next)) return NULL;
        if (escapes && !good_escapes(data, next[0], next[1], end)) return fail(walk, next, bad_escape);
        next = pass_value(walk, next + 2, end, escapes);
        if (next == NULL) return NULL;
    }
    return close_object(walk, next);
}

static void
forget(const mg_json_fields_t *fields, mg_json_found_t *found)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->slots[i] < MG_JSON_FIELDS) found[fields->slots[i]].kind = 0;
        if (fields->inner[i]) forget(fields->inner[i], found);
    }
}

static const uint32_t *walk_object(mg_json_walk_t *walk, const uint32_t *next, uint32_t end,
                                   const mg_json_fields_t *fields, mg_json_found_t *found);

/* Takes a value that has members which are looked for, if it is an object. */
static const uint32_t *
look_into(mg_json_walk_t *walk, const uint32_t *next, uint32_t end, const mg_json_fields_t *inner,
          mg_json_found_t *value, mg_json_found_t *found)
{
    uint32_t begin = *next;
    forget(inner, found);
    if (walk->data[begin] != '{') {
        return value ? take_value(walk, next, end, walk->escapes, value)
                     : pass_value(walk, next, end, walk->escapes);
    }
    next = walk_object(walk, next, end, inner, found);
    if (next && value) {
        value->kind = '{';
        value->begin = begin;
        value->end = next[-1] + 1;
    }
    return next;
}

/* Are the conditions on a member met, as far as that can be told at once? */
static inline bool
may_hold(const mg_json_walk_t *walk, uint32_t slot, const mg_json_found_t *value)
{
    const mg_json_rule_t *rule = walk->rule;
    bool scalar = value->kind != '"' && value->kind != '{' && value->kind != '[';
    if (scalar && value->scalar.type == MG_VALUE_INTEGER && rule->spanned >> slot & 1) {
        return value->scalar.as.integer >= rule->low[slot] && value->scalar.as.integer <= rule->high[slot];
    }
    return rule->holds(rule->data, slot, walk->data, value, walk->escapes);
}

/* Takes the value of a member that is looked for. */
static inline __attribute__((always_inline)) const uint32_t *
take_member(mg_json_walk_t *walk, const uint32_t *next, uint32_t end,
            const mg_json_fields_t *fields, uint32_t number, bool escapes, mg_json_found_t *found)
{
    uint32_t slot = fields->slots[number];
    mg_json_found_t *value = slot < MG_JSON_FIELDS ? &found[slot] : NULL;
    const mg_json_fields_t *inner = fields->inner[number];

    next = inner ? look_into(walk, next, end, inner, value, found)
                 : take_value(walk, next, end, escapes, value);
    if (next && value && walk->rule->decisive >> slot & 1 && !may_hold(walk, slot, value)) {
        walk->ruled_out = true;
    }
    return next;
}

/* No step looks whether it is still in the record: one that runs on into what follows is
 * found out at the end, by where the object's brace is, and behind the last record there
 * are MG_JSON_ENDS positions at one byte, which can't be a key and its colon, nor a value
 * and its comma. */
static inline __attribute__((always_inline)) const uint32_t *
walk_members(mg_json_walk_t *walk, const uint32_t *next, uint32_t end,
             const mg_json_fields_t *fields, bool escapes, mg_json_found_t *found)
{
    const char *data = walk->data;
    for (;;) {
        if (!check_key(walk, next)) return NULL;
        uint32_t number = find_member(walk, fields, next[0], next[1], escapes);
        if (number < MG_JSON_FIELDS) {
            next = take_member(walk, next + 2, end, fields, number, escapes, found);
            if (next == NULL) return NULL;
            if (walk->ruled_out) return pass_rest(walk, next, end, escapes);
        }
        else {
            if (escapes && (number > MG_JSON_FIELDS || !good_escapes(data, next[0], next[1], end))) {
                return fail(walk, next, bad_escape);
            }
            next = pass_value(walk, next + 2, end, escapes);
            if (next == NULL) return NULL;
        }
        if (data[*next] != ',') break;
        next++;
    }
    return close_object(walk, next);
}

/* Walks over the object at `next`; gives what follows it, or NULL. */
static const uint32_t *
walk_object(mg_json_walk_t *walk, const uint32_t *next, uint32_t end,
            const mg_json_fields_t *fields, mg_json_found_t *found)
{
    next++;
    if (walk->data[*next] == '}') return next + 1;
    return walk->escapes ? walk_members(walk, next, end, fields, true, found)
                         : walk_members(walk, next, end, fields, false, found);
}

const char *
mg_json_walk(mg_json_walk_t *walk, uint32_t begin, uint32_t end, const mg_json_fields_t *fields,
             mg_json_found_t *found)
{
    const uint32_t *next = walk->next, *after;
    for (uint32_t slot = 0; slot < walk->rule->slots; slot++) found[slot].kind = 0;
    walk->ruled_out = false;

    while (*next < begin) next++;
    walk->next = next;
    if (*next >= end || walk->data[*next] != '{') return not_an_object;
    after = walk_object(walk, next, end, fields, found);
    if (after == NULL) return walk->failed < end ? walk->complaint : unfinished;
    if (after[-1] >= end) return unfinished;
    walk->next = after;
    return *after < end ? trailing : NULL;
}
