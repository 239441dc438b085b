#include "machine.h"

#include "core/clock.h"

struct wait {
    mg_park_t *park;
    uint64_t deadline;
};

static void
wait_body(void *data)
{
    struct wait *wait = data;
    mg_park_sleep(wait->park, wait->deadline);
}

static void
wait_wake(void *data)
{
    struct wait *wait = data;
    mg_park_ring(wait->park);
}

/* Waits until the pipe is worth trying again, the deadline has passed (0 for none), or an
 * interrupt raises. */
static void
wait_for(mg_native_pipe_t *pipe, uint64_t deadline)
{
    struct wait wait = { &pipe->park, deadline };
    rb_thread_check_ints();
    mg_without_gvl(wait_body, wait_wake, &wait);
    rb_thread_check_ints();
}

static VALUE
keys_of(mg_machine_t *machine, const mg_columns_t *columns)
{
    if (columns == NULL) return Qnil;
    for (long i = 0; i < machine->nkeys; i++) {
        if (machine->columns[i] == columns) return RARRAY_AREF(machine->keys, i);
    }
    VALUE keys = mg_border_keys(columns, machine->symbols);
    const mg_columns_t **grown = realloc(machine->columns, (size_t)(machine->nkeys + 1) * sizeof(*grown));
    if (grown == NULL) mg_raise(MG_NOMEM);
    machine->columns = grown;
    rb_ary_push(machine->keys, keys);
    machine->columns[machine->nkeys++] = columns;
    return keys;
}

static VALUE
reject_to_object(const mg_native_parcel_t *parcel)
{
    const mg_record_t *record = &parcel->block.records[0];
    bool known = parcel->block.origin != NULL;
    VALUE fields[] = {
        UINT2NUM(parcel->stage),
        INT2NUM(parcel->code),
        rb_utf8_str_new_cstr(parcel->text),
        known ? rb_utf8_str_new_cstr(parcel->name) : Qnil,
        known && parcel->origin.line ? ULL2NUM(parcel->origin.line + record->line) : Qnil,
        known ? ULL2NUM(parcel->origin.offset + record->at) : Qnil,
        rb_utf8_str_new(parcel->block.data + record->offset, record->length),
    };
    return rb_class_new_instance(7, fields, rb_path2class("Minigun::Native::Reject"));
}

/* Has all been taken that came of the items fed so far? Notes it, and tells whether it is news. */
static bool
caught_up(mg_machine_t *machine, bool idle)
{
    if (!idle || machine->through == machine->fed) return false;
    machine->through = machine->fed;
    return true;
}

/*
 * call-seq: take(seconds = nil) -> Array, Reject, false or nil
 *
 * The next block of what the last stage emits, or a record that a stage rejected, or
 * nil at the end. With +seconds+ false if nothing comes within these, and at once when all
 * that was fed has gone through. Raises the failure of a stage.
 */
static VALUE
minigun_native_machine_take(int argc, VALUE *argv, VALUE self)
{
    VALUE seconds;
    rb_scan_args(argc, argv, "01", &seconds);
    uint64_t deadline = NIL_P(seconds) ? 0 : mg_clock_now() + (uint64_t)(NUM2DBL(seconds) * 1e9);
    mg_machine_t *machine = mg_machine_get(self);
    mg_native_pipe_t *outlet = mg_native_chain_outlet(machine->core);
    mg_native_parcels_t *parcels = mg_native_chain_parcels(machine->core);
    mg_status_t status;

    mg_native_parcel_put(parcels, machine->taken);
    machine->taken = NULL;
    for (;;) {
        bool idle = deadline && mg_native_chain_idle(machine->core); /* asked before the outlet */
        status = mg_native_pipe_try_pop(outlet, &machine->taken);
        if (status != MG_AGAIN) break;
        if (deadline && (caught_up(machine, idle) || mg_clock_now() >= deadline)) return Qfalse;
        wait_for(outlet, deadline);
    }
    if (status != MG_OK) {
        VALUE error = mg_machine_error(machine);
        if (!NIL_P(error)) rb_exc_raise(error);
        return Qnil;
    }
    const mg_native_parcel_t *parcel = machine->taken;
    VALUE result = parcel->rejected
                       ? reject_to_object(parcel)
                       : mg_border_items(&parcel->block, keys_of(machine, parcel->block.columns));
    mg_native_parcel_put(parcels, machine->taken);
    machine->taken = NULL;
    return result;
}

/* Sends the block under way in. False if nobody wants it any more. */
static bool
push(mg_machine_t *machine)
{
    mg_native_pipe_t *inlet = mg_native_chain_inlet(machine->core);
    mg_status_t status;

    for (;;) {
        if (machine->sealed == NULL) {
            machine->sealed = mg_border_seal(&machine->border);
            if (machine->sealed == NULL) return true;
            mg_native_chain_number(machine->core, machine->sealed);
        }
        while ((status = mg_native_pipe_try_push(inlet, machine->sealed)) == MG_AGAIN) wait_for(inlet, 0);
        if (status != MG_OK) return false;
        machine->sealed = NULL;
    }
}

/*
 * call-seq: feed(items) -> nil or [index, ...]
 *
 * Gives items to the first stage, waiting for room; tells which ones no native stage
 * takes.
 */
static VALUE
minigun_native_machine_feed(VALUE self, VALUE items)
{
    mg_machine_t *machine = mg_machine_get(self);
    VALUE strange = Qnil;
    Check_Type(items, T_ARRAY);

    for (long i = 0; i < RARRAY_LEN(items); i++) {
        mg_border_added_t added = mg_border_add(&machine->border, RARRAY_AREF(items, i));
        if (added == MG_BORDER_FULL) {
            if (!push(machine)) break;
            added = mg_border_add(&machine->border, RARRAY_AREF(items, i));
        }
        if (added == MG_BORDER_STRANGE) {
            if (NIL_P(strange)) strange = rb_ary_new();
            rb_ary_push(strange, LONG2NUM(i));
        }
    }
    push(machine);
    machine->fed += (uint64_t)RARRAY_LEN(items); /* nobody looks between the last push and here */
    return strange;
}

/*
 * call-seq: through -> Integer
 *
 * How many of the items fed have certainly gone through, with all that came of them taken.
 */
static VALUE
minigun_native_machine_through(VALUE self)
{
    return ULL2NUM(mg_machine_get(self)->through);
}

/*
 * call-seq: hungry? -> true or false
 *
 * False when a stage has enough, or the chain is cancelled: what is fed then is lost.
 */
static VALUE
minigun_native_machine_hungry_p(VALUE self)
{
    return mg_native_pipe_wanted(mg_native_chain_inlet(mg_machine_get(self)->core)) ? Qtrue : Qfalse;
}

/*
 * call-seq: finish -> nil
 *
 * Says that no more items will be fed.
 */
static VALUE
minigun_native_machine_finish(VALUE self)
{
    mg_native_pipe_close(mg_native_chain_inlet(mg_machine_get(self)->core));
    return Qnil;
}

void
mg_machine_define_flow(VALUE machine)
{
    rb_define_method(machine, "take", minigun_native_machine_take, -1);
    rb_define_method(machine, "feed", minigun_native_machine_feed, 1);
    rb_define_method(machine, "through", minigun_native_machine_through, 0);
    rb_define_method(machine, "hungry?", minigun_native_machine_hungry_p, 0);
    rb_define_method(machine, "finish", minigun_native_machine_finish, 0);
}
