/* compress - Packs blocks of records, a line each, into members of a gzip or zstd file:
 * each stands for itself, so the workers pack at the same time and the members in any
 * number make one file. decompress is the reverse for records that are packed as a whole.
 *
 * Options: format (gzip, zstd), level.
 */
#include <stdlib.h>

#include "native.h"

#ifdef HAVE_ZLIB_H
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD_H
#include <zstd.h>
#endif

enum { ENOUGH = 512 * 1024, FIRST_ROOM = 64 * 1024, MAX_UNPACKED = 1 << 30 };

typedef struct {
    bool zstd, ordered;
    int level;
} packing_t;

typedef struct {
    const packing_t *packing;
    char *text;
    size_t size, capacity;
#ifdef HAVE_ZLIB_H
    z_stream zlib;
    bool deflating, inflating;
#endif
#ifdef HAVE_ZSTD_H
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
#endif
} packer_t;

static int
packing_open(const mg_options_t *options, const mg_host_t *host, void **stage, mg_error_t *error)
{
    const char *format = mg_option_text(options, "format", "gzip");
    bool zstd = strcmp(format, "zstd") == 0;
    if (!zstd && strcmp(format, "gzip") != 0) {
        return mg_stage_fail(error, 0, "format must be gzip or zstd, not %s", format);
    }
#ifndef HAVE_ZLIB_H
    if (!zstd) {
        return mg_stage_fail(error, 0, "gzip needs zlib, which was not there when minigun was compiled; "
                             "install the package zlib1g-dev, then minigun again");
    }
#endif
#ifndef HAVE_ZSTD_H
    if (zstd) {
        return mg_stage_fail(error, 0, "zstd needs libzstd, which was not there when minigun was compiled; "
                             "install the package libzstd-dev, then minigun again");
    }
#endif
    int64_t level = mg_option_integer(options, "level", zstd ? 3 : 6), low = -1, high = 9;
#ifdef HAVE_ZSTD_H
    if (zstd) {
        low = ZSTD_minCLevel();
        high = ZSTD_maxCLevel();
    }
#endif
    if (level < low || level > high) {
        return mg_stage_fail(error, 0, "level must be %d to %d for %s, not %lld", (int)low, (int)high, format,
                             (long long)level);
    }
    packing_t *packing = calloc(1, sizeof(*packing));
    if (packing == NULL) return mg_stage_fail(error, 0, "out of memory");
    packing->zstd = zstd;
    packing->ordered = host->ordered;
    packing->level = (int)level;
    *stage = packing;
    return MG_STAGE_OK;
}

static int
packing_close(void *stage, bool complete, mg_error_t *error)
{
    free(stage);
    return MG_STAGE_OK;
}

static int
packer_start(void *stage, uint32_t worker, void **state, mg_error_t *error)
{
    packer_t *packer = calloc(1, sizeof(*packer));
    if (packer == NULL) return mg_stage_fail(error, 0, "out of memory");
    packer->packing = stage;
    *state = packer;
    return MG_STAGE_OK;
}

static void
packer_stop(void *state)
{
    packer_t *packer = state;
#ifdef HAVE_ZLIB_H
    if (packer->deflating) deflateEnd(&packer->zlib);
    if (packer->inflating) inflateEnd(&packer->zlib);
#endif
#ifdef HAVE_ZSTD_H
    ZSTD_freeCCtx(packer->packer);
    ZSTD_freeDCtx(packer->unpacker);
#endif
    free(packer->text);
    free(packer);
}

static bool
reserve(packer_t *packer, size_t needed)
{
    if (needed <= packer->capacity) return true;
    size_t wanted = packer->capacity ? packer->capacity : FIRST_ROOM;
    while (wanted < needed) wanted *= 2;
    char *grown = realloc(packer->text, wanted);
    if (grown == NULL) return false;
    packer->text = grown;
    packer->capacity = wanted;
    return true;
}

#ifdef HAVE_ZLIB_H

static int
pack_gzip(packer_t *packer, mg_emit_t *emit)
{
    z_stream *zlib = &packer->zlib;
    int ready = packer->deflating ? deflateReset(zlib)
                                  : deflateInit2(zlib, packer->packing->level, Z_DEFLATED, 15 + 16, 8,
                                                 Z_DEFAULT_STRATEGY);
    if (ready != Z_OK) return mg_stage_fail(emit->error, ready, "gzip: can't begin; is the level right?");
    packer->deflating = true;

    size_t room = deflateBound(zlib, (uLong)packer->size);
    char *packed = emit->reserve(emit, room);
    if (packed == NULL) return MG_STAGE_FAILED;
    zlib->next_in = (Bytef *)packer->text;
    zlib->avail_in = (uInt)packer->size;
    zlib->next_out = (Bytef *)packed;
    zlib->avail_out = (uInt)room;
    int result = deflate(zlib, Z_FINISH);
    if (result != Z_STREAM_END) return mg_stage_fail(emit->error, result, "gzip: can't pack");
    return emit->commit(emit, room - zlib->avail_out, NULL);
}

