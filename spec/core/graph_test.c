#include "test.h"

#include "core/graph.h"

#include <string.h>

enum { FEW = 12 };

static mg_node_t order[FEW + 1];
static uint32_t levels[FEW + 1];

static mg_graph_t *
graph_of(uint32_t nodes)
{
    mg_graph_t *graph;

    CHECK(mg_graph_new(&graph) == MG_OK);
    for (uint32_t i = 0; i < nodes; i++) {
        mg_node_t node;
        CHECK(mg_graph_add_node(graph, &node) == MG_OK);
        CHECK(node == i);
    }
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
check_edges(mg_edges_t edges, const mg_node_t *expected, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) CHECK(mg_edges_next(&edges) == expected[i]);
    CHECK(mg_edges_next(&edges) == MG_GRAPH_NONE);
}

TEST(graph_of_nothing)
{
    mg_graph_t *graph = graph_of(0);
    uint32_t count = 7;

    CHECK(mg_graph_sort(graph, order) == MG_OK);
    CHECK(mg_graph_levels(graph, levels, &count) == MG_OK && count == 0);
    CHECK(mg_graph_cycle(graph, order) == 0);
    CHECK(!mg_graph_has_edge(graph, 0, 0) && !mg_graph_reaches(graph, 0, 0));
    CHECK(mg_graph_add_edge(graph, 0, 1) == MG_INVALID);
    CHECK(mg_graph_in_degree(graph, 0) == 0 && mg_graph_out_degree(graph, 0) == 0);
    check_edges(mg_graph_successors(graph, 0), NULL, 0);
    mg_graph_cut(graph, 0);
    mg_graph_free(graph);
    mg_graph_free(NULL);
}

TEST(graph_keeps_edges_in_the_order_of_adding)
{
    mg_graph_t *graph = graph_of(4);

    link_nodes(graph, 0, 3);
    link_nodes(graph, 0, 1);
    link_nodes(graph, 2, 3);
    link_nodes(graph, 0, 2);
    check_edges(mg_graph_successors(graph, 0), (mg_node_t[]){ 3, 1, 2 }, 3);
    check_edges(mg_graph_predecessors(graph, 3), (mg_node_t[]){ 0, 2 }, 2);
    CHECK(mg_graph_out_degree(graph, 0) == 3 && mg_graph_in_degree(graph, 3) == 2);
    mg_graph_free(graph);
}

TEST(graph_has_an_edge_once)
{
    mg_graph_t *graph = graph_of(2);

    link_nodes(graph, 0, 1);
    link_nodes(graph, 0, 1);
    CHECK(mg_graph_put_edge(graph, 0, 1) == MG_OK);
    CHECK(mg_graph_edges(graph) == 1);
    CHECK(mg_graph_has_edge(graph, 0, 1) && !mg_graph_has_edge(graph, 1, 0));
    mg_graph_free(graph);
}

TEST(graph_refuses_cycles_and_stays_as_it_was)
{
    mg_graph_t *graph = graph_of(4);

    link_nodes(graph, 0, 1);
    link_nodes(graph, 1, 2);
    CHECK(mg_graph_add_edge(graph, 0, 0) == MG_CYCLE);
    CHECK(mg_graph_add_edge(graph, 1, 0) == MG_CYCLE);
    CHECK(mg_graph_add_edge(graph, 2, 0) == MG_CYCLE);
    CHECK(mg_graph_edges(graph) == 2 && !mg_graph_has_edge(graph, 2, 0));
    CHECK(mg_graph_out_degree(graph, 2) == 0 && mg_graph_in_degree(graph, 0) == 0);
    link_nodes(graph, 3, 0);
    CHECK(mg_graph_add_edge(graph, 2, 3) == MG_CYCLE);
    mg_graph_free(graph);
}

TEST(graph_allows_again_what_a_cut_made_harmless)
{
    mg_graph_t *graph = graph_of(4);

    link_nodes(graph, 0, 1);
    link_nodes(graph, 1, 2);
    link_nodes(graph, 1, 3);
    mg_graph_cut(graph, 1);
    CHECK(mg_graph_edges(graph) == 1);
    check_edges(mg_graph_successors(graph, 1), NULL, 0);
    check_edges(mg_graph_predecessors(graph, 2), NULL, 0);
    link_nodes(graph, 2, 0);
    CHECK(mg_graph_add_edge(graph, 1, 2) == MG_CYCLE);
    mg_graph_free(graph);
}

