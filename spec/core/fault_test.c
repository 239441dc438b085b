/* What becomes of the core when any one call that can fail does, or when from some call
 * on all of them do. Nothing may crash, hang or leak, whatever fails. */
#include "core/exchange.h"
#include "core/graph.h"
#include "core/index.h"

#include "faults.h"
#include "rig.h"
#include "test.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
expected(mg_status_t status)
{
    if (status == MG_OK) return true;
    return fault_came() && (status == MG_NOMEM || status == MG_SYSERR);
}

static unsigned
descriptors(void)
{
    unsigned count = 0;
    DIR *open_ones = opendir("/dev/fd");
    CHECK(open_ones);
    while (readdir(open_ones)) count++;
    closedir(open_ones);
    return count;
}

static void
build_graph(void)
{
    enum { NODES = 40 };
    mg_graph_t *graph, *copy;
    mg_node_t order[NODES], node;

    mg_status_t status = mg_graph_new(&graph);
    CHECK(expected(status));
    if (status != MG_OK) return;
    for (uint32_t i = 0; i < NODES; i++) {
        if (mg_graph_nodes(graph) == i) status = mg_graph_add_node(graph, &node);
        CHECK(expected(status));
    }
    uint32_t edges = 0, nodes = mg_graph_nodes(graph);
    for (mg_node_t from = 0; from < nodes; from++) {
        for (mg_node_t to = from + 1; to < nodes; to += 3) {
            status = mg_graph_add_edge(graph, from, to);
            CHECK(expected(status));
            if (status == MG_OK) edges++;
            CHECK(mg_graph_has_edge(graph, from, to) == (status == MG_OK));
        }
    }
    CHECK(mg_graph_edges(graph) == edges);
    if (nodes == NODES) {
        CHECK(mg_graph_sort(graph, order) == MG_OK);
        for (mg_node_t i = 0; i < nodes; i++) CHECK(order[i] < nodes);
    }
    status = mg_graph_copy(&copy, graph);
    CHECK(expected(status));
    if (status == MG_OK) {
        CHECK(mg_graph_edges(copy) == edges);
        mg_graph_free(copy);
    }
    mg_graph_free(graph);
}

TEST(fault_in_building_a_graph)
{
    fault_each("graph", FAULT_MEMORY, build_graph);
}

static void
build_index(void)
{
    mg_index_t index = { 0 };

    for (uintptr_t i = 0; i < 100; i++) {
        const uint32_t number = index.count;
        const mg_status_t status = mg_index_add(&index, i);

        CHECK(expected(status));
        CHECK(mg_index_find(&index, i) == (status == MG_OK ? number : MG_INDEX_NONE));
    }
    for (uint32_t i = 0; i < index.count; i++) CHECK(mg_index_find(&index, index.keys[i]) == i);
    mg_index_free(&index);
}

TEST(fault_in_building_an_index)
{
    fault_each("index", FAULT_MEMORY, build_index);
}

enum { ITEMS = 60 };

/* All kinds of steps, small inboxes, and everything that makes new segments. */
static void
run_all_kinds(void)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, ITEMS);
    uint32_t flaky = rig_stage(&rig, MG_KIND_EACH, rig_retry);
    uint32_t pool = rig_stage(&rig, MG_KIND_EACH, rig_linger);
    uint32_t batch = rig_stage(&rig, MG_KIND_BATCH, NULL);
    uint32_t router = rig_stage(&rig, MG_KIND_EACH, rig_route);
    uint32_t turns = rig_stage(&rig, MG_KIND_ROUTER, NULL);
    uint32_t aside = rig_stage(&rig, MG_KIND_EACH, rig_pass);
    uint32_t loop = rig_stage(&rig, MG_KIND_LOOP, rig_pass);
    uint32_t one = rig_stage(&rig, MG_KIND_EACH, rig_count);
    uint32_t other = rig_stage(&rig, MG_KIND_EACH, rig_count);
    uint32_t last = rig_stage(&rig, MG_KIND_EACH, rig_count);
    rig_edge(&rig, source, flaky);
    rig_edge(&rig, flaky, pool);
    rig_edge(&rig, pool, batch);
    rig_edge(&rig, batch, router);
    rig_edge(&rig, router, turns);
    rig_edge(&rig, turns, one);
    rig_edge(&rig, turns, other);
    rig_edge(&rig, aside, loop);
    rig_edge(&rig, loop, last);
    rig.stages[flaky].argument = 1;
    rig.stages[pool].plan = MG_PLAN_ALONE;
    rig.stages[pool].spec.workers = 3;
    rig.stages[pool].spec.ordered = true;
    rig.stages[router].argument = aside;
    rig.stages[router].spec.addresses = true;
    rig.stages[turns].spec.round_robin = true;
    rig.stages[aside].spec.open_input = true;
    rig.stages[last].spec.max_workers = 2;
    for (uint32_t i = 1; i < rig.nstages; i++) rig.stages[i].spec.capacity = 1 + i % 3;
    rig.chaos = RIG_YIELD | RIG_SPLIT | RIG_TEND;

    mg_status_t status = rig_run(&rig);
    CHECK(expected(status));
    if (status == MG_OK) {
        for (mg_item_t item = 1; item <= ITEMS; item++) {
            CHECK(rig.stages[one].seen[item] + rig.stages[other].seen[item] == 1);
            CHECK(rig.stages[last].seen[item] == item % 2);
        }
    }
    rig_fini(&rig);
}