static const char *
unpack_gzip(packer_t *packer, const char *bytes, size_t length)
{
    z_stream *zlib = &packer->zlib;
    int result = packer->inflating ? inflateReset(zlib) : inflateInit2(zlib, 15 + 32);
    if (result != Z_OK) return "gzip: can't begin";
    packer->inflating = true;

    zlib->next_in = (Bytef *)(uintptr_t)bytes;
    zlib->avail_in = (uInt)length;
    packer->size = 0;
    do {
        if (packer->size >= MAX_UNPACKED) return "gzip: more than 1 GB when unpacked";
        if (!reserve(packer, packer->size + FIRST_ROOM)) return "out of memory";
        size_t room = packer->capacity - packer->size;
        zlib->next_out = (Bytef *)packer->text + packer->size;
        zlib->avail_out = (uInt)room;
        result = inflate(zlib, Z_NO_FLUSH);
        packer->size += room - zlib->avail_out;
        if (result == Z_STREAM_END && zlib->avail_in > 0) result = inflateReset(zlib);
    } while (result == Z_OK && (zlib->avail_in > 0 || zlib->avail_out == 0));
    return result == Z_STREAM_END ? NULL : "gzip: corrupt data";
}

#else

static int
pack_gzip(packer_t *packer, mg_emit_t *emit)
{
    return MG_STAGE_FAILED;
}

static const char *
unpack_gzip(packer_t *packer, const char *bytes, size_t length)
{
    return "gzip needs zlib";
}

#endif

#ifdef HAVE_ZSTD_H

static int
pack_zstd(packer_t *packer, mg_emit_t *emit)
{
    if (packer->packer == NULL) packer->packer = ZSTD_createCCtx();
    if (packer->packer == NULL) return mg_stage_fail(emit->error, 0, "out of memory");

    size_t room = ZSTD_compressBound(packer->size);
    char *packed = emit->reserve(emit, room);
    if (packed == NULL) return MG_STAGE_FAILED;
    size_t size = ZSTD_compressCCtx(packer->packer, packed, room, packer->text, packer->size,
                                    packer->packing->level);
    if (ZSTD_isError(size)) return mg_stage_fail(emit->error, 0, "zstd: %s", ZSTD_getErrorName(size));
    return emit->commit(emit, size, NULL);
}

static const char *
unpack_zstd(packer_t *packer, const char *bytes, size_t length)
{
    if (packer->unpacker == NULL) packer->unpacker = ZSTD_createDCtx();
    if (packer->unpacker == NULL) return "out of memory";
    ZSTD_DCtx_reset(packer->unpacker, ZSTD_reset_session_only);

    ZSTD_inBuffer in = { bytes, length, 0 };
    size_t left = 1;
    packer->size = 0;
    while (in.pos < in.size || left > 0) {
        if (packer->size >= MAX_UNPACKED) return "zstd: more than 1 GB when unpacked";
        if (!reserve(packer, packer->size + FIRST_ROOM)) return "out of memory";
        ZSTD_outBuffer out = { packer->text, packer->capacity, packer->size };
        size_t before = in.pos;
        left = ZSTD_decompressStream(packer->unpacker, &out, &in);
        if (ZSTD_isError(left)) return "zstd: corrupt data";
        if (in.pos == before && out.pos == packer->size) return "zstd: the data ends in the middle";
        packer->size = out.pos;
    }
    return NULL;
}

#else

static int
pack_zstd(packer_t *packer, mg_emit_t *emit)
{
    return MG_STAGE_FAILED;
}

static const char *
unpack_zstd(packer_t *packer, const char *bytes, size_t length)
{
    return "zstd needs libzstd";
}

#endif

static int
compress_flush(void *state, mg_emit_t *emit)
{
    packer_t *packer = state;
    if (packer->size == 0) return MG_STAGE_OK;
    int status = packer->packing->zstd ? pack_zstd(packer, emit) : pack_gzip(packer, emit);
    packer->size = 0;
    return status;
}

/* What is kept from block to block would lose its place in an ordered chain. */
static int
compress_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    packer_t *packer = state;
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        if (!reserve(packer, packer->size + record->length + 1)) {
            return mg_stage_fail(emit->error, 0, "out of memory");
        }
        memcpy(packer->text + packer->size, block->data + record->offset, record->length);
        packer->size += record->length;
        packer->text[packer->size++] = '\n';
        if (packer->size < ENOUGH) continue;
        int status = compress_flush(state, emit);
        if (status != MG_STAGE_OK) return status;
    }
    return packer->packing->ordered ? compress_flush(state, emit) : MG_STAGE_OK;
}

static int
decompress_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    packer_t *packer = state;
    for (size_t i = 0; i < block->count; i++) {
        const mg_record_t *record = &block->records[i];
        const char *bytes = block->data + record->offset;
        const char *complaint = packer->packing->zstd ? unpack_zstd(packer, bytes, record->length)
                                                      : unpack_gzip(packer, bytes, record->length);
        int status = complaint ? emit->reject(emit, record, 0, complaint)
                               : emit->bytes(emit, packer->text, packer->size, record);
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

const mg_stage_t mg_stage_compress = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "compress",
    .open = packing_open,
    .start = packer_start,
    .process = compress_process,
    .flush = compress_flush,
    .stop = packer_stop,
    .close = packing_close,
};

const mg_stage_t mg_stage_decompress = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .name = "decompress",
    .open = packing_open,
    .start = packer_start,
    .process = decompress_process,
    .stop = packer_stop,
    .close = packing_close,
};
