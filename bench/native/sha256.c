/* The plain loop: SHA-256 of every line of a file, read in blocks, in one thread. Prints how many
 * lines there were and a sum over the digests. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { BLOCK = 256 * 1024 };

static EVP_MD *method;
static EVP_MD_CTX *context;
static uint64_t lines;
static char text[2 * EVP_MAX_MD_SIZE + 1];

static void
add(const char *line, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;
    EVP_DigestInit_ex2(context, method, NULL);
    EVP_DigestUpdate(context, line, length);
    EVP_DigestFinal_ex(context, digest, &size);
    for (unsigned i = 0; i < size; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    lines++;
}

int
main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    char *buffer = malloc(2 * BLOCK);
    size_t held = 0;
    if (fd < 0) return 1;
    method = EVP_MD_fetch(NULL, "sha256", NULL);
    context = EVP_MD_CTX_new();

    for (ssize_t got; (got = read(fd, buffer + held, BLOCK)) > 0;) {
        char *line = buffer, *end = buffer + held + got, *newline;
        while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
            add(line, (size_t)(newline - line));
            line = newline + 1;
        }
        held = (size_t)(end - line);
        memmove(buffer, line, held);
    }
    printf("%llu\n", (unsigned long long)lines);
    return 0;
}
