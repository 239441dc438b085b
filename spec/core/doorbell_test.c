#include "core/doorbell.h"

#include "test.h"

#include <poll.h>

static bool
readable(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    return poll(&one, 1, 0) == 1;
}

TEST(doorbell_rung_softly_ends_no_nap)
{
    mg_doorbell_word_t word = { 0 };
    mg_doorbell_t bell;
    CHECK(mg_doorbell_open(&bell, &word) == MG_OK);

    mg_doorbell_ring(&bell, false);
    CHECK(!readable(bell.read_fd)); /* nobody sleeps */
    mg_doorbell_doze(&bell, true);
    mg_doorbell_ring(&bell, true);
    CHECK(!readable(bell.read_fd));
    mg_doorbell_ring(&bell, false);
    CHECK(readable(bell.read_fd));
    mg_doorbell_rise(&bell, true);
    CHECK(!readable(bell.read_fd));

    mg_doorbell_doze(&bell, false);
    mg_doorbell_ring(&bell, true);
    CHECK(readable(bell.read_fd));
    mg_doorbell_rise(&bell, true);
    mg_doorbell_close(&bell);
}
