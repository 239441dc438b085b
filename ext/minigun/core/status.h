#ifndef MG_STATUS_H
#define MG_STATUS_H

/* Every core function that can fail returns one of these; nothing else in the
 * core reports failure. rb_error.c holds the one place that turns them into
 * exceptions. Negative means failure, zero success. */
#define MG_STATUSES(XX)                                                                            \
    XX(MG_OK, 0, "ok")                                                                             \
    XX(MG_AGAIN, -1, "would block")                                                                \
    XX(MG_CLOSED, -2, "closed")                                                                    \
    XX(MG_CANCELLED, -3, "cancelled")                                                              \
    XX(MG_NOMEM, -4, "out of memory")                                                              \
    XX(MG_INVALID, -5, "invalid argument")                                                         \
    XX(MG_SYSERR, -6, "system error") /* read errno at once */                                     \
    XX(MG_CYCLE, -7, "circular dependency")                                                        \
    XX(MG_CORRUPT, -8, "corrupt data")                                                             \
    XX(MG_TIMEOUT, -9, "timed out")

typedef enum {
#define XX(name, code, text) name = code,
    MG_STATUSES(XX)
#undef XX
} mg_status_t;

/* The status in words, for logs and exception messages. Never NULL. */
const char *mg_status_text(mg_status_t status);

#endif
