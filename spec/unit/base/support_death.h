// SPDX-License-Identifier: Apache-2.0
/** Death: runs what must end the process in a child, and reads what it said. */
#pragma once
#include <stddef.h>

typedef void (*support_mortal_fn)(void);

/** Runs `mortal` in a child with stderr caught in `said` (terminated, cut to `size`). Gets the
 * signal that ended it, or 0 when it lived. */
int support_death_signal(support_mortal_fn mortal, char *said, size_t size);
