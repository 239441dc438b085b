#include "core/exchange.h"

#include "test.h"

enum { RING = 4096, WORD = 1 };

TEST(exchange_that_has_something_lets_nobody_doze)
{
    mg_exchange_t *exchange;
    mg_transport_t worker;
    mg_doorbell_word_t word = { 0 };
    mg_doorbell_t bell;
    mg_message_t message;

    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);
    CHECK(mg_doorbell_open(&bell, &word) == MG_OK);
    CHECK(mg_transport_init(&worker, transport->shared, RING, MG_WORKER, &bell) == MG_OK);
    CHECK(mg_bytes_append(&worker.outbox, "word", 4) == MG_OK);
    CHECK(mg_transport_send(&worker, WORD, 0) == MG_OK); /* it rings another bell */

    CHECK(!mg_exchange_doze(exchange));
    mg_exchange_rise(exchange);
    CHECK(mg_transport_receive(transport, &message) == MG_OK);
    CHECK(mg_transport_receive(transport, &message) == MG_AGAIN);
    CHECK(mg_exchange_doze(exchange));
    mg_exchange_rise(exchange);
    mg_transport_fini(&worker);
    mg_doorbell_close(&bell);
    mg_exchange_free(exchange);
}

TEST(exchange_wake_ends_the_next_wait)
{
    mg_exchange_t *exchange;
    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_exchange_wake(exchange);
    mg_exchange_wait(exchange, -1);
    mg_exchange_wait(exchange, 0);
    mg_exchange_free(exchange);
}
