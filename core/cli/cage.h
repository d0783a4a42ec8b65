// SPDX-License-Identifier: Apache-2.0
/** Cage: a policy worker of hookctl's own, with libraries and lookup tables, as the daemon has
 * them; what runs in it cannot reach the operator's machine. Its limits are the config's defaults.
 * Thread: one; blocks. */
#pragma once
#include "cli/sources.h"
#include "policy/offline.h"

/** Where libraries and tables are. */
struct hk_cage_places {
    const char *near;       /**< The policy or spec: "lib" and "tables" in its folder or in the one
                                 above that are taken, else what is installed. */
    const char *lib_dir;    /**< Unless somebody said where; or NULL. */
    const char *tables_dir; /**< Likewise. */
};

struct hk_cage {
    struct hk_offline *offline;
    struct hk_policy_options policy;
    struct hk_sources libraries;
    struct hk_wire_source *wire_libraries;
    struct hk_table *tables;
    uint32_t table_count;
};

/** Reads libraries and tables and starts the worker. The fault says what is wrong; then there is
 * nothing to close. */
HK_MUST_CHECK int hk_cage_open(struct hk_cage *cage, const struct hk_cage_places *places,
                               struct hk_fault *fault);
void hk_cage_close(struct hk_cage *cage);

/** Tells a script under a number, which must be new or dropped. */
HK_MUST_CHECK int hk_cage_tell(struct hk_cage *cage, uint32_t number,
                               const struct hk_source *source, struct hk_fault *fault);

/** Loads a script that was told. 0 with its hooks; HK_ESYNTAX with "FILE:LINE: what", the file as
 * the person wrote it. */
HK_MUST_CHECK int hk_cage_check(struct hk_cage *cage, uint32_t number,
                                const struct hk_source *source, uint32_t *hooks,
                                struct hk_fault *fault);

/** Asks and waits; HK_ESTART: the worker died of it or had to be killed, and knows no script. */
HK_MUST_CHECK int hk_cage_ask(struct hk_cage *cage, const struct hk_wire_message *question,
                              struct hk_wire_message *answer, struct hk_fault *fault);

/** Appends an error of the worker, "NAME.lua:LINE: what", with the path of NAME.lua as the person
 * wrote it: of `source`, or of a library. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_cage_append_error(const struct hk_cage *cage, const struct hk_source *source,
                                       struct hk_slice text, struct hk_bytes *out);

/** Appends the names of hooks, "filter, route"; "no hook" without any. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_hooks_append(struct hk_bytes *out, uint32_t hooks);

/** Appends them as a JSON list, ["filter","route"]. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_hooks_append_json(struct hk_bytes *out, uint32_t hooks);
