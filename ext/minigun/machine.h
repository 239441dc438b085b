/* machine.h - What the binding of native chains shares: rb_native_machine.c has the
 * life of a chain, rb_native_flow.c brings items in and out, rb_native_border.c makes
 * objects of records and back, rb_native.c finds stages. */
#ifndef MG_MACHINE_H
#define MG_MACHINE_H

#include "border.h"

#include <unistd.h>

typedef struct mg_machine_options mg_machine_options_t;

typedef struct {
    mg_native_chain_t *core;
    pid_t owner;
    bool started, joined, symbols;
    mg_border_t border;
    VALUE keys;                   /* keys of rows that went to Ruby: [keys, ...] */
    const mg_columns_t **columns; /* whose they are */
    long nkeys;
    mg_native_parcel_t *taken;  /* being made into objects */
    uint64_t fed, through;      /* items; those of which all has been taken that came of them */
    mg_native_parcel_t *sealed; /* on its way in */
    mg_machine_options_t *options;
} mg_machine_t;

/* The machine of an object of this process. */
mg_machine_t *mg_machine_get(VALUE self);

/* The failure of a stage as a Minigun::NativeError, or nil. */
VALUE mg_machine_error(mg_machine_t *machine);

/* Defines the methods that bring items in and out. */
void mg_machine_define_flow(VALUE machine);

#endif
