#include "graph_private.h"

#include <stdlib.h>
#include <string.h>

#include "sys.h"

enum { FIRST_CAPACITY = 16, MOST = UINT32_MAX / 4 };

static bool
known(const mg_graph_t *graph, mg_node_t node)
{
    return node < graph->node_count;
}

static void
drop_index(mg_graph_t *graph)
{
    free(graph->slots);
    graph->slots = NULL;
    graph->slot_count = 0;
}

mg_status_t
mg_graph_new(mg_graph_t **out)
{
    mg_graph_t *graph = mg_sys->calloc(1, sizeof(*graph));
    if (graph == NULL) return MG_NOMEM;

    mg_graph_clear(graph);
    *out = graph;
    return MG_OK;
}

void
mg_graph_free(mg_graph_t *graph)
{
    if (graph == NULL) return;
    free(graph->nodes);
    free(graph->found);
    free(graph->pool);
    free(graph->edges);
    free(graph->slots);
    free(graph);
}

void
mg_graph_clear(mg_graph_t *graph)
{
    graph->node_count = 0;
    graph->edge_count = 0;
    graph->edge_end = 0;
    graph->free_edge = MG_GRAPH_NONE;
    graph->ranks = MG__RANKED;
    graph->lowest = 0;
    graph->highest = -1;
    graph->stamp = 0;
    drop_index(graph);
}

/* Nodes. */

/* Each array that could grow is kept at its new place even if a later one could not:
 * node_capacity holds for all only at the end. */
static mg_status_t
reserve_nodes(mg_graph_t *graph, uint32_t capacity)
{
    struct mg__node *nodes = mg_sys->realloc(graph->nodes, capacity * sizeof(*nodes));
    if (nodes == NULL) return MG_NOMEM;
    graph->nodes = nodes;

    struct mg__found *found = mg_sys->realloc(graph->found, capacity * sizeof(*found));
    if (found == NULL) return MG_NOMEM;
    graph->found = found;

    int64_t *pool = mg_sys->realloc(graph->pool, capacity * sizeof(*pool));
    if (pool == NULL) return MG_NOMEM;
    graph->pool = pool;

    graph->node_capacity = capacity;
    return MG_OK;
}

static uint32_t
grown(uint32_t capacity)
{
    return capacity == 0 ? FIRST_CAPACITY : 2 * capacity;
}

mg_status_t
mg_graph_add_node(mg_graph_t *graph, mg_node_t *out)
{
    if (graph->node_count == graph->node_capacity) {
        if (graph->node_capacity >= MOST) return MG_NOMEM;
        mg_status_t status = reserve_nodes(graph, grown(graph->node_capacity));
        if (status != MG_OK) return status;
    }
    graph->nodes[graph->node_count] = (struct mg__node){
        .rank = ++graph->highest,
        .first_out = MG_GRAPH_NONE,
        .last_out = MG_GRAPH_NONE,
        .first_in = MG_GRAPH_NONE,
        .last_in = MG_GRAPH_NONE,
    };
    if (out) *out = graph->node_count;
    graph->node_count++;
    return MG_OK;
}

/* Edges by their nodes. */

/* Among so few edges a look at each costs less than the index. */
enum { FEW = 8 };

/* Fibonacci hashing: the upper bits of a product are the well mixed ones. */
static uint32_t
home(const mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    const uint64_t key = (uint64_t)from << 32 | to;
    const uint64_t mixed = (key ^ key >> 29) * UINT64_C(0x9E3779B97F4A7C15);

    return (uint32_t)(mixed >> 32) & (graph->slot_count - 1);
}

/* The slot that holds the edge, or the empty one where it belongs. */
static uint32_t
slot_of(const mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    uint32_t slot = home(graph, from, to);

    while (graph->slots[slot] != 0) {
        const struct mg__edge *edge = &graph->edges[graph->slots[slot] - 1];
        if (edge->from == from && edge->to == to) break;
        slot = (slot + 1) & (graph->slot_count - 1);
    }
    return slot;
}

/* Moves the entries behind the slot up, where that brings them nearer home. */
static void
empty_slot(mg_graph_t *graph, uint32_t slot)
{
    const uint32_t mask = graph->slot_count - 1;

    for (uint32_t next = (slot + 1) & mask; graph->slots[next] != 0; next = (next + 1) & mask) {
        const struct mg__edge *edge = &graph->edges[graph->slots[next] - 1];
        const uint32_t wanted = home(graph, edge->from, edge->to);

        if (((next - wanted) & mask) < ((next - slot) & mask)) continue;
        graph->slots[slot] = graph->slots[next];
        slot = next;
    }
    graph->slots[slot] = 0;
}

