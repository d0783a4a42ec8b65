// SPDX-License-Identifier: Apache-2.0
#include "daemon/clock.h"

#include "base/check.h"

#include <time.h>

struct hk_now hk_clock_now(void)
{
    struct timespec mono, wall;
    hk_assert(clock_gettime(CLOCK_MONOTONIC, &mono) == 0);
    hk_assert(clock_gettime(CLOCK_REALTIME, &wall) == 0);
    return (struct hk_now){
        .mono = { (int64_t)mono.tv_sec * 1000 * HK_NS_PER_MS + mono.tv_nsec },
        .wall = { (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / HK_NS_PER_MS },
    };
}
