/* engine_run.h - What the rooms of Minigun::Execution::Run share: rb_run.c has the class and
 * what it holds, rb_run_setup.c lays it out, rb_worker.c is its threads, rb_sleep.c how they
 * sleep, rb_run_control.c starts and ends it, rb_run_wait.c awaits it and looks after it
 * meanwhile, rb_run_books.c tells what it did. */
#ifndef MG_ENGINE_RUN_H
#define MG_ENGINE_RUN_H

#include "engine.h"

#include "core/run_ops.h"
#include "core/turn.h"

/* A step that ends if nothing was sent to it by a certain time. */
typedef struct {
    uint32_t step;
    uint64_t after, until; /* nanoseconds */
} mg_await_t;

typedef struct mg_engine {
    mg_run_t run;
    VALUE self;
    VALUE user, program, threads, error;
    mg_part_t *parts;
    uint32_t nparts;
    mg_await_t *awaits;
    uint32_t nawaits;
    uint8_t *why; /* mg_why_t of each step */
    VALUE cancelled; /* [[index of the step, [items]], ...] */
    long ncancelled; /* items in it */
    bool set_up;
    bool fuse; /* stages may run together, see Minigun::Configuration */
    uint64_t least_timeout; /* of an item in any step, nanoseconds; 0 for none */
    uint64_t drain_until;   /* when a drain has to be through, 0 for never */
    uint64_t progress, progress_at; /* see rb_run_wait.c */
} mg_engine_t;

extern VALUE rb_eMinigunCancelled;

/* rb_run.c */

/* The engine of a run, laid out or not. Raises TypeError for another object. */
mg_engine_t *mg_engine_raw(VALUE self);
/* The engine of a run that is laid out; raises ArgumentError if it isn't. */
mg_engine_t *mg_engine_get(VALUE self);

/* Keeps items of a step that were counted as cancelled, up to a bound. */
void mg_engine_cancelled(mg_engine_t *engine, const mg_step_t *step, VALUE items);

/* rb_sleep.c */

/* At the GVL: taken by who returns from a sleep, passed by who falls asleep or ends. */
extern mg_turn_t mg_gvl_turn;
void Init_minigun_sleep(void);

/* rb_worker.c: what the core's workers need of Ruby. */
extern const mg_run_ops_t mg_run_ops;
void Init_minigun_worker(void);

/* rb_run_wait.c */

/* Tells Ruby of source items that are settled. */
void mg_engine_tell_settled(mg_engine_t *engine);
/* Ends the sleep of producers that are to stop. */
void mg_engine_stop_producers(mg_engine_t *engine);

/* Each defines the methods that the file has. */
void Init_minigun_run_setup(VALUE klass);
void Init_minigun_run_control(VALUE klass);
void Init_minigun_run_wait(VALUE klass);
void Init_minigun_run_books(VALUE klass);

#endif
