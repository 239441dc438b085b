/* engine.h - What the binding's files of the engine share: rb_run*.c have
 * the run and its threads, rb_step.c calls the code of stages, rb_emit.c brings
 * what that code emits into the step, rb_input.c feeds loops. */
#ifndef MG_ENGINE_H
#define MG_ENGINE_H

#include "minigun.h"

#include "core/run.h"

/* How to call a block so that its self is the user object, cheapest first. */
typedef enum {
    MG_CALL_YIELD,  /* its self is the user object already, or doesn't matter */
    MG_CALL_METHOD, /* through a method made from it */
    MG_CALL_EXEC,   /* through instance_exec */
    MG_CALL_OBJECT  /* `call` of an object of a custom class */
} mg_call_t;

/* What a step's code is given. */
typedef enum {
    MG_GIVE_NOTHING,
    MG_GIVE_ITEM,
    MG_GIVE_ITEM_OUTPUT,
    MG_GIVE_OUTPUT,
    MG_GIVE_INPUT_OUTPUT
} mg_give_t;

typedef struct {
    VALUE code; /* a Proc, or an object that answers `call` */
    VALUE method;
    mg_call_t how;
} mg_callable_t;

/* The Ruby side of a step. Marked by the run. */
typedef struct {
    VALUE run; /* Minigun::Execution::Run */
    VALUE self; /* the user object */
    VALUE definition; /* Minigun::Step */
    mg_callable_t main;
    mg_give_t give;
    bool calls;  /* has code at all */
    bool driver; /* the code is an object that drives workers elsewhere */
    mg_callable_t *before, *after;
    uint32_t nbefore, nafter;
    bool buffered; /* emits are published when the code has returned */
    uint32_t unpromoted; /* calls left before a method is worth making */

    VALUE output, input; /* Qnil until used */
    VALUE output_proc;

    VALUE kept;  /* the batch being filled, or Qnil */
    VALUE batch; /* the batch in hand, or Qnil */
    VALUE filling; /* the batch being filled, while another is tried again */
    uint64_t timeout; /* nanoseconds that an item may take; 0 for no end */
    bool guarded; /* buffered or with a timeout */
    long batch_size;
    uint64_t batch_wait; /* nanoseconds; 0 for none */

    mg_step_t *step;
} mg_part_t;

/* What emit finds when it looks for the step it belongs to. */
typedef struct {
    mg_worker_t *worker;         /* a worker's thread, or NULL */
    struct mg_collector *collector; /* code is run outside of a worker, or NULL */
} mg_slot_t;

/* Gathers what code emits that is run outside of a worker: in a child process, or
 * for AtomicStage#execute_with_emit. Lives on the stack. */
typedef struct mg_collector {
    VALUE outputs;      /* [[target, [items]], ...] */
    VALUE items;        /* the last of them */
    VALUE target;       /* its target: nil or an Integer */
    mg_part_t *part;    /* or NULL */
} mg_collector_t;

/* State of a worker's thread. */
typedef struct {
    VALUE thread; /* marked through the run's list of threads */
    int deferred_state; /* an interrupt or jump that waits until the code it is
                         * meant for runs again */
    VALUE deferred;
    uint64_t cancelled_at; /* when it was told that the run is cancelled, or 0 */
    bool stopped; /* was told that it need not produce any more */
} mg_thread_t;

/* rb_emit.c */

/* The running thread's slot. It belongs to the Ruby thread, not to a fiber: emit must work
 * inside an Enumerator. A Ruby thread may change its native thread where Ruby has threads
 * of its own kind of storage, so that is used there. */
#ifdef HAVE_RB_INTERNAL_THREAD_SPECIFIC_GET
mg_slot_t *mg_slot(void);
#else
/* Found without a call, in the few bytes that the loader keeps free for this. */
#if defined(__GNUC__) && defined(__ELF__)
#define MG_TLS_FAST __attribute__((tls_model("initial-exec")))
#else
#define MG_TLS_FAST
#endif

extern __thread mg_slot_t mg_thread_slot MG_TLS_FAST;

static inline mg_slot_t *
mg_slot(void)
{
    return &mg_thread_slot;
}
#endif

