/* json_text.h - The scalars of JSON: numbers, strings, literals. */
#ifndef MG_NATIVE_JSON_TEXT_H
#define MG_NATIVE_JSON_TEXT_H

#include "core/stage.h"

/* Reads the number or literal at `text`. It must end before `end`, at white space or
 * punctuation; *after is where. A number that is no 64-bit integer and no finite double
 * becomes MG_VALUE_JSON, and so does an integer that is too large. `value` may be NULL
 * to check only. False if it is neither. 64 bytes behind `end` can be read. */
bool mg_json_scalar(const char *text, const char *end, const char **after, mg_value_t *value);

/* Writes the string whose inside is text[0, length) without its escapes; `room` has
 * `length` bytes. False if an escape is wrong. */
bool mg_json_unescape(const char *text, size_t length, char *room, size_t *size);

/* A number from plain text, as a whole: 1, -2.5, 1e3. False if it is none. */
bool mg_text_number(const char *text, size_t length, mg_value_t *value);

/* True if all backslashes in a string's text begin an escape. */
bool mg_json_escapes(const char *text, size_t length);

#endif
