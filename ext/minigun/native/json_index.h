/* json_index.h - Where the structure of JSON texts lies: simdjson's first stage
 * behind plain C. */
#ifndef MG_NATIVE_JSON_INDEX_H
#define MG_NATIVE_JSON_INDEX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MG_JSON_ENDS = 4 };

typedef struct mg_json_index mg_json_index_t;

/* NULL if there is no memory. */
mg_json_index_t *mg_json_index_new(void);
void mg_json_index_free(mg_json_index_t *index);

/* Finds each brace, bracket, colon, comma, opening quote and first byte of other
 * scalars in texts that white space separates. positions[count] and those behind, all
 * MG_JSON_ENDS, are `size`. Gives NULL, or why the bytes can't be JSON: a string that doesn't end,
 * a control character in one, text that isn't UTF-8. */
const char *mg_json_index_run(mg_json_index_t *index, const char *data, size_t size,
                              const uint32_t **positions, size_t *count);

#ifdef __cplusplus
}
#endif

#endif
