// SPDX-License-Identifier: Apache-2.0
/** JSON diff: what was changed in a document, place by place, with the exact texts of both sides
 * (0.10 stays 0.10).
 *
 * Objects are compared by member whatever their order, arrays by place after what both begin and
 * end with; strings by what they mean, everything else by its text. It is a description for people,
 * no patch: `remove` and `replace` name a place in the original, `add` one in the changed document.
 * Work is bounded: at most HK_JSON_DIFF_ENTRIES_MAX entries, and what takes too long to compare is
 * told as one `replace`. Pure; thread: any. */
#pragma once
#include "base/json.h"

#define HK_JSON_DIFF_ENTRIES_MAX 1000u
/** In a path that grows longer than about this, names stand as "...". */
#define HK_JSON_DIFF_PATH_BYTES_MAX 4096u

enum hk_json_diff_op { HK_JSON_DIFF_ADD, HK_JSON_DIFF_REMOVE, HK_JSON_DIFF_REPLACE };

/** One difference; everything in it is borrowed for the call. */
struct hk_json_diff_entry {
    enum hk_json_diff_op op;
    struct hk_slice path; /**< JSON pointer (RFC 6901), as UTF-8; empty: the whole document. */
    struct hk_slice from; /**< Raw JSON; empty with ADD. */
    struct hk_slice to;   /**< Raw JSON; empty with REMOVE. */
};

/** Takes one entry; a negative code ends the comparison and is what it returns. */
typedef int (*hk_json_diff_fn)(void *arg, const struct hk_json_diff_entry *entry);

/** Compares two documents that were scanned (hk_json_scan), and gives each difference to `take`, in
 * the order of the original, what was added to an object behind it. `is_truncated` tells that there
 * are more than HK_JSON_DIFF_ENTRIES_MAX. 0, HK_ENOMEM, or what `take` returned. */
HK_MUST_CHECK int hk_json_diff(struct hk_json_value original, struct hk_json_value changed,
                               hk_json_diff_fn take, void *arg, bool *is_truncated);

/** Appends the differences as a JSON array of {"op":"replace","path":"/a/0","from":1,"to":2}. */
HK_MUST_CHECK int hk_json_diff_append(struct hk_bytes *out, struct hk_json_value original,
                                      struct hk_json_value changed, bool *is_truncated);

/** Gets the word of an op: "add", "remove", "replace". */
const char *hk_json_diff_op_word(enum hk_json_diff_op op);
