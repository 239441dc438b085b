#include "native_parcel.h"

#include <stdlib.h>
#include <string.h>

#include "sys.h"

enum { KEPT_PARCELS = 16, REJECT_BYTES = 64 * 1024 };

void
mg_native_parcels_init(mg_native_parcels_t *parcels)
{
    pthread_mutex_init(&parcels->lock, NULL);
    parcels->first = NULL;
    parcels->count = 0;
}

static void
parcel_free(mg_native_parcel_t *parcel)
{
    if (parcel) free(parcel->memory);
    free(parcel);
}

void
mg_native_parcels_fini(mg_native_parcels_t *parcels)
{
    while (parcels->first) {
        mg_native_parcel_t *parcel = parcels->first;
        parcels->first = parcel->next;
        parcel_free(parcel);
    }
    pthread_mutex_destroy(&parcels->lock);
}

static mg_native_parcel_t *
take_kept(mg_native_parcels_t *parcels)
{
    pthread_mutex_lock(&parcels->lock);
    mg_native_parcel_t *parcel = parcels->first;
    if (parcel) {
        parcels->first = parcel->next;
        parcels->count--;
    }
    pthread_mutex_unlock(&parcels->lock);
    return parcel;
}

mg_native_parcel_t *
mg_native_parcel_get(mg_native_parcels_t *parcels, size_t capacity)
{
    mg_native_parcel_t *parcel = take_kept(parcels);
    if (parcel == NULL) {
        parcel = mg_sys->calloc(1, sizeof(*parcel));
        if (parcel == NULL) return NULL;
    }
    if (parcel->capacity < capacity) {
        free(parcel->memory);
        parcel->capacity = capacity + capacity / 4;
        parcel->memory = mg_sys->malloc(parcel->capacity);
        if (parcel->memory == NULL) {
            free(parcel);
            return NULL;
        }
    }
    parcel->next = NULL;
    parcel->rejected = false;
    memset(&parcel->block, 0, sizeof(parcel->block));
    parcel->size = capacity;
    return parcel;
}

void
mg_native_parcel_put(mg_native_parcels_t *parcels, mg_native_parcel_t *parcel)
{
    if (parcel == NULL) return;

    pthread_mutex_lock(&parcels->lock);
    bool keep = parcels->count < KEPT_PARCELS;
    if (keep) {
        parcel->next = parcels->first;
        parcels->first = parcel;
        parcels->count++;
    }
    pthread_mutex_unlock(&parcels->lock);

    if (!keep) parcel_free(parcel);
}

static void
copy_origin(mg_native_parcel_t *parcel, const mg_block_t *block)
{
    parcel->block.sequence = block->sequence;
    if (block->origin == NULL) return;
    parcel->origin = *block->origin;
    parcel->block.origin = &parcel->origin;
}

static bool
has_text(const mg_value_t *value)
{
    return value->type == MG_VALUE_TEXT || value->type == MG_VALUE_JSON;
}

static mg_native_parcel_t *
copy_rows(mg_native_parcels_t *parcels, const mg_block_t *block)
{
    size_t cells = block->count * block->columns->count, texts = 0;
    for (size_t i = 0; i < cells; i++) {
        if (has_text(&block->values[i])) texts += block->values[i].length;
    }

    size_t records_size = block->count * sizeof(mg_record_t);
    mg_native_parcel_t *parcel = mg_native_parcel_get(
        parcels, records_size + cells * sizeof(mg_value_t) + texts + MG_STAGE_PADDING);
    if (parcel == NULL) return NULL;

    mg_value_t *values = (mg_value_t *)(void *)parcel->memory;
    mg_record_t *records = (mg_record_t *)(void *)(values + cells);
    char *text = (char *)(records + block->count);

    for (size_t i = 0; i < cells; i++) {
        values[i] = block->values[i];
        if (!has_text(&values[i])) continue;
        memcpy(text, values[i].as.text, values[i].length);
        values[i].as.text = text;
        text += values[i].length;
    }
    for (size_t i = 0; i < block->count; i++) {
        records[i] = block->records[i];
        records[i].offset = records[i].length = 0;
    }
    parcel->block.data = text;
    parcel->block.records = records;
    parcel->block.count = block->count;
    parcel->block.columns = block->columns;
    parcel->block.values = values;
    return parcel;
}

static mg_native_parcel_t *
copy_records(mg_native_parcels_t *parcels, const mg_block_t *block)
{
    size_t bytes = 0;
    for (size_t i = 0; i < block->count; i++) bytes += block->records[i].length + 1;
    if (bytes > UINT32_MAX) return NULL; /* records have no further offsets */

    mg_native_parcel_t *parcel = mg_native_parcel_get(
        parcels, block->count * sizeof(mg_record_t) + bytes + MG_STAGE_PADDING);
    if (parcel == NULL) return NULL;

    mg_record_t *records = (mg_record_t *)(void *)parcel->memory;
    char *data = (char *)(records + block->count);
    uint32_t offset = 0;
    for (size_t i = 0; i < block->count; i++) {
        records[i] = block->records[i];
        records[i].offset = offset;
        memcpy(data + offset, block->data + block->records[i].offset, records[i].length);
        offset += records[i].length;
        data[offset++] = '\n';
    }
    parcel->block.data = data;
    parcel->block.size = offset;
    parcel->block.records = records;
    parcel->block.count = block->count;
    return parcel;
}

mg_native_parcel_t *
mg_native_parcel_copy(mg_native_parcels_t *parcels, const mg_block_t *block)
{
    mg_native_parcel_t *parcel =
        block->columns ? copy_rows(parcels, block) : copy_records(parcels, block);
    if (parcel) copy_origin(parcel, block);
    return parcel;
}

mg_native_parcel_t *
mg_native_parcel_reject(mg_native_parcels_t *parcels, const mg_block_t *block,
                        const mg_record_t *record, uint32_t stage, int code, const char *text)
{
    mg_record_t none = { 0, 0, 0, 0 };
    mg_record_t one = record ? *record : none;
    if (one.length > REJECT_BYTES) one.length = REJECT_BYTES;

    mg_block_t single = { .data = block ? block->data : "", .records = &one, .count = 1 };
    mg_native_parcel_t *parcel = copy_records(parcels, &single);
    if (parcel == NULL) return NULL;

    if (record && block) copy_origin(parcel, block);
    strncpy(parcel->name, parcel->block.origin ? parcel->origin.name : "", sizeof(parcel->name) - 1);
    parcel->name[sizeof(parcel->name) - 1] = '\0';
    parcel->origin.name = parcel->name;
    parcel->rejected = true;
    parcel->stage = stage;
    parcel->code = code;
    strncpy(parcel->text, text ? text : "", sizeof(parcel->text) - 1);
    parcel->text[sizeof(parcel->text) - 1] = '\0';
    return parcel;
}
