// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

/** CLOCK_MONOTONIC in microseconds: what benches write as t_us. */
int64_t hk_clock_mono_us(void);

/** Milliseconds since 1970. */
int64_t hk_clock_wall_ms(void);
