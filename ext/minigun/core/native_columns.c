#include "native_internal.h"

#include <stdlib.h>

#include "sys.h"

static bool
equal(const mg_columns_t *one, const mg_columns_t *other)
{
    if (one->count != other->count) return false;
    for (uint32_t i = 0; i < one->count; i++) {
        if (strcmp(one->names[i], other->names[i]) != 0) return false;
    }
    return true;
}

static mg_native_columns_t *
copy(const mg_columns_t *columns)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < columns->count; i++) bytes += strlen(columns->names[i]) + 1;

    size_t head = sizeof(mg_native_columns_t) + columns->count * sizeof(char *);
    mg_native_columns_t *made = mg_sys->malloc(head + bytes);
    if (made == NULL) return NULL;

    char *text = (char *)made + head;
    for (uint32_t i = 0; i < columns->count; i++) {
        size_t length = strlen(columns->names[i]) + 1;
        memcpy(text, columns->names[i], length);
        made->names[i] = text;
        text += length;
    }
    made->columns.count = columns->count;
    made->columns.names = made->names;
    return made;
}

const mg_columns_t *
mg_native_chain_columns(mg_native_chain_t *chain, const mg_columns_t *columns)
{
    pthread_mutex_lock(&chain->lock);
    mg_native_columns_t *known = chain->columns;
    while (known && !equal(&known->columns, columns)) known = known->next;
    if (known == NULL) {
        known = copy(columns);
        if (known) {
            known->next = chain->columns;
            chain->columns = known;
        }
    }
    pthread_mutex_unlock(&chain->lock);
    return known ? &known->columns : NULL;
}

void
mg__native_columns_fini(mg_native_columns_t **columns)
{
    while (*columns) {
        mg_native_columns_t *first = *columns;
        *columns = first->next;
        free(first);
    }
}
