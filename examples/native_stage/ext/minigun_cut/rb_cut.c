#include <ruby.h>

#include <core/stage.h>

extern const mg_stage_t minigun_cut;

void
Init_minigun_cut(void)
{
    VALUE native = rb_path2class("Minigun::Native");
    rb_funcall(native, rb_intern("register"), 2, ID2SYM(rb_intern("cut")),
               ULL2NUM((unsigned long long)(size_t)&minigun_cut));
}
