#include "minigun.h"

#include "core/graph.h"

static VALUE
names_of(VALUE self, const mg_node_t *numbers, uint32_t count)
{
    VALUE names = rb_ary_new_capa(count);
    for (uint32_t i = 0; i < count; i++) rb_ary_push(names, mg_dag_node(self, numbers[i]));
    return names;
}

static VALUE
names_along(VALUE self, mg_edges_t edges)
{
    VALUE names = rb_ary_new();
    for (mg_node_t next; (next = mg_edges_next(&edges)) != MG_GRAPH_NONE;) {
        rb_ary_push(names, mg_dag_node(self, next));
    }
    return names;
}

/* Room for all nodes and one more, which the collector frees. */
static mg_node_t *
room_for_nodes(const mg_graph_t *graph, VALUE *holder)
{
    return rb_alloc_tmp_buffer2(holder, mg_graph_nodes(graph) + 1L, sizeof(mg_node_t));
}

static VALUE
minigun_dag_successors(VALUE self, VALUE name)
{
    const mg_graph_t *graph = mg_dag_graph(self);
    return names_along(self, mg_graph_successors(graph, mg_dag_number(self, name)));
}

static VALUE
minigun_dag_upstream(VALUE self, VALUE name)
{
    const mg_graph_t *graph = mg_dag_graph(self);
    return names_along(self, mg_graph_predecessors(graph, mg_dag_number(self, name)));
}

/* A node's place in nodes, or nil. */
static VALUE
minigun_dag_index(VALUE self, VALUE name)
{
    mg_dag_graph(self);
    const mg_node_t number = mg_dag_number(self, name);
    return number == MG_GRAPH_NONE ? Qnil : ULONG2NUM(number);
}

static VALUE
minigun_dag_edge_p(VALUE self, VALUE from, VALUE to)
{
    mg_graph_t *graph = mg_dag_graph(self);
    const mg_node_t from_number = mg_dag_number(self, from);

    return mg_graph_has_edge(graph, from_number, mg_dag_number(self, to)) ? Qtrue : Qfalse;
}

static VALUE
minigun_dag_siblings_p(VALUE self, VALUE one, VALUE other)
{
    mg_graph_t *graph = mg_dag_graph(self);
    const mg_node_t number = mg_dag_number(self, one);

    return mg_graph_siblings(graph, number, mg_dag_number(self, other)) ? Qtrue : Qfalse;
}

static VALUE
minigun_dag_source_p(VALUE self, VALUE name)
{
    const mg_graph_t *graph = mg_dag_graph(self);
    return mg_graph_in_degree(graph, mg_dag_number(self, name)) == 0 ? Qtrue : Qfalse;
}

static VALUE
minigun_dag_would_create_cycle_p(VALUE self, VALUE from, VALUE to)
{
    mg_graph_t *graph = mg_dag_graph(self);
    if (rb_eql(mg_name_key(from), mg_name_key(to))) return Qtrue;

    const mg_node_t from_number = mg_dag_number(self, from);
    return mg_graph_reaches(graph, mg_dag_number(self, to), from_number) ? Qtrue : Qfalse;
}

/* The names on a shortest path, both ends included; [] if there is none. */
static VALUE
minigun_dag_path(VALUE self, VALUE from, VALUE to)
{
    mg_graph_t *graph = mg_dag_graph(self);
    const mg_node_t from_number = mg_dag_number(self, from), to_number = mg_dag_number(self, to);
    VALUE holder;
    mg_node_t *path = room_for_nodes(graph, &holder);
    VALUE names = names_of(self, path, mg_graph_path(graph, from_number, to_number, path));

    rb_free_tmp_buffer(&holder);
    return names;
}

/* A cycle with its first name again at its end; [] if there is none. */
static VALUE
minigun_dag_cycle(VALUE self)
{
    mg_graph_t *graph = mg_dag_graph(self);
    VALUE holder;
    mg_node_t *nodes = room_for_nodes(graph, &holder);
    const uint32_t count = mg_graph_cycle(graph, nodes);

    if (count > 0) nodes[count] = nodes[0];
    VALUE names = names_of(self, nodes, count > 0 ? count + 1 : 0);
    rb_free_tmp_buffer(&holder);
    return names;
}

static VALUE
minigun_dag_topological_sort(VALUE self)
{
    mg_graph_t *graph = mg_dag_graph(self);
    VALUE holder;
    mg_node_t *order = room_for_nodes(graph, &holder);
    const mg_status_t status = mg_graph_sort(graph, order);
    VALUE names = names_of(self, order, status == MG_OK ? mg_graph_nodes(graph) : 0);

    rb_free_tmp_buffer(&holder);
    return names;
}

