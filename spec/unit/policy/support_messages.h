// SPDX-License-Identifier: Apache-2.0
/* One message of every kind with every field set, and how to tell two apart. */
#pragma once
#include "policy/wire.h"

#define HK_SUPPORT_MESSAGES 13

/** Gets message `number` (0 to HK_SUPPORT_MESSAGES - 1); everything in it is static. */
struct hk_wire_message support_message(unsigned number);

/** Fails the test unless both say the same. */
void support_assert_same(const struct hk_wire_message *a, const struct hk_wire_message *b);
