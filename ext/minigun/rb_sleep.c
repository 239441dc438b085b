#include "engine_run.h"

static ID id_handle_interrupt;
static VALUE mask_never;

/* It takes about as long to fill a queue of a thousand small items, and all of a chain of five
 * stages. */
mg_turn_t mg_gvl_turn = { .awaits.patience = 80000, .lingers.patience = 200000 };

struct nap {
    mg_park_t *park;
    uint64_t deadline;
    bool takes_turn;
    _Atomic bool interrupted;
    bool slept;
};

static void
nap_body(void *data)
{
    struct nap *nap = data;
    nap->slept = true;
    mg_turn_pass(&mg_gvl_turn);
    if (nap->takes_turn) mg_turn_linger(&mg_gvl_turn, nap->park);
    bool rang = mg_park_sleep(nap->park, nap->deadline);
    if (rang && nap->takes_turn) mg_turn_await(&mg_gvl_turn, &nap->interrupted);
}

static void
nap_wake(void *data)
{
    struct nap *nap = data;
    atomic_store(&nap->interrupted, true);
    mg_park_ring(nap->park);
}

static void
nap_awhile(struct nap *nap)
{
    mg_without_gvl(nap_body, nap_wake, nap);
    mg_turn_take(&mg_gvl_turn);
}

static VALUE
nap_masked(RB_BLOCK_CALL_FUNC_ARGLIST(first, data))
{
    rb_thread_check_ints();
    nap_awhile((struct nap *)data);
    return Qnil;
}

static VALUE
nap_with_mask(VALUE data)
{
    return rb_block_call(rb_cThread, id_handle_interrupt, 1, &mask_never, nap_masked, data);
}

mg_status_t
mg_run_sleep(mg_run_t *run, mg_park_t *park, uint64_t deadline, bool interruptible)
{
    struct nap nap = { .park = park, .deadline = deadline, .takes_turn = park != run->owner };
    if (interruptible) {
        nap_awhile(&nap);
        return nap.slept && !atomic_load(&nap.interrupted) ? MG_OK : MG_AGAIN;
    }
    int state = 0;
    rb_protect(nap_with_mask, (VALUE)&nap, &state);
    if (state) {
        mg_worker_t *worker = mg_slot()->worker;
        if (worker) {
            mg_fault_defer(worker, state);
        }
        else {
            rb_jump_tag(state); /* no worker: a publisher, whose hands are empty */
        }
    }
    return MG_OK;
}

VALUE
mg_interrupt_mask(const char *timing)
{
    VALUE hash = rb_hash_new();
    rb_hash_aset(hash, rb_cObject, ID2SYM(rb_intern(timing)));
    rb_gc_register_mark_object(rb_obj_freeze(hash));
    return hash;
}

void
Init_minigun_sleep(void)
{
    id_handle_interrupt = rb_intern("handle_interrupt");
    mask_never = mg_interrupt_mask("never");
}
