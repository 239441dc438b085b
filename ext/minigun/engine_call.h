/* engine_call.h - How the code of stages and hooks is called: rb_call.c decides, rb_step.c,
 * rb_batch.c and rb_outside.c call. */
#ifndef MG_ENGINE_CALL_H
#define MG_ENGINE_CALL_H

#include "engine.h"

/* The call of an object of a custom class, or through instance_exec. */
VALUE mg_call_slowly(const mg_callable_t *callable, VALUE self, int argc, const VALUE *argv, VALUE block);

/* Calls it with `self` as the block's self; `block` goes to objects of custom classes.
 * Raises what it raises. */
static inline VALUE
mg_call(const mg_callable_t *callable, VALUE self, int argc, const VALUE *argv, VALUE block)
{
    if (callable->how == MG_CALL_METHOD) return rb_method_call(argc, argv, callable->method);
    if (callable->how == MG_CALL_YIELD) return rb_proc_call_with_block(callable->code, argc, argv, Qnil);
    return mg_call_slowly(callable, self, argc, argv, block);
}

static inline void
mg_call_hooks(const mg_callable_t *hooks, uint32_t count, VALUE self)
{
    for (uint32_t i = 0; i < count; i++) mg_call(&hooks[i], self, 0, NULL, Qnil);
}

/* Calls the code of the part with what it is to be given. */
VALUE mg_call_main(mg_part_t *part, VALUE item);

/* Calls the flush of the part, an mg_part_t *, if its class overrides it. */
VALUE mg_call_flush(VALUE part);

/* Makes methods of the part's blocks if they have been called so often that it pays. */
void mg_call_promote(mg_part_t *part, uint64_t calls);

#endif
