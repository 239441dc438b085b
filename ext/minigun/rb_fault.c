#include "engine.h"

#include "core/clock.h"

static VALUE rb_eMinigunCancelled, rb_eMinigunStopped;
static VALUE mask_never;
static const char KILLED[] = "the thread of the stage was killed";
static ID id_item_failed, id_handle_interrupt, id_skipped, id_dead;

/* The states of rb_protect, as Ruby's vm_core.h has them. */
enum { STATE_RETURN = 1, STATE_BREAK = 2, STATE_RAISE = 6, STATE_THROW = 7, STATE_FATAL = 8 };

#ifdef HAVE_RB_OBJSPACE_REACHABLE_OBJECTS_FROM
void rb_objspace_reachable_objects_from(VALUE object, void (*each)(VALUE, void *), void *data);

static void
keep_exception(VALUE object, void *found)
{
    if (RTEST(rb_obj_is_kind_of(object, rb_eException))) *(VALUE *)found = object;
}

/* The exception that a throw is for, as those of Ruby 3.1's Timeout are: to raise it throws it again. */
static VALUE
thrown_exception(VALUE jump)
{
    VALUE found = Qnil;
    if (!SPECIAL_CONST_P(jump)) rb_objspace_reachable_objects_from(jump, keep_exception, &found);
    return found;
}
#else
static VALUE
thrown_exception(VALUE jump)
{
    return Qnil;
}
#endif

static VALUE
make_error(const char *text)
{
    return rb_exc_new_cstr(rb_eLocalJumpError, text);
}

/* Ruby lets nobody go on with another jump than an exception once it was caught: a throw to a
 * catch of the code it is nested in is but the item's error, as where a queue is between the two. */
void
mg_fault_defer(mg_worker_t *worker, int state)
{
    mg_thread_t *thread = worker->data;
    VALUE error = rb_errinfo();
    rb_set_errinfo(Qnil);
    if (thread->deferred_state != 0) return;
    if (state != STATE_RAISE && state != STATE_FATAL) {
        error = thrown_exception(error);
        if (NIL_P(error)) return;
        state = STATE_RAISE;
    }
    thread->deferred_state = state;
    thread->deferred = error;
}

void
mg_fault_resume(mg_worker_t *worker)
{
    mg_thread_t *thread = worker->data;
    int state = thread->deferred_state;
    if (state == 0) return;
    VALUE error = thread->deferred;
    thread->deferred_state = 0;
    thread->deferred = Qnil;
    if (state == STATE_FATAL) { /* Ruby kills a thread once, but lets an error be as little rescued */
        worker->dying = true;
        rb_exc_fatal(make_error(KILLED));
    }
    rb_exc_raise(error);
}

uint64_t *
mg_fate_of(mg_step_t *step, VALUE answer)
{
    if (answer == ID2SYM(id_skipped)) return &step->skipped;
    if (answer == ID2SYM(id_dead)) return &step->dead;
    return &step->failed;
}

struct failure {
    VALUE run, item, error, answer, raised;
    uint32_t index, attempt;
    bool judged;
};

static VALUE
ask(VALUE data)
{
    struct failure *failure = (struct failure *)data;
    return rb_funcall(failure->run, id_item_failed, 4, UINT2NUM(failure->index), failure->item,
                      failure->error, UINT2NUM(failure->attempt));
}

/* What the policy raises is kept here: an interrupt that waits for the end of the mask
 * would take its place. */
static VALUE
report_masked(RB_BLOCK_CALL_FUNC_ARGLIST(first, data))
{
    struct failure *failure = (struct failure *)data;
    int state = 0;
    VALUE answer = rb_protect(ask, data, &state);
    if (state == 0) failure->answer = answer;
    failure->judged = state == 0 || state == STATE_RAISE;
    if (state == 0) return Qnil;
    if (!failure->judged) rb_jump_tag(state);
    failure->raised = rb_errinfo();
    rb_set_errinfo(Qnil);
    return Qnil;
}

/* With interrupts kept off; where handlers and sinks block, Ruby lets them through. */
static VALUE
report(VALUE data)
{
    return rb_block_call(rb_cThread, id_handle_interrupt, 1, &mask_never, report_masked, data);
}

static mg_status_t
try_again(mg_hand_t *hand, VALUE item, VALUE seconds, uint32_t attempt)
{
    double delay = NUM2DBL(seconds);
    uint64_t due = mg_clock_now() + (delay > 0 ? (uint64_t)(delay * 1e9) : 0);
    hand->parked = true;
    return mg_hand_park(hand, (mg_item_t)item, attempt + 1, due);
}

/* Enters what became of an item, or of all items of a batch, which were counted as done
 * when they were collected. */
static void
count_failure(mg_hand_t *hand, VALUE item, VALUE answer)
{
    mg_step_t *step = hand->step;
    bool batch = step->kind == MG_KIND_BATCH && RB_TYPE_P(item, T_ARRAY);
    uint64_t count = batch ? (uint64_t)RARRAY_LEN(item) : 1;
    if (batch) step->done -= count;
    ((mg_part_t *)step->data)->batch = Qnil;
    *mg_fate_of(step, answer) += count;
    if (answer != ID2SYM(id_dead)) mg_hand_failed(hand);
}

