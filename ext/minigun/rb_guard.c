#include "engine.h"

#include "core/clock.h"

static VALUE rb_eMinigunItemTimeout;

enum { STATE_RAISE = 6 }; /* of rb_protect */

/* Anything but the end of the run has to leave the caller's loop as an error: the loop
 * would come back to the same item for ever. */
static bool
goes_on(mg_status_t status)
{
    if (status != MG_OK && status != MG_CANCELLED) mg_raise(status);
    return status == MG_OK;
}

bool
mg_guard_begin(mg_hand_t *hand, mg_part_t *part)
{
    if (hand->step->kind == MG_KIND_EACH) hand->token = mg_chunk_token(hand->in, hand->cursor);
    if (part->buffered && !goes_on(mg_hand_hold(hand))) return false;
    if (part->timeout == 0) return true;
    hand->overdue = false;
    hand->limit = mg_hand_spent(hand, mg_clock_now()) + part->timeout;
    return true;
}

static VALUE
check_ints(VALUE data)
{
    rb_thread_check_ints();
    return Qnil;
}

/* Takes in what was raised into this thread and has not arrived yet; the state of the
 * jump, 0 for none. */
static int
arrive(void)
{
    int state = 0;
    rb_protect(check_ints, Qnil, &state);
    return state;
}

/* A timeout of an item that was through when it came. */
static bool
came_late(const mg_hand_t *hand, int state)
{
    VALUE error = rb_errinfo();
    return hand->overdue && state == STATE_RAISE && RTEST(rb_obj_is_kind_of(error, rb_eMinigunItemTimeout));
}

void
mg_guard_defer(mg_hand_t *hand, int state)
{
    if (!came_late(hand, state)) {
        mg_fault_defer(hand->worker, state);
        return;
    }
    hand->overdue = false;
    rb_set_errinfo(Qnil);
}

void
mg_guard_clear(mg_hand_t *hand)
{
    hand->limit = 0;
    if (!hand->overdue) return;
    VALUE error = rb_errinfo();
    rb_set_errinfo(Qnil);
    int state = arrive();
    if (state) mg_guard_defer(hand, state);
    hand->overdue = false;
    rb_set_errinfo(error);
}

bool
mg_guard_end(mg_hand_t *hand, mg_part_t *part)
{
    if (hand->limit) mg_guard_clear(hand);
    if (hand->step->kind == MG_KIND_EACH) mg_hand_stamp(hand);
    return !part->buffered || goes_on(mg_hand_release(hand));
}

void
mg_guard_nested(mg_hand_t *hand)
{
    int state = arrive();
    if (state) mg_fault_defer(hand->worker, state);
}

void
Init_minigun_guard(void)
{
    rb_eMinigunItemTimeout = rb_const_get(rb_mMinigun, rb_intern("ItemTimeout"));
    rb_global_variable(&rb_eMinigunItemTimeout);
}
