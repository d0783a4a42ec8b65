// SPDX-License-Identifier: Apache-2.0
/** Diff view: what a policy changed, in lines with + and -. Thread: one. */
#pragma once
#include "base/json_diff.h"
#include "cli/screen.h"

/** Prints one difference: "- /path: from" and "+ /path: to", long values cut. */
void hk_diff_view_entry(const struct hk_screen *screen, const struct hk_json_diff_entry *entry);

/** Prints how `changed` differs from `original`, both checked JSON texts. */
void hk_diff_view_bodies(const struct hk_screen *screen, struct hk_slice original,
                         struct hk_slice changed);

/** Prints a list of differences as the API has it: [{"op", "path", "from", "to"}, ...], checked. */
void hk_diff_view_list(const struct hk_screen *screen, struct hk_json_value list);

/** Prints a header that was added. */
void hk_diff_view_header(const struct hk_screen *screen, struct hk_slice name,
                         struct hk_slice value);
