#include "name_table.h"

VALUE rb_cMinigunDAG;
static VALUE rb_cMinigunDAGNodes, rb_cMinigunDAGEdges, rb_cMinigunDAGTargets;
static ID id_nodes, id_edges;

/* Counted by the Arrays and Hashes of lib/minigun/dag/edges.rb, of any graph, when they are
 * changed by others than this file. Under the GVL. */
static uint64_t changes;

/* @nodes and @edges are the graph; this is their mirror. */
struct dag {
    mg_graph_t *graph;
    mg_name_table_t names; /* a node's number is its place in @nodes */

    VALUE nodes;   /* the @nodes it was made from */
    VALUE edges;   /* the @edges it was made from; nil if it is no good any more */
    uint64_t seen; /* `changes` then */
    bool watched;  /* @nodes and all of @edges count their changes */
    bool symbols;  /* all names in @edges are Symbols */
    VALUE stray;   /* [from, to] of an edge between what are not both nodes, or nil */
};

static void
dag_mark(void *ptr)
{
    struct dag *dag = ptr;
    mg_name_table_mark(&dag->names);
    rb_gc_mark_movable(dag->nodes);
    rb_gc_mark_movable(dag->edges);
    rb_gc_mark_movable(dag->stray);
}

static void
dag_compact(void *ptr)
{
    struct dag *dag = ptr;
    mg_name_table_compact(&dag->names);
    dag->nodes = rb_gc_location(dag->nodes);
    dag->edges = rb_gc_location(dag->edges);
    dag->stray = rb_gc_location(dag->stray);
}

static void
dag_free(void *ptr)
{
    struct dag *dag = ptr;
    mg_graph_free(dag->graph);
    mg_name_table_free(&dag->names);
    xfree(dag);
}

static size_t
dag_memsize(const void *ptr)
{
    const struct dag *dag = ptr;
    return sizeof(*dag) + mg_index_memsize(&dag->names.keys) + (dag->graph ? mg_graph_memsize(dag->graph) : 0);
}

