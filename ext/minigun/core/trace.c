#include "run_internal.h"

static void
tell(mg_run_t *run)
{
    if (run->settled || run->owner == NULL) return;
    run->settled = true;
    mg_park_ring(run->owner);
}

void
mg__let_go(mg_run_t *run, mg_chunk_t *chunk)
{
    mg_chunk_let_go(run->lineage, chunk);
    tell(run);
}

/* A loop does not say what it makes of what: all it has in hand stands for the next
 * output, and that group then stands for what it was made of. */
static mg_token_t
token_of_loop(mg_step_t *step)
{
    mg_lineage_t *lineage = step->run->lineage;
    mg_token_t group = mg_lineage_group(lineage, &step->kept);
    mg_tokens_add(lineage, &step->kept, group);
    return group;
}

void
mg__stamp(mg_hand_t *hand, mg_chunk_t *chunk)
{
    mg_step_t *step = hand->step;
    mg_lineage_t *lineage = step->run->lineage;
    if (lineage == NULL || chunk == NULL || chunk->stamped >= chunk->count) return;
    if (step->kind != MG_KIND_PRODUCER) {
        mg_chunk_stamp(lineage, chunk, step->kind == MG_KIND_LOOP ? token_of_loop(step) : hand->token);
    }
    else if (step->traced) {
        mg_chunk_root(lineage, chunk, step->index);
    }
}

void
mg__stamp_published(mg_step_t *step, mg_chunk_t *chunk)
{
    mg__stamp(&step->hand, chunk);
}

void
mg_hand_stamp(mg_hand_t *hand)
{
    if (hand->step->run->lineage == NULL) return;
    for (mg_chunk_t *chunk = hand->sealed.first; chunk; chunk = chunk->next) mg__stamp(hand, chunk);
    mg__stamp(hand, hand->out);
    for (uint32_t i = 0; i < hand->nroutes; i++) mg__stamp(hand, hand->routes[i].out);
}

void
mg__move_tokens(mg_run_t *run, mg_chunk_t *to, mg_chunk_t *from, uint32_t first)
{
    if (from->tokens == NULL) return;
    mg_chunk_copy_tokens(run->lineage, to, from, first, 1);
    for (uint32_t i = first; i < first + to->count && i < from->stamped; i++) {
        mg_lineage_release(run->lineage, from->tokens[i]);
    }
}

void
mg__fail_tokens(mg_run_t *run, const mg_chunk_t *chunk, uint32_t from)
{
    for (uint32_t i = from; chunk->tokens && i < chunk->stamped; i++) {
        mg_lineage_fail(run->lineage, chunk->tokens[i]);
    }
}

void
mg__take_tokens(mg_step_t *step, mg_chunk_t *chunk)
{
    mg_lineage_t *lineage = step->run->lineage;
    if (lineage == NULL) return;
    for (uint32_t i = chunk->head; i < chunk->count; i++) {
        mg_tokens_add(lineage, &step->kept, mg_chunk_token(chunk, i));
    }
    chunk->stamped = chunk->head;
}

void
mg__kept_done(mg_step_t *step)
{
    if (step->run->lineage == NULL || step->kept.count == 0) return;
    mg_tokens_release(step->run->lineage, &step->kept);
    tell(step->run);
}

void
mg_hand_collect(mg_hand_t *hand, uint32_t count)
{
    mg_step_t *step = hand->step;
    mg_lineage_t *lineage = step->run->lineage;
    if (lineage == NULL) return;
    for (uint32_t i = hand->cursor; i < hand->cursor + count; i++) {
        mg_token_t token = mg_chunk_token(hand->in, i);
        mg_lineage_retain(lineage, token);
        mg_tokens_add(lineage, &step->kept, token);
    }
}

void
mg_hand_batch(mg_hand_t *hand, bool again)
{
    mg_lineage_t *lineage = hand->step->run->lineage;
    if (lineage == NULL) return;
    hand->token = again ? mg_chunk_token(hand->in, hand->cursor) : mg_lineage_group(lineage, &hand->step->kept);
    if (again) mg_lineage_retain(lineage, hand->token);
}

void
mg_hand_batch_done(mg_hand_t *hand)
{
    mg_lineage_t *lineage = hand->step->run->lineage;
    if (lineage == NULL) return;
    mg_hand_stamp(hand);
    mg_lineage_release(lineage, hand->token);
    hand->token = 0;
    tell(hand->step->run);
}

void
mg_hand_failed(mg_hand_t *hand)
{
    mg_step_t *step = hand->step;
    mg_lineage_t *lineage = step->run->lineage;
    if (lineage == NULL) return;
    if (step->kind != MG_KIND_LOOP) mg_lineage_fail(lineage, hand->token);
    for (uint32_t i = 0; step->kind == MG_KIND_LOOP && i < step->kept.count; i++) {
        mg_lineage_fail(lineage, step->kept.tokens[i]);
    }
}
