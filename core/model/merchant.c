// SPDX-License-Identifier: Apache-2.0
#include "model/merchant.h"

#include "base/alloc.h"

void hk_merchant_clone(struct hk_merchant *copy, const struct hk_merchant *merchant)
{
    *copy = *merchant;
    copy->name = hk_strdup_or_die(merchant->name);
    copy->policy = hk_strdup_or_die(merchant->policy);
}

void hk_merchant_fini(struct hk_merchant *merchant)
{
    hk_free(merchant->name);
    hk_free(merchant->policy);
    *merchant = (struct hk_merchant){ 0 };
}

static void text_move(char **to, char **from)
{
    hk_free(*to);
    *to = *from;
    *from = NULL;
}

void hk_merchant_apply(struct hk_merchant *merchant, struct hk_merchant_patch *patch)
{
    if (patch->fields & HK_MERCHANT_NAME)
        text_move(&merchant->name, &patch->value.name);
    if (patch->fields & HK_MERCHANT_VERIFIED)
        merchant->verified = patch->value.verified;
    if (patch->fields & HK_MERCHANT_POLICY)
        text_move(&merchant->policy, &patch->value.policy);
    patch->fields = 0;
}
