// SPDX-License-Identifier: Apache-2.0
/** Script places: where hookd finds its worker, the default policy and the libraries that ship.
 *
 * What lies beside the running program wins, so that a build folder needs no config: hookd is in
 * PREFIX/bin, the rest in PREFIX/share/hookd (a build folder links it to the sources). Thread: any;
 * blocks. */
#pragma once
#include "policy/scripts.h"

struct hk_script_places {
    char *worker_path;      /**< Of hookd-policy. */
    char *default_path;     /**< Of default.lua; NULL: none ships. */
    char *generations_path; /**< In state_dir. */
};

/** Finds them for a config; the caller ends them. */
void hk_script_places_init(struct hk_script_places *places, const struct hk_config *config);
void hk_script_places_fini(struct hk_script_places *places);

struct hk_script_load {
    const struct hk_config *config;
    const struct hk_scripts *previous; /**< In use; NULL: at start. */
    bool is_trial;                     /**< The generations on disk stay as they are. */
};

/** Reads and checks all scripts of a config as hk_scripts_load does, and with its errors. */
HK_MUST_CHECK int hk_script_places_load(const struct hk_script_load *load,
                                        struct hk_scripts **scripts,
                                        struct hk_scripts_report *report, struct hk_fault *fault);

/** Points a `lib_dir` that is the default one, and is not there, to the one beside the program. */
void hk_script_places_mend(struct hk_config *config);
