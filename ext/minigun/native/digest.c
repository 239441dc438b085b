/* digest - The digest of each record, in hexadecimal digits.
 *
 * Options: algorithm (sha256, and whatever libcrypto knows; xxh3, xxh128, xxh64), as:
 * the name of a column for the digest, in a row with the record as column `line`.
 */
#include <stdlib.h>

#include "native.h"

#ifdef HAVE_OPENSSL
#include <openssl/evp.h>
#endif
#ifdef HAVE_XXHASH
#include <xxhash.h>
#endif

enum { MAX_DIGEST = 64 };

typedef struct digest digest_t;
typedef struct hasher hasher_t;

/* Writes the digest of the bytes and gives its size, 0 if it fails. */
typedef size_t (*hash_t)(hasher_t *hasher, const void *bytes, size_t length, unsigned char *digest);

struct digest {
    hash_t hash;
    char hex[256][2]; /* each byte's digits */
    const char *names[2];
    mg_columns_t columns; /* count 0: the digest alone */
#ifdef HAVE_OPENSSL
    EVP_MD *method;
#endif
};

struct hasher {
    const digest_t *digest;
#ifdef HAVE_OPENSSL
    EVP_MD_CTX *context;
#endif
};

#ifdef HAVE_OPENSSL

static size_t
hash_evp(hasher_t *hasher, const void *bytes, size_t length, unsigned char *digest)
{
    unsigned size = 0;
    if (EVP_DigestInit_ex2(hasher->context, hasher->digest->method, NULL) != 1) return 0;
    if (EVP_DigestUpdate(hasher->context, bytes, length) != 1) return 0;
    return EVP_DigestFinal_ex(hasher->context, digest, &size) == 1 ? size : 0;
}

#endif

#ifdef HAVE_XXHASH

static size_t
put_word(uint64_t word, unsigned char *digest)
{
    for (int i = 7; i >= 0; i--, word >>= 8) digest[i] = (unsigned char)word;
    return 8;
}

static size_t
hash_xxh3(hasher_t *hasher, const void *bytes, size_t length, unsigned char *digest)
{
    return put_word(XXH3_64bits(bytes, length), digest);
}

static size_t
hash_xxh64(hasher_t *hasher, const void *bytes, size_t length, unsigned char *digest)
{
    return put_word(XXH64(bytes, length, 0), digest);
}

static size_t
hash_xxh128(hasher_t *hasher, const void *bytes, size_t length, unsigned char *digest)
{
    XXH128_hash_t hash = XXH3_128bits(bytes, length);
    return put_word(hash.high64, digest) + put_word(hash.low64, digest + 8);
}

#endif

static int
choose_xxhash(digest_t *digest, const char *name, mg_error_t *error)
{
#ifdef HAVE_XXHASH
    static const struct {
        const char *name;
        hash_t hash;
    } known[] = { { "xxh3", hash_xxh3 }, { "xxh64", hash_xxh64 }, { "xxh128", hash_xxh128 } };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(name, known[i].name) == 0) digest->hash = known[i].hash;
    }
    return digest->hash ? MG_STAGE_OK : mg_stage_fail(error, 0, "there is no algorithm %s", name);
#else
    return mg_stage_fail(error, 0, "%s needs xxhash, which was not there when minigun was compiled; "
                         "install the package libxxhash-dev, then minigun again", name);
#endif
}

static int
choose_evp(digest_t *digest, const char *name, mg_error_t *error)
{
#ifdef HAVE_OPENSSL
    digest->method = EVP_MD_fetch(NULL, name, NULL);
    if (digest->method == NULL) return mg_stage_fail(error, 0, "there is no algorithm %s", name);
    if (EVP_MD_get_size(digest->method) > MAX_DIGEST) {
        return mg_stage_fail(error, 0, "the digests of %s are too long", name);
    }
    digest->hash = hash_evp;
    return MG_STAGE_OK;
#else
    return mg_stage_fail(error, 0, "%s needs libcrypto, which was not there when minigun was compiled; "
                         "install the package libssl-dev, then minigun again", name);
#endif
}

