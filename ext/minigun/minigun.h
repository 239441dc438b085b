/* minigun.h - What the binding files share. minigun.c and rb_*.c include it;
 * nothing under core/ may. */
#ifndef MINIGUN_H
#define MINIGUN_H

#include <ruby.h>

#include "core/status.h"

#ifndef RBOOL
#define RBOOL(value) ((value) ? Qtrue : Qfalse)
#endif

/* Has an object on its way to the cache before it is read. A macro, since a function that
 * does nothing else is taken for one that does nothing. */
#ifdef __GNUC__
#define MG_PREFETCH(value) __builtin_prefetch((const void *)(value))
#else
#define MG_PREFETCH(value) ((void)(value))
#endif

extern VALUE rb_mMinigun;
extern VALUE rb_mMinigunExecution;
extern VALUE rb_cMinigunDAG;

/* rb_error.c: raises the exception a failed status stands for. */
NORETURN(void mg_raise(mg_status_t status));

/* Clears what rb_protect caught. To be called for every exception that C code keeps from
 * going on: a thread whose stack overflowed in C code heeds no interrupt, and spins at the
 * next, until an exception has come by Ruby code, which puts an end to the overflow. */
void mg_error_caught(VALUE error);

/* rb_nogvl.c: runs `body` without the GVL. `wake` is called from another thread
 * if this one is interrupted meanwhile; it must be async-signal-safe (an atomic
 * store and a futex or eventfd wake-up, no lock). Raises nothing. If an interrupt
 * is already pending `body` is not run at all, so set its answer beforehand.
 * Call rb_thread_check_ints before and after, with empty hands. */
void mg_without_gvl(void (*body)(void *), void (*wake)(void *), void *data);

/* rb_name.c: the name that is meant by a Symbol, a String, or an object with a name,
 * such as a Stage; and the same as a key, where Symbols and Strings with the same text
 * are one. Anything else stands for itself. Raises ArgumentError if the name is nil. */
VALUE mg_name_of(VALUE object);
VALUE mg_name_key(VALUE object);

/* rb_dag.c: the edges of a Minigun::DAG as they are now. The graph is the DAG's, and good
 * until Ruby code runs. Its node numbers are places in dag.nodes; mg_dag_number gives
 * that of a name, or MG_GRAPH_NONE, as of the last mg_dag_graph. */
struct mg_graph *mg_dag_graph(VALUE dag);
uint32_t mg_dag_number(VALUE dag, VALUE name);
VALUE mg_dag_nodes(VALUE dag);
VALUE mg_dag_node(VALUE dag, uint32_t number);

void Init_minigun_error(void);
void Init_minigun_run(void);
void Init_minigun_emit(void);
void Init_minigun_output(void);
void Init_minigun_call(void);
void Init_minigun_step(void);
void Init_minigun_fault(void);
void Init_minigun_guard(void);
void Init_minigun_input(void);
void Init_minigun_name(void);
void Init_minigun_dag(void);
void Init_minigun_dag_query(void);
void Init_minigun_stats(void);
void Init_minigun_item(void);
void Init_minigun_transport(void);
void Init_minigun_native(void);
void Init_minigun_native_machine(void);
void Init_minigun_native_border(void);
void Init_minigun_native_count(void);

#endif
