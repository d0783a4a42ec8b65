// SPDX-License-Identifier: Apache-2.0
/** Config faults: everything that is wrong in one config, by line. Thread: the owner's. */
#pragma once
#include "base/bytes.h"

struct hk_config_fault {
    uint32_t line; /**< From 1; 0: the file as a whole. */
    bool is_note;  /**< Nothing is wrong: a start will see to it. */
    char *text;    /**< Owned. */
};

/** All zero is an empty list. */
struct hk_config_faults {
    struct hk_config_fault *items;
    uint32_t count;
    uint32_t wrong_count; /**< Without the notes. */
};

/** Faults beyond these are counted and not kept. */
#define HK_CONFIG_FAULTS_MAX 100

/** Adds one; ends the process when out of memory. */
void hk_config_faults_add(struct hk_config_faults *faults, uint32_t line, const char *text);
void hk_config_faults_note(struct hk_config_faults *faults, uint32_t line, const char *text);

/** Sorts by line; those of one line keep their order. */
void hk_config_faults_sort(struct hk_config_faults *faults);
void hk_config_faults_fini(struct hk_config_faults *faults);
