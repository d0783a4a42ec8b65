// SPDX-License-Identifier: Apache-2.0
/** Reload report: what a reload of config and policies came to. The daemon makes it, the api shows
 * it. The holder owns everything in it. Thread: the owner's. */
#pragma once
#include "model/texts.h"

enum hk_reload_what {
    HK_RELOAD_KEPT,    /**< Its text is as it was. */
    HK_RELOAD_SWAPPED, /**< A new text, a new generation. */
    HK_RELOAD_ADDED,
    HK_RELOAD_REMOVED,
    HK_RELOAD_REFUSED, /**< It does not load: what was in use stays. */
};

struct hk_reload_line {
    char *name; /**< Of a policy, or the path of a library or table that cannot be read. */
    enum hk_reload_what what;
    uint32_t generation; /**< That is in use now; 0: none. */
    char *fault;         /**< With REFUSED: "FILE:LINE: what is wrong". */
};

struct hk_reload_report {
    char *fault;                   /**< Why nothing at all was changed; NULL: something was. */
    struct hk_texts applied;       /**< Options that changed and count from now on. */
    struct hk_texts needs_restart; /**< Options that changed and count after a restart. */
    struct hk_reload_line *lines;
    uint32_t line_count;
    uint32_t refused_count;
    uint64_t pause_us; /**< For so long the main thread did nothing but swap. */
};

/** Gets the word of `what`: "kept", "swapped", "added", "removed", "refused". */
const char *hk_reload_what_word(enum hk_reload_what what);

/** Gets the first line that was refused; NULL when none was. */
const struct hk_reload_line *hk_reload_report_refused(const struct hk_reload_report *report);

/** Frees; NULL is fine. */
void hk_reload_report_free(struct hk_reload_report *report);
