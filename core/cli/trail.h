// SPDX-License-Identifier: Apache-2.0
/** Trail: an event's deliveries and their attempts as lines, for `event show` and `why`.
 * Thread: one. */
#pragma once
#include "cli/view.h"

/** Prints "name  value" of a member, nothing when it has none. */
void hk_trail_member(const struct hk_screen *screen, const json_t *data, const char *member,
                     const char *name);

/** Prints "name  " and leaves the line open. */
void hk_trail_name(const struct hk_screen *screen, const char *name);

/** Prints a delivery's state, reason, URL and UUID in a line of its own, behind an empty one. */
void hk_trail_delivery(const struct hk_screen *screen, const json_t *delivery);

/** Prints its attempts, with the times of all phases if wanted, and when the next one is due. */
void hk_trail_attempts(const struct hk_screen *screen, const json_t *delivery, bool has_phases);