static const rb_data_type_t dag_type = {
    .wrap_struct_name = "minigun/dag",
    .function = { .dmark = dag_mark,
                  .dfree = dag_free,
                  .dsize = dag_memsize,
                  .dcompact = dag_compact },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE
dag_alloc(VALUE klass)
{
    struct dag *dag;
    VALUE self = TypedData_Make_Struct(klass, struct dag, &dag_type, dag);

    mg_name_table_init(&dag->names);
    dag->nodes = dag->edges = dag->stray = Qnil;
    const mg_status_t status = mg_graph_new(&dag->graph);
    if (status != MG_OK) mg_raise(status);
    return self;
}

/* Nodes by name and by number. */

static mg_node_t
number_of(const struct dag *dag, VALUE object)
{
    return mg_name_table_find(&dag->names, mg_name_key(object));
}

VALUE
mg_dag_nodes(VALUE self)
{
    const VALUE nodes = rb_ivar_get(self, id_nodes);
    Check_Type(nodes, T_ARRAY);
    return nodes;
}

VALUE
mg_dag_node(VALUE self, uint32_t number)
{
    return rb_ary_entry(mg_dag_nodes(self), (long)number);
}

/* The mirror. */

static mg_node_t
add_node(struct dag *dag, VALUE key)
{
    mg_node_t number;
    const mg_status_t status = mg_graph_add_node(dag->graph, &number);

    if (status != MG_OK) mg_raise(status);
    mg_name_table_add(&dag->names, key);
    return number;
}

static int
mirror_targets(VALUE from, VALUE targets, VALUE data)
{
    struct dag *dag = (struct dag *)data;
    const mg_node_t number = number_of(dag, from);

    if (!SYMBOL_P(from)) dag->symbols = false;
    if (!RB_TYPE_P(targets, T_ARRAY)) return ST_CONTINUE;
    if (rb_obj_class(targets) != rb_cMinigunDAGTargets) dag->watched = false;
    for (long i = 0; i < RARRAY_LEN(targets); i++) {
        const VALUE to = RARRAY_AREF(targets, i);
        const mg_status_t status = mg_graph_put_edge(dag->graph, number, number_of(dag, to));

        if (status == MG_OK) continue;
        if (status != MG_INVALID) mg_raise(status);
        if (NIL_P(dag->stray)) dag->stray = rb_assoc_new(from, to);
    }
    return ST_CONTINUE;
}

static void
mirror(VALUE self, struct dag *dag)
{
    const VALUE nodes = mg_dag_nodes(self), edges = rb_ivar_get(self, id_edges);

    Check_Type(edges, T_HASH);
    dag->edges = Qnil; /* names may be foreign objects, so this may raise half way */
    dag->stray = Qnil;
    dag->watched = rb_obj_class(edges) == rb_cMinigunDAGEdges && rb_obj_class(nodes) == rb_cMinigunDAGNodes;
    dag->symbols = true;
    dag->seen = changes;
    mg_graph_clear(dag->graph);
    mg_name_table_clear(&dag->names);
    for (long i = 0; i < RARRAY_LEN(nodes); i++) add_node(dag, mg_name_key(RARRAY_AREF(nodes, i)));
    rb_hash_foreach(edges, mirror_targets, (VALUE)dag);
    dag->nodes = nodes;
    dag->edges = edges;
}

/* The mirror as it was last made, which may be of another time. */
static struct dag *
dag_get(VALUE self)
{
    return rb_check_typeddata(self, &dag_type);
}

/* The mirror of what the graph is now. */
static struct dag *
dag_now(VALUE self)
{
    struct dag *dag = dag_get(self);
    const VALUE nodes = mg_dag_nodes(self);
    const bool same = dag->edges == rb_ivar_get(self, id_edges) && dag->nodes == nodes && dag->seen == changes;
    const bool full = RARRAY_LEN(nodes) == (long)mg_graph_nodes(dag->graph);

    if (NIL_P(dag->edges) || !same || !full || !dag->watched) mirror(self, dag);
    return dag;
}

mg_graph_t *
mg_dag_graph(VALUE self)
{
    return dag_now(self)->graph;
}

uint32_t
mg_dag_number(VALUE self, VALUE name)
{
    return number_of(dag_get(self), name);
}

/* Building. */

static mg_node_t
new_node(VALUE self, struct dag *dag, VALUE object)
{
    const VALUE name = mg_name_of(object), edges = dag->edges;
    dag->edges = Qnil;
    rb_ary_push(mg_dag_nodes(self), name);
    const mg_node_t number = add_node(dag, mg_name_key(name));
    if (NIL_P(dag->stray)) dag->edges = edges;
    return number;
}

static VALUE
minigun_dag_add_node(VALUE self, VALUE name)
{
    rb_check_frozen(self);
    struct dag *dag = dag_now(self);
    if (number_of(dag, name) == MG_GRAPH_NONE) new_node(self, dag, name);
    return self;
}

/* The same name in the other form. */
static VALUE
twin_of(VALUE name)
{
    if (SYMBOL_P(name)) return rb_sym2str(name);
    return RB_TYPE_P(name, T_STRING) ? rb_str_intern(name) : name;
}

/* The Array of a node's targets in @edges, made if there is none. */
static VALUE
targets_of(struct dag *dag, VALUE edges, VALUE name)
{
    VALUE targets = rb_hash_lookup2(edges, name, Qnil);

    if (NIL_P(targets) && !(dag->symbols && SYMBOL_P(name))) {
        targets = rb_hash_lookup2(edges, twin_of(name), Qnil);
    }
    if (NIL_P(targets)) {
        if (!SYMBOL_P(name)) dag->symbols = false;
        targets = rb_obj_alloc(rb_cMinigunDAGTargets);
        rb_hash_aset(edges, name, targets);
    }
    Check_Type(targets, T_ARRAY);
    return targets;
}

/* Adds an edge, both in the mirror and in @edges. False, and nothing is changed, if it would close a
 * cycle. */
static bool
add_edge(VALUE self, struct dag *dag, mg_node_t from, mg_node_t to)
{
    const uint32_t before = mg_graph_edges(dag->graph);
    const mg_status_t status = mg_graph_add_edge(dag->graph, from, to);
    if (status == MG_CYCLE) return false;
    if (status != MG_OK) mg_raise(status);
    if (mg_graph_edges(dag->graph) == before) return true;

    const VALUE edges = dag->edges;
    dag->edges = Qnil; /* until @edges has it too */
    rb_ary_push(targets_of(dag, edges, mg_dag_node(self, from)), mg_dag_node(self, to));
    dag->edges = edges;
    return true;
}

/* Adds an edge and what nodes are missing. False, and nothing is changed, if that would
 * close a cycle. */
static VALUE
minigun_dag_link(VALUE self, VALUE from, VALUE to)
{
    rb_check_frozen(self);
    struct dag *dag = dag_now(self);
    mg_node_t from_number = number_of(dag, from), to_number = number_of(dag, to);
    const bool new = from_number == MG_GRAPH_NONE && to_number == MG_GRAPH_NONE;

    if (new && rb_eql(mg_name_key(from), mg_name_key(to))) return Qfalse;
    if (from_number == MG_GRAPH_NONE) from_number = new_node(self, dag, from);
    if (to_number == MG_GRAPH_NONE) to_number = new_node(self, dag, to);
    if (NIL_P(dag->edges)) mirror(self, dag); /* a stray may be none any more */
    return add_edge(self, dag, from_number, to_number) ? Qtrue : Qfalse;
}

/*
 * call-seq: link_in_order(from, to)
 *
 * Adds an edge that only follows from the order of definition, by the places of two nodes in
 * #nodes: if `from` has none yet, and mg_graph_may_follow.
 */
static VALUE
minigun_dag_link_in_order(VALUE self, VALUE from, VALUE to)
{
    rb_check_frozen(self);
    struct dag *dag = dag_now(self);
    const mg_node_t from_number = NUM2UINT(from), to_number = NUM2UINT(to);

    if (mg_graph_out_degree(dag->graph, from_number) > 0) return Qnil;
    if (!NIL_P(dag->stray) && RARRAY_LEN(targets_of(dag, dag->edges, mg_dag_node(self, from_number))) > 0) {
        return Qnil;
    }
    if (mg_graph_may_follow(dag->graph, from_number, to_number)) add_edge(self, dag, from_number, to_number);
    return Qnil;
}

static VALUE
minigun_dag_disconnect(VALUE self, VALUE name)
{
    rb_check_frozen(self);
    struct dag *dag = dag_now(self);
    const mg_node_t number = number_of(dag, name);
    const VALUE node = number == MG_GRAPH_NONE ? name : mg_dag_node(self, number);

    rb_ary_clear(targets_of(dag, rb_ivar_get(self, id_edges), node));
    mg_graph_cut(dag->graph, number);
    if (!NIL_P(dag->stray)) dag->edges = Qnil;
    return self;
}

/* [from, to] of an edge between what are not both nodes, or nil. */
static VALUE
minigun_dag_stray(VALUE self)
{
    return dag_now(self)->stray;
}

/* Counts a change to the nodes or edges of some graph that this file did not make. */
static VALUE
minigun_dag_s_changed(VALUE klass)
{
    changes++;
    return Qnil;
}

void
Init_minigun_dag(void)
{
    id_nodes = rb_intern("@nodes");
    id_edges = rb_intern("@edges");

    rb_cMinigunDAG = rb_define_class_under(rb_mMinigun, "DAG", rb_cObject);
    rb_define_alloc_func(rb_cMinigunDAG, dag_alloc);
    rb_define_singleton_method(rb_cMinigunDAG, "changed", minigun_dag_s_changed, 0);
    rb_cMinigunDAGNodes = rb_define_class_under(rb_cMinigunDAG, "Nodes", rb_cArray);
    rb_cMinigunDAGEdges = rb_define_class_under(rb_cMinigunDAG, "Edges", rb_cHash);
    rb_cMinigunDAGTargets = rb_define_class_under(rb_cMinigunDAG, "Targets", rb_cArray);

    rb_define_method(rb_cMinigunDAG, "add_node", minigun_dag_add_node, 1);
    rb_define_method(rb_cMinigunDAG, "disconnect", minigun_dag_disconnect, 1);
    rb_define_private_method(rb_cMinigunDAG, "link", minigun_dag_link, 2);
    rb_define_method(rb_cMinigunDAG, "link_in_order", minigun_dag_link_in_order, 2);
    rb_define_private_method(rb_cMinigunDAG, "stray", minigun_dag_stray, 0);
}
