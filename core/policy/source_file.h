// SPDX-License-Identifier: Apache-2.0
/** Source file: what policies, libraries and tables are read from: one file, wholly; one folder,
 * sorted. Inside policy only. Thread: any (blocks). */
#pragma once
#include "base/bytes.h"

/** Can this be the name of a policy, a library or a table: 1 to 100 bytes of A-Z a-z 0-9 _ . -, the
 * first no dot? */
bool hk__source_is_name(struct hk_slice name);

/** Reads a regular file (or one that a link names) of at most `bytes_max` bytes into the empty
 * `out`. HK_EIO, HK_EINVAL (no regular file), HK_ELIMIT, HK_ENOMEM; `fault` names the path. */
HK_MUST_CHECK int hk__source_read(const char *path, size_t bytes_max, struct hk_bytes *out,
                                  struct hk_fault *fault);

/** The names in a folder but those that begin with a dot, by order of bytes. All zero: none. */
struct hk__source_names {
    char **items;
    uint32_t count, capacity;
};

/** Lists a folder; one that is not there is empty. HK_EIO, HK_ELIMIT (more than
 * HK__SOURCE_NAMES_MAX), HK_ENOMEM. */
HK_MUST_CHECK int hk__source_list(const char *folder, struct hk__source_names *names,
                                  struct hk_fault *fault);
void hk__source_names_fini(struct hk__source_names *names);

#define HK__SOURCE_NAMES_MAX 100000u
