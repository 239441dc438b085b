#include "minigun.h"

VALUE rb_mMinigun;
VALUE rb_mMinigunExecution;

RUBY_FUNC_EXPORTED void
Init_minigun(void)
{
    rb_mMinigun = rb_define_module("Minigun");
    rb_mMinigunExecution = rb_define_module_under(rb_mMinigun, "Execution");

    Init_minigun_error();
    Init_minigun_run();
    Init_minigun_emit();
    Init_minigun_output();
    Init_minigun_call();
    Init_minigun_step();
    Init_minigun_fault();
    Init_minigun_guard();
    Init_minigun_input();
    Init_minigun_name();
    Init_minigun_dag();
    Init_minigun_dag_query();
    Init_minigun_stats();
    Init_minigun_item();
    Init_minigun_transport();
    Init_minigun_native();
    Init_minigun_native_machine();
    Init_minigun_native_border();
    Init_minigun_native_count();
}
