// SPDX-License-Identifier: Apache-2.0
#include "model/delivery.h"

const char *hk_delivery_state_word(enum hk_delivery_state state)
{
    switch (state) {
#define XX(name, value, word) \
    case HK_DELIVERY_##name:  \
        return word;
        HK_DELIVERY_STATE_MAP(XX)
#undef XX
    }
    return "";
}

const char *hk_reason_word(enum hk_reason reason)
{
    switch (reason) {
#define XX(name, value, word) \
    case HK_REASON_##name:    \
        return word;
        HK_REASON_MAP(XX)
#undef XX
    }
    return "";
}
