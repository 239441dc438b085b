#include "item.h"

#include <string.h>

/* Flags that a small Hash has only if it has a default proc or compares by identity;
 * 0 if this Ruby tells it by something else. Which ones they are is found out when the
 * library is loaded. */
static VALUE odd;

static ID id_default, id_default_proc, id_compare_by_identity, id_compare_by_identity_p;

bool
mg_is_plain_hash(VALUE hash)
{
    if (!NIL_P(rb_funcallv(hash, id_default, 0, NULL))) return false;
    if (odd && !(RBASIC(hash)->flags & odd)) return true;
    return NIL_P(rb_funcallv(hash, id_default_proc, 0, NULL)) &&
           !RTEST(rb_funcallv(hash, id_compare_by_identity_p, 0, NULL));
}

#ifdef HAVE_RB_HASH_STLIKE_FOREACH
/* Ruby exports it, but has it in no header of its own. */
int rb_hash_stlike_foreach(VALUE hash, int (*each)(st_data_t, st_data_t, st_data_t), st_data_t data);
#endif

void
mg_hash_each(VALUE hash, int (*each)(VALUE key, VALUE value, VALUE data), VALUE data)
{
    if (RHASH_EMPTY_P(hash)) return;
#ifdef HAVE_RB_HASH_STLIKE_FOREACH
    rb_hash_stlike_foreach(hash, each, data);
#else
    rb_hash_foreach(hash, each, data);
#endif
}

static int
add_pair(VALUE key, VALUE value, VALUE data)
{
    mg_pairs_t *pairs = (mg_pairs_t *)data;
    if (pairs->count == MG_ITEM_KEYS) return ST_STOP;
    pairs->keys[pairs->count] = key;
    pairs->values[pairs->count++] = value;
    return ST_CONTINUE;
}

void
mg_pairs_take(mg_pairs_t *pairs, VALUE hash)
{
    pairs->count = 0;
    mg_hash_each(hash, add_pair, (VALUE)pairs);
}

mg_shape_t *
mg_shape_at(mg_shape_t *shapes, int depth, size_t size)
{
    return depth < MG_ITEM_SHAPES && size > 0 && size <= MG_ITEM_KEYS ? &shapes[depth] : NULL;
}

bool
mg_shape_is_of(const mg_shape_t *shape, const mg_pairs_t *pairs)
{
    return shape->count == pairs->count && memcmp(shape->keys, pairs->keys, pairs->count * sizeof(VALUE)) == 0;
}

/* A key that stays what it is while it is the same object. */
static bool
is_lasting(VALUE key)
{
    if (RB_TYPE_P(key, T_STRING)) return OBJ_FROZEN(key);
    return SPECIAL_CONST_P(key) || RB_TYPE_P(key, T_SYMBOL) || RB_TYPE_P(key, T_FLOAT);
}

void
mg_shape_keep(mg_shape_t *shape, const mg_pairs_t *pairs)
{
    shape->count = 0;
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (!is_lasting(pairs->keys[i])) return;
    }
    memcpy(shape->keys, pairs->keys, pairs->count * sizeof(VALUE));
    shape->count = pairs->count;
}

void
mg_shapes_clear(mg_shape_t *shapes, int depth)
{
    for (; depth < MG_ITEM_SHAPES; depth++) shapes[depth].count = 0;
}

void
mg_shapes_mark(const mg_shape_t *shapes)
{
    for (int depth = 0; depth < MG_ITEM_SHAPES; depth++) {
        for (uint32_t i = 0; i < shapes[depth].count; i++) rb_gc_mark(shapes[depth].keys[i]);
    }
}

static VALUE
no_default(RB_BLOCK_CALL_FUNC_ARGLIST(hash, data))
{
    return Qnil;
}

static VALUE
with_default_proc(void)
{
    return rb_block_call(rb_cHash, rb_intern("new"), 0, NULL, no_default, Qnil);
}

static VALUE
by_identity(void)
{
    return rb_funcallv(rb_hash_new(), id_compare_by_identity, 0, NULL);
}

/* The flags that hashes of all sizes have in common, or with `any`, that one of the small
 * ones has. */
static VALUE
flags_of(VALUE (*make)(void), bool any)
{
    VALUE hash = make(), flags = RBASIC(hash)->flags;
    for (int i = 1; i <= (any ? 4 : 32); i++) {
        rb_hash_aset(hash, INT2FIX(i), Qnil);
        flags = any ? flags | RBASIC(hash)->flags : flags & RBASIC(hash)->flags;
    }
    RB_GC_GUARD(hash);
    return flags & ~(VALUE)(RUBY_FL_USER0 - 1);
}

static void
find_odd_flags(void)
{
    VALUE plain = flags_of(rb_hash_new, true);
    VALUE proc = flags_of(with_default_proc, false) & ~plain;
    VALUE identity = flags_of(by_identity, false) & ~plain;
    odd = proc && identity ? proc | identity : 0;
}

void
Init_minigun_item_hash(void)
{
    id_default = rb_intern("default");
    id_default_proc = rb_intern("default_proc");
    id_compare_by_identity = rb_intern("compare_by_identity");
    id_compare_by_identity_p = rb_intern("compare_by_identity?");
    find_odd_flags();
}
