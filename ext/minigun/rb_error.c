#include "minigun.h"

static VALUE rb_eMinigunError;
static VALUE rb_eMinigunClosedError;

void
mg_raise(mg_status_t status)
{
    switch (status) {
    case MG_CLOSED:
        rb_raise(rb_eMinigunClosedError, "closed");
    case MG_INVALID:
        rb_raise(rb_eArgError, "%s", mg_status_text(status));
    case MG_NOMEM:
        rb_raise(rb_eNoMemError, "%s", mg_status_text(status));
    case MG_SYSERR:
        rb_sys_fail(NULL);
    case MG_CYCLE:
    case MG_CORRUPT:
    case MG_TIMEOUT:
        rb_raise(rb_eMinigunError, "%s", mg_status_text(status));
    case MG_OK:
    case MG_AGAIN:
    case MG_CANCELLED:
        break; /* never reach Ruby */
    }
    rb_bug("minigun: raised status %d (%s)", status, mg_status_text(status));
}

void
mg_error_caught(VALUE error)
{
    int state;

    rb_set_errinfo(Qnil);
    if (SPECIAL_CONST_P(error) || rb_obj_class(error) != rb_eSysStackError) return;
    rb_eval_string_protect("raise 'to an end'", &state);
    rb_set_errinfo(Qnil);
}

/* The classes are written in lib/minigun/errors.rb, where a reader looks. */
void
Init_minigun_error(void)
{
    rb_eMinigunError = rb_const_get(rb_mMinigun, rb_intern("Error"));
    rb_global_variable(&rb_eMinigunError);
    rb_eMinigunClosedError = rb_const_get(rb_mMinigun, rb_intern("ClosedError"));
    rb_global_variable(&rb_eMinigunClosedError);
}
