#include "item.h"

#include <string.h>

static VALUE rb_mMinigunSight;

/* Set, once it is known; it isn't part of every Ruby's core. */
static VALUE set_class = Qnil;

/*
 * call-seq: Sight.prefix?(list, start) -> true or false
 *
 * Does the Array begin with the very objects of another one?
 */
static VALUE
minigun_sight_prefix_p(VALUE self, VALUE list, VALUE start)
{
    Check_Type(list, T_ARRAY);
    Check_Type(start, T_ARRAY);
    long length = RARRAY_LEN(start);
    if (RARRAY_LEN(list) < length) return Qfalse;
    /* A copy shares its elements with the original until one of them is changed. */
    if (RARRAY_CONST_PTR(list) == RARRAY_CONST_PTR(start)) return Qtrue;
    size_t size = (size_t)length * sizeof(VALUE);
    bool same = memcmp(RARRAY_CONST_PTR(list), RARRAY_CONST_PTR(start), size) == 0;
    return same ? Qtrue : Qfalse;
}

/* Its content may change while it stays the same object, as far as write-back goes. */
static bool
is_changeable(VALUE value)
{
    if (SPECIAL_CONST_P(value)) return false;
    if (RB_BUILTIN_TYPE(value) == T_STRING) return !OBJ_FROZEN(value);
    if (RB_BUILTIN_TYPE(value) == T_ARRAY || RB_BUILTIN_TYPE(value) == T_HASH) return true;
    return RBASIC_CLASS(value) == set_class;
}

/*
 * call-seq: Sight.watch_sets(Set)
 *
 * Takes objects of that class for changeable from now on.
 */
static VALUE
minigun_sight_watch_sets(VALUE self, VALUE klass)
{
    if (NIL_P(set_class)) rb_gc_register_mark_object(klass);
    set_class = klass;
    return klass;
}

static int
add_changeable(VALUE key, VALUE value, VALUE keys)
{
    if (is_changeable(value)) rb_ary_push(keys, key);
    return ST_CONTINUE;
}

/*
 * call-seq: Sight.changeable_keys(table) -> Array
 *
 * Keys whose values are an Array, a Hash, a Set or a String.
 */
static VALUE
minigun_sight_changeable_keys(VALUE self, VALUE table)
{
    VALUE keys = rb_ary_new();
    Check_Type(table, T_HASH);
    rb_hash_foreach(table, add_changeable, keys);
    return keys;
}

static int
add_pair(VALUE key, VALUE value, VALUE pairs)
{
    rb_ary_push(pairs, key);
    rb_ary_push(pairs, value);
    return ST_CONTINUE;
}

/*
 * call-seq: Sight.pairs(table) -> Array
 *
 * Its keys and values, in turn.
 */
static VALUE
minigun_sight_pairs(VALUE self, VALUE table)
{
    Check_Type(table, T_HASH);
    VALUE pairs = rb_ary_new_capa(2 * (long)RHASH_SIZE(table));
    rb_hash_foreach(table, add_pair, pairs);
    return pairs;
}

/*
 * call-seq: Sight.table(pairs) -> Hash
 *
 * What Sight.pairs was made of.
 */
static VALUE
minigun_sight_table(VALUE self, VALUE pairs)
{
    Check_Type(pairs, T_ARRAY);
    VALUE table = rb_hash_new();
    for (long i = 0; i + 1 < RARRAY_LEN(pairs); i += 2) {
        rb_hash_aset(table, RARRAY_AREF(pairs, i), RARRAY_AREF(pairs, i + 1));
    }
    return table;
}

struct walk {
    const VALUE *at;
    bool same;
};

static int
compare_pair(VALUE key, VALUE value, VALUE data)
{
    struct walk *walk = (struct walk *)data;
    walk->same = walk->at[0] == key && walk->at[1] == value;
    walk->at += 2;
    return walk->same ? ST_CONTINUE : ST_STOP;
}

/*
 * call-seq: Sight.pairs?(table, pairs) -> true or false
 *
 * Does the table have just those keys and values, the very objects, in that order?
 */
