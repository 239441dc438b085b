#include "engine_call.h"

#include "core/clock.h"

/* The batch is passed on, or its block is run and what that gives. */
static void
emit_batch(mg_hand_t *hand, mg_part_t *part)
{
    mg_step_t *step = hand->step;
    VALUE batch = part->kept;
    part->batch = batch;
    part->kept = Qnil;
    step->flush_at = 0;
    if (NIL_P(batch)) return;

    VALUE passed_on = batch;
    bool by_value = true;
    if (part->calls) {
        if (part->guarded && !mg_guard_begin(hand, part)) return;
        uint64_t before = step->produced + (hand->out ? mg_chunk_size(hand->out) : 0);
        mg_call_hooks(part->before, part->nbefore, part->self);
        passed_on = mg_call_main(part, batch);
        mg_call_hooks(part->after, part->nafter, part->self);
        uint64_t after = step->produced + (hand->out ? mg_chunk_size(hand->out) : 0);
        by_value = part->give != MG_GIVE_ITEM_OUTPUT && before == after;
    }
    part->batch = Qnil;
    if (part->calls && part->guarded && !mg_guard_end(hand, part)) return;
    if (!by_value) return;
    mg_status_t status = mg_hand_emit(hand, (mg_item_t)passed_on);
    if (status != MG_OK && status != MG_AGAIN && status != MG_CANCELLED) mg_raise(status);
}

void
mg_batch_pass_on(mg_hand_t *hand, mg_part_t *part)
{
    mg_hand_batch(hand, false);
    emit_batch(hand, part);
    mg_hand_batch_done(hand);
}

VALUE
mg_batch_body(VALUE data)
{
    mg_hand_t *hand = (mg_hand_t *)data;
    mg_part_t *part = hand->step->data;
    while (hand->cursor < hand->in->count) {
        VALUE item = (VALUE)hand->in->items[hand->cursor];
        if (hand->in->attempt > 0) { /* a whole batch, once more */
            mg_hand_batch(hand, true);
            VALUE filling = part->kept;
            uint64_t flush_at = hand->step->flush_at;
            part->kept = item;
            part->filling = filling;
            hand->cursor++;
            emit_batch(hand, part);
            mg_hand_batch_done(hand);
            part->kept = part->filling;
            part->filling = Qnil;
            hand->step->flush_at = flush_at;
            continue;
        }
        if (NIL_P(part->kept)) {
            part->kept = rb_ary_new_capa(part->batch_size < 4096 ? part->batch_size : 4096);
            if (part->batch_wait) hand->step->flush_at = mg_clock_now() + part->batch_wait;
        }
        long count = hand->in->count - hand->cursor, room = part->batch_size - RARRAY_LEN(part->kept);
        if (count > room) count = room;
        rb_ary_cat(part->kept, (const VALUE *)&hand->in->items[hand->cursor], count);
        mg_hand_collect(hand, (uint32_t)count);
        hand->cursor += (uint32_t)count;
        hand->step->done += (uint64_t)count;
        mg_reservoir_count(hand->step->latency, (uint64_t)count);
        if (RARRAY_LEN(part->kept) >= part->batch_size) mg_batch_pass_on(hand, part);
        if (hand->worker->dying) break;
    }
    return Qnil;
}
