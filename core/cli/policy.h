// SPDX-License-Identifier: Apache-2.0
/** Policy: the verbs of `hookctl policy`, a file each, and what they share. Thread: one. */
#pragma once
#include "cli/cage.h"
#include "cli/call.h"

enum hk_exit hk_policy_check(struct hk_call *call);
enum hk_exit hk_policy_test(struct hk_call *call);
enum hk_exit hk_policy_spec(struct hk_call *call);
enum hk_exit hk_policy_shadow(struct hk_call *call);

/** Makes "/api/v1/policies/NAME/MORE"; the caller frees with hk_free. Ends the process when out of
 * memory. */
char *hk_policy_path(const char *name, const char *more);

/** Complains, with the nearest name, when hookd has no such policy: HK_EXIT_FAILED. */
enum hk_exit hk_policy_must_be_there(struct hk_call *call, const char *name);

/** Opens a cage with the libraries and tables that the options name, or that are near `file`.
 * Complains. */
HK_MUST_CHECK enum hk_exit hk_policy_open_cage(struct hk_call *call, const char *file,
                                               struct hk_cage *cage);
