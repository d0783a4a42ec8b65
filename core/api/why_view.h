// SPDX-License-Identifier: Apache-2.0
/** Why view: the trail of one event: who decided, what it decided and why, and for each delivery
 * what goes out that is its own, with the differences from the event's body.
 *
 * JSON texts in a diff stand byte for byte as they are in the two bodies. Pure. Thread: any. */
#pragma once
#include "model/event.h"

/** Appends the whole answer, envelope included, from an event that was looked up with its plan.
 * 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_why_view_append(struct hk_bytes *out, const struct hk_event *event);
