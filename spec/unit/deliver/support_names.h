// SPDX-License-Identifier: Apache-2.0
/** Names: a stand-in for getaddrinfo, with a table of names. Numeric hosts are still resolved by
 * the real one. Thread: the table is changed by the test while nobody asks, or through the
 * functions. */
#pragma once
#include "deliver/resolver.h"

/** Replaces getaddrinfo; until names_stop. */
void names_start(void);
void names_stop(void);

/** Makes `name` resolve to addresses, given as "127.0.0.1 ::1"; "" makes it not resolve. */
void names_set(const char *name, const char *addresses);

/** Makes look-ups of `name` block until names_release. */
void names_block(const char *name);
void names_release(void);

/** How many look-ups of names there were. */
unsigned names_count(void);
