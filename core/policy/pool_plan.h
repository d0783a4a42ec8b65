// SPDX-License-Identifier: Apache-2.0
/** Plan of the pool: a worker's PLANNED, checked, as the engine takes it. Thread: the pool's. */
#pragma once
#include "policy/pool_task.h"

/** Appends `text` as it may be shown and kept: valid UTF-8 without zero bytes, other bytes become
 * '?'; at most HK_POLICY_TEXT_BYTES_MAX bytes of it. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_pool_plan_clean(struct hk_slice text, struct hk_bytes *out);

/** Makes the plan. 0, or HK_EINVAL with what is wrong: an endpoint that the task does not have, or
 * has twice; a header that may not be set; a body that is no JSON; more than `plan_bytes_max`;
 * deliveries of a dropped event. HK_ENOMEM. */
HK_MUST_CHECK int hk_pool_plan_make(const struct hk_pool_task *task,
                                    const struct hk_wire_planned *planned, uint64_t plan_bytes_max,
                                    struct hk_plan **plan, struct hk_fault *fault);
