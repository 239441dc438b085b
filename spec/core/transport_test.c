#include "core/exchange.h"
#include "core/process.h"
#include "core/transport.h"

#include "test.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 4096, ECHO = 1, STOP = 2 };

static void
send_bytes(mg_exchange_t *exchange, mg_transport_t *transport, uint16_t kind, uint64_t sequence,
           const void *data, size_t size)
{
    while (transport->unsent) {
        mg_exchange_wait(exchange, 1000);
        mg_transport_pump(transport);
    }
    CHECK(mg_bytes_append(&transport->outbox, data, size) == MG_OK);
    mg_status_t status = mg_transport_send(transport, kind, sequence);
    CHECK(status == MG_OK || status == MG_AGAIN);
}

/* The worker's life: sends back what comes. */
static void
echo(mg_exchange_t *exchange, uint32_t place, pid_t parent)
{
    mg_transport_t *transport = mg_exchange_transport(exchange, place);
    mg_message_t message;

    CHECK(mg_exchange_enter(exchange, place, parent, 100) == MG_OK);
    while (!mg_exchange_orphaned(exchange)) {
        mg_status_t status = mg_transport_receive(transport, &message);
        if (status == MG_AGAIN) {
            mg_exchange_wait(exchange, -1);
            continue;
        }
        CHECK(status == MG_OK);
        if (message.kind == STOP) _exit(0);
        mg_transport_begin(transport, message.sequence, 0);
        send_bytes(exchange, transport, ECHO, message.sequence, message.data, message.size);
        while (mg_transport_pump(transport) == MG_AGAIN) mg_exchange_wait(exchange, -1);
        mg_transport_rest(transport, message.sequence);
    }
    _exit(3);
}

static pid_t
start(mg_exchange_t *exchange, uint32_t place)
{
    pid_t parent = getpid(), child = fork();
    if (child == 0) echo(exchange, place, parent);
    CHECK(child > 0);
    mg_exchange_watch(exchange, place, child);
    return child;
}

/* Sleeps until a worker has ended, where the system tells of that; else looks. */
static void
wait_for_end(mg_exchange_t *exchange, uint32_t place, pid_t child)
{
    int fd = mg_process_open(child);
    if (fd < 0) {
        siginfo_t info;
        CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
        return;
    }
    close(fd);
    while (!mg_exchange_ended(exchange, place)) mg_exchange_wait(exchange, -1);
}

static mg_message_t
await(mg_exchange_t *exchange, mg_transport_t *transport)
{
    mg_message_t message;
    for (;;) {
        mg_status_t status = mg_transport_receive(transport, &message);
        if (status == MG_OK) return message;
        CHECK(status == MG_AGAIN);
        CHECK(mg_transport_pump(transport) != MG_CORRUPT);
        mg_exchange_wait(exchange, 1000);
    }
}

static void
stop(mg_exchange_t *exchange, uint32_t place, pid_t child)
{
    int status;
    send_bytes(exchange, mg_exchange_transport(exchange, place), STOP, 0, "", 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
check_bytes(const mg_message_t *message, const uint8_t *data, size_t size)
{
    CHECK(message->size == size);
    CHECK(size == 0 || memcmp(message->data, data, size) == 0);
}

TEST(transport_carries_messages_of_every_length)
{
    static uint8_t data[100000];
    size_t max = RING / 2 - sizeof(mg_frame_t);
    size_t sizes[] = { 0, 1, 31, 32, 33, max - 1, max, max + 1, 2 * max, 2 * max + 1, RING - 1,
                       RING, RING + 1, 10 * RING, sizeof(data) };
    mg_exchange_t *exchange;

    for (size_t i = 0; i < sizeof(data); i++) data[i] = (uint8_t)(i * 7 + i / 251);
    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);
    pid_t child = start(exchange, 0);

    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            send_bytes(exchange, transport, ECHO, i, data, sizes[i]);
            mg_message_t message = await(exchange, transport);
            CHECK(message.kind == ECHO);
            CHECK(message.sequence == i);
            check_bytes(&message, data, sizes[i]);
        }
    }
    stop(exchange, 0, child);
    mg_exchange_free(exchange);
}

TEST(transport_keeps_several_workers_apart)
{
    enum { WORKERS = 3, ROUNDS = 400 };
    mg_exchange_t *exchange;
    pid_t children[WORKERS];
    uint64_t sent[WORKERS] = { 0 }, received[WORKERS] = { 0 };
    uint32_t finished = 0;

    CHECK(mg_exchange_new(&exchange, WORKERS, RING) == MG_OK);
    for (uint32_t i = 0; i < WORKERS; i++) children[i] = start(exchange, i);
    while (finished < WORKERS) {
        bool awaits = false;
        finished = 0;
        for (uint32_t i = 0; i < WORKERS; i++) {
            mg_transport_t *transport = mg_exchange_transport(exchange, i);
            mg_message_t message;
            uint64_t number = sent[i] * WORKERS + i;
            CHECK(mg_transport_pump(transport) != MG_CORRUPT);
            if (!transport->unsent && sent[i] < ROUNDS) {
                send_bytes(exchange, transport, ECHO, sent[i], &number, sizeof(number));
                sent[i]++;
            }
            while (mg_transport_receive(transport, &message) == MG_OK) {
                number = received[i] * WORKERS + i;
                CHECK(message.sequence == received[i]++);
                check_bytes(&message, (uint8_t *)&number, sizeof(number));
            }
            if (received[i] == ROUNDS) finished++;
            awaits = awaits || received[i] < sent[i];
        }
        if (awaits) mg_exchange_wait(exchange, 1000);
    }
    for (uint32_t i = 0; i < WORKERS; i++) stop(exchange, i, children[i]);
    mg_exchange_free(exchange);
}

