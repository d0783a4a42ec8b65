// SPDX-License-Identifier: Apache-2.0
/** Scripts: the policies, libraries and lookup tables on disk, read and checked as one set. A
 * reload reads a new set, checks it beside the one in use, and swaps; nothing of a set changes
 * after that. No Lua here: a script is checked in the cage, by a worker. Thread: any; the set is
 * immutable and counted atomically. */
#pragma once
#include "model/policy.h"
#include "policy/table.h"

struct hk__generations;

/** A library: immutable, counted, shared by the scripts that were checked with it. */
struct hk_library {
    uint32_t references; /**< Atomic. */
    char *name;          /**< Without .lua. */
    struct hk_bytes text;
    uint8_t digest[32]; /**< SHA-256 of name and text. */
};

struct hk_script {
    char *name;           /**< Without .lua. */
    char *path;           /**< For messages. */
    struct hk_bytes text; /**< That is in use: the newest, or the last that loaded. */
    uint8_t digest[32];   /**< SHA-256 of `text` and of the libraries it requires. */
    uint32_t generation;  /**< 0: no text of it ever loaded; `text` is empty then. */
    uint32_t hooks;
    /** Those it required when it was checked, by name, as they were then: what a worker gets
     * beside `text`, so that one generation is one thing even while newer libraries are there. */
    struct hk_library **libraries;
    uint32_t library_count;
    char *fault; /**< Why the newest text is not in use, "FILE:LINE: what"; NULL: it is. */
    struct hk_wall loaded_at;
};

struct hk_scripts {
    uint32_t magic;
    uint32_t references;     /**< Atomic. */
    struct hk_script *items; /**< By name. */
    uint32_t count;
    struct hk_library **libraries; /**< The newest of all, by name; scripts carry their own. */
    uint32_t library_count;
    struct hk_table *tables; /**< By name; sealed memfds. */
    uint32_t table_count;
    bool tables_changed; /**< Against the set before: the workers are started anew. */
    bool is_unchecked;   /**< No worker could be started, so no script of it is in use: to be loaded
                              again. Only the first set can be so. */
    enum hk_policy_on_error on_error;
    struct hk__generations *generations; /**< Of all scripts there ever were. */
};

struct hk_scripts_setup {
    const struct hk_config
        *config;              /**< policy_dir, lib_dir, tables_dir, policy.*, plan_bytes_max. */
    const char *worker_path;  /**< Of hookd-policy. */
    const char *default_path; /**< default.lua that ships, for when policy_dir has none; or NULL. */
    const char *generations_path; /**< Where generations are remembered over restarts; NULL: not. */
    const struct hk_scripts *previous; /**< The set in use, or NULL at start. */
    struct hk_wall now;
};

/** What became of a policy, a library or a table. */
enum hk_script_change {
    HK_SCRIPT_KEPT,
    HK_SCRIPT_SWAPPED,
    HK_SCRIPT_ADDED,
    HK_SCRIPT_REMOVED,
    HK_SCRIPT_REFUSED,
};

/** One thing that a reload has to say of one script, library or table. */
struct hk_scripts_line {
    char *name; /**< Of the policy, or the path of a library or table that was refused. */
    enum hk_script_change what;
    uint32_t generation; /**< That is in use now; 0: none. Of a removed one: its last. */
    char *fault;         /**< With REFUSED: "FILE:LINE: what". */
};

struct hk_scripts_report {
    struct hk_scripts_line *lines;
    uint32_t count;
    uint32_t refused_count;
};

/** Reads and checks everything (blocks: files, and a worker that checks; not for the main thread).
 * A script that does not load keeps the previous set's text and says so; a library or table that
 * cannot be read or parsed refuses itself likewise. 0 with a set of one reference, or HK_E* when
 * there is no set at all (a folder that cannot be read; no worker, but for the first set). A folder
 * that is not there is an empty one. Policies are policy_dir/NAME.lua, libraries lib_dir/NAME.lua;
 * NAME as of a table. NAME_spec.lua is a spec and neither. What did not change is not checked again
 * and keeps its generation. Texts are UTF-8 without zero bytes, of at most HK_SCRIPT_BYTES_MAX.
 * `report` is filled on 0 only, in order: tables, libraries, policies, removed policies. */
HK_MUST_CHECK int hk_scripts_load(const struct hk_scripts_setup *setup, struct hk_scripts **scripts,
                                  struct hk_scripts_report *report, struct hk_fault *fault);
void hk_scripts_report_fini(struct hk_scripts_report *report);

struct hk_scripts *hk_scripts_ref(struct hk_scripts *scripts);
void hk_scripts_unref(struct hk_scripts *scripts);

/** Finds a script by name; NULL when there is none. */
const struct hk_script *hk_scripts_find(const struct hk_scripts *scripts, const char *name);

/** Makes what the engine needs to know of the set; the caller frees with hk_policy_set_free. */
struct hk_policy_set *hk_scripts_policies(const struct hk_scripts *scripts);
