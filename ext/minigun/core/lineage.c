#include "lineage.h"

#include <stdlib.h>

#include "sys.h"

/* Token n is node n - 1. */
typedef struct {
    uint32_t refs; /* 0 for a free node */
    uint32_t next; /* of the free ones, or of the settled ones; a token */
    uint32_t step;
    bool failed;
    bool group;
    mg_item_t item;
    mg_tokens_t members;
} node_t;

struct mg_lineage {
    node_t *nodes;
    uint32_t count, room;
    uint32_t free;               /* a token, or 0 */
    uint32_t settled, last;      /* roots that are settled and were not fetched: tokens, or 0 */
};

mg_lineage_t *
mg_lineage_new(void)
{
    return mg_sys->calloc(1, sizeof(mg_lineage_t));
}

void
mg_lineage_free(mg_lineage_t *lineage)
{
    if (lineage == NULL) return;
    for (uint32_t i = 0; i < lineage->count; i++) mg_tokens_fini(&lineage->nodes[i].members);
    free(lineage->nodes);
    free(lineage);
}

static node_t *
node_of(const mg_lineage_t *lineage, mg_token_t token)
{
    return &lineage->nodes[token - 1];
}

static mg_token_t
take(mg_lineage_t *lineage, node_t content)
{
    mg_token_t token = lineage->free;
    if (token) {
        lineage->free = node_of(lineage, token)->next;
    }
    else {
        if (lineage->count == lineage->room) {
            uint32_t room = lineage->room ? lineage->room * 2 : 256;
            node_t *nodes = mg_sys->realloc(lineage->nodes, room * sizeof(*nodes));
            if (nodes == NULL) return 0;
            lineage->nodes = nodes;
            lineage->room = room;
        }
        token = ++lineage->count;
    }
    content.refs = 1;
    *node_of(lineage, token) = content;
    return token;
}

static void
put_back(mg_lineage_t *lineage, mg_token_t token)
{
    node_t *node = node_of(lineage, token);
    *node = (node_t){ .next = lineage->free };
    lineage->free = (uint32_t)token;
}

mg_token_t
mg_lineage_root(mg_lineage_t *lineage, uint32_t step, mg_item_t item)
{
    return take(lineage, (node_t){ .step = step, .item = item });
}

mg_token_t
mg_lineage_group(mg_lineage_t *lineage, mg_tokens_t *tokens)
{
    if (tokens->count == 0) return 0;
    if (tokens->count == 1) {
        tokens->count = 0;
        return tokens->tokens[0];
    }
    mg_token_t group = take(lineage, (node_t){ .group = true, .members = *tokens });
    if (group) {
        *tokens = (mg_tokens_t){ 0 };
        return group;
    }
    for (uint32_t i = 0; i < tokens->count; i++) mg_lineage_fail(lineage, tokens->tokens[i]);
    mg_tokens_release(lineage, tokens);
    return 0;
}

void
mg_lineage_retain(mg_lineage_t *lineage, mg_token_t token)
{
    if (token) node_of(lineage, token)->refs++;
}

static void
settle(mg_lineage_t *lineage, mg_token_t token)
{
    node_of(lineage, token)->next = 0;
    if (lineage->last) {
        node_of(lineage, lineage->last)->next = (uint32_t)token;
    }
    else {
        lineage->settled = (uint32_t)token;
    }
    lineage->last = (uint32_t)token;
}

/* Groups of groups are let go one after the other: `next` of a node whose last reference
 * is gone makes a stack of them. */
void
mg_lineage_release(mg_lineage_t *lineage, mg_token_t token)
{
    if (token == 0 || --node_of(lineage, token)->refs > 0) return;
    uint32_t stack = (uint32_t)token;
    node_of(lineage, token)->next = 0;
    while (stack) {
        uint32_t each = stack;
        node_t *node = node_of(lineage, each);
        stack = node->next;
        if (!node->group) {
            settle(lineage, each);
            continue;
        }
        for (uint32_t i = 0; i < node->members.count; i++) {
            node_t *member = node_of(lineage, node->members.tokens[i]);
            member->failed = member->failed || node->failed;
            if (--member->refs > 0) continue;
            member->next = stack;
            stack = (uint32_t)node->members.tokens[i];
        }
        mg_tokens_fini(&node->members);
        put_back(lineage, each);
    }
}

/* What a group stands for is told when it is let go. */
void
mg_lineage_fail(mg_lineage_t *lineage, mg_token_t token)
{
    if (token) node_of(lineage, token)->failed = true;
}

