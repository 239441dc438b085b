/* graph.h - A directed acyclic graph on dense node numbers: who feeds whom.
 *
 * DESIGN
 *
 * Nodes are numbered from 0 in the order of adding. Each keeps its successors and
 * its predecessors in the order their edges were added; an edge is there once.
 *
 * An edge that would close a cycle is refused at once. To know that cheaply, every
 * node has a rank, and each edge goes from a smaller rank to a greater one. An edge
 * that fits the ranks costs O(1), so a graph that is written down from its sources
 * to its sinks never searches. One that doesn't fit moves a node without predecessors
 * to the front, or one without successors to the end, also in O(1), so a graph
 * written down backwards never searches either. What is left is the algorithm of
 * Pearce and Kelly, "A Dynamic Topological Sort Algorithm for Directed Acyclic
 * Graphs", ACM JEA 11, 2006: search forwards from the edge's end and backwards
 * from its start, only among the ranks between the two, and deal out the ranks of
 * the nodes found anew.
 *
 * Edges that are already known can be put in bulk without a look at cycles; the
 * ranks are then made anew, in linear time, when an operation needs them. Such a
 * graph may hold cycles, and everything here works on it nevertheless.
 *
 * Nothing recurses. A graph belongs to one thread at a time.
 */
#ifndef MG_GRAPH_H
#define MG_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef uint32_t mg_node_t;

/* "No node", "no edge". */
#define MG_GRAPH_NONE UINT32_MAX

typedef struct mg_graph mg_graph_t;

/* Makes an empty graph.
 *
 * MG_OK    - *out is the graph; mg_graph_free it.
 * MG_NOMEM - no memory; *out is untouched. */
mg_status_t mg_graph_new(mg_graph_t **out);

/* Makes a copy that shares nothing with the original. Statuses as mg_graph_new. */
mg_status_t mg_graph_copy(mg_graph_t **out, const mg_graph_t *graph);

/* Frees the graph. NULL is allowed. */
void mg_graph_free(mg_graph_t *graph);

/* Takes out all nodes and edges, and keeps the memory for the next ones. */
void mg_graph_clear(mg_graph_t *graph);

/* Adds a node; its number is the count of nodes before it.
 *
 * MG_OK    - added; *out is its number, if `out` is not NULL.
 * MG_NOMEM - no memory, or no numbers left; the graph is as it was. */
mg_status_t mg_graph_add_node(mg_graph_t *graph, mg_node_t *out);

/* Adds an edge, unless it would close a cycle. An edge that is there already is no
 * failure and changes nothing.
 *
 * MG_OK      - there is such an edge now.
 * MG_CYCLE   - `to` leads to `from`, or they are the same.
 * MG_INVALID - one of them is no node.
 * MG_NOMEM   - no memory.
 *
 * On failure the graph is as it was. */
mg_status_t mg_graph_add_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to);

/* As mg_graph_add_edge, but never MG_CYCLE: the edge may close a cycle. O(1). */
mg_status_t mg_graph_put_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to);

/* Takes out all edges that leave a node. Linear in their number. Does nothing if it
 * is no node. */
void mg_graph_cut(mg_graph_t *graph, mg_node_t from);

uint32_t mg_graph_nodes(const mg_graph_t *graph);
uint32_t mg_graph_edges(const mg_graph_t *graph);
size_t mg_graph_memsize(const mg_graph_t *graph);

/* Of nodes that don't exist: false and 0. */
bool mg_graph_has_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to);
uint32_t mg_graph_out_degree(const mg_graph_t *graph, mg_node_t node);
uint32_t mg_graph_in_degree(const mg_graph_t *graph, mg_node_t node);

/* A place among the edges of one node: successors or predecessors.
 *
 *   mg_edges_t edges = mg_graph_successors(graph, node);
 *   for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) ...
 *
 * The graph must not change meanwhile. Of no node there are none. */
typedef struct {
    const mg_graph_t *graph;
    uint32_t edge;
    bool backwards;
} mg_edges_t;

mg_edges_t mg_graph_successors(const mg_graph_t *graph, mg_node_t node);
mg_edges_t mg_graph_predecessors(const mg_graph_t *graph, mg_node_t node);
mg_node_t mg_edges_next(mg_edges_t *edges);

/* Does `from` lead to `to` along edges? Every node leads to itself, and none leads to
 * or from what is no node. O(1) where the ranks tell.
 *
 * Looks for a path, and so shares the graph's scratch: not for two threads at once. */
bool mg_graph_reaches(mg_graph_t *graph, mg_node_t from, mg_node_t to);

/* Writes the nodes of a shortest path, both ends included, to `path`, which has room
 * for all nodes of the graph. Returns how many; 0 if there is no path. */
uint32_t mg_graph_path(mg_graph_t *graph, mg_node_t from, mg_node_t to, mg_node_t *path);

/* Writes the nodes of a cycle, each once, in the direction of the edges, to `cycle`,
 * which has room for all nodes. Returns how many; 0 if the graph has no cycle. */
uint32_t mg_graph_cycle(mg_graph_t *graph, mg_node_t *cycle);

/* Have two different nodes a predecessor in common? Then they are siblings. Linear in the
 * predecessors of the one that has fewer. */
bool mg_graph_siblings(mg_graph_t *graph, mg_node_t one, mg_node_t other);

/* Has a sibling of `node` an edge to `target`? Linear in the siblings, or in the
 * predecessors of `target` and of `node`, whichever are fewer. */
bool mg_graph_sibling_feeds(mg_graph_t *graph, mg_node_t node, mg_node_t target);

/* May `from` get an edge to `to` only because it was written down before it? Not if that closed a
 * cycle, and not if the two are siblings or a sibling of `from` has an edge to `to`: what their
 * common predecessor hands out would arrive twice. */
bool mg_graph_may_follow(mg_graph_t *graph, mg_node_t from, mg_node_t to);

/* Writes all nodes to `order`, each after its predecessors (Kahn, "Topological Sorting
 * of Large Networks", CACM 5, 1962), otherwise by number as far as sources go.
 *
 * MG_OK    - `order` holds all nodes.
 * MG_CYCLE - there is a cycle; `order` holds only the nodes that no cycle leads to. */
mg_status_t mg_graph_sort(mg_graph_t *graph, mg_node_t *order);

/* Writes to levels[node] the number of edges on the longest path that ends in the
 * node: 0 for sources. *count becomes the number of levels.
 *
 * MG_OK    - done.
 * MG_CYCLE - there is a cycle; `levels` is undefined, *count untouched. */
mg_status_t mg_graph_levels(mg_graph_t *graph, uint32_t *levels, uint32_t *count);

#endif
