#include "core/exchange.h"
#include "core/transport.h"

#include "test.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 4096 };

TEST(claim_belongs_to_one_side_at_any_instant)
{
    mg_exchange_t *exchange;
    mg_claim_t claim;
    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);

    mg_transport_grant(transport, 9, 10);
    CHECK(mg_transport_claim(transport, 8, &claim) == MG_INVALID);
    CHECK(mg_transport_claim(transport, 9, &claim) == MG_OK);
    CHECK(claim.begun == 0 && claim.limit == 10 && !claim.in_hand);

    CHECK(mg_transport_begin(transport, 9, 0));
    CHECK(mg_transport_begin(transport, 9, 1));
    CHECK(mg_transport_revoke(transport, 9, 1, &claim) == MG_OK);
    CHECK(claim.begun == 2 && claim.limit == 2 && claim.in_hand);
    CHECK(!mg_transport_begin(transport, 9, 2));
    mg_transport_rest(transport, 9);
    CHECK(mg_transport_claim(transport, 9, &claim) == MG_OK);
    CHECK(claim.begun == 2 && claim.limit == 2 && !claim.in_hand);
    CHECK(mg_transport_revoke(transport, 8, 0, &claim) == MG_INVALID);
    CHECK(!mg_transport_begin(transport, 13, 0));
    mg_exchange_free(exchange);
}

/* A worker begins the items of each chunk from the front while the parent takes them back one by
 * one from the end, until they meet: what was taken back stays so. */
TEST(claims_are_told_apart_across_processes)
{
    enum { CHUNKS = 200, ITEMS = 2000 };
    mg_exchange_t *exchange;
    mg_claim_t claim;
    int status;

    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        mg_exchange_enter(exchange, 0, parent, 100);
        transport = mg_exchange_transport(exchange, 0);
        for (uint64_t chunk = 1; chunk <= CHUNKS; chunk++) {
            uint32_t begun = 0;
            while (mg_transport_claim(transport, chunk, &claim) != MG_OK) sched_yield();
            while (mg_transport_begin(transport, chunk, begun)) begun++;
            mg_transport_rest(transport, chunk);
        }
        _exit(0);
    }
    for (uint64_t chunk = 1; chunk <= CHUNKS; chunk++) {
        mg_transport_grant(transport, chunk, ITEMS);
        CHECK(mg_transport_claim(transport, chunk, &claim) == MG_OK);
        while (claim.begun == 0) {
            sched_yield();
            CHECK(mg_transport_claim(transport, chunk, &claim) == MG_OK);
        }
        uint32_t limit = ITEMS;
        while (claim.begun < limit) {
            CHECK(mg_transport_revoke(transport, chunk, limit - 1, &claim) == MG_OK);
            CHECK(claim.limit <= limit && claim.begun <= claim.limit);
            limit = claim.limit;
            CHECK(mg_transport_claim(transport, chunk, &claim) == MG_OK);
            CHECK(claim.limit == limit);
        }
        while (claim.in_hand) {
            sched_yield();
            CHECK(mg_transport_claim(transport, chunk, &claim) == MG_OK);
        }
        CHECK(claim.begun <= limit && claim.limit == limit);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    mg_exchange_free(exchange);
}
