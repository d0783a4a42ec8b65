// SPDX-License-Identifier: Apache-2.0
/** URL: what a merchant may register, and its normal form for telling duplicates.
 *
 * Parsed by the same library that will dial it (libcurl), because two parsers that disagree are how
 * address rules are tricked; what that one tolerates beyond RFC 3986 (backslashes, one or three
 * slashes, white space, user info) is refused here. Addresses are judged at the attempt
 * (deliver/address). Thread: any. */
#pragma once
#include "base/bytes.h"

#include <stdbool.h>

/** Checks an absolute http or https URL and appends its normal form, terminated, to `normal`:
 * scheme and host in lower case, no default port, "/" for an empty path, no fragment. NULL when it
 * is good, else a sentence with "url" as its subject. */
const char *hk_url_check(const char *url, bool allow_http, struct hk_bytes *normal);
