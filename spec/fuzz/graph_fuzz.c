/* Graphs built and changed in any order, against a matrix that knows all paths.
 *
 * sources: ext/minigun/core/graph.c ext/minigun/core/graph_order.c ext/minigun/core/graph_walk.c \
 *          ext/minigun/core/sys.c
 */
#include "must.h"

#include "core/graph.h"

enum { NODES = 12 };

typedef struct {
    bool edge[NODES][NODES], path[NODES][NODES];
    uint32_t nodes, edges;
} model_t;

/* Warshall, "A Theorem on Boolean Matrices", JACM 9, 1962; every node leads to itself. */
static void
find_paths(model_t *model)
{
    memcpy(model->path, model->edge, sizeof(model->path));
    for (uint32_t k = 0; k < NODES; k++) {
        for (uint32_t i = 0; i < NODES; i++) {
            for (uint32_t j = 0; j < NODES; j++) model->path[i][j] |= model->path[i][k] && model->path[k][j];
        }
    }
}

static bool
has_cycle(const model_t *model)
{
    for (uint32_t i = 0; i < model->nodes; i++) {
        if (model->path[i][i]) return true;
    }
    return false;
}

static void
check_order(mg_graph_t *graph, const model_t *model)
{
    mg_node_t order[NODES];
    uint32_t place[NODES];
    mg_status_t status = mg_graph_sort(graph, order);
    MUST(status == (has_cycle(model) ? MG_CYCLE : MG_OK));
    if (status != MG_OK) return;
    memset(place, 0xff, sizeof(place));
    for (uint32_t i = 0; i < model->nodes; i++) {
        MUST(order[i] < model->nodes && place[order[i]] == UINT32_MAX);
        place[order[i]] = i;
    }
    for (uint32_t i = 0; i < model->nodes; i++) {
        for (uint32_t j = 0; j < model->nodes; j++) MUST(!model->edge[i][j] || place[i] < place[j]);
    }
}

static void
check_path(mg_graph_t *graph, const model_t *model, mg_node_t from, mg_node_t to)
{
    mg_node_t path[NODES];
    bool there = from == to || model->path[from][to];
    MUST(mg_graph_reaches(graph, from, to) == there);
    uint32_t count = mg_graph_path(graph, from, to, path);
    MUST((count > 0) == there);
    if (count == 0) return;
    MUST(count <= model->nodes && path[0] == from && path[count - 1] == to);
    for (uint32_t i = 0; i + 1 < count; i++) MUST(model->edge[path[i]][path[i + 1]]);
}

static void
check_cycle(mg_graph_t *graph, const model_t *model)
{
    mg_node_t cycle[NODES];
    uint32_t count = mg_graph_cycle(graph, cycle);
    MUST((count > 0) == has_cycle(model));
    for (uint32_t i = 0; i < count; i++) MUST(model->edge[cycle[i]][cycle[(i + 1) % count]]);
}

static void
check_edges(const mg_graph_t *graph, const model_t *model)
{
    MUST(mg_graph_nodes(graph) == model->nodes && mg_graph_edges(graph) == model->edges);
    for (uint32_t i = 0; i < model->nodes; i++) {
        uint32_t out = 0;
        for (uint32_t j = 0; j < model->nodes; j++) {
            MUST(mg_graph_has_edge(graph, i, j) == model->edge[i][j]);
            out += model->edge[i][j];
        }
        MUST(mg_graph_out_degree(graph, i) == out);
    }
}

static void
put(mg_graph_t *graph, model_t *model, mg_node_t from, mg_node_t to, bool checked)
{
    bool closes = from == to || (from < model->nodes && to < model->nodes && model->path[to][from]);
    bool valid = from < model->nodes && to < model->nodes;
    mg_status_t status = checked ? mg_graph_add_edge(graph, from, to) : mg_graph_put_edge(graph, from, to);
    if (!valid) {
        MUST(status != MG_OK);
        return;
    }
    if (checked && !model->edge[from][to] && !has_cycle(model)) MUST((status == MG_OK) == !closes);
    if (status != MG_OK || model->edge[from][to]) return;
    model->edge[from][to] = true;
    model->edges++;
    find_paths(model);
}

static void
cut(mg_graph_t *graph, model_t *model, mg_node_t from)
{
    mg_graph_cut(graph, from);
    for (uint32_t j = 0; j < model->nodes; j++) {
        model->edges -= model->edge[from][j];
        model->edge[from][j] = false;
    }
    find_paths(model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = { data, size < 300 ? size : 300 };
    model_t model = { .nodes = 0 };
    mg_graph_t *graph, *copy;
    mg_node_t node;
    MUST(mg_graph_new(&graph) == MG_OK);
    while (input.left) {
        uint8_t what = (uint8_t)take(&input, 1);
        mg_node_t from = (mg_node_t)take(&input, 1) % (NODES + 1), to = (mg_node_t)take(&input, 1) % (NODES + 1);
        bool there = from < model.nodes && to < model.nodes;
        switch (what % 8) {
        case 0:
            if (model.nodes == NODES) break;
            MUST(mg_graph_add_node(graph, &node) == MG_OK && node == model.nodes);
            model.nodes++;
            break;
        case 1: case 2: put(graph, &model, from, to, true); break;
        case 3: put(graph, &model, from, to, false); break;
        case 4: if (there) cut(graph, &model, from); break;
        case 5: if (there) check_path(graph, &model, from, to); break;
        case 6:
            check_order(graph, &model);
            check_cycle(graph, &model);
            break;
        default:
            MUST(mg_graph_copy(&copy, graph) == MG_OK);
            mg_graph_free(graph);
            graph = copy;
        }
        check_edges(graph, &model);
    }
    mg_graph_free(graph);
    return 0;
}
