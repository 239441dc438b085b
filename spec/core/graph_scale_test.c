#include "test.h"

#include "core/graph.h"

/* Large graphs: each of these is quadratic, and so runs out of time, or recursive, and
 * so overflows the stack, if the graph is. */

enum { MANY = 100000 };

static mg_node_t order[MANY + 1];
static uint32_t levels[MANY + 1];

static mg_graph_t *
graph_of(uint32_t nodes)
{
    mg_graph_t *graph;

    CHECK(mg_graph_new(&graph) == MG_OK);
    for (uint32_t i = 0; i < nodes; i++) CHECK(mg_graph_add_node(graph, NULL) == MG_OK);
    return graph;
}

static void
link_nodes(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    CHECK(mg_graph_add_edge(graph, from, to) == MG_OK);
}

/* xorshift: the same numbers in each run. */
static uint32_t
random_below(uint32_t limit)
{
    static uint32_t state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static void
check_sorted(mg_graph_t *graph, uint32_t expected_levels)
{
    uint32_t count;

    CHECK(mg_graph_sort(graph, order) == MG_OK);
    CHECK(mg_graph_cycle(graph, order) == 0);
    CHECK(mg_graph_levels(graph, levels, &count) == MG_OK && count == expected_levels);
    mg_graph_free(graph);
}

TEST(graph_chain_of_many)
{
    mg_graph_t *graph = graph_of(MANY);

    for (mg_node_t node = 0; node + 1 < MANY; node++) link_nodes(graph, node, node + 1);
    for (int i = 0; i < 1000; i++) {
        CHECK(!mg_graph_reaches(graph, MANY - 1, random_below(MANY - 1)));
    }
    CHECK(mg_graph_add_edge(graph, MANY - 1, 0) == MG_CYCLE);
    CHECK(mg_graph_path(graph, 0, MANY - 1, order) == MANY);
    check_sorted(graph, MANY);
}

TEST(graph_chain_of_many_written_backwards)
{
    mg_graph_t *graph = graph_of(MANY);

    for (mg_node_t node = 0; node + 1 < MANY; node++) link_nodes(graph, node + 1, node);
    check_sorted(graph, MANY);
}

TEST(graph_chain_of_many_linked_from_its_end)
{
    mg_graph_t *graph = graph_of(MANY);

    for (mg_node_t node = MANY - 1; node > 0; node--) link_nodes(graph, node, node - 1);
    check_sorted(graph, MANY);
}

TEST(graph_fan_of_many)
{
    mg_graph_t *graph = graph_of(MANY + 1);

    for (mg_node_t node = 1; node < MANY; node++) {
        link_nodes(graph, 0, node);
        link_nodes(graph, node, MANY);
        link_nodes(graph, 0, node);
    }
    CHECK(mg_graph_edges(graph) == 2 * (MANY - 1));
    check_sorted(graph, 3);
}

TEST(graph_grid_of_many)
{
    const uint32_t side = 316;
    mg_graph_t *graph = graph_of(side * side);

    for (mg_node_t node = 0; node < side * side; node++) {
        if (node % side + 1 < side) link_nodes(graph, node, node + 1);
        if (node + side < side * side) link_nodes(graph, node, node + side);
    }
    check_sorted(graph, 2 * side - 1);
}

TEST(graph_of_many_nodes_is_cut_and_linked_anew)
{
    mg_graph_t *graph = graph_of(MANY);

    for (int round = 0; round < 3; round++) {
        for (mg_node_t node = 0; node + 1 < MANY; node++) link_nodes(graph, node, node + 1);
        for (mg_node_t node = 0; node < MANY; node++) mg_graph_cut(graph, node);
        CHECK(mg_graph_edges(graph) == 0);
    }
    check_sorted(graph, 1);
}

TEST(graph_put_in_any_order_is_ranked_once)
{
    mg_graph_t *graph = graph_of(MANY);

    for (mg_node_t node = 0; node < MANY; node++) order[node] = node;
    for (uint32_t i = MANY - 1; i > 0; i--) {
        const uint32_t j = random_below(i + 1);
        const mg_node_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    for (uint32_t i = 0; i + 1 < MANY; i++) {
        CHECK(mg_graph_put_edge(graph, order[i], order[i + 1]) == MG_OK);
    }
    CHECK(mg_graph_add_edge(graph, order[MANY - 1], order[0]) == MG_CYCLE);
    check_sorted(graph, MANY);
}
