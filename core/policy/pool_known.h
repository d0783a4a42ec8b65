// SPDX-License-Identifier: Apache-2.0
/** Known: the numbers of the scripts that a worker process was told. Thread: the pool's. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/** All zero is an empty set. */
struct hk_pool_known {
    uint32_t *numbers; /**< Ascending. */
    uint32_t count, capacity;
};

void hk_pool_known_fini(struct hk_pool_known *known);
bool hk_pool_known_has(const struct hk_pool_known *known, uint32_t number);

/** Adds a number that is not there; ends the process when out of memory. */
void hk_pool_known_add(struct hk_pool_known *known, uint32_t number);

/** Takes out a number that is there. */
void hk_pool_known_remove(struct hk_pool_known *known, uint32_t number);
