#include "graph_private.h"

#include <stdlib.h>
#include <string.h>

uint32_t
mg__graph_new_stamp(mg_graph_t *graph)
{
    if (graph->stamp == UINT32_MAX) {
        for (uint32_t i = 0; i < graph->node_count; i++) graph->nodes[i].mark = 0;
        graph->stamp = 0;
    }
    return ++graph->stamp;
}

uint32_t
mg__graph_kahn(mg_graph_t *graph)
{
    struct mg__found *found = graph->found;
    uint32_t count = 0;

    for (mg_node_t node = 0; node < graph->node_count; node++) {
        found[node].link = graph->nodes[node].in_degree;
        if (found[node].link == 0) found[count++].node = node;
    }
    for (uint32_t i = 0; i < count; i++) {
        mg_edges_t edges = mg_graph_successors(graph, found[i].node);
        for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (--found[next].link == 0) found[count++].node = next;
        }
    }
    return count;
}

mg__ranks_t
mg__graph_rank(mg_graph_t *graph)
{
    if (graph->ranks != MG__UNRANKED) return graph->ranks;

    const uint32_t count = mg__graph_kahn(graph);
    if (count < graph->node_count) return graph->ranks = MG__CYCLIC;

    for (uint32_t i = 0; i < count; i++) graph->nodes[graph->found[i].node].rank = i;
    graph->lowest = 0;
    graph->highest = (int64_t)count - 1;
    return graph->ranks = MG__RANKED;
}

static int
by_rank(const void *one, const void *other)
{
    const int64_t a = ((const struct mg__found *)one)->rank;
    const int64_t b = ((const struct mg__found *)other)->rank;
    return (a > b) - (a < b);
}

/* Finds what `node` leads to among the ranks up to `limit`. */
static uint32_t
find_forwards(mg_graph_t *graph, mg_node_t node, int64_t limit, uint32_t stamp)
{
    uint32_t count = mg__graph_find(graph, node, 0, stamp, 0);

    for (uint32_t i = 0; i < count; i++) {
        mg_edges_t edges = mg_graph_successors(graph, graph->found[i].node);
        for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (graph->nodes[next].rank > limit) continue;
            count = mg__graph_find(graph, next, 0, stamp, count);
        }
    }
    return count;
}

/* Adds to found[] what leads to `node` among the ranks down to `limit`. */
static uint32_t
find_backwards(mg_graph_t *graph, mg_node_t node, int64_t limit, uint32_t stamp, uint32_t count)
{
    uint32_t i = count;

    count = mg__graph_find(graph, node, 0, stamp, count);
    for (; i < count; i++) {
        mg_edges_t edges = mg_graph_predecessors(graph, graph->found[i].node);
        for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
            if (graph->nodes[next].rank < limit) continue;
            count = mg__graph_find(graph, next, 0, stamp, count);
        }
    }
    return count;
}

/* Merges the ranks of two sorted parts of found[] into pool[]. */
static void
pool_ranks(mg_graph_t *graph, uint32_t middle, uint32_t count)
{
    const struct mg__found *found = graph->found;
    uint32_t low = 0;
    uint32_t high = middle;

    for (uint32_t i = 0; i < count; i++) {
        const bool lower = high == count || (low < middle && found[low].rank < found[high].rank);
        graph->pool[i] = found[lower ? low++ : high++].rank;
    }
}

/* found[0...middle] is what the edge leads to, found[middle...count] what leads to it:
 * deals their ranks out anew, to the latter first. */
static void
deal_ranks(mg_graph_t *graph, uint32_t middle, uint32_t count)
{
    struct mg__found *found = graph->found;
    const int64_t *rank = graph->pool;

    qsort(found, middle, sizeof(*found), by_rank);
    qsort(found + middle, count - middle, sizeof(*found), by_rank);
    pool_ranks(graph, middle, count);
    for (uint32_t i = middle; i < count; i++) graph->nodes[found[i].node].rank = *rank++;
    for (uint32_t i = 0; i < middle; i++) graph->nodes[found[i].node].rank = *rank++;
}

mg_status_t
mg__graph_rank_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    struct mg__node *start = &graph->nodes[from];
    struct mg__node *end = &graph->nodes[to];

    if (from == to) return MG_CYCLE;
    if (start->rank < end->rank) return MG_OK;
    if (start->in_degree == 0) {
        start->rank = --graph->lowest;
        return MG_OK;
    }
    if (end->out_degree == 0) {
        end->rank = ++graph->highest;
        return MG_OK;
    }

    const uint32_t stamp = mg__graph_new_stamp(graph);
    const uint32_t middle = find_forwards(graph, to, start->rank, stamp);
    if (start->mark == stamp) return MG_CYCLE;

    const uint32_t count = find_backwards(graph, from, end->rank, stamp, middle);
    deal_ranks(graph, middle, count);
    return MG_OK;
}
