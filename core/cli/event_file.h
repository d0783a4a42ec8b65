// SPDX-License-Identifier: Apache-2.0
/** Event file: an event as it is sent to hookd, read and checked as hookd does. Thread: one. */
#pragma once
#include "base/json.h"

struct hk_event_file {
    struct hk_bytes text;     /**< The bytes. */
    struct hk_json_value top; /**< The object in them. */
    struct hk_bytes type;     /**< Its "event". */
};

/** Reads `path` ("-": standard input). The fault says "FILE:LINE:COLUMN: what" where it can. */
HK_MUST_CHECK int hk_event_file_read(struct hk_event_file *file, const char *path,
                                     struct hk_fault *fault);
void hk_event_file_fini(struct hk_event_file *file);

/** Scans a JSON text of the file `path`. HK_ESYNTAX with "FILE:LINE:COLUMN: what". */
HK_MUST_CHECK int hk_json_file_scan(const char *path, struct hk_slice text,
                                    struct hk_json_value *top, struct hk_fault *fault);
