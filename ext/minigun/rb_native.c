#include "minigun.h"

#include <dlfcn.h>

#include "core/native_chain.h"
#include "core/native_gate.h"

/*
 * call-seq: check(address) -> nil
 *
 * Raises ArgumentError unless there is a native stage of this ABI.
 */
static VALUE
minigun_native_check(VALUE self, VALUE address)
{
    mg_error_t error = { 0, "" };
    const mg_stage_t *stage = (const mg_stage_t *)NUM2ULL(address);
    uintptr_t place = (uintptr_t)stage;
    if (place && (place < 4096 || place % sizeof(void *))) rb_raise(rb_eArgError, "%lu is no address of a stage", (unsigned long)place);
    if (mg_native_stage_check(stage, &error) != MG_OK) rb_raise(rb_eArgError, "%s", error.text);
    return Qnil;
}

/*
 * call-seq: source?(address) -> true or false
 */
static VALUE
minigun_native_source_p(VALUE self, VALUE address)
{
    return ((const mg_stage_t *)NUM2ULL(address))->read != NULL ? Qtrue : Qfalse;
}

/*
 * call-seq: symbol(path, name) -> Integer
 *
 * The address of a symbol in a shared object, which stays loaded.
 */
static VALUE
minigun_native_symbol(VALUE self, VALUE path, VALUE name)
{
    void *library = dlopen(StringValueCStr(path), RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) rb_raise(rb_path2class("Minigun::NativeError"), "can't load: %s", dlerror());
    void *address = dlsym(library, StringValueCStr(name));
    if (address == NULL) {
        rb_raise(rb_path2class("Minigun::NativeError"), "%s has no symbol %s", RSTRING_PTR(path), RSTRING_PTR(name));
    }
    return ULL2NUM((uintptr_t)address);
}

static VALUE
minigun_native_quiesce(VALUE self)
{
    return mg_native_gate_close(1000000000) ? Qtrue : Qfalse;
}

static VALUE
minigun_native_resume(VALUE self, VALUE in_child)
{
    mg_native_gate_open(RTEST(in_child));
    return Qnil;
}

void
Init_minigun_native(void)
{
    VALUE module = rb_define_module_under(rb_mMinigun, "Native");
    VALUE singleton = rb_singleton_class(module);
    rb_define_private_method(singleton, "check", minigun_native_check, 1);
    rb_define_private_method(singleton, "symbol", minigun_native_symbol, 2);
    rb_define_private_method(singleton, "quiesce", minigun_native_quiesce, 0);
    rb_define_private_method(singleton, "resume", minigun_native_resume, 1);
    rb_define_module_function(module, "source_address?", minigun_native_source_p, 1);
}
