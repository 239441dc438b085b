/* lineage.h - Which items of a source are settled: that is, each item that came of them
 * has been dealt with, wherever it went. So a source can be told, and forget them.
 *
 * A token stands for a root, one item of a source, or for a group of tokens: what came
 * of a batch descends from all its items. Whoever holds an item holds a reference to its
 * token, beside it in the chunk (chunk.h) or in one of the lists below. A root whose
 * last reference goes is settled; it has failed if any reference was failed before.
 *
 * A run without such sources has no lineage, and no chunk in it has tokens. Called with
 * the run's lock held; nothing here calls out. */
#ifndef MG_LINEAGE_H
#define MG_LINEAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk.h"
#include "status.h"

typedef uint64_t mg_token_t; /* 0 for an item of no such source */

typedef struct mg_lineage mg_lineage_t;

/* Tokens in a list, each with a reference. Start it as { 0 }. */
typedef struct {
    mg_token_t *tokens;
    uint32_t count, room;
} mg_tokens_t;

/* An item of a source that is settled. */
typedef struct {
    mg_item_t item;
    uint32_t step;
    bool failed;
} mg_settled_t;

/* NULL without memory. */
mg_lineage_t *mg_lineage_new(void);
void mg_lineage_free(mg_lineage_t *lineage);

/* A new root for an item of the step, with one reference; 0 without memory. */
mg_token_t mg_lineage_root(mg_lineage_t *lineage, uint32_t step, mg_item_t item);

/* A group of what the list has, with one reference; the list is empty then. 0 without
 * memory, or if there is nothing but 0 in the list. */
mg_token_t mg_lineage_group(mg_lineage_t *lineage, mg_tokens_t *tokens);

/* Takes a token of 0, which means nothing. */
void mg_lineage_retain(mg_lineage_t *lineage, mg_token_t token);
void mg_lineage_release(mg_lineage_t *lineage, mg_token_t token);

/* All roots of the token have failed, whatever else becomes of them. */
void mg_lineage_fail(mg_lineage_t *lineage, mg_token_t token);

/* The next settled root, the oldest first; false if there is none. */
bool mg_lineage_next(mg_lineage_t *lineage, mg_settled_t *settled);

/* Gives up every root that is not settled: they have failed. For the end of a run. */
void mg_lineage_abandon(mg_lineage_t *lineage);

/* Calls `visit` for the item of each root. */
void mg_lineage_each(const mg_lineage_t *lineage, void (*visit)(mg_item_t item, void *data), void *data);

/* Lists. */

/* Takes over the caller's reference. MG_NOMEM - the token is failed and released. */
mg_status_t mg_tokens_add(mg_lineage_t *lineage, mg_tokens_t *tokens, mg_token_t token);
void mg_tokens_release(mg_lineage_t *lineage, mg_tokens_t *tokens);
void mg_tokens_fini(mg_tokens_t *tokens);

/* Chunks. */

/* The token of an item of a chunk, which may have none. */
static inline mg_token_t
mg_chunk_token(const mg_chunk_t *chunk, uint32_t index)
{
    return chunk->tokens && index < chunk->stamped ? chunk->tokens[index] : 0;
}

/* Gives items that have no token yet, those from chunk->stamped on, this one; each gets a
 * reference. MG_NOMEM - it is failed. */
mg_status_t mg_chunk_stamp(mg_lineage_t *lineage, mg_chunk_t *chunk, mg_token_t token);

/* As mg_chunk_stamp, with a new root of the step for each item. */
mg_status_t mg_chunk_root(mg_lineage_t *lineage, mg_chunk_t *chunk, uint32_t step);

/* Gives `to`, whose items are copies of those of `from` from `first` on, their tokens,
 * with references of their own. */
mg_status_t mg_chunk_copy_tokens(mg_lineage_t *lineage, mg_chunk_t *to, const mg_chunk_t *from, uint32_t first,
                                 uint32_t step);

/* Lets go of the references of the chunk's items, and empties it. */
void mg_chunk_let_go(mg_lineage_t *lineage, mg_chunk_t *chunk);

#endif
