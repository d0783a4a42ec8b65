// SPDX-License-Identifier: Apache-2.0
#include "cli/clock.h"

#include "base/check.h"

#include <time.h>

struct hk_mono hk_clock_mono(void)
{
    struct timespec now;
    hk_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (struct hk_mono){ (int64_t)now.tv_sec * 1000 * HK_NS_PER_MS + now.tv_nsec };
}