struct arrangement {
    VALUE self, nodes, values;
    long next; /* the place of the next key, if they are in the order of the nodes */
};

static int
arrange_value(VALUE key, VALUE value, VALUE data)
{
    struct arrangement *all = (struct arrangement *)data;
    long place = all->next++;

    if (place >= RARRAY_LEN(all->nodes) || RARRAY_AREF(all->nodes, place) != key) {
        const mg_node_t number = mg_dag_number(all->self, key);
        if (number == MG_GRAPH_NONE) {
            rb_yield_values(2, key, value);
            return ST_CONTINUE;
        }
        place = (long)number;
    }
    rb_ary_store(all->values, place, value);
    return ST_CONTINUE;
}

/*
 * call-seq: arrange(table) { |name, value| } -> values
 *
 * The values of a Hash by the places of the nodes that are its keys, nil where there is none.
 * Yields those whose keys are no nodes.
 */
static VALUE
minigun_dag_arrange(VALUE self, VALUE table)
{
    struct arrangement all = { .self = self, .nodes = mg_dag_nodes(self) };
    const long count = (long)mg_graph_nodes(mg_dag_graph(self));

    Check_Type(table, T_HASH);
    all.values = rb_ary_new_capa(count);
    if (count > 0) rb_ary_store(all.values, count - 1, Qnil);
    rb_hash_foreach(table, arrange_value, (VALUE)&all);
    return all.values;
}

/*
 * call-seq: each_fed { |node, feeder| }
 *
 * By the places of nodes in #nodes: each node after its predecessors, or in the order of #nodes if
 * there is a cycle, with its only predecessor, or nil.
 */
static VALUE
minigun_dag_each_fed(VALUE self)
{
    mg_graph_t *graph = mg_dag_graph(self);
    const uint32_t count = mg_graph_nodes(graph);
    VALUE orders, others;
    mg_node_t *order = room_for_nodes(graph, &orders), *feeders = room_for_nodes(graph, &others);
    const bool sorted = mg_graph_sort(graph, order) == MG_OK;

    for (mg_node_t i = 0; i < count; i++) {
        mg_edges_t edges = mg_graph_predecessors(graph, i);
        feeders[i] = mg_graph_in_degree(graph, i) == 1 ? mg_edges_next(&edges) : MG_GRAPH_NONE;
    }
    for (mg_node_t i = 0; i < count; i++) {
        const mg_node_t node = sorted ? order[i] : i;
        rb_yield_values(2, ULONG2NUM(node), feeders[node] == MG_GRAPH_NONE ? Qnil : ULONG2NUM(feeders[node]));
    }
    rb_free_tmp_buffer(&others);
    rb_free_tmp_buffer(&orders);
    return self;
}

/* For each node the number of edges on the longest way to it; [] if there is a cycle. */
static VALUE
minigun_dag_levels(VALUE self)
{
    mg_graph_t *graph = mg_dag_graph(self);
    VALUE holder, found = rb_ary_new();
    uint32_t count;
    uint32_t *levels = room_for_nodes(graph, &holder);
    const mg_status_t status = mg_graph_levels(graph, levels, &count);

    for (mg_node_t i = 0; status == MG_OK && i < mg_graph_nodes(graph); i++) {
        rb_ary_push(found, ULONG2NUM(levels[i]));
    }
    rb_free_tmp_buffer(&holder);
    return found;
}

void
Init_minigun_dag_query(void)
{
    rb_define_method(rb_cMinigunDAG, "upstream", minigun_dag_upstream, 1);
    rb_define_method(rb_cMinigunDAG, "index", minigun_dag_index, 1);
    rb_define_method(rb_cMinigunDAG, "edge?", minigun_dag_edge_p, 2);
    rb_define_method(rb_cMinigunDAG, "siblings?", minigun_dag_siblings_p, 2);
    rb_define_method(rb_cMinigunDAG, "source?", minigun_dag_source_p, 1);
    rb_define_method(rb_cMinigunDAG, "would_create_cycle?", minigun_dag_would_create_cycle_p, 2);
    rb_define_method(rb_cMinigunDAG, "topological_sort", minigun_dag_topological_sort, 0);

    rb_define_private_method(rb_cMinigunDAG, "successors", minigun_dag_successors, 1);
    rb_define_private_method(rb_cMinigunDAG, "path", minigun_dag_path, 2);
    rb_define_private_method(rb_cMinigunDAG, "cycle", minigun_dag_cycle, 0);
    rb_define_method(rb_cMinigunDAG, "arrange", minigun_dag_arrange, 1);
    rb_define_method(rb_cMinigunDAG, "each_fed", minigun_dag_each_fed, 0);
    rb_define_private_method(rb_cMinigunDAG, "levels", minigun_dag_levels, 0);
}