/* Is there an index, or memory for one? */
static bool
indexed(mg_graph_t *graph)
{
    if (graph->slots) return true;

    const uint32_t count = 2 * graph->edge_capacity;
    graph->slots = mg_sys->calloc(count, sizeof(*graph->slots));
    if (graph->slots == NULL) return false;

    graph->slot_count = count;
    for (uint32_t i = 0; i < graph->edge_end; i++) {
        const struct mg__edge *edge = &graph->edges[i];
        if (edge->from != MG_GRAPH_NONE) graph->slots[slot_of(graph, edge->from, edge->to)] = i + 1;
    }
    return true;
}

static bool
listed(mg_edges_t edges, mg_node_t wanted)
{
    mg_node_t next = mg_edges_next(&edges);

    while (next != wanted && next != MG_GRAPH_NONE) next = mg_edges_next(&edges);
    return next == wanted;
}

bool
mg_graph_has_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    const uint32_t out = mg_graph_out_degree(graph, from), in = mg_graph_in_degree(graph, to);

    if (out == 0 || in == 0) return false;
    if (out > FEW && in > FEW && indexed(graph)) return graph->slots[slot_of(graph, from, to)] != 0;
    return out < in ? listed(mg_graph_successors(graph, from), to)
                    : listed(mg_graph_predecessors(graph, to), from);
}

static mg_status_t
reserve_edges(mg_graph_t *graph, uint32_t capacity)
{
    struct mg__edge *edges = mg_sys->realloc(graph->edges, capacity * sizeof(*edges));
    if (edges == NULL) return MG_NOMEM;

    graph->edges = edges;
    graph->edge_capacity = capacity;
    drop_index(graph);
    return MG_OK;
}

/* Edges in their lists. */

static void
link_edge(mg_graph_t *graph, uint32_t number)
{
    struct mg__edge *edge = &graph->edges[number];
    struct mg__node *from = &graph->nodes[edge->from];
    struct mg__node *to = &graph->nodes[edge->to];

    edge->prev_in = to->last_in;
    edge->next_out = edge->next_in = MG_GRAPH_NONE;
    if (from->last_out == MG_GRAPH_NONE) from->first_out = number;
    else graph->edges[from->last_out].next_out = number;
    if (to->last_in == MG_GRAPH_NONE) to->first_in = number;
    else graph->edges[to->last_in].next_in = number;
    from->last_out = to->last_in = number;
    from->out_degree++;
    to->in_degree++;
}

static void
unlink_incoming(mg_graph_t *graph, const struct mg__edge *edge)
{
    struct mg__node *to = &graph->nodes[edge->to];

    if (edge->prev_in == MG_GRAPH_NONE) to->first_in = edge->next_in;
    else graph->edges[edge->prev_in].next_in = edge->next_in;
    if (edge->next_in == MG_GRAPH_NONE) to->last_in = edge->prev_in;
    else graph->edges[edge->next_in].prev_in = edge->prev_in;
    to->in_degree--;
}

/* There is room for it, and it is new. */
static void
insert_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    uint32_t number = graph->free_edge;

    if (number == MG_GRAPH_NONE) number = graph->edge_end++;
    else graph->free_edge = graph->edges[number].next_out;
    graph->edges[number] = (struct mg__edge){ .from = from, .to = to };
    if (graph->slots) graph->slots[slot_of(graph, from, to)] = number + 1;
    graph->edge_count++;
    link_edge(graph, number);
}

/* MG_OK - the edge can be inserted; MG_AGAIN - it is there already; else a failure. */
static mg_status_t
prepare_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    if (!known(graph, from) || !known(graph, to)) return MG_INVALID;
    if (mg_graph_has_edge(graph, from, to)) return MG_AGAIN;
    if (graph->edge_count < graph->edge_capacity) return MG_OK;
    if (graph->edge_capacity >= MOST) return MG_NOMEM;
    return reserve_edges(graph, grown(graph->edge_capacity));
}

mg_status_t
mg_graph_add_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    mg_status_t status = prepare_edge(graph, from, to);
    if (status == MG_AGAIN) return MG_OK;
    if (status != MG_OK) return status;

    if (mg__graph_rank(graph) == MG__RANKED) {
        status = mg__graph_rank_edge(graph, from, to);
        if (status != MG_OK) return status;
    }
    else if (mg_graph_reaches(graph, to, from)) {
        return MG_CYCLE;
    }
    insert_edge(graph, from, to);
    return MG_OK;
}

