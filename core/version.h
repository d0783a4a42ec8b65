// SPDX-License-Identifier: Apache-2.0
/** What this build is. Thread: any. Errors: none. Owns nothing: the strings are static.
 *
 * Made by core/version.c.in at build time; only the programs link it. */
#pragma once

/** Gets the version, "0.1.0". */
const char *hk_version(void);

/** Gets the git commit, 12 hex digits, "-dirty" behind it when files differed from it; "unknown"
 * when the source was not a git checkout. */
const char *hk_version_commit(void);

/** Gets the versions of the libraries that this build was made with. */
const char *hk_version_libraries(void);
