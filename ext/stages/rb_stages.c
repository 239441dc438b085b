#include <ruby.h>

#include "native/native.h"

/* Each stage is handed over as any other extension hands over its own. */
RUBY_FUNC_EXPORTED void
Init_stages(void)
{
    VALUE native = rb_path2class("Minigun::Native");
#define XX(name)                                                                                   \
    rb_funcall(native, rb_intern("register"), 2, ID2SYM(rb_intern(#name)),                         \
               ULL2NUM((uintptr_t)&mg_stage_##name));
    MG_NATIVE_SHIPPED(XX)
#undef XX
}