TEST(transport_worker_killed_any_time_leaves_whole_messages)
{
    static uint8_t data[3 * RING];
    mg_exchange_t *exchange;

    memset(data, 0x5a, sizeof(data));
    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);
    for (int round = 0; round < 60; round++) {
        pid_t child = start(exchange, 0);
        uint64_t answered = 0;
        mg_message_t message;
        bool killed = false;

        for (uint64_t sequence = 0; !killed; sequence++) {
            size_t size = sequence % 5 == 4 ? sizeof(data) : (size_t)(sequence % 5) * 300;
            if (sequence == (uint64_t)round) {
                for (volatile int spin = 0; spin < round * 997; spin++) {
                }
                kill(child, SIGKILL);
                killed = true;
            }
            mg_transport_grant(transport, sequence, 1);
            if (!transport->unsent) {
                send_bytes(exchange, transport, ECHO, sequence, data, size);
            }
            while (!killed && answered <= sequence) {
                message = await(exchange, transport);
                CHECK(message.sequence == answered++);
            }
        }
        wait_for_end(exchange, 0, child);
        CHECK(waitpid(child, NULL, 0) == child);
        while (mg_transport_receive(transport, &message) == MG_OK) {
            CHECK(message.sequence == answered++);
        }
        mg_exchange_vacate(exchange, 0);
    }
    mg_exchange_free(exchange);
}

TEST(transport_wait_ends_with_the_worker)
{
    mg_exchange_t *exchange;
    CHECK(mg_exchange_new(&exchange, 2, RING) == MG_OK);
    pid_t children[] = { start(exchange, 0), start(exchange, 1) };

    kill(children[1], SIGKILL);
    wait_for_end(exchange, 1, children[1]);
    CHECK(!mg_exchange_ended(exchange, 0));
    CHECK(waitpid(children[1], NULL, 0) == children[1]);
    mg_exchange_vacate(exchange, 1);
    stop(exchange, 0, children[0]);
    mg_exchange_free(exchange);
}

/* A worker of a killed parent is adopted by someone else and ends: its pipe closes. */
TEST(transport_worker_ends_with_its_parent)
{
    int fds[2];
    CHECK(pipe(fds) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        mg_exchange_t *exchange;
        CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
        start(exchange, 0);
        mg_transport_t *transport = mg_exchange_transport(exchange, 0);
        send_bytes(exchange, transport, ECHO, 0, "there", 5);
        await(exchange, transport);
        kill(getpid(), SIGKILL);
    }
    close(fds[1]);
    CHECK(waitpid(middle, NULL, 0) == middle);
    struct pollfd one = { .fd = fds[0], .events = POLLIN };
    CHECK(poll(&one, 1, 5000) == 1);
    close(fds[0]);
}

/* What is hushed arrives when the nap is over, and no later. */
TEST(transport_hushed_messages_arrive)
{
    enum { MESSAGES = 50 };
    mg_exchange_t *exchange;
    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        mg_exchange_enter(exchange, 0, parent, 100);
        transport = mg_exchange_transport(exchange, 0);
        transport->hush = true;
        for (uint64_t i = 0; i < MESSAGES; i++) {
            send_bytes(exchange, transport, ECHO, i, "x", 1);
            usleep(i % 5 == 0 ? 7000 : 100);
        }
        pause();
    }
    for (uint64_t i = 0; i < MESSAGES; i++) CHECK(await(exchange, transport).sequence == i);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    mg_exchange_free(exchange);
}

/* A worker without room sleeps, though there is something to receive. */
TEST(transport_worker_waits_for_room_alone)
{
    static uint8_t data[RING / 2 - 64];
    mg_exchange_t *exchange;
    CHECK(mg_exchange_new(&exchange, 1, RING) == MG_OK);
    send_bytes(exchange, mg_exchange_transport(exchange, 0), ECHO, 1, "x", 1);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        mg_exchange_enter(exchange, 0, parent, 100);
        mg_transport_t *transport = mg_exchange_transport(exchange, 0);
        bool sleeps = mg_exchange_doze(exchange);
        mg_exchange_rise(exchange);
        while (!transport->unsent) send_bytes(exchange, transport, ECHO, 1, data, sizeof(data));
        _exit(!sleeps && mg_exchange_doze(exchange) ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    mg_exchange_free(exchange);
}
