// SPDX-License-Identifier: Apache-2.0
/** Retry: the `retry` hook of one script for one failed attempt. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** The longest delay that a hook may ask for: 30 days, in milliseconds. */
#define HK_RETRY_DELAY_MS_MAX (INT64_C(30) * 24 * 3600 * 1000)

/** Runs the hook. Fills a DECIDED or a FAILED message, which borrows from the state until its next
 * use. A script without the hook decides by the schedule. */
void hk_retry_run(struct hk_state *state, const struct hk_wire_run *run,
                  struct hk_wire_message *answer);