mg_status_t
mg_graph_put_edge(mg_graph_t *graph, mg_node_t from, mg_node_t to)
{
    const mg_status_t status = prepare_edge(graph, from, to);
    if (status == MG_AGAIN) return MG_OK;
    if (status != MG_OK) return status;

    const bool fits = graph->nodes[from].rank < graph->nodes[to].rank;
    if (!fits && graph->ranks == MG__RANKED) graph->ranks = MG__UNRANKED;
    insert_edge(graph, from, to);
    return MG_OK;
}

void
mg_graph_cut(mg_graph_t *graph, mg_node_t from)
{
    if (!known(graph, from)) return;

    struct mg__node *node = &graph->nodes[from];
    for (uint32_t number = node->first_out; number != MG_GRAPH_NONE;) {
        struct mg__edge *edge = &graph->edges[number];
        const uint32_t next = edge->next_out;

        unlink_incoming(graph, edge);
        if (graph->slots) empty_slot(graph, slot_of(graph, edge->from, edge->to));
        edge->from = MG_GRAPH_NONE;
        edge->next_out = graph->free_edge;
        graph->free_edge = number;
        graph->edge_count--;
        number = next;
    }
    node->first_out = node->last_out = MG_GRAPH_NONE;
    node->out_degree = 0;
    if (graph->ranks == MG__CYCLIC) graph->ranks = MG__UNRANKED;
}

/* Reading. */

uint32_t
mg_graph_nodes(const mg_graph_t *graph)
{
    return graph->node_count;
}

uint32_t
mg_graph_edges(const mg_graph_t *graph)
{
    return graph->edge_count;
}

size_t
mg_graph_memsize(const mg_graph_t *graph)
{
    const size_t per_node = sizeof(*graph->nodes) + sizeof(*graph->found) + sizeof(*graph->pool);

    return sizeof(*graph) + graph->node_capacity * per_node +
           graph->edge_capacity * sizeof(*graph->edges) + graph->slot_count * sizeof(*graph->slots);
}

uint32_t
mg_graph_out_degree(const mg_graph_t *graph, mg_node_t node)
{
    return known(graph, node) ? graph->nodes[node].out_degree : 0;
}

uint32_t
mg_graph_in_degree(const mg_graph_t *graph, mg_node_t node)
{
    return known(graph, node) ? graph->nodes[node].in_degree : 0;
}

mg_edges_t
mg_graph_successors(const mg_graph_t *graph, mg_node_t node)
{
    const uint32_t edge = known(graph, node) ? graph->nodes[node].first_out : MG_GRAPH_NONE;
    return (mg_edges_t){ .graph = graph, .edge = edge };
}

mg_edges_t
mg_graph_predecessors(const mg_graph_t *graph, mg_node_t node)
{
    const uint32_t edge = known(graph, node) ? graph->nodes[node].first_in : MG_GRAPH_NONE;
    return (mg_edges_t){ .graph = graph, .edge = edge, .backwards = true };
}

mg_node_t
mg_edges_next(mg_edges_t *edges)
{
    if (edges->edge == MG_GRAPH_NONE) return MG_GRAPH_NONE;

    const struct mg__edge *edge = &edges->graph->edges[edges->edge];
    edges->edge = edges->backwards ? edge->next_in : edge->next_out;
    return edges->backwards ? edge->from : edge->to;
}

/* Copying. */

mg_status_t
mg_graph_copy(mg_graph_t **out, const mg_graph_t *graph)
{
    mg_graph_t *copy = mg_sys->calloc(1, sizeof(*copy));
    if (copy == NULL) return MG_NOMEM;

    *copy = *graph;
    copy->nodes = NULL;
    copy->found = NULL;
    copy->pool = NULL;
    copy->edges = NULL;
    copy->slots = NULL;
    copy->slot_count = 0;
    if (graph->node_capacity > 0) {
        if (reserve_nodes(copy, graph->node_capacity) != MG_OK) goto fail;
        memcpy(copy->nodes, graph->nodes, graph->node_count * sizeof(*copy->nodes));
    }
    if (graph->edge_capacity > 0) {
        if (reserve_edges(copy, graph->edge_capacity) != MG_OK) goto fail;
        memcpy(copy->edges, graph->edges, graph->edge_end * sizeof(*copy->edges));
    }
    *out = copy;
    return MG_OK;

fail:
    mg_graph_free(copy);
    return MG_NOMEM;
}
