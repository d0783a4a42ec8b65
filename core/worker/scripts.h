// SPDX-License-Identifier: Apache-2.0
/** Scripts: the scripts that the parent told, by number, with copies of their texts and libraries.
 * States borrow from them. Thread: the worker has one. */
#pragma once
#include "policy/wire.h"

struct hk_worker_script; /**< A copy in one allocation. */

/** All zero is empty. */
struct hk_worker_scripts {
    struct hk_worker_script **items; /**< By number: there may be one for each merchant. */
    uint32_t count, capacity;
};

/** Keeps a copy, in place of one with the same number; ends the process when out of memory. */
void hk_worker_scripts_put(struct hk_worker_scripts *scripts, const struct hk_wire_script *script);

/** Gets a script by number, or NULL. Lives until it is dropped. */
const struct hk_wire_script *hk_worker_scripts_get(const struct hk_worker_scripts *scripts,
                                                   uint32_t number);
void hk_worker_scripts_drop(struct hk_worker_scripts *scripts, uint32_t number);

/** Forgets all of them. */
void hk_worker_scripts_fini(struct hk_worker_scripts *scripts);