static int
digest_close(void *stage, bool complete, mg_error_t *error)
{
    digest_t *digest = stage;
#ifdef HAVE_OPENSSL
    EVP_MD_free(digest->method);
#endif
    free(digest);
    return MG_STAGE_OK;
}

static int
digest_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    digest_t *digest = calloc(1, sizeof(*digest));
    if (digest == NULL) return mg_stage_fail(error, 0, "out of memory");

    const char *name = mg_option_text(options, "algorithm", "sha256");
    int status = strncmp(name, "xxh", 3) == 0 ? choose_xxhash(digest, name, error)
                                              : choose_evp(digest, name, error);
    if (status != MG_STAGE_OK) {
        digest_close(digest, false, error);
        return status;
    }
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 256; i++) {
        digest->hex[i][0] = digits[i >> 4];
        digest->hex[i][1] = digits[i & 15];
    }
    digest->names[0] = "line";
    digest->names[1] = mg_option_text(options, "as", NULL);
    digest->columns = (mg_columns_t){ digest->names[1] ? 2 : 0, digest->names };
    *stage = digest;
    return MG_STAGE_OK;
}

static void
digest_stop(void *state)
{
    hasher_t *hasher = state;
#ifdef HAVE_OPENSSL
    EVP_MD_CTX_free(hasher->context);
#endif
    free(hasher);
}

static int
digest_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    hasher_t *hasher = calloc(1, sizeof(*hasher));
    if (hasher == NULL) return mg_stage_fail(error, 0, "out of memory");
    hasher->digest = stage;
#ifdef HAVE_OPENSSL
    hasher->context = EVP_MD_CTX_new();
    if (hasher->context == NULL) {
        digest_stop(hasher);
        return mg_stage_fail(error, 0, "out of memory");
    }
#endif
    *state = hasher;
    return MG_STAGE_OK;
}

static void
put_hex(const digest_t *digest, const unsigned char *bytes, size_t size, char *text)
{
    for (size_t i = 0; i < size; i++) memcpy(text + 2 * i, digest->hex[bytes[i]], 2);
}

static int
emit_row(const digest_t *digest, const mg_record_t *record, const char *line,
         const unsigned char *bytes, size_t size, mg_emit_t *emit)
{
    mg_value_t *values;
    char *text = emit->store(emit, 2 * size);
    if (text == NULL) return mg_stage_fail(emit->error, 0, "out of memory");
    put_hex(digest, bytes, size, text);

    int status = emit->row(emit, &digest->columns, record, &values);
    if (status != MG_STAGE_OK) return status;
    values[0] = (mg_value_t){ MG_VALUE_TEXT, record->length, { .text = line } };
    values[1] = (mg_value_t){ MG_VALUE_TEXT, (uint32_t)(2 * size), { .text = text } };
    return MG_STAGE_OK;
}

static int
digest_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    hasher_t *hasher = state;
    const digest_t *digest = hasher->digest;
    unsigned char bytes[MAX_DIGEST];

    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        const char *line = block->data + record->offset;
        size_t size = digest->hash(hasher, line, record->length, bytes);
        if (size == 0) return mg_stage_fail(emit->error, 0, "the digest failed");
        int status = MG_STAGE_OK;
        if (digest->columns.count) {
            status = emit_row(digest, record, line, bytes, size, emit);
        }
        else {
            char *text = emit->reserve(emit, 2 * size);
            if (text == NULL) return MG_STAGE_FAILED;
            put_hex(digest, bytes, size, text);
            status = emit->commit(emit, 2 * size, record);
        }
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

const mg_stage_t mg_stage_digest = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "digest",
    .open = digest_open,
    .start = digest_start,
    .process = digest_process,
    .stop = digest_stop,
    .close = digest_close,
};