TEST(graph_bears_a_cycle_that_was_put)
{
    mg_graph_t *graph = graph_of(5);
    uint32_t count = 7;

    for (mg_node_t node = 0; node < 4; node++) {
        CHECK(mg_graph_put_edge(graph, node, node + 1) == MG_OK);
    }
    CHECK(mg_graph_put_edge(graph, 3, 1) == MG_OK);
    CHECK(mg_graph_sort(graph, order) == MG_CYCLE && order[0] == 0);
    CHECK(mg_graph_levels(graph, levels, &count) == MG_CYCLE && count == 7);
    CHECK(mg_graph_cycle(graph, order) == 3);
    for (uint32_t i = 0; i < 3; i++) CHECK(mg_graph_has_edge(graph, order[i], order[(i + 1) % 3]));
    CHECK(mg_graph_reaches(graph, 3, 2) && !mg_graph_reaches(graph, 4, 1));
    CHECK(mg_graph_add_edge(graph, 4, 0) == MG_CYCLE);
    link_nodes(graph, 0, 4);

    mg_graph_cut(graph, 3);
    CHECK(mg_graph_cycle(graph, order) == 0);
    CHECK(mg_graph_sort(graph, order) == MG_OK);
    CHECK(mg_graph_add_edge(graph, 3, 1) == MG_CYCLE);
    mg_graph_free(graph);
}

TEST(graph_finds_a_self_loop)
{
    mg_graph_t *graph = graph_of(2);

    CHECK(mg_graph_put_edge(graph, 1, 1) == MG_OK);
    CHECK(mg_graph_cycle(graph, order) == 1 && order[0] == 1);
    mg_graph_cut(graph, 1);
    CHECK(mg_graph_edges(graph) == 0 && mg_graph_cycle(graph, order) == 0);
    mg_graph_free(graph);
}

TEST(graph_path_is_shortest)
{
    mg_graph_t *graph = graph_of(6);

    for (mg_node_t node = 0; node < 5; node++) link_nodes(graph, node, node + 1);
    link_nodes(graph, 1, 4);
    CHECK(mg_graph_path(graph, 0, 5, order) == 4);
    CHECK(memcmp(order, (mg_node_t[]){ 0, 1, 4, 5 }, 4 * sizeof(mg_node_t)) == 0);
    CHECK(mg_graph_path(graph, 3, 3, order) == 1 && order[0] == 3);
    CHECK(mg_graph_path(graph, 5, 0, order) == 0);
    CHECK(mg_graph_path(graph, 0, 6, order) == 0);
    mg_graph_free(graph);
}

TEST(graph_level_is_the_longest_way)
{
    mg_graph_t *graph = graph_of(5);
    uint32_t count;

    link_nodes(graph, 0, 1);
    link_nodes(graph, 1, 2);
    link_nodes(graph, 0, 3);
    link_nodes(graph, 2, 3);
    CHECK(mg_graph_levels(graph, levels, &count) == MG_OK && count == 4);
    CHECK(memcmp(levels, (uint32_t[]){ 0, 1, 2, 3, 0 }, 5 * sizeof(uint32_t)) == 0);
    mg_graph_free(graph);
}

TEST(graph_siblings_share_a_predecessor)
{
    mg_graph_t *graph = graph_of(7);

    for (mg_node_t child = 1; child < 5; child++) link_nodes(graph, 0, child);
    link_nodes(graph, 1, 5);
    link_nodes(graph, 6, 5);
    CHECK(mg_graph_siblings(graph, 1, 4) && mg_graph_siblings(graph, 4, 1));
    CHECK(!mg_graph_siblings(graph, 1, 1) && !mg_graph_siblings(graph, 1, 5));
    CHECK(!mg_graph_siblings(graph, 0, 6) && !mg_graph_siblings(graph, 1, MG_GRAPH_NONE));
    CHECK(mg_graph_sibling_feeds(graph, 2, 5) && !mg_graph_sibling_feeds(graph, 1, 5));
    CHECK(!mg_graph_sibling_feeds(graph, 2, 4) && !mg_graph_sibling_feeds(graph, 6, 5));

    /* Many feeders, few siblings: the other way of looking. */
    for (mg_node_t i = 0; i < 9; i++) {
        mg_node_t feeder;
        CHECK(mg_graph_add_node(graph, &feeder) == MG_OK);
        link_nodes(graph, feeder, 5);
    }
    CHECK(mg_graph_sibling_feeds(graph, 2, 5) && !mg_graph_sibling_feeds(graph, 1, 5));
    mg_graph_free(graph);
}

