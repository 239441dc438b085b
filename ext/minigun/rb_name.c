#include "minigun.h"

static ID id_name;

VALUE
mg_name_of(VALUE object)
{
    if (SYMBOL_P(object)) return object;
    if (RB_TYPE_P(object, T_STRING)) return rb_str_new_frozen(object);

    const VALUE name = rb_check_funcall(object, id_name, 0, NULL);
    const VALUE found = name == Qundef ? object : name;
    if (NIL_P(found)) rb_raise(rb_eArgError, "%+" PRIsVALUE " has no name", object);
    return found;
}

VALUE
mg_name_key(VALUE object)
{
    const VALUE name = mg_name_of(object);
    return RB_TYPE_P(name, T_STRING) ? rb_str_intern(name) : name;
}

void
Init_minigun_name(void)
{
    id_name = rb_intern("name");
}
