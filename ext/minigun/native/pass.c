/* pass - Passes on what it gets. The shortest stage there is, to copy from and to
 * measure by. */
#include "native.h"

static int
pass_process(void *state, const mg_block_t *block, mg_emit_t *emit)
{
    (void)state;
    for (size_t i = 0; i < block->count; i++) {
        int status = emit->keep(emit, &block->records[i], 1);
        if (status != MG_STAGE_OK) return status;
    }
    return MG_STAGE_OK;
}

const mg_stage_t mg_stage_pass = {
    .abi = MG_STAGE_ABI,
    .size = sizeof(mg_stage_t),
    .flags = MG_STAGE_ROWS,
    .name = "pass",
    .process = pass_process,
};
