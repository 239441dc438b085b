#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_ZLIB_H
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD_H
#include <zstd.h>
#endif

enum { PACKED_BYTES = 128 * 1024 };

struct mg_input {
    int fd;
    mg_input_format_t format;
    const mg_host_t *host;
    bool inside; /* a gzip member or zstd frame has begun and not ended */
    bool members; /* a gzip member has ended */
    bool ended;
    size_t begin, end; /* of what was read from fd and not used */
#ifdef HAVE_ZLIB_H
    z_stream zlib;
    bool zlib_ready;
#endif
#ifdef HAVE_ZSTD_H
    ZSTD_DStream *zstd;
#endif
    unsigned char packed[PACKED_BYTES];
};

bool
mg_input_format(const char *name, mg_input_format_t *format)
{
    static const char *const names[] = { "auto", "plain", "gzip", "zstd" };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *format = (mg_input_format_t)i;
        return true;
    }
    return false;
}

mg_input_t *
mg_input_new(int fd, mg_input_format_t format, const mg_host_t *host)
{
    mg_input_t *input = malloc(sizeof(*input));
    if (input == NULL) return NULL;

    memset(input, 0, offsetof(mg_input_t, packed));
    input->fd = fd;
    input->format = format;
    input->host = host;
    return input;
}

void
mg_input_free(mg_input_t *input)
{
    if (input == NULL) return;
#ifdef HAVE_ZLIB_H
    if (input->zlib_ready) inflateEnd(&input->zlib);
#endif
#ifdef HAVE_ZSTD_H
    ZSTD_freeDStream(input->zstd);
#endif
    free(input);
}

static int
read_raw(mg_input_t *input, void *bytes, size_t room, size_t *size, mg_error_t *error)
{
    for (;;) {
        if (input->host) {
            int status = input->host->wait(input->host, input->fd, false);
            if (status != MG_STAGE_OK) return status;
        }
        ssize_t got = read(input->fd, bytes, room);
        if (got >= 0) {
            *size = (size_t)got;
            return MG_STAGE_OK;
        }
        if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
        return mg_stage_fail(error, errno, "read: %s", strerror(errno));
    }
}

/* Reads more packed bytes; input->ended at the end of the file. */
static int
refill(mg_input_t *input, mg_error_t *error)
{
    size_t size = 0;
    if (input->begin > 0) {
        memmove(input->packed, input->packed + input->begin, input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
    }
    int status = read_raw(input, input->packed + input->end, PACKED_BYTES - input->end, &size, error);
    if (status != MG_STAGE_OK) return status;
    input->end += size;
    if (size == 0) input->ended = true;
    return MG_STAGE_OK;
}

int
mg_input_detect(mg_input_t *input, mg_input_format_t *format, mg_error_t *error)
{
    static const unsigned char zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    while (input->format == MG_INPUT_AUTO) {
        size_t size = input->end - input->begin;
        if (size >= 4 || input->ended) {
            const unsigned char *bytes = input->packed + input->begin;
            bool gzip = size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
            bool zstd = size >= 4 && memcmp(bytes, zstd_magic, 4) == 0;
            input->format = gzip ? MG_INPUT_GZIP : zstd ? MG_INPUT_ZSTD : MG_INPUT_PLAIN;
            break;
        }
        int status = refill(input, error);
        if (status != MG_STAGE_OK) return status;
    }
    *format = input->format;
    return MG_STAGE_OK;
}

static int
read_plain(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    size_t held = input->end - input->begin;
    if (held == 0) return input->ended ? (*size = 0, MG_STAGE_OK)
                                       : read_raw(input, bytes, room, size, error);
    if (held > room) held = room;
    memcpy(bytes, input->packed + input->begin, held);
    input->begin += held;
    *size = held;
    return MG_STAGE_OK;
}

#ifdef HAVE_ZLIB_H

/* Unpacks what is held; stops at the end of a member. */
static int
inflate_some(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    z_stream *zlib = &input->zlib;
    if (!input->inside) {
        int ready = input->zlib_ready ? inflateReset(zlib) : inflateInit2(zlib, 15 + 16);
        if (ready != Z_OK) return mg_stage_fail(error, ready, "gzip: can't begin");
        input->zlib_ready = input->inside = true;
    }
    zlib->next_in = input->packed + input->begin;
    zlib->avail_in = (uInt)(input->end - input->begin);
    zlib->next_out = (Bytef *)bytes;
    zlib->avail_out = (uInt)room;
    int result = inflate(zlib, Z_NO_FLUSH);
    input->begin = input->end - zlib->avail_in;
    *size = room - zlib->avail_out;

    if (result == Z_STREAM_END) {
        input->inside = false;
        input->members = true;
    }
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) return MG_STAGE_OK;
    return mg_stage_fail(error, result, "gzip: %s", zlib->msg ? zlib->msg : "corrupt data");
}

#else

static int
inflate_some(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    return mg_stage_fail(error, 0, "gzip needs zlib, which was not there when minigun was compiled; "
                         "install the package zlib1g-dev, then minigun again");
}

#endif

#ifdef HAVE_ZSTD_H

static int
unzstd_some(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    if (input->zstd == NULL) input->zstd = ZSTD_createDStream();
    if (input->zstd == NULL) return mg_stage_fail(error, 0, "zstd: out of memory");

    ZSTD_inBuffer in = { input->packed, input->end, input->begin };
    ZSTD_outBuffer out = { bytes, room, 0 };
    size_t result = ZSTD_decompressStream(input->zstd, &out, &in);
    if (ZSTD_isError(result)) {
        return mg_stage_fail(error, 0, "zstd: %s", ZSTD_getErrorName(result));
    }
    input->begin = in.pos;
    input->inside = result != 0;
    *size = out.pos;
    return MG_STAGE_OK;
}

#else

static int
unzstd_some(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    return mg_stage_fail(error, 0, "zstd needs libzstd, which was not there when minigun was compiled; "
                         "install the package libzstd-dev, then minigun again");
}

#endif

/* Tapes pad files with zeros, which gzip(1) passes over, too. */
static void
skip_padding(mg_input_t *input)
{
    if (!input->members || input->inside) return;
    while (input->begin < input->end && input->packed[input->begin] == 0) input->begin++;
}

static int
read_packed(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    for (;;) {
        skip_padding(input);
        if (input->begin < input->end || input->inside) {
            int status = input->format == MG_INPUT_GZIP
                             ? inflate_some(input, bytes, room, size, error)
                             : unzstd_some(input, bytes, room, size, error);
            if (status != MG_STAGE_OK || *size > 0) return status;
        }
        if (input->ended) {
            if (input->begin < input->end) continue;
            *size = 0;
            if (!input->inside) return MG_STAGE_OK;
            return mg_stage_fail(error, 0, "%s: the input ends in the middle",
                                 input->format == MG_INPUT_GZIP ? "gzip" : "zstd");
        }
        int status = refill(input, error);
        if (status != MG_STAGE_OK) return status;
    }
}

int
mg_input_read(mg_input_t *input, char *bytes, size_t room, size_t *size, mg_error_t *error)
{
    mg_input_format_t format;
    int status = mg_input_detect(input, &format, error);
    if (status != MG_STAGE_OK) return status;
    return format == MG_INPUT_PLAIN ? read_plain(input, bytes, room, size, error)
                                    : read_packed(input, bytes, room, size, error);
}
