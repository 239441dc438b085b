#include "engine_call.h"

static ID id_call, id_instance_exec, id_method_for, id_flush;

/* Calls of a block through instance_exec before a method made from it would pay. */
enum { PROMOTE_AFTER = 64 };

void
mg_callable_init(mg_callable_t *callable, VALUE code, VALUE self)
{
    callable->code = code;
    callable->method = Qnil;
    callable->how = MG_CALL_OBJECT;
    if (!rb_obj_is_proc(code)) return;

    VALUE rebind = rb_const_get(rb_mMinigun, rb_intern("Rebind"));
    bool bound = RTEST(rb_funcall(rebind, rb_intern("bound_to?"), 2, code, self));
    callable->how = bound ? MG_CALL_YIELD : MG_CALL_EXEC;
}

static void
promote(mg_callable_t *callable, VALUE self, int arguments)
{
    VALUE rebind = rb_const_get(rb_mMinigun, rb_intern("Rebind"));
    callable->method = rb_funcall(rebind, id_method_for, 3, callable->code, self, INT2FIX(arguments));
    if (!NIL_P(callable->method)) callable->how = MG_CALL_METHOD;
}

void
mg_call_promote(mg_part_t *part, uint64_t calls)
{
    if (!part->unpromoted || calls < PROMOTE_AFTER) return;
    if (part->main.how != MG_CALL_EXEC || part->give > MG_GIVE_ITEM_OUTPUT) return;
    part->unpromoted = 0;
    promote(&part->main, part->self, part->give == MG_GIVE_ITEM ? 1 : 2);
    for (uint32_t i = 0; i < part->nbefore; i++) promote(&part->before[i], part->self, 0);
    for (uint32_t i = 0; i < part->nafter; i++) promote(&part->after[i], part->self, 0);
}

VALUE
mg_call_slowly(const mg_callable_t *callable, VALUE self, int argc, const VALUE *argv, VALUE block)
{
    if (callable->how == MG_CALL_EXEC) {
        return rb_funcall_with_block(self, id_instance_exec, argc, argv, callable->code);
    }
    return rb_funcall_with_block(callable->code, id_call, argc, argv, block);
}

VALUE
mg_call_main(mg_part_t *part, VALUE item)
{
    VALUE block = part->main.how == MG_CALL_OBJECT ? mg_output_proc(part) : Qnil;
    VALUE argv[2] = { item, Qnil };
    int argc = 0;
    switch (part->give) {
    case MG_GIVE_NOTHING:
        break;
    case MG_GIVE_ITEM:
        argc = 1;
        break;
    case MG_GIVE_ITEM_OUTPUT:
        argv[1] = mg_output_queue_new(part);
        argc = 2;
        break;
    case MG_GIVE_OUTPUT:
        argv[0] = mg_output_queue_new(part);
        argc = 1;
        break;
    case MG_GIVE_INPUT_OUTPUT:
        argv[0] = mg_input_queue_new(part);
        argv[1] = mg_output_queue_new(part);
        argc = 2;
        break;
    }
    return mg_call(&part->main, part->self, argc, argv, block);
}

VALUE
mg_call_flush(VALUE data)
{
    mg_part_t *part = (mg_part_t *)data;
    VALUE stage = rb_funcall(part->definition, id_flush, 0);
    if (!NIL_P(stage)) rb_funcall(stage, id_flush, 2, part->self, mg_output_queue_new(part));
    return Qnil;
}

void
Init_minigun_call(void)
{
    id_flush = rb_intern("flush");
    id_call = rb_intern("call");
    id_instance_exec = rb_intern("instance_exec");
    id_method_for = rb_intern("method_for");
}
