/* worker_gate.h - What a forked worker says of the item it works on.
 *
 * Between mg_worker_arm and the next mg_worker_gate, whoever runs a list of items
 * takes the gate, and asks it before each of them.
 */
#ifndef MG_WORKER_GATE_H
#define MG_WORKER_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/transport.h"

typedef struct {
    mg_transport_t *transport; /* NULL: anything may begin */
    uint64_t sequence;
    uint32_t base;
    uint32_t generation;
} mg_worker_gate_t;

/* Readies a gate to the chunk's items from `base` on. */
void mg_worker_arm(mg_transport_t *transport, uint64_t sequence, uint32_t base);
void mg_worker_disarm(void);

/* Takes the gate that is ready, if one is. Nested lists of items find none. */
mg_worker_gate_t mg_worker_gate(void);

/* Takes an item in hand; `index` counts from the gate's base. False if the parent has
 * taken it back, or this is no longer the worker's process: begin nothing more. */
bool mg_worker_begin(const mg_worker_gate_t *gate, uint32_t index);

/* Differs between a process and the one it was forked from. */
uint32_t mg_worker_generation(void);

void Init_minigun_worker_gate(void);

#endif
