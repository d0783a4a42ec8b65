// SPDX-License-Identifier: Apache-2.0
/** Clock: the one place of hookctl where a clock is read. Thread: any. */
#pragma once
#include "base/moment.h"

/** Reads the clock that only goes forward. */
struct hk_mono hk_clock_mono(void);
