// SPDX-License-Identifier: Apache-2.0
/** Text file: a small file read whole. Thread: any; blocks. */
#pragma once
#include "base/bytes.h"

/** Appends the content of `path` to `text`. HK_ENOTFOUND, HK_EDENIED, HK_EIO, HK_ELIMIT (longer
 * than `bytes_max`), HK_ENOMEM; the fault says which file and why. */
HK_MUST_CHECK int hk_text_file_read(const char *path, size_t bytes_max, struct hk_bytes *text,
                                    struct hk_fault *fault);

/** Drops one newline ("\n" or "\r\n") at the end. */
void hk_text_drop_newline(struct hk_bytes *text);
