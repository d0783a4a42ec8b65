// SPDX-License-Identifier: Apache-2.0
#include "model/policy.h"

#include "base/alloc.h"

void hk_policy_set_free(struct hk_policy_set *set)
{
    if (!set)
        return;
    for (uint32_t i = 0; i < set->count; i++) {
        hk_free(set->items[i].name);
        hk_free(set->items[i].fault);
    }
    hk_free(set->items);
    hk_free(set);
}

const char *hk_policy_failure_word(enum hk_policy_failure failure)
{
    switch (failure) {
#define XX(name, value, word) \
    case HK_POLICY_##name:    \
        return word;
        HK_POLICY_FAILURE_MAP(XX)
#undef XX
    }
    return "";
}

void hk_policy_use_fini(struct hk_policy_use *use)
{
    hk_free(use->policy);
    hk_free(use->error);
    *use = (struct hk_policy_use){ 0 };
}
