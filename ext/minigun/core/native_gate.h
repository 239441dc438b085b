/* native_gate.h - Where native threads stand still while Ruby forks.
 *
 * A fork taken while another thread is inside a library leaves that library's
 * locks held for ever in the child. So a thread is `inside` only while it works,
 * not while it waits, and a fork closes the gate first: threads that come to it
 * wait, and the fork goes ahead once none is inside. There is one gate per
 * process; a child starts with an open and empty one.
 */
#ifndef MG_NATIVE_GATE_H
#define MG_NATIVE_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* Enter before work, leave after it and around each wait. Not nested. */
void mg_native_gate_enter(void);
void mg_native_gate_leave(void);

/* Lets a thread that has much to do give way to a fork. */
void mg_native_gate_pass(void);

/* Closes the gate and waits until nobody is inside, or `nanoseconds` have passed:
 * a fork is better late than never. True if nobody is. */
bool mg_native_gate_close(uint64_t nanoseconds);

/* Opens it again; in a child of fork it forgets the parent's threads. */
void mg_native_gate_open(bool in_child);

#endif
