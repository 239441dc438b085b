#include "machine.h"

/* The options of one stage, for as long as the machine lives. */
struct mg_machine_options {
    mg_machine_options_t *next;
    mg_options_t options;
    mg_option_t items[];
};

static void
machine_mark(void *data)
{
    mg_machine_t *machine = data;
    mg_border_mark(&machine->border);
    rb_gc_mark(machine->keys);
}

static void
free_arena(mg_machine_options_t *arena)
{
    for (size_t i = 0; i < arena->options.count; i++) {
        free((char *)(uintptr_t)arena->items[i].name);
        if (arena->items[i].value.type == MG_VALUE_TEXT) {
            free((char *)(uintptr_t)arena->items[i].value.as.text);
        }
    }
    free(arena);
}

/* Without Ruby: the last thread of a machine that still ran calls it, too. */
static void
dispose(void *data)
{
    mg_machine_t *machine = data;
    mg_border_fini(&machine->border);
    free(machine->columns);
    if (machine->core) {
        mg_native_parcel_put(mg_native_chain_parcels(machine->core), machine->taken);
        mg_native_parcel_put(mg_native_chain_parcels(machine->core), machine->sealed);
    }
    mg_native_chain_free(machine->core);
    while (machine->options) {
        mg_machine_options_t *arena = machine->options;
        machine->options = arena->next;
        free_arena(arena);
    }
    free(machine);
}

/* One that another process started keeps its memory: here are none of the threads that have it in use. */
static void
machine_free(void *data)
{
    mg_machine_t *machine = data;
    const bool runs = machine->core && machine->started && !machine->joined;
    if (!runs) {
        dispose(machine);
    }
    else if (machine->owner == getpid()) {
        mg_native_chain_abandon(machine->core, dispose, machine);
    }
}

static size_t
machine_memsize(const void *data)
{
    return sizeof(mg_machine_t);
}

