/* graph_private.h - The body of mg_graph_t, for the graph*.c files alone. */
#ifndef MG_GRAPH_PRIVATE_H
#define MG_GRAPH_PRIVATE_H

#include "graph.h"

/* What the ranks are good for. */
typedef enum {
    MG__RANKED,   /* every edge goes from a smaller rank to a greater one */
    MG__UNRANKED, /* an edge was put against the ranks; mg__graph_rank sees */
    MG__CYCLIC    /* there is a cycle, so no ranks are possible */
} mg__ranks_t;

/* A node's edges are two lists, linked through the edges, oldest first. */
struct mg__node {
    int64_t rank;
    uint32_t first_out, last_out;
    uint32_t first_in, last_in;
    uint32_t out_degree, in_degree;
    uint32_t mark; /* the stamp of the last search that found it */
};

/* `from` is MG_GRAPH_NONE and next_out links the free ones, if the edge is taken out. */
struct mg__edge {
    mg_node_t from, to;
    uint32_t next_out;
    uint32_t next_in, prev_in;
};

/* Scratch, one per node. Searches use it as their queue. */
struct mg__found {
    int64_t rank;
    mg_node_t node;
    uint32_t link;
};

struct mg_graph {
    struct mg__node *nodes;
    struct mg__found *found; /* [node_capacity] */
    int64_t *pool;           /* [node_capacity] scratch for ranks */
    uint32_t node_count, node_capacity;

    struct mg__edge *edges;
    uint32_t edge_count;     /* edges in the graph */
    uint32_t edge_end;       /* places used so far, free ones included */
    uint32_t edge_capacity;
    uint32_t free_edge;

    /* The index, made when a node with many edges is asked for one; NULL if it isn't there:
     * edge number + 1 by hash of its nodes, 0 for empty; linear probing. */
    uint32_t *slots;
    uint32_t slot_count; /* a power of two, twice edge_capacity, or 0 */

    mg__ranks_t ranks;
    int64_t lowest, highest; /* bounds of all ranks ever given */
    uint32_t stamp;
};

/* Makes the ranks fit the edges if they don't, in linear time, or finds the cycle that
 * forbids it. */
mg__ranks_t mg__graph_rank(mg_graph_t *graph);

/* Makes the ranks of a MG__RANKED graph fit for a new edge. MG_OK or MG_CYCLE. */
mg_status_t mg__graph_rank_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to);

/* Puts the nodes no cycle leads to into found[0...n].node, each after its predecessors,
 * and returns n. found[node].link counts the predecessors left: more than 0 for all
 * other nodes. */
uint32_t mg__graph_kahn(mg_graph_t *graph);

/* A mark that no node bears. */
uint32_t mg__graph_new_stamp(mg_graph_t *graph);

/* Starts (count 0) or goes on with a search: adds a node to found[] unless it bears the
 * stamp. `link` is kept with it. Returns the new count. */
static inline uint32_t
mg__graph_find(mg_graph_t *graph, mg_node_t node, uint32_t link, uint32_t stamp, uint32_t count)
{
    struct mg__node *entry = &graph->nodes[node];

    if (entry->mark == stamp) return count;
    entry->mark = stamp;
    graph->found[count] = (struct mg__found){ .rank = entry->rank, .node = node, .link = link };
    return count + 1;
}

#endif
