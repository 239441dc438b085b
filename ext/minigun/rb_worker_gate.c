#include "minigun.h"
#include "worker_gate.h"

#include <pthread.h>

static mg_worker_gate_t ready;

/* How many forks lie between this process and the one that loaded the library. A
 * gate taken before a fork is shut behind it: a child that a stage's block forks, and
 * that returns from the block, must not go on with the worker's items. */
static uint32_t generation;

void
mg_worker_arm(mg_transport_t *transport, uint64_t sequence, uint32_t base)
{
    ready = (mg_worker_gate_t){ .transport = transport,
                                .sequence = sequence,
                                .base = base,
                                .generation = generation };
}

void
mg_worker_disarm(void)
{
    ready.transport = NULL;
}

mg_worker_gate_t
mg_worker_gate(void)
{
    mg_worker_gate_t gate = ready;
    ready.transport = NULL;
    return gate;
}

bool
mg_worker_begin(const mg_worker_gate_t *gate, uint32_t index)
{
    if (gate->transport == NULL) return true;
    if (gate->generation != generation) return false;
    return mg_transport_begin(gate->transport, gate->sequence, gate->base + index);
}

uint32_t
mg_worker_generation(void)
{
    return generation;
}

static void
count_fork(void)
{
    generation++;
}

/*
 * call-seq: each_begun(items) { |item, index| ... }
 *
 * Yields the items the worker may begin, as a run does: each only once it is in hand.
 */
static VALUE
minigun_worker_each_begun(VALUE self, VALUE items)
{
    mg_worker_gate_t gate = mg_worker_gate();
    Check_Type(items, T_ARRAY);
    for (long i = 0; i < RARRAY_LEN(items); i++) {
        if (!mg_worker_begin(&gate, (uint32_t)i)) break;
        rb_yield_values(2, RARRAY_AREF(items, i), LONG2NUM(i));
    }
    return items;
}

void
Init_minigun_worker_gate(void)
{
    static bool registered;
    if (!registered) registered = pthread_atfork(NULL, NULL, count_fork) == 0;

    VALUE worker = rb_define_module_under(rb_mMinigunExecution, "WorkerGate");
    rb_define_module_function(worker, "each_begun", minigun_worker_each_begun, 1);
}