/* What stands in for the output of an item that failed. */
static mg_status_t
emit_instead(mg_hand_t *hand, VALUE item, VALUE replacement)
{
    if (hand->step->kind != MG_KIND_BATCH) hand->step->done++;
    mg_status_t status = mg_hand_emit(hand, (mg_item_t)RARRAY_AREF(replacement, 0));
    return status == MG_CANCELLED || status == MG_NOMEM ? status : MG_OK;
}

/* Lets Ruby report the item in hand, which is Qundef for all of a producer or loop,
 * and say what becomes of it, see Run#item_failed. */
static mg_status_t
fail_item(mg_hand_t *hand, VALUE item, VALUE error)
{
    mg_part_t *part = hand->step->data;
    bool whole = item == Qundef;
    struct failure failure = { .run = part->run,
                               .item = whole ? Qnil : item,
                               .error = error,
                               .answer = Qundef,
                               .raised = Qnil,
                               .index = hand->step->index,
                               .attempt = hand->in ? hand->in->attempt : 0 };
    int state;

    if (hand->holding) mg_hand_drop(hand);
    do { /* once more if a kill came before there was an answer */
        rb_protect(report, (VALUE)&failure, &state);
        if (state) mg_guard_defer(hand, state);
    } while (!failure.judged);
    VALUE answer = failure.answer;
    if (answer == Qundef) {
        if (!whole) count_failure(hand, item, Qnil);
        if (NIL_P(failure.raised)) return MG_OK;
        if (!hand->step->run->cancelled) mg_run_fail(part->run, failure.raised);
        return MG_CANCELLED;
    }
    if (whole) return MG_OK;
    if (RB_FLOAT_TYPE_P(answer)) return try_again(hand, item, answer, failure.attempt);
    if (RB_TYPE_P(answer, T_ARRAY)) return emit_instead(hand, item, answer);
    count_failure(hand, item, answer);
    return MG_OK;
}

static bool
is_foreign_timeout(VALUE error)
{
    if (!rb_const_defined(rb_cObject, rb_intern("Timeout"))) return false;
    VALUE timeout = rb_const_get(rb_cObject, rb_intern("Timeout"));
    if (!rb_const_defined_from(timeout, rb_intern("ExitException"))) return false;
    return RTEST(rb_obj_is_kind_of(error, rb_const_get(timeout, rb_intern("ExitException"))));
}

static mg_status_t
classify(mg_hand_t *hand, int state, VALUE item)
{
    mg_part_t *part = hand->step->data;
    VALUE error = rb_errinfo();

    switch (state) {
    case STATE_RAISE:
        if (RTEST(rb_obj_is_kind_of(error, rb_eStandardError))) {
            rb_set_errinfo(Qnil);
            return fail_item(hand, item, error);
        }
        if (RTEST(rb_obj_is_kind_of(error, rb_eMinigunCancelled))) {
            rb_set_errinfo(Qnil);
            return MG_CANCELLED;
        }
        if (hand->step->kind == MG_KIND_PRODUCER &&
            RTEST(rb_obj_is_kind_of(error, rb_eMinigunStopped))) {
            rb_set_errinfo(Qnil);
            return MG_OK;
        }
        if (hand->outer && is_foreign_timeout(error)) break;
        mg_error_caught(error);
        mg_run_fail(part->run, error);
        return MG_CANCELLED;
    case STATE_FATAL:
        rb_set_errinfo(Qnil);
        hand->worker->dying = true;
        return fail_item(hand, item, make_error(KILLED));
    case STATE_RETURN:
    case STATE_BREAK:
        rb_set_errinfo(Qnil);
        return fail_item(hand, item, make_error("break or return from a stage's block"));
    default:
        break;
    }
    /* Out of this code to a catch or timeout around the code it is nested in: a timeout takes
     * its course once that code runs again. */
    mg_fault_defer(hand->worker, state);
    return fail_item(hand, item, make_error("thrown out of a stage's block"));
}

mg_status_t
mg_fault(mg_hand_t *hand, int state, VALUE item)
{
    if (state == STATE_RAISE && hand->limit) mg_guard_clear(hand);
    mg_status_t status = classify(hand, state, item);
    if (hand->step->kind == MG_KIND_EACH) mg_hand_stamp(hand);
    if (hand->limit) mg_guard_clear(hand); /* a jump's value could not have been kept */
    return status;
}

void
Init_minigun_fault(void)
{
    rb_eMinigunCancelled = rb_const_get(rb_mMinigun, rb_intern("Cancelled"));
    rb_global_variable(&rb_eMinigunCancelled);
    rb_eMinigunStopped = rb_const_get(rb_mMinigun, rb_intern("Stopped"));
    rb_global_variable(&rb_eMinigunStopped);
    id_item_failed = rb_intern("item_failed");
    id_skipped = rb_intern("skipped");
    id_dead = rb_intern("dead");
    id_handle_interrupt = rb_intern("handle_interrupt");
    mask_never = mg_interrupt_mask("never");
}
