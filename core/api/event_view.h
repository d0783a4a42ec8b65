// SPDX-License-Identifier: Apache-2.0
/** Event view: one event with all that became of it, as interface.md section 4 shows it. Its body
 * stands inside the JSON byte for byte as it was accepted. A denied address is shown as `connect`,
 * so that nobody can feel his way around a network. Pure. Thread: any. */
#pragma once
#include "model/event.h"

/** Appends the whole answer, envelope included. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_event_view_append(struct hk_bytes *out, const struct hk_event *event);