/* Does what the status of an emit or send asks for, if anything. May not return. */
void mg_after_emit(mg_hand_t *hand, mg_status_t status);
/* Raises the error of an emit where no stage runs. */
NORETURN(void mg_no_step(void));
mg_status_t mg_collect(mg_collector_t *collector, VALUE target, VALUE item);
void Init_minigun_emit(void);

/* rb_output.c: the part's output as an object, and as a proc. */
VALUE mg_output_queue_new(mg_part_t *part);
VALUE mg_output_proc(mg_part_t *part);
void Init_minigun_output(void);

/* rb_call.c */
void mg_callable_init(mg_callable_t *callable, VALUE code, VALUE self);
void Init_minigun_call(void);

/* rb_step.c */
mg_status_t mg_step_run_items(mg_hand_t *hand);
mg_status_t mg_step_run_once(mg_hand_t *hand);
mg_status_t mg_step_flush(mg_hand_t *hand);
void Init_minigun_step(void);

/* rb_batch.c: passes on the batch that the part keeps, if it keeps one; and runs over the
 * chunk of the hand that is its argument. */
void mg_batch_pass_on(mg_hand_t *hand, mg_part_t *part);
VALUE mg_batch_body(VALUE hand);

/* rb_outside.c: runs the part over `items` with emits collected; see Run#call_step. */
VALUE mg_step_call(mg_part_t *part, VALUE items);
/* rb_outside.c: flushes the part with emits collected; see Run#flush_step. */
VALUE mg_step_flush_outside(mg_part_t *part);

/* rb_fault.c: what user code did instead of returning. */

/* Classifies the jump that rb_protect caught in the hand's code.
 * MG_OK        - the item in hand failed; counted, reported; go on behind it.
 * MG_CANCELLED - the run stops; its error is kept. */
mg_status_t mg_fault(mg_hand_t *hand, int state, VALUE item);
/* Does what was put off while other code ran, if anything. May not return. */
void mg_fault_resume(mg_worker_t *worker);
void mg_fault_defer(mg_worker_t *worker, int state);
/* Where a step counts items whose failure Ruby answered with :skipped, :failed or :dead. */
uint64_t *mg_fate_of(mg_step_t *step, VALUE answer);
void Init_minigun_fault(void);

/* rb_guard.c: around the code of guarded parts, item by item. */

/* False where the run stops; may raise. */
bool mg_guard_begin(mg_hand_t *hand, mg_part_t *part);
bool mg_guard_end(mg_hand_t *hand, mg_part_t *part);
/* The item in hand is no longer timed; a timeout that is on its way is taken off. There
 * is no error, or it is an exception. */
void mg_guard_clear(mg_hand_t *hand);
/* As mg_fault_defer, but for the timeout of an item that is through: that is dropped. */
void mg_guard_defer(mg_hand_t *hand, int state);
/* Code is about to run inside of the outer hand's: what is on its way to that code is
 * put off until it runs again. */
void mg_guard_nested(mg_hand_t *hand);
void Init_minigun_guard(void);

/* rb_input.c */
VALUE mg_input_queue_new(mg_part_t *part);
/* The hand that takes the input, an InputQueue. */
mg_hand_t *mg_input_hand(VALUE self);
/* Closes the books of a loop that has ended. The item in its hands is counted in
 * `in_hand`, one of the step's counters; for a driver, all items it has not reported,
 * unless it ended well. */
void mg_input_close(mg_part_t *part, uint64_t *in_hand);
void Init_minigun_input(void);

/* rb_run.c; mg_run_sleep and mg_interrupt_mask are in rb_sleep.c */
mg_run_t *mg_run_get(VALUE self);
mg_part_t *mg_part_get(VALUE run, VALUE index);
/* Keeps the first error that stops the run. */
void mg_run_fail(VALUE self, VALUE error);
/* Sleeps as mg_run_ops_t.sleep. */
mg_status_t mg_run_sleep(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible);
/* Counts items that a loop took and left as cancelled, and tells so. */
void mg_run_leave(mg_part_t *part, VALUE items);
/* A mask of interrupts for Thread.handle_interrupt, as of `timing`. Never collected. */
VALUE mg_interrupt_mask(const char *timing);
void Init_minigun_run(void);

#endif
