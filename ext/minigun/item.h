/* item.h - VALUEs as bytes, for transports and native stages.
 *
 * DESIGN
 *
 * nil, true, false, integers, floats, symbols, strings with their encoding, and
 * plain arrays and hashes of those have a form of their own. An item with anything
 * else in it is one blob of Marshal, whole, so that what Marshal keeps - one object
 * in two places, circles, classes - is kept. Only a string that stands twice in a
 * plain array or hash arrives as two.
 *
 * Symbols are written once per message and referred to by number afterwards, and so
 * are the keys of a hash that are those of the hash before it, at its depth.
 * The decoder believes nothing: each length is checked against the bytes there are,
 * and read once, for they may lie in memory shared with a process gone wrong.
 */
#ifndef MG_ITEM_H
#define MG_ITEM_H

#include "minigun.h"

#include "core/bytes.h"

enum {
    MG_ITEM_SYMBOLS = 250,      /* numbered per message */
    MG_ITEM_SLOTS = 512,
    MG_ITEM_DEPTH = 32,         /* of arrays and hashes; beyond, Marshal */
    MG_ITEM_CONTAINERS = 65536, /* in one item; beyond, Marshal */
    MG_ITEM_BYTES = 8 << 20,    /* of an item that is no string; beyond, Marshal */
    MG_ITEM_SHAPES = 4,         /* depths at which the keys of hashes are kept */
    MG_ITEM_KEYS = 16,          /* of a hash whose keys are kept */
    MG_ITEM_LARGE = 2048        /* bytes of a string that is counted as large */
};

typedef enum {
    MG_ITEM_NIL,
    MG_ITEM_TRUE,
    MG_ITEM_FALSE,
    MG_ITEM_INT8,
    MG_ITEM_INT16,
    MG_ITEM_INT32,
    MG_ITEM_INT64,
    MG_ITEM_BIG,       /* sign, length, bytes from the lowest */
    MG_ITEM_FLOAT,
    MG_ITEM_SYMBOL,    /* a string; gets the next number */
    MG_ITEM_SYMBOL_NUMBER,
    MG_ITEM_BINARY,    /* length, bytes */
    MG_ITEM_UTF8,
    MG_ITEM_ASCII,
    MG_ITEM_STRING,    /* length of encoding's name, name, length, bytes */
    MG_ITEM_ARRAY,     /* length, items */
    MG_ITEM_HASH,      /* length, keys and values */
    MG_ITEM_MARSHAL,   /* length, bytes */
    MG_ITEM_LIKE       /* values; the keys are those of the last hash at this depth */
} mg_item_tag_t;

/* The keys of the last hash at some depth; 0 for none. */
typedef struct {
    uint32_t count;
    VALUE keys[MG_ITEM_KEYS];
} mg_shape_t;

/* The pairs of a hash, in order. */
typedef struct {
    uint32_t count;
    VALUE keys[MG_ITEM_KEYS];
    VALUE values[MG_ITEM_KEYS];
} mg_pairs_t;

typedef struct {
    mg_bytes_t *out;
    uint32_t count;
    VALUE symbols[MG_ITEM_SYMBOLS];
    uint16_t slot_of[MG_ITEM_SYMBOLS];
    uint16_t slots[MG_ITEM_SLOTS]; /* number + 1; 0 for none */
    mg_shape_t shapes[MG_ITEM_SHAPES];

    /* Of the item at hand. */
    size_t start;
    uint32_t containers;
    int depth;
    VALUE path[MG_ITEM_DEPTH];
} mg_encoder_t;

/* Begins a message at the end of `out`. */
void mg_encoder_begin(mg_encoder_t *encoder, mg_bytes_t *out);
void mg_encoder_mark(const mg_encoder_t *encoder);

/* Adds an item. Raises what Marshal raises; then nothing was added. */
void mg_encode(mg_encoder_t *encoder, VALUE item);

/* Adds items of an Array, from `from` on, until `max` are dealt with or the message
 * has `enough` bytes, one at least; tells how many. Those that can't be written are
 * left out: [index, exception] is added to `rejected`. `*written` counts the rest. With
 * `unbroken`, it ends before one that would have to be left out behind another. */
long mg_encode_items(mg_encoder_t *encoder, VALUE items, long from, long max, size_t enough,
                     bool unbroken, VALUE rejected, long *written);

/* Adds a count that is to be set once it is known, and tells where it is. */
size_t mg_encode_count(mg_encoder_t *encoder);
void mg_encoder_set_count(mg_encoder_t *encoder, size_t at, long count);

typedef struct {
    const uint8_t *at, *end;
    int depth;
    uint32_t count;
    VALUE symbols[MG_ITEM_SYMBOLS];
    mg_shape_t shapes[MG_ITEM_SHAPES];
    size_t large; /* bytes of large strings, in this message and those before it */
} mg_decoder_t;

void mg_decoder_begin(mg_decoder_t *decoder, const uint8_t *data, size_t size);
void mg_decoder_mark(const mg_decoder_t *decoder);

/* Takes the next item. Raises Minigun::Error if there is none that makes sense, and
 * what Marshal raises. */
VALUE mg_decode(mg_decoder_t *decoder);

/* Takes a count, as mg_decode does. */
size_t mg_decode_count(mg_decoder_t *decoder);

/* Takes `count` items as an Array. An item that Marshal can't load is left out;
 * [index, exception] is added to `failures`. */
VALUE mg_decode_items(mg_decoder_t *decoder, size_t count, VALUE failures);

/* rb_item.c: the exception behind a state of rb_protect, if it is the fault of an
 * item. Anything else, such as an interrupt, takes its course: no return. */
VALUE mg_item_error(int state);

/* rb_item_hash.c: whether a Hash has neither a default nor a default proc, and compares
 * by value. */
bool mg_is_plain_hash(VALUE hash);

/* Calls a function with each pair of a Hash, in order, until it returns ST_STOP. It must
 * not change the Hash nor call what might, or what runs Ruby code. Where Ruby lets it,
 * the Hash is only read: rb_hash_foreach writes to it, which has a process copy the page
 * if a fork shares it. */
void mg_hash_each(VALUE hash, int (*each)(VALUE key, VALUE value, VALUE data), VALUE data);

/* Takes down the pairs of a Hash of up to MG_ITEM_KEYS, with mg_hash_each. */
void mg_pairs_take(mg_pairs_t *pairs, VALUE hash);

/* Where the keys of a hash of that size are kept; NULL if they aren't. */
mg_shape_t *mg_shape_at(mg_shape_t *shapes, int depth, size_t size);

/* Whether these are the keys that are kept; the same objects, in the same order. */
bool mg_shape_is_of(const mg_shape_t *shape, const mg_pairs_t *pairs);

/* Keeps the keys, or none if one of them may change. */
void mg_shape_keep(mg_shape_t *shape, const mg_pairs_t *pairs);
void mg_shapes_clear(mg_shape_t *shapes, int depth);
void mg_shapes_mark(const mg_shape_t *shapes);

void Init_minigun_item_hash(void);
void Init_minigun_item_encode(void);
void Init_minigun_item_decode(void);
void Init_minigun_write_back(void);

#endif