/* A producer whose items are fetched from it, and shared out. */
static void
run_a_slow_producer(void)
{
    rig_t rig;
    rig_init(&rig);
    uint32_t source = rig_producer(&rig, ITEMS);
    rig.stages[source].spec.round_robin = true;
    for (uint32_t i = 1; i <= 3; i++) {
        uint32_t sink = rig_stage(&rig, MG_KIND_EACH, rig_count);
        rig.stages[sink].plan = MG_PLAN_HEAD;
        rig_edge(&rig, source, sink);
    }
    rig.chaos = RIG_YIELD | RIG_TEND;
    rig.stages[source].slow = true;

    mg_status_t status = rig_run(&rig);
    CHECK(expected(status));
    for (mg_item_t item = 1; item <= ITEMS; item++) {
        uint32_t seen = 0;
        for (uint32_t i = 1; i <= 3; i++) seen += rig.stages[i].seen[item];
        CHECK(seen == 1 || (seen == 0 && status != MG_OK));
    }
    rig_fini(&rig);
}

TEST(fault_in_a_run_with_a_slow_producer)
{
    fault_each("slow producer", FAULT_RESOURCES, run_a_slow_producer);
}

TEST(fault_in_a_run)
{
    fault_each("run", FAULT_RESOURCES, run_all_kinds);
}

TEST(fault_interrupts_a_run)
{
    fault_each("run", FAULT_INTERRUPT, run_all_kinds);
}

/* A worker that sends back what comes, and leaves when something fails. */
static void
echo(mg_exchange_t *exchange, uint32_t place, pid_t parent)
{
    mg_transport_t *transport = mg_exchange_transport(exchange, place);
    mg_message_t message;

    if (mg_exchange_enter(exchange, place, parent, 100) != MG_OK) _exit(1);
    while (!mg_exchange_orphaned(exchange)) {
        mg_status_t status = mg_transport_receive(transport, &message);
        if (status == MG_AGAIN) {
            mg_exchange_wait(exchange, 1000);
            continue;
        }
        if (status != MG_OK) _exit(2);
        if (message.size == 0) _exit(0);
        if (mg_bytes_append(&transport->outbox, message.data, message.size) != MG_OK) _exit(3);
        status = mg_transport_send(transport, 1, message.sequence);
        while (status == MG_AGAIN) {
            mg_exchange_wait(exchange, 1000);
            status = mg_transport_pump(transport);
        }
        if (status != MG_OK) _exit(4);
    }
    _exit(5);
}

/* One message there and back. False if the worker or memory is gone. */
static bool
exchange_message(mg_exchange_t *exchange, pid_t child, uint64_t sequence, size_t size, bool *gone)
{
    static uint8_t data[10000];
    mg_transport_t *transport = mg_exchange_transport(exchange, 0);
    mg_message_t message;

    memset(data, (int)sequence + 1, size);
    mg_status_t status = mg_bytes_append(&transport->outbox, data, size);
    CHECK(expected(status));
    if (status != MG_OK) return false;
    status = mg_transport_send(transport, 1, sequence);
    for (;;) {
        CHECK(status == MG_OK || status == MG_AGAIN);
        status = mg_transport_receive(transport, &message);
        if (status == MG_OK) break;
        CHECK(status == MG_AGAIN || (status == MG_NOMEM && fault_came()));
        if (*gone || status == MG_NOMEM) return false;
        /* What it sent before it ended is read once more. */
        *gone = waitpid(child, NULL, WNOHANG) == child;
        if (!*gone) mg_exchange_wait(exchange, 20);
        status = mg_transport_pump(transport);
    }
    CHECK(message.sequence == sequence && message.size == size);
    CHECK(memcmp(message.data, data, size) == 0);
    return true;
}

static void
exchange_with_a_worker(void)
{
    static const size_t sizes[] = { 1, 100, 2000, 2100, 9000 };
    unsigned before = descriptors();
    mg_exchange_t *exchange;
    mg_status_t status = mg_exchange_new(&exchange, 2, 4096);
    CHECK(expected(status));
    if (status == MG_OK) {
        pid_t parent = getpid(), child = fork();
        if (child == 0) echo(exchange, 0, parent);
        CHECK(child > 0);
        bool gone = false, good = true;
        mg_exchange_watch(exchange, 0, child);
        for (size_t i = 0; i < 5 && good; i++) {
            good = exchange_message(exchange, child, i, sizes[i], &gone);
        }
        if (!gone) {
            kill(child, SIGKILL);
            CHECK(waitpid(child, NULL, 0) == child);
        }
        mg_exchange_vacate(exchange, 0);
        mg_exchange_free(exchange);
    }
    CHECK(descriptors() == before);
}

TEST(fault_in_an_exchange)
{
    fault_each("exchange", FAULT_RESOURCES, exchange_with_a_worker);
}

TEST(fault_interrupts_an_exchange)
{
    fault_each("exchange", FAULT_INTERRUPT, exchange_with_a_worker);
}
