#include "minigun.h"

#include <ruby/thread.h>

struct call {
    void (*body)(void *);
    void *data;
};

static void *
run(void *ptr)
{
    struct call *call = ptr;
    call->body(call->data);
    return NULL;
}

/* INTR_FAIL, because without it pending interrupts are raised after the body has
 * run, and what the body had gained would be lost (ruby/thread.h). UBF_ASYNC_SAFE,
 * because some versions start a helper thread per call otherwise. */
void
mg_without_gvl(void (*body)(void *), void (*wake)(void *), void *data)
{
    struct call call = { .body = body, .data = data };
    int flags = RB_NOGVL_INTR_FAIL | RB_NOGVL_UBF_ASYNC_SAFE;
#ifdef RB_NOGVL_PENDING_INTR_FAIL
    flags |= RB_NOGVL_PENDING_INTR_FAIL;
#endif
    rb_nogvl(run, &call, wake, data, flags);
}
