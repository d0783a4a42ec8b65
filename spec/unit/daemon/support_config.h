// SPDX-License-Identifier: Apache-2.0
/** Config texts for tests: each test has a folder of its own, which is its state_dir too. */
#pragma once
#include "daemon/config_file.h"

/** A folder with a config in it. */
struct config_case {
    char folder[64];
    char path[96];
    struct hk_config config; /**< What the last good load gave. */
    struct hk_fault fault;   /**< What the last load said. */
};

/** cmocka setup and teardown of a struct config_case as the test's state. */
int config_case_open(void **state);
int config_case_close(void **state);

/** Writes `text` and loads it; creates keys. Every "@STATE@" in it becomes the folder. */
int config_case_load(struct config_case *config_case, const char *text);

/** The same as a check; the caller ends `faults`. */
int config_case_check(struct config_case *config_case, const char *text,
                      struct hk_config_faults *faults);

/** Writes a file into the folder. */
void config_case_write(const struct config_case *config_case, const char *name, const char *text,
                       size_t size);

/** Reads a file of the checkout ("packaging/config/hookd.lua"); the caller ends `text`. */
void config_case_read_source(const char *name, struct hk_bytes *text);
