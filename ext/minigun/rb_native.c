#include "border.h"

#include <dlfcn.h>
#include <unistd.h>

#include "core/native_gate.h"

static VALUE rb_mMinigunNative;
static VALUE rb_cMinigunNativeMachine;
static VALUE rb_eMinigunNativeError;

typedef struct {
    mg_native_chain_t *core;
    pid_t owner;
    bool started, joined, symbols;
    mg_border_t border;
    VALUE keys;         /* keys of rows that went to Ruby: [keys, ...] */
    const mg_columns_t **columns; /* whose they are */
    long nkeys;
    mg_native_parcel_t *taken; /* being made into objects */
    mg_native_parcel_t *sealed; /* on its way in */
    size_t noptions;
    struct arena *options;
} machine_t;

/* The options of one stage, for as long as the machine lives. */
struct arena {
    struct arena *next;
    mg_options_t options;
    mg_option_t items[];
};

static void
machine_mark(void *data)
{
    machine_t *machine = data;
    mg_border_mark(&machine->border);
    rb_gc_mark(machine->keys);
}

static void
free_arena(struct arena *arena)
{
    for (size_t i = 0; i < arena->options.count; i++) {
        free((char *)(uintptr_t)arena->items[i].name);
        if (arena->items[i].value.type == MG_VALUE_TEXT) {
            free((char *)(uintptr_t)arena->items[i].value.as.text);
        }
    }
    free(arena);
}

/* A machine that still runs, or that another process made, keeps its memory: its
 * threads, here or there, have it in use. */
static void
machine_free(void *data)
{
    machine_t *machine = data;
    bool ours = machine->owner == getpid();
    if (machine->core && machine->started && !machine->joined) {
        if (ours) mg_native_chain_cancel(machine->core);
        return;
    }
    mg_border_fini(&machine->border);
    free(machine->columns);
    if (machine->core) {
        mg_native_parcel_put(mg_native_chain_parcels(machine->core), machine->taken);
        mg_native_parcel_put(mg_native_chain_parcels(machine->core), machine->sealed);
    }
    mg_native_chain_free(machine->core);
    while (machine->options) {
        struct arena *arena = machine->options;
        machine->options = arena->next;
        free_arena(arena);
    }
    free(machine);
}

static size_t
machine_memsize(const void *data)
{
    return sizeof(machine_t);
}

