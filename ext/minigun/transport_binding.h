/* transport_binding.h - What rb_transport.c, rb_transport_parent.c and
 * rb_transport_worker.c share of a Minigun::Execution::Exchange. */
#ifndef MG_RB_EXCHANGE_H
#define MG_RB_EXCHANGE_H

#include "item.h"

#include "core/exchange.h"

typedef struct {
    mg_exchange_t *core;
    bool closed;    /* also while the core is still there for its users */
    uint32_t users; /* threads that are in the middle of something and may let others run */
    uint32_t workers;
    uint32_t own; /* a worker's place */
    uint32_t owner; /* see mg_worker_generation */
    int limit; /* of the present wait, in milliseconds */
    mg_encoder_t encoder;
    mg_decoder_t decoder;
} mg_rb_exchange_t;

/* That of an Exchange, open and of this process; and of any, as it is. */
mg_rb_exchange_t *mg_rb_exchange_get(VALUE self);
mg_rb_exchange_t *mg_rb_exchange_any(VALUE self);

/* A place by its number. */
uint32_t mg_rb_place_get(const mg_rb_exchange_t *exchange, VALUE place);
mg_transport_t *mg_rb_transport_get(mg_rb_exchange_t *exchange, VALUE place);

/* Sleeps, without the GVL, and lets interrupts through. Raises ClosedError if the
 * exchange is closed meanwhile, as mg_rb_build and mg_rb_receive do. */
void mg_rb_exchange_wait(mg_rb_exchange_t *exchange, int milliseconds);

/* A message under construction. */
typedef struct {
    mg_rb_exchange_t *exchange;
    mg_transport_t *transport;
    VALUE arguments[4];
    long taken, written;
} mg_rb_build_t;

/* Begins a message and runs the body, which gets the build; if that raises, what it
 * had built is let go. */
void mg_rb_build(mg_rb_build_t *build, VALUE (*body)(VALUE));

/* A message being read. */
typedef struct {
    mg_rb_exchange_t *exchange;
    mg_message_t message;
    VALUE result;
} mg_rb_reading_t;

/* Reads the next message by means of the body, which gets the reading and sets its
 * result; nil if there is none. */
VALUE mg_rb_receive(mg_rb_exchange_t *exchange, mg_transport_t *transport, VALUE (*body)(VALUE));

/* Raises what a transport's status stands for, but MG_AGAIN. */
void mg_rb_check_sent(mg_status_t status);

void Init_minigun_transport_parent(VALUE klass);
void Init_minigun_transport_worker(VALUE klass);

#endif
