// SPDX-License-Identifier: Apache-2.0
/** Space: how much room the disk under the state has. Thread: any; does not block for long. */
#pragma once
#include "base/fault.h"

#include <stdint.h>

/** Gets the bytes that are free for us at `path`; 0 or HK_EIO. */
HK_MUST_CHECK int hk_space_free(const char *path, uint64_t *bytes);