static const rb_data_type_t machine_type = {
    .wrap_struct_name = "minigun/native_machine",
    .function = { .dmark = machine_mark, .dfree = machine_free, .dsize = machine_memsize },
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE
machine_alloc(VALUE klass)
{
    machine_t *machine = calloc(1, sizeof(*machine));
    if (machine == NULL) mg_raise(MG_NOMEM);
    machine->keys = machine->border.schemas = Qnil;
    machine->owner = getpid();
    return TypedData_Wrap_Struct(klass, &machine_type, machine);
}

static machine_t *
machine_get(VALUE self)
{
    machine_t *machine = rb_check_typeddata(self, &machine_type);
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
    machine_t *machine = rb_check_typeddata(self, &machine_type);
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
    machine_t *machine = machine_get(self);
    const mg_stage_t *stage = (const mg_stage_t *)NUM2ULL(address);
    Check_Type(pairs, T_ARRAY);
    long count = RARRAY_LEN(pairs);

    struct arena *arena = calloc(1, sizeof(*arena) + (size_t)count * sizeof(mg_option_t));
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

static VALUE
machine_error(machine_t *machine)
{
    mg_error_t error;
    int stage = mg_native_chain_error(machine->core, &error);
    if (stage < 0) return Qnil;
    VALUE text = rb_sprintf("%s: %s", mg_native_chain_name(machine->core, (uint32_t)stage), error.text);
    VALUE exception = rb_exc_new_str(rb_eMinigunNativeError, text);
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
    machine_t *machine = machine_get(self);
    if (machine->started) rb_raise(rb_eArgError, "a native chain runs once");

    struct start start = { machine->core, MG_AGAIN };
    while (start.status == MG_AGAIN) {
        rb_thread_check_ints();
        mg_without_gvl(start_body, NULL, &start);
    }
    if (start.status == MG_INVALID) {
        VALUE error = machine_error(machine);
        if (!NIL_P(error)) rb_exc_raise(error);
    }
    if (start.status != MG_OK) mg_raise(start.status);
    machine->started = true;
    return self;
}

static void
wait_body(void *data)
{
    mg_park_sleep(data, 0);
}

static void
wait_wake(void *data)
{
    mg_park_ring(data);
}

/* Waits until the pipe is worth trying again, or an interrupt raises. */
static void
wait_for(mg_native_pipe_t *pipe)
{
    rb_thread_check_ints();
    mg_without_gvl(wait_body, wait_wake, &pipe->park);
    rb_thread_check_ints();
}

static VALUE
keys_of(machine_t *machine, const mg_columns_t *columns)
{
    if (columns == NULL) return Qnil;
    for (long i = 0; i < machine->nkeys; i++) {
        if (machine->columns[i] == columns) return RARRAY_AREF(machine->keys, i);
    }
    VALUE keys = mg_border_keys(columns, machine->symbols);
    const mg_columns_t **grown = realloc(machine->columns, (size_t)(machine->nkeys + 1) * sizeof(*grown));
    if (grown == NULL) mg_raise(MG_NOMEM);
    machine->columns = grown;
    rb_ary_push(machine->keys, keys);
    machine->columns[machine->nkeys++] = columns;
    return keys;
}

static VALUE
reject_to_object(const mg_native_parcel_t *parcel)
{
    const mg_record_t *record = &parcel->block.records[0];
    bool known = parcel->block.origin != NULL;
    VALUE fields[] = {
        UINT2NUM(parcel->stage),
        INT2NUM(parcel->code),
        rb_utf8_str_new_cstr(parcel->text),
        known ? rb_utf8_str_new_cstr(parcel->name) : Qnil,
        known && parcel->origin.line ? ULL2NUM(parcel->origin.line + record->line) : Qnil,
        known ? ULL2NUM(parcel->origin.offset + record->at) : Qnil,
        rb_utf8_str_new(parcel->block.data + record->offset, record->length),
    };
    return rb_class_new_instance(7, fields, rb_const_get(rb_mMinigunNative, rb_intern("Reject")));
}

/*
 * call-seq: take -> Array, Reject or nil
 *
 * The next block of what the last stage emits, or a record that a stage rejected, or
 * nil at the end. Raises the failure of a stage.
 */
static VALUE
minigun_native_machine_take(VALUE self)
{
    machine_t *machine = machine_get(self);
    mg_native_pipe_t *outlet = mg_native_chain_outlet(machine->core);
    mg_native_parcels_t *parcels = mg_native_chain_parcels(machine->core);
    mg_status_t status;

    mg_native_parcel_put(parcels, machine->taken);
    machine->taken = NULL;
    while ((status = mg_native_pipe_try_pop(outlet, &machine->taken)) == MG_AGAIN) wait_for(outlet);
    if (status != MG_OK) {
        VALUE error = machine_error(machine);
        if (!NIL_P(error)) rb_exc_raise(error);
        return Qnil;
    }
    const mg_native_parcel_t *parcel = machine->taken;
    VALUE result = parcel->rejected
                       ? reject_to_object(parcel)
                       : mg_border_items(&parcel->block, keys_of(machine, parcel->block.columns));
    mg_native_parcel_put(parcels, machine->taken);
    machine->taken = NULL;
    return result;
}

/* Sends the block under way in. False if nobody wants it any more. */
static bool
push(machine_t *machine)
{
    mg_native_pipe_t *inlet = mg_native_chain_inlet(machine->core);
    mg_status_t status;

    if (machine->sealed == NULL) {
        machine->sealed = mg_border_seal(&machine->border);
        if (machine->sealed == NULL) return true;
        mg_native_chain_number(machine->core, machine->sealed);
    }
    while ((status = mg_native_pipe_try_push(inlet, machine->sealed)) == MG_AGAIN) wait_for(inlet);
    if (status != MG_OK) return false;
    machine->sealed = NULL;
    return true;
}

/*
 * call-seq: feed(items) -> nil or [index, ...]
 *
 * Gives items to the first stage, waiting for room; tells which ones no native stage
 * takes.
 */
static VALUE
minigun_native_machine_feed(VALUE self, VALUE items)
{
    machine_t *machine = machine_get(self);
    VALUE strange = Qnil;
    Check_Type(items, T_ARRAY);

    for (long i = 0; i < RARRAY_LEN(items); i++) {
        mg_border_added_t added = mg_border_add(&machine->border, RARRAY_AREF(items, i));
        if (added == MG_BORDER_FULL) {
            if (!push(machine)) return strange;
            added = mg_border_add(&machine->border, RARRAY_AREF(items, i));
        }
        if (added == MG_BORDER_STRANGE) {
            if (NIL_P(strange)) strange = rb_ary_new();
            rb_ary_push(strange, LONG2NUM(i));
        }
    }
    push(machine);
    return strange;
}

/*
 * call-seq: finish -> nil
 *
 * Says that no more items will be fed.
 */
static VALUE
minigun_native_machine_finish(VALUE self)
{
    mg_native_pipe_close(mg_native_chain_inlet(machine_get(self)->core));
    return Qnil;
}

static VALUE
minigun_native_machine_cancel(VALUE self)
{
    machine_t *machine = machine_get(self);
    if (machine->started && !machine->joined) mg_native_chain_cancel(machine->core);
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
    machine_t *machine = machine_get(self);
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
    machine_t *machine = machine_get(self);
    mg_native_counters_t counters;
    mg_native_chain_counters(machine->core, NUM2UINT(stage), &counters);
    return rb_ary_new_from_args(4, ULL2NUM(counters.consumed), ULL2NUM(counters.produced),
                                ULL2NUM(counters.failed), DBL2NUM((double)counters.nanoseconds / 1e9));
}

static VALUE
minigun_native_machine_source_p(VALUE self)
{
    return RBOOL(mg_native_chain_has_source(machine_get(self)->core));
}

/*
 * call-seq: check(address) -> nil
 *
 * Raises ArgumentError unless there is a native stage of this ABI.
 */
static VALUE
minigun_native_check(VALUE self, VALUE address)
{
    mg_error_t error = { 0, "" };
    const mg_stage_t *stage = (const mg_stage_t *)NUM2ULL(address);
    if (mg_native_stage_check(stage, &error) != MG_OK) rb_raise(rb_eArgError, "%s", error.text);
    return Qnil;
}

/*
 * call-seq: source?(address) -> true or false
 */
static VALUE
minigun_native_source_p(VALUE self, VALUE address)
{
    return RBOOL(((const mg_stage_t *)NUM2ULL(address))->read != NULL);
}

/*
 * call-seq: symbol(path, name) -> Integer
 *
 * The address of a symbol in a shared object, which stays loaded.
 */
static VALUE
minigun_native_symbol(VALUE self, VALUE path, VALUE name)
{
    void *library = dlopen(StringValueCStr(path), RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) rb_raise(rb_eMinigunNativeError, "can't load: %s", dlerror());
    void *address = dlsym(library, StringValueCStr(name));
    if (address == NULL) {
        rb_raise(rb_eMinigunNativeError, "%s has no symbol %s", RSTRING_PTR(path), RSTRING_PTR(name));
    }
    return ULL2NUM((uintptr_t)address);
}

static VALUE
minigun_native_quiesce(VALUE self)
{
    return RBOOL(mg_native_gate_close(1000000000));
}

static VALUE
minigun_native_resume(VALUE self, VALUE in_child)
{
    mg_native_gate_open(RTEST(in_child));
    return Qnil;
}

static void
define_machine(void)
{
    VALUE machine = rb_define_class_under(rb_mMinigunNative, "Machine", rb_cObject);
    rb_cMinigunNativeMachine = machine;
    rb_define_alloc_func(machine, machine_alloc);
    rb_define_private_method(machine, "initialize", minigun_native_machine_initialize, 5);
    rb_define_method(machine, "add", minigun_native_machine_add, 2);
    rb_define_method(machine, "start", minigun_native_machine_start, 0);
    rb_define_method(machine, "take", minigun_native_machine_take, 0);
    rb_define_method(machine, "feed", minigun_native_machine_feed, 1);
    rb_define_method(machine, "finish", minigun_native_machine_finish, 0);
    rb_define_method(machine, "cancel", minigun_native_machine_cancel, 0);
    rb_define_method(machine, "join", minigun_native_machine_join, 0);
    rb_define_method(machine, "counters", minigun_native_machine_counters, 1);
    rb_define_method(machine, "source?", minigun_native_machine_source_p, 0);
    rb_undef_method(machine, "initialize_copy");
}

void
Init_minigun_native(void)
{
    rb_mMinigunNative = rb_define_module_under(rb_mMinigun, "Native");
    rb_eMinigunNativeError = rb_const_get(rb_mMinigun, rb_intern("NativeError"));
    rb_global_variable(&rb_eMinigunNativeError);

    rb_define_private_method(rb_singleton_class(rb_mMinigunNative), "check", minigun_native_check, 1);
    rb_define_private_method(rb_singleton_class(rb_mMinigunNative), "symbol", minigun_native_symbol, 2);
    rb_define_private_method(rb_singleton_class(rb_mMinigunNative), "quiesce", minigun_native_quiesce, 0);
    rb_define_private_method(rb_singleton_class(rb_mMinigunNative), "resume", minigun_native_resume, 1);
    rb_define_module_function(rb_mMinigunNative, "source_address?", minigun_native_source_p, 1);
    define_machine();
}
