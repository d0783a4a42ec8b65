// SPDX-License-Identifier: Apache-2.0
/** Shelf: the scripts that runs may name, under their numbers. The shell's side gives numbers, in
 * ascending order; a script whose generation a reload kept keeps its number, so that workers keep
 * their states of it. Thread: the pool's. */
#pragma once
#include "policy/pool_crew.h"

/** All zero is an empty one. Scripts do not move: tasks point to them. */
struct hk_pool_shelf {
    struct hk_pool_script **items; /**< By number. */
    uint32_t count, capacity;
};

void hk_pool_shelf_fini(struct hk_pool_shelf *shelf);

/** Puts the scripts of an edition on the shelf; those that it does not have are no longer current.
 * Takes references of its own. */
void hk_pool_shelf_add(struct hk_pool_shelf *shelf, const struct hk_pool_edition *edition);

/** Those that are not current will not be named again. */
void hk_pool_shelf_retire(struct hk_pool_shelf *shelf);

/** Finds by number; NULL when it is not there. */
struct hk_pool_script *hk_pool_shelf_find(const struct hk_pool_shelf *shelf, uint32_t number);

/** Takes the retired ones that no task names off the shelf, and calls `gone` for each. */
void hk_pool_shelf_sweep(struct hk_pool_shelf *shelf, void (*gone)(void *arg, uint32_t number),
                         void *arg);
