// SPDX-License-Identifier: Apache-2.0
/** What the parts of a load share: scripts_load.c (the order of things), scripts_tables.c,
 * scripts_check.c (the cage) and scripts_report.c. Inside policy only. */
#pragma once
#include "policy/generations.h"
#include "policy/library.h"
#include "policy/offline.h"

#define HK__SCRIPTS_MAGIC UINT32_C(0x53435054)

struct hk__scripts_load {
    const struct hk_scripts_setup *setup;
    struct hk_scripts *scripts; /**< In the making; counts grow only over what is whole. */
    uint32_t script_capacity;
    struct hk_scripts_report *report;
    struct hk_offline *offline;       /**< Started when the first script must be checked. */
    struct hk_wire_source *libraries; /**< scripts->libraries for the wire. */
    uint32_t numbers;                 /**< Numbers of scripts that were told. */
    struct hk_fault *fault;           /**< Of the load as a whole. */
};

/** Adds a line to the report; `why` (may be NULL) is copied. HK_ENOMEM, and `load->fault` is set.
 */
HK_MUST_CHECK int hk__scripts_say(struct hk__scripts_load *load, enum hk_script_change what,
                                  const char *name, uint32_t generation, const char *why);

/** Reads tables_dir. Sets `tables` and `tables_changed`. */
HK_MUST_CHECK int hk__scripts_load_tables(struct hk__scripts_load *load);

/** Has a worker load `script` (its name, path and text) with the libraries of the set: sets
 * `hooks`, `libraries`, or `fault` when it does not load. HK_E* when there is no worker. */
HK_MUST_CHECK int hk__scripts_check(struct hk__scripts_load *load, struct hk_script *script);

/** Makes the digest of a text and of libraries (sorted by name). HK_ENOMEM. */
HK_MUST_CHECK int hk__script_digest(struct hk_slice text, struct hk_library *const *libraries,
                                    uint32_t library_count, uint8_t digest[32]);

/** Fills `load->fault` with "out of memory" and gets HK_ENOMEM. */
int hk__scripts_no_memory(struct hk__scripts_load *load);

/** Frees what a script owns. */
void hk__script_fini(struct hk_script *script);

/** Joins a folder and a name; NULL when there is no memory. */
char *hk__scripts_path(const char *folder, const char *name);