bool
mg_lineage_next(mg_lineage_t *lineage, mg_settled_t *settled)
{
    mg_token_t token = lineage->settled;
    if (token == 0) return false;
    node_t *node = node_of(lineage, token);
    *settled = (mg_settled_t){ .item = node->item, .step = node->step, .failed = node->failed };
    lineage->settled = node->next;
    if (lineage->settled == 0) lineage->last = 0;
    put_back(lineage, token);
    return true;
}

void
mg_lineage_abandon(mg_lineage_t *lineage)
{
    for (uint32_t i = 0; i < lineage->count; i++) {
        node_t *node = &lineage->nodes[i];
        if (node->refs == 0 || node->group) continue;
        node->refs = 0;
        node->failed = true;
        settle(lineage, i + 1);
    }
}

void
mg_lineage_each(const mg_lineage_t *lineage, void (*visit)(mg_item_t item, void *data), void *data)
{
    for (uint32_t i = 0; i < lineage->count; i++) {
        if (lineage->nodes[i].item && !lineage->nodes[i].group) visit(lineage->nodes[i].item, data);
    }
}

mg_status_t
mg_tokens_add(mg_lineage_t *lineage, mg_tokens_t *tokens, mg_token_t token)
{
    if (token == 0) return MG_OK;
    if (tokens->count == tokens->room) {
        uint32_t room = tokens->room ? tokens->room * 2 : 8;
        mg_token_t *list = mg_sys->realloc(tokens->tokens, room * sizeof(*list));
        if (list == NULL) {
            mg_lineage_fail(lineage, token);
            mg_lineage_release(lineage, token);
            return MG_NOMEM;
        }
        tokens->tokens = list;
        tokens->room = room;
    }
    tokens->tokens[tokens->count++] = token;
    return MG_OK;
}

void
mg_tokens_release(mg_lineage_t *lineage, mg_tokens_t *tokens)
{
    for (uint32_t i = 0; i < tokens->count; i++) mg_lineage_release(lineage, tokens->tokens[i]);
    tokens->count = 0;
}

void
mg_tokens_fini(mg_tokens_t *tokens)
{
    free(tokens->tokens);
    *tokens = (mg_tokens_t){ 0 };
}

/* Room for tokens beside the chunk's items. */
static bool
has_tokens(mg_chunk_t *chunk)
{
    if (chunk->tokens == NULL) chunk->tokens = mg_sys->calloc(chunk->capacity, sizeof(mg_token_t));
    return chunk->tokens != NULL;
}

mg_status_t
mg_chunk_stamp(mg_lineage_t *lineage, mg_chunk_t *chunk, mg_token_t token)
{
    if (chunk == NULL || chunk->stamped >= chunk->count) return MG_OK;
    if (token == 0 && chunk->tokens == NULL) return MG_OK;
    if (!has_tokens(chunk)) {
        mg_lineage_fail(lineage, token);
        return MG_NOMEM;
    }
    while (chunk->stamped < chunk->count) {
        mg_lineage_retain(lineage, token);
        chunk->tokens[chunk->stamped++] = token;
    }
    return MG_OK;
}

mg_status_t
mg_chunk_root(mg_lineage_t *lineage, mg_chunk_t *chunk, uint32_t step)
{
    if (chunk == NULL || chunk->stamped >= chunk->count) return MG_OK;
    if (!has_tokens(chunk)) return MG_NOMEM;
    while (chunk->stamped < chunk->count) {
        mg_token_t token = mg_lineage_root(lineage, step, chunk->items[chunk->stamped]);
        if (token == 0) return MG_NOMEM;
        chunk->tokens[chunk->stamped++] = token;
    }
    return MG_OK;
}

mg_status_t
mg_chunk_copy_tokens(mg_lineage_t *lineage, mg_chunk_t *to, const mg_chunk_t *from, uint32_t first, uint32_t step)
{
    if (from->tokens == NULL) return MG_OK;
    if (!has_tokens(to)) {
        for (uint32_t i = first; i < from->stamped; i += step) mg_lineage_fail(lineage, from->tokens[i]);
        return MG_NOMEM;
    }
    for (uint32_t i = first; to->stamped < to->count; i += step) {
        mg_token_t token = mg_chunk_token(from, i);
        mg_lineage_retain(lineage, token);
        to->tokens[to->stamped++] = token;
    }
    return MG_OK;
}

void
mg_chunk_let_go(mg_lineage_t *lineage, mg_chunk_t *chunk)
{
    for (uint32_t i = chunk->head; chunk->tokens && i < chunk->stamped; i++) {
        mg_lineage_release(lineage, chunk->tokens[i]);
    }
    chunk->head = chunk->count = chunk->stamped = 0;
}
