// SPDX-License-Identifier: Apache-2.0
/** Facts of the pool: what answers of workers, and the lack of them, become. They are collected and
 * handed over once a turn of the loop. What a worker says is checked again: it runs merchants'
 * code, so it is not trusted. Thread: the pool's. */
#pragma once
#include "model/fact.h"
#include "policy/pool_task.h"

/** All zero is an empty list. */
struct hk_pool_facts {
    struct hk_fact *items;
    uint32_t count, capacity;
    struct hk_bytes text; /**< Scratch for texts. */
};

/** Frees the list, and what it owns if it was not handed over. */
void hk_pool_facts_fini(struct hk_pool_facts *facts);

/** Adds: the task came to nothing. `text` is made fit to be shown. */
void hk_pool_facts_fail(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                        enum hk_policy_failure failure, struct hk_slice text);

/** Adds what a worker's answer means, and logs what the policy said through hook.log. A plan that
 * cannot be is a failure of the kind RETURN. HK_EDAMAGED: the message is no answer to this task,
 * and nothing was added. */
HK_MUST_CHECK int hk_pool_facts_answer(struct hk_pool_facts *facts, const struct hk_pool_task *task,
                                       const struct hk_wire_message *message,
                                       uint64_t plan_bytes_max);
