// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

const struct hk_family hk_families[] = {
    { "status", "how hookd is: what it has accepted, delivered and what waits", hk_status_verbs },
    { "merchant", "the tenants: create, list, show, update, delete", hk_merchant_verbs },
    { "endpoint", "their webhook URLs: create, list, show, update, delete", hk_endpoint_verbs },
    { "key", "their API keys: create, list, delete", hk_key_verbs },
    { "send", "send an event", hk_send_verbs },
    { "event", "what became of an event: show", hk_event_verbs },
    { "why", "why an event went where it did", hk_why_verbs },
    { "tail", "each attempt as it happens", hk_tail_verbs },
    { "policy", "the policies: list, check, test, spec, shadow, retry", hk_policy_verbs },
    { "reload", "take new config and policies into use", hk_reload_verbs },
    { NULL, NULL, NULL },
};
