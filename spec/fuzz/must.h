/* must.h - What a harness that needs nothing of the native stages checks with. */
#ifndef MG_FUZZ_MUST_H
#define MG_FUZZ_MUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) __builtin_trap();                                                        \
    } while (0)

/* The input, read from front to back; zeros behind its end. */
typedef struct {
    const uint8_t *data;
    size_t left;
} input_t;

static inline uint64_t
take(input_t *input, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && input->left; i++, input->data++, input->left--) {
        value |= (uint64_t)*input->data << 8 * i;
    }
    return value;
}

#endif
