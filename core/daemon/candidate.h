// SPDX-License-Identifier: Apache-2.0
/** Candidate: a config and a set of scripts that are read and checked beside the ones in use, and
 * what is to be said of them. Nothing that is in use changes; taking it is the shell's. Thread:
 * any; blocks on files and on a worker that checks. */
#pragma once
#include "api/reload_report.h"
#include "policy/scripts.h"

struct hk_candidate {
    struct hk_config *config;   /**< NULL: refused. What only a restart changes is as in use. */
    struct hk_scripts *scripts; /**< One reference; NULL: refused. */
    struct hk_reload_report *report;
};

struct hk_candidate_setup {
    const char *config_path;
    const struct hk_config *config; /**< In use. */
    struct hk_scripts *previous;    /**< In use; NULL: none. */
};

/** Reads and checks everything. Either both config and scripts are there, or neither: then the
 * report's fault says why. */
void hk_candidate_make(struct hk_candidate *candidate, const struct hk_candidate_setup *setup);

/** Frees what nobody has taken (by setting it NULL). */
void hk_candidate_fini(struct hk_candidate *candidate);
