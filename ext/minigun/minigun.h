/* minigun.h - What the binding files share. minigun.c and rb_*.c include it;
 * nothing under core/ may. */
#ifndef MINIGUN_H
#define MINIGUN_H

#include <ruby.h>

#include "core/status.h"

extern VALUE rb_mMinigun;
extern VALUE rb_mMinigunExecution;

/* rb_error.c: raises the exception a failed status stands for. */
NORETURN(void mg_raise(mg_status_t status));

/* rb_nogvl.c: runs `body` without the GVL. `wake` is called from another thread
 * if this one is interrupted meanwhile; it must be async-signal-safe (an atomic
 * store and a futex or eventfd wake-up, no lock). Raises nothing. If an interrupt
 * is already pending `body` is not run at all, so set its answer beforehand.
 * Call rb_thread_check_ints before and after, with empty hands. */
void mg_without_gvl(void (*body)(void *), void (*wake)(void *), void *data);

void Init_minigun_error(void);
void Init_minigun_stats(void);

#endif