static VALUE
minigun_sight_pairs_p(VALUE self, VALUE table, VALUE pairs)
{
    Check_Type(table, T_HASH);
    Check_Type(pairs, T_ARRAY);
    if (2 * (long)RHASH_SIZE(table) != RARRAY_LEN(pairs)) return Qfalse;
    struct walk walk = { .at = RARRAY_CONST_PTR(pairs), .same = true };
    rb_hash_foreach(table, compare_pair, (VALUE)&walk);
    RB_GC_GUARD(pairs);
    return walk.same ? Qtrue : Qfalse;
}

struct comparison {
    VALUE before, keys;
};

static int
add_changed(VALUE key, VALUE value, VALUE data)
{
    struct comparison *comparison = (struct comparison *)data;
    if (rb_hash_lookup2(comparison->before, key, Qundef) != value) {
        rb_ary_push(comparison->keys, key);
    }
    return ST_CONTINUE;
}

/*
 * call-seq: Sight.changed_keys(table, before) -> Array
 *
 * Keys that hold another object than in +before+, or are not in it.
 */
static VALUE
minigun_sight_changed_keys(VALUE self, VALUE table, VALUE before)
{
    struct comparison comparison = { .before = before, .keys = rb_ary_new() };
    Check_Type(table, T_HASH);
    Check_Type(before, T_HASH);
    rb_hash_foreach(table, add_changed, (VALUE)&comparison);
    return comparison.keys;
}

/* What comparing large containers by identity takes, for write-back. */
static int
add_variable(ID name, VALUE value, st_data_t pairs)
{
    if (rb_is_instance_id(name)) {
        rb_ary_push((VALUE)pairs, ID2SYM(name));
        rb_ary_push((VALUE)pairs, value);
    }
    return ST_CONTINUE;
}

/*
 * call-seq: Sight.variables(object) -> Array
 *
 * Names and values of its instance variables, in turn.
 */
static VALUE
minigun_sight_variables(VALUE self, VALUE object)
{
    VALUE pairs = rb_ary_new();
    rb_ivar_foreach(object, add_variable, (st_data_t)pairs);
    return pairs;
}

struct look {
    VALUE pairs, names;
    long at;
};

static int
look_at_variable(ID name, VALUE value, st_data_t data)
{
    struct look *look = (struct look *)data;
    if (!rb_is_instance_id(name)) return ST_CONTINUE;
    bool known = rb_ary_entry(look->pairs, look->at) == ID2SYM(name) &&
                 rb_ary_entry(look->pairs, look->at + 1) == value;
    look->at += 2;
    if (!known || is_changeable(value)) rb_ary_push(look->names, ID2SYM(name));
    return ST_CONTINUE;
}

/*
 * call-seq: Sight.suspects(object, pairs) -> Array
 *
 * The names of the instance variables that may have changed since Sight.variables gave
 * the pairs: those with another value, and those whose value can change while it stays
 * the same object.
 */
static VALUE
minigun_sight_suspects(VALUE self, VALUE object, VALUE pairs)
{
    Check_Type(pairs, T_ARRAY);
    struct look look = { .pairs = pairs, .names = rb_ary_new() };
    rb_ivar_foreach(object, look_at_variable, (st_data_t)&look);
    return look.names;
}

void
Init_minigun_write_back(void)
{
    rb_mMinigunSight = rb_define_module_under(rb_mMinigunExecution, "Sight");
    rb_define_module_function(rb_mMinigunSight, "prefix?", minigun_sight_prefix_p, 2);
    rb_define_module_function(rb_mMinigunSight, "changeable_keys", minigun_sight_changeable_keys, 1);
    rb_define_module_function(rb_mMinigunSight, "pairs", minigun_sight_pairs, 1);
    rb_define_module_function(rb_mMinigunSight, "table", minigun_sight_table, 1);
    rb_define_module_function(rb_mMinigunSight, "pairs?", minigun_sight_pairs_p, 2);
    rb_define_module_function(rb_mMinigunSight, "variables", minigun_sight_variables, 1);
    rb_define_module_function(rb_mMinigunSight, "watch_sets", minigun_sight_watch_sets, 1);
    rb_define_module_function(rb_mMinigunSight, "suspects", minigun_sight_suspects, 2);
    rb_define_module_function(rb_mMinigunSight, "changed_keys", minigun_sight_changed_keys, 2);
}
