#include "minigun.h"

VALUE rb_mMinigun;
VALUE rb_mMinigunExecution;

RUBY_FUNC_EXPORTED void
Init_minigun(void)
{
    rb_mMinigun = rb_define_module("Minigun");
    rb_mMinigunExecution = rb_define_module_under(rb_mMinigun, "Execution");

    Init_minigun_error();
    Init_minigun_stats();
}
