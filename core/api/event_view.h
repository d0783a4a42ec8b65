// SPDX-License-Identifier: Apache-2.0
/** Event view: one event with all that became of it, as interface.md section 4 shows it. Its body
 * stands inside the JSON byte for byte as it was accepted. A denied address is shown as `connect`,
 * so that nobody can feel his way around a network. Pure. Thread: any. */
#pragma once
#include "model/event.h"

#include <jansson.h>

/** Appends the whole answer, envelope included. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_event_view_append(struct hk_bytes *out, const struct hk_event *event);

/** What other views show of an event too; NULL when out of memory. */
json_t *hk_event_view_uuid(const struct hk_uuid *uuid);
json_t *hk_event_view_reason(enum hk_reason reason);
json_t *hk_event_view_wall(struct hk_wall wall); /**< null when it is not set. */
json_t *hk_event_view_error(const struct hk_event *event);
json_t *hk_event_view_delivery(const struct hk_event *event, const struct hk_delivery *delivery);

/** When the wait of a delivery ends; ms 0: it does not wait. */
struct hk_wall hk_event_view_next_at(const struct hk_delivery *delivery);
