#include "rig.h"

#include "core/clock.h"

enum { RETRY_AFTER = 200000 }; /* ns */

mg_status_t
rig_emit(mg_hand_t *hand, mg_item_t item)
{
    mg_status_t status = mg_hand_emit(hand, item);
    return status == MG_AGAIN ? MG_OK : status;
}

mg_status_t
rig_send(rig_stage_t *stage, mg_hand_t *hand, uint32_t target, mg_item_t item)
{
    uint32_t number;
    mg_run_t *run = &stage->rig->run;
    mg_status_t status = mg_step_route(hand->step, &run->steps[target], &number);
    if (status == MG_OK) status = mg_hand_send(hand, number, item);
    return status == MG_AGAIN ? MG_OK : status;
}

mg_status_t
rig_count(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    (void)hand;
    (void)item;
    return MG_OK;
}

mg_status_t
rig_pass(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    return rig_emit(hand, item);
}

mg_status_t
rig_twice(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    mg_status_t status = rig_emit(hand, item);
    return status == MG_OK ? rig_emit(hand, item) : status;
}

mg_status_t
rig_some(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    (void)stage;
    return item % 3 == 0 ? MG_OK : rig_emit(hand, item);
}

mg_status_t
rig_fail(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    if (item % stage->argument == 0) return (mg_status_t)RIG_FAILED;
    return rig_emit(hand, item);
}

mg_status_t
rig_route(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    mg_status_t status = rig_emit(hand, item);
    if (status == MG_OK && item % 2 == 1) status = rig_send(stage, hand, stage->argument, item);
    return status;
}

mg_status_t
rig_retry(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    uint32_t attempt = hand->in->attempt;
    mg_status_t status = mg_hand_hold(hand);
    if (status == MG_OK) status = rig_emit(hand, item);
    if (status != MG_OK) return status;
    if (item % 5 != 0 || attempt >= stage->argument) return mg_hand_release(hand);
    mg_hand_drop(hand);
    status = mg_hand_park(hand, item, attempt + 1, mg_clock_now() + RETRY_AFTER);
    return status == MG_OK ? (mg_status_t)RIG_PARKED : status;
}

mg_status_t
rig_cancel(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    if (item == stage->argument) {
        mg_run_cancel(&stage->rig->run);
        return MG_CANCELLED;
    }
    return rig_emit(hand, item);
}

mg_status_t
rig_linger(rig_stage_t *stage, mg_hand_t *hand, mg_item_t item)
{
    rig_yield(stage->rig);
    return rig_emit(hand, item);
}