/* Two layers, nearly each node of one to each of the other. */
TEST(graph_knows_edges_between_crowds)
{
    enum { LAYER = 20 };
    mg_graph_t *graph = graph_of(2 * LAYER), *copy;

    for (mg_node_t from = 0; from < LAYER; from++) {
        for (mg_node_t to = 0; to < LAYER; to++) {
            if (to != from) link_nodes(graph, from, LAYER + to);
        }
    }
    mg_graph_cut(graph, 3);
    link_nodes(graph, 4, LAYER + 4);
    CHECK(mg_graph_copy(&copy, graph) == MG_OK);
    for (mg_node_t from = 0; from < LAYER; from++) {
        for (mg_node_t to = 0; to < LAYER; to++) {
            const bool there = from != 3 && (from != to || from == 4);

            CHECK(mg_graph_has_edge(graph, from, LAYER + to) == there);
            CHECK(mg_graph_has_edge(copy, from, LAYER + to) == there);
            CHECK(!mg_graph_has_edge(graph, LAYER + to, from));
        }
    }
    CHECK(mg_graph_edges(graph) == LAYER * (LAYER - 1) - (LAYER - 1) + 1);
    mg_graph_clear(graph);
    CHECK(mg_graph_edges(graph) == 0 && !mg_graph_has_edge(graph, 0, LAYER + 1));
    mg_graph_free(graph);
    mg_graph_free(copy);
}

TEST(graph_order_alone_draws_no_edge_to_a_sibling)
{
    mg_graph_t *graph = graph_of(7);

    for (mg_node_t child = 1; child < 4; child++) link_nodes(graph, 0, child);
    link_nodes(graph, 1, 4);
    CHECK(!mg_graph_may_follow(graph, 1, 2) && !mg_graph_may_follow(graph, 2, 1));
    CHECK(!mg_graph_may_follow(graph, 2, 4) && mg_graph_may_follow(graph, 1, 5));
    CHECK(mg_graph_may_follow(graph, 2, 5) && mg_graph_may_follow(graph, 5, 4));
    CHECK(!mg_graph_may_follow(graph, 4, 0) && !mg_graph_may_follow(graph, 6, 6));
    mg_graph_free(graph);
}

TEST(graph_copy_shares_nothing)
{
    mg_graph_t *graph = graph_of(3), *copy, *empty;

    link_nodes(graph, 2, 0);
    CHECK(mg_graph_copy(&copy, graph) == MG_OK);
    link_nodes(copy, 0, 1);
    mg_graph_cut(graph, 2);
    CHECK(mg_graph_edges(graph) == 0 && mg_graph_edges(copy) == 2);
    CHECK(mg_graph_add_edge(copy, 1, 2) == MG_CYCLE);
    mg_graph_clear(graph);
    CHECK(mg_graph_nodes(graph) == 0 && mg_graph_copy(&empty, graph) == MG_OK);
    CHECK(mg_graph_add_node(empty, NULL) == MG_OK && mg_graph_nodes(empty) == 1);
    mg_graph_free(graph);
    mg_graph_free(copy);
    mg_graph_free(empty);
}

/* Against a matrix of what leads to what, by Warshall's closure. */
struct model {
    bool edge[FEW][FEW];
    bool leads[FEW][FEW];
};

static void
close_model(struct model *model)
{
    memcpy(model->leads, model->edge, sizeof(model->edge));
    for (int k = 0; k < FEW; k++) model->leads[k][k] = true;
    for (int k = 0; k < FEW; k++) {
        for (int i = 0; i < FEW; i++) {
            for (int j = 0; j < FEW; j++) {
                model->leads[i][j] |= model->leads[i][k] && model->leads[k][j];
            }
        }
    }
}

static void
compare(mg_graph_t *graph, const struct model *model)
{
    uint32_t place[FEW];

    CHECK(mg_graph_sort(graph, order) == MG_OK);
    for (uint32_t i = 0; i < FEW; i++) place[order[i]] = i;
    for (mg_node_t i = 0; i < FEW; i++) {
        for (mg_node_t j = 0; j < FEW; j++) {
            CHECK(mg_graph_has_edge(graph, i, j) == model->edge[i][j]);
            CHECK(mg_graph_reaches(graph, i, j) == model->leads[i][j]);
            CHECK(!model->edge[i][j] || place[i] < place[j]);
        }
    }
}

TEST(graph_does_as_a_matrix_does)
{
    for (int trial = 0; trial < 400; trial++) {
        mg_graph_t *graph = graph_of(FEW);
        struct model model;
        memset(&model, 0, sizeof(model));

        for (int step = 0; step < 60; step++) {
            const mg_node_t from = random_below(FEW), to = random_below(FEW);

            close_model(&model);
            if (random_below(20) == 0) {
                mg_graph_cut(graph, from);
                memset(model.edge[from], 0, sizeof(model.edge[from]));
            }
            else {
                const bool legal = model.edge[from][to] || !model.leads[to][from];
                const bool put = legal && random_below(4) == 0;
                const mg_status_t status = put ? mg_graph_put_edge(graph, from, to)
                                               : mg_graph_add_edge(graph, from, to);
                CHECK(status == (legal ? MG_OK : MG_CYCLE));
                model.edge[from][to] |= legal;
            }
        }
        close_model(&model);
        compare(graph, &model);
        mg_graph_free(graph);
    }
}
