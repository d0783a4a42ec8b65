// SPDX-License-Identifier: Apache-2.0
/** Clock: the one place of the daemon where a clock is read. Thread: any. Errors: none. */
#pragma once
#include "base/moment.h"

/** Reads both clocks; an hk_clock_fn. */
struct hk_now hk_clock_now(void);