static const rb_data_type_t machine_type = {
    .wrap_struct_name = "minigun/native_machine",
    .function = { .dmark = machine_mark, .dfree = machine_free, .dsize = machine_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE
machine_alloc(VALUE klass)
{
    mg_machine_t *machine = calloc(1, sizeof(*machine));
    if (machine == NULL) mg_raise(MG_NOMEM);
    machine->keys = machine->border.schemas = Qnil;
    machine->owner = getpid();
    return TypedData_Wrap_Struct(klass, &machine_type, machine);
}

mg_machine_t *
mg_machine_get(VALUE self)
{
    mg_machine_t *machine = rb_check_typeddata(self, &machine_type);
    if (machine->core == NULL) rb_raise(rb_eArgError, "uninitialized native chain");
    if (machine->owner != getpid()) {
        rb_raise(rb_path2class("Minigun::ForkedError"), "a native chain belongs to another process");
    }
    return machine;
}

/*
 * call-seq: new(workers, ordered, wanted, budget, symbols)
 */
static VALUE
minigun_native_machine_initialize(VALUE self, VALUE workers, VALUE ordered, VALUE wanted,
                                  VALUE budget, VALUE symbols)
{
    mg_machine_t *machine = rb_check_typeddata(self, &machine_type);
    long count = NUM2LONG(workers), bytes = NUM2LONG(budget);
    if (count < 1 || count > 1024 || bytes < 0) mg_raise(MG_INVALID);
    if (machine->core) rb_raise(rb_eArgError, "already initialized");

    mg_native_chain_options_t options = { .workers = (uint32_t)count,
                                          .ordered = RTEST(ordered),
                                          .wanted = RTEST(wanted),
                                          .budget = (size_t)bytes };
    machine->symbols = RTEST(symbols);
    machine->keys = rb_ary_new();
    mg_status_t status = mg_native_chain_new(&machine->core, &options);
    if (status != MG_OK) mg_raise(status);
    mg_border_init(&machine->border, machine->core);
    return self;
}

static char *
copy_text(VALUE string)
{
    size_t length = (size_t)RSTRING_LEN(string);
    char *copy = malloc(length + 1);
    if (copy == NULL) mg_raise(MG_NOMEM);
    memcpy(copy, RSTRING_PTR(string), length);
    copy[length] = '\0';
    return copy;
}

static mg_value_t
option_value(VALUE object)
{
    if (NIL_P(object)) return (mg_value_t){ .type = MG_VALUE_NULL };
    if (object == Qtrue) return (mg_value_t){ .type = MG_VALUE_TRUE };
    if (object == Qfalse) return (mg_value_t){ .type = MG_VALUE_FALSE };
    if (RB_FLOAT_TYPE_P(object)) {
        return (mg_value_t){ MG_VALUE_FLOAT, 0, { .number = RFLOAT_VALUE(object) } };
    }
    if (RB_INTEGER_TYPE_P(object)) {
        return (mg_value_t){ MG_VALUE_INTEGER, 0, { .integer = NUM2LL(object) } };
    }
    VALUE text = rb_String(object);
    return (mg_value_t){ MG_VALUE_TEXT, (uint32_t)RSTRING_LEN(text), { .text = copy_text(text) } };
}

/*
 * call-seq: add(address, [[name, value], ...]) -> nil
 */
static VALUE
minigun_native_machine_add(VALUE self, VALUE address, VALUE pairs)
{
    mg_machine_t *machine = mg_machine_get(self);
    const mg_stage_t *stage = (const mg_stage_t *)NUM2ULL(address);
    Check_Type(pairs, T_ARRAY);
    long count = RARRAY_LEN(pairs);

    mg_machine_options_t *arena = calloc(1, sizeof(*arena) + (size_t)count * sizeof(mg_option_t));
    if (arena == NULL) mg_raise(MG_NOMEM);
    arena->options.items = arena->items;
    arena->next = machine->options;
    machine->options = arena;
    for (long i = 0; i < count; i++) {
        VALUE pair = rb_ary_entry(pairs, i);
        VALUE name = rb_String(rb_ary_entry(pair, 0));
        mg_option_t *option = &arena->items[i];
        option->name = copy_text(name);
        arena->options.count++;
        option->value = option_value(rb_ary_entry(pair, 1));
    }
    mg_error_t error = { 0, "" };
    if (mg_native_chain_add(machine->core, stage, &arena->options, &error) != MG_OK) {
        rb_raise(rb_eArgError, "%s", error.text);
    }
    return Qnil;
}

VALUE
mg_machine_error(mg_machine_t *machine)
{
    mg_error_t error;
    int stage = mg_native_chain_error(machine->core, &error);
    if (stage < 0) return Qnil;
    VALUE text = rb_sprintf("%s: %s", mg_native_chain_name(machine->core, (uint32_t)stage), error.text);
    VALUE exception = rb_exc_new_str(rb_path2class("Minigun::NativeError"), text);
    rb_iv_set(exception, "@stage", INT2NUM(stage));
    rb_iv_set(exception, "@code", INT2NUM(error.code));
    return exception;
}

struct start {
    mg_native_chain_t *chain;
    mg_status_t status;
};

static void
start_body(void *data)
{
    struct start *start = data;
    start->status = mg_native_chain_start(start->chain);
}

static VALUE
minigun_native_machine_start(VALUE self)
{
    mg_machine_t *machine = mg_machine_get(self);
    if (machine->started) rb_raise(rb_eArgError, "a native chain runs once");

    struct start start = { machine->core, MG_AGAIN };
    while (start.status == MG_AGAIN) {
        rb_thread_check_ints();
        mg_without_gvl(start_body, NULL, &start);
    }
    if (start.status == MG_INVALID) {
        VALUE error = mg_machine_error(machine);
        if (!NIL_P(error)) rb_exc_raise(error);
    }
    if (start.status != MG_OK) mg_raise(start.status);
    machine->started = true;
    return self;
}

static VALUE
minigun_native_machine_cancel(VALUE self)
{
    mg_machine_t *machine = mg_machine_get(self);
    if (machine->started && !machine->joined) mg_native_chain_cancel(machine->core);
    return Qnil;
}

/*
 * call-seq: stop_reading -> nil
 *
 * Ends the input here: what was read goes its way, and the stages are flushed.
 */
static VALUE
minigun_native_machine_stop_reading(VALUE self)
{
    mg_machine_t *machine = mg_machine_get(self);
    if (machine->started && !machine->joined) mg_native_chain_end(machine->core);
    return Qnil;
}

struct join {
    mg_native_chain_t *chain;
    bool done;
};

static void
join_body(void *data)
{
    struct join *join = data;
    mg_native_chain_join(join->chain);
    join->done = true;
}

/*
 * call-seq: join -> nil
 *
 * Waits for the workers: after the end, or after cancel.
 */
static VALUE
minigun_native_machine_join(VALUE self)
{
    mg_machine_t *machine = mg_machine_get(self);
    struct join join = { .chain = machine->core };
    if (!machine->started || machine->joined) return Qnil;

    mg_without_gvl(join_body, NULL, &join);
    if (!join.done) join_body(&join); /* an interrupt is pending, and this takes milliseconds */
    machine->joined = true;
    return Qnil;
}

static VALUE
minigun_native_machine_counters(VALUE self, VALUE stage)
{
    mg_machine_t *machine = mg_machine_get(self);
    mg_native_counters_t counters;
    mg_native_chain_counters(machine->core, NUM2UINT(stage), &counters);
    return rb_ary_new_from_args(4, ULL2NUM(counters.consumed), ULL2NUM(counters.produced),
                                ULL2NUM(counters.failed), DBL2NUM((double)counters.nanoseconds / 1e9));
}

static VALUE
minigun_native_machine_source_p(VALUE self)
{
    return mg_native_chain_has_source(mg_machine_get(self)->core) ? Qtrue : Qfalse;
}

void
Init_minigun_native_machine(void)
{
    VALUE module = rb_define_module_under(rb_mMinigun, "Native");
    VALUE machine = rb_define_class_under(module, "Machine", rb_cObject);
    rb_define_alloc_func(machine, machine_alloc);
    rb_define_private_method(machine, "initialize", minigun_native_machine_initialize, 5);
    rb_define_method(machine, "add", minigun_native_machine_add, 2);
    rb_define_method(machine, "start", minigun_native_machine_start, 0);
    mg_machine_define_flow(machine);
    rb_define_method(machine, "cancel", minigun_native_machine_cancel, 0);
    rb_define_method(machine, "stop_reading", minigun_native_machine_stop_reading, 0);
    rb_define_method(machine, "join", minigun_native_machine_join, 0);
    rb_define_method(machine, "counters", minigun_native_machine_counters, 1);
    rb_define_method(machine, "source?", minigun_native_machine_source_p, 0);
    rb_undef_method(machine, "initialize_copy");
}
