#include "graph_private.h"

/* Searches breadth first from `from`, so that found[i].link is the place of the node
 * before it on a shortest path. Returns the place of `to`, or MG_GRAPH_NONE. */
static uint32_t
search(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    const uint32_t stamp = mg__graph_new_stamp(graph);
    const int64_t limit = graph->ranks == MG__RANKED ? graph->nodes[to].rank : INT64_MAX;
    uint32_t count = mg__graph_find(graph, from, 0, stamp, 0);

    for (uint32_t i = 0; i < count; i++) {
        if (graph->found[i].node == to) return i;
        mg_edges_t edges = mg_graph_successors(graph, graph->found[i].node);
        for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (graph->nodes[next].rank > limit) continue;
            count = mg__graph_find(graph, next, i, stamp, count);
        }
    }
    return MG_GRAPH_NONE;
}

static uint32_t
place(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    if (from >= graph->node_count || to >= graph->node_count) return MG_GRAPH_NONE;
    if (mg__graph_rank(graph) == MG__RANKED && graph->nodes[from].rank > graph->nodes[to].rank) {
        return MG_GRAPH_NONE;
    }
    return search(graph, from, to);
}

bool
mg_graph_reaches(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    return place(graph, from, to) != MG_GRAPH_NONE;
}

uint32_t
mg_graph_path(mg_graph_t *graph, mg_node_t from, mg_node_t to, mg_node_t *path)
{
    const uint32_t end = place(graph, from, to);
    if (end == MG_GRAPH_NONE) return 0;

    uint32_t count = 1;
    for (uint32_t i = end; i != 0; i = graph->found[i].link) count++;
    for (uint32_t i = end, left = count; left > 0; i = graph->found[i].link) {
        path[--left] = graph->found[i].node;
    }
    return count;
}

bool
mg_graph_siblings(mg_graph_t *graph, mg_node_t one, mg_node_t other)
{
    if (one == other) return false;

    const bool fewer = mg_graph_in_degree(graph, one) <= mg_graph_in_degree(graph, other);
    mg_edges_t edges = mg_graph_predecessors(graph, fewer ? one : other);

    for (mg_node_t parent; (parent = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
        if (mg_graph_has_edge(graph, parent, fewer ? other : one)) return true;
    }
    return false;
}

static uint64_t
siblings_at_most(const mg_graph_t *graph, mg_node_t node)
{
    mg_edges_t edges = mg_graph_predecessors(graph, node);
    uint64_t count = 0;

    for (mg_node_t parent; (parent = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
        count += mg_graph_out_degree(graph, parent);
    }
    return count;
}

bool
mg_graph_sibling_feeds(mg_graph_t *graph, mg_node_t node, mg_node_t target)
{
    if (mg_graph_in_degree(graph, target) <= siblings_at_most(graph, node)) {
        mg_edges_t edges = mg_graph_predecessors(graph, target);
        for (mg_node_t feeder; (feeder = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (mg_graph_siblings(graph, node, feeder)) return true;
        }
        return false;
    }

    mg_edges_t parents = mg_graph_predecessors(graph, node);
    for (mg_node_t parent; (parent = mg_edges_next(&parents)) != MG_GRAPH_NONE;) {
        mg_edges_t edges = mg_graph_successors(graph, parent);
        for (mg_node_t sibling; (sibling = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (sibling != node && mg_graph_has_edge(graph, sibling, target)) return true;
        }
    }
    return false;
}

bool
mg_graph_may_follow(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    if (mg_graph_reaches(graph, to, from)) return false;
    if (mg_graph_in_degree(graph, to) == 0) return true;
    return !mg_graph_siblings(graph, from, to) && !mg_graph_sibling_feeds(graph, from, to);
}

/* A predecessor that mg__graph_kahn could not place. Every unplaced node has one. */
static mg_node_t
unplaced_before(const mg_graph_t *graph, mg_node_t node)
{
    mg_edges_t edges = mg_graph_predecessors(graph, node);

    for (mg_node_t before; (before = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
        if (graph->found[before].link > 0) return before;
    }
    return MG_GRAPH_NONE;
}

uint32_t
mg_graph_cycle(mg_graph_t *graph, mg_node_t *cycle)
{
    if (mg__graph_kahn(graph) == graph->node_count) return 0;

    mg_node_t node = 0;
    while (graph->found[node].link == 0) node++;

    /* Going backwards among unplaced nodes comes to a cycle and stays on it. */
    const uint32_t stamp = mg__graph_new_stamp(graph);
    for (; graph->nodes[node].mark != stamp; node = unplaced_before(graph, node)) {
        graph->nodes[node].mark = stamp;
    }

    uint32_t count = 0;
    mg_node_t next = node;
    do {
        cycle[count++] = next;
        next = unplaced_before(graph, next);
    } while (next != node);

    for (uint32_t i = 0; i < count / 2; i++) {
        const mg_node_t swapped = cycle[i];
        cycle[i] = cycle[count - 1 - i];
        cycle[count - 1 - i] = swapped;
    }
    return count;
}

mg_status_t
mg_graph_sort(mg_graph_t *graph, mg_node_t *order)
{
    const uint32_t count = mg__graph_kahn(graph);

    for (uint32_t i = 0; i < count; i++) order[i] = graph->found[i].node;
    return count == graph->node_count ? MG_OK : MG_CYCLE;
}

mg_status_t
mg_graph_levels(mg_graph_t *graph, uint32_t *levels, uint32_t *count)
{
    uint32_t deepest = 0;

    if (mg__graph_kahn(graph) < graph->node_count) return MG_CYCLE;

    for (uint32_t i = 0; i < graph->node_count; i++) levels[i] = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const mg_node_t node = graph->found[i].node;
        const uint32_t level = levels[node];

        if (level > deepest) deepest = level;
        mg_edges_t edges = mg_graph_successors(graph, node);
        for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (levels[next] <= level) levels[next] = level + 1;
        }
    }
    *count = graph->node_count == 0 ? 0 : deepest + 1;
    return MG_OK;
}
