// SPDX-License-Identifier: Apache-2.0
#include "model/outcome.h"

const char *hk_outcome_word(enum hk_outcome_class class)
{
    switch (class) {
#define XX(name, value, word) \
    case HK_OUTCOME_##name:   \
        return word;
        HK_OUTCOME_MAP(XX)
#undef XX
    }
    return "unknown";
}
