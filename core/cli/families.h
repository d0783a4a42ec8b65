// SPDX-License-Identifier: Apache-2.0
/** Families: the commands of hookctl, a file each. */
#pragma once
#include "cli/call.h"

extern const struct hk_verb hk_status_verbs[];
extern const struct hk_verb hk_merchant_verbs[];
extern const struct hk_verb hk_endpoint_verbs[];
extern const struct hk_verb hk_key_verbs[];
extern const struct hk_verb hk_send_verbs[];
extern const struct hk_verb hk_event_verbs[];
extern const struct hk_verb hk_tail_verbs[];
extern const struct hk_verb hk_why_verbs[];
extern const struct hk_verb hk_policy_verbs[];
extern const struct hk_verb hk_reload_verbs[];

/** All of them, in the order of help; ended by an empty one. */
extern const struct hk_family hk_families[];
