// SPDX-License-Identifier: Apache-2.0
/** Config cage: the Lua state in which a config file is evaluated. It knows three functions and no
 * more: env("NAME"), file("path") and credential("NAME"). A config that runs too long or takes too
 * much memory is ended with the line where it was. Only text is loaded, never bytecode.
 *
 * credential() cannot know state_dir, which is in the table that calls it: it returns a mark that
 * is looked up when the table has been read. Thread: the one that loads the config. */
#pragma once
#include "base/bytes.h"

#include <lua.h>

/** Gets an environment variable, or NULL. */
typedef const char *(*hk_environment_fn)(const char *name);

struct hk_config_cage {
    lua_State *lua;
    hk_environment_fn environment;
    const char *folder;        /**< What file() starts relative paths at. Borrowed. */
    struct hk_bytes file_text; /**< What file() read last; kept here so that a Lua error cannot
                                    lose it. */
    size_t memory_bytes;
    size_t allocated_bytes; /**< Ever. */
    uint64_t instructions;
    int64_t deadline_ns;
    bool is_bounded; /**< Only while the file runs; afterwards no memory is the end. */
};

/** Makes the state; HK_ENOMEM. The cage must not move. */
HK_MUST_CHECK int hk_config_cage_init(struct hk_config_cage *cage, hk_environment_fn environment,
                                      const char *folder);
void hk_config_cage_fini(struct hk_config_cage *cage);

/** Runs `text` and leaves the table that it returns on the stack. On a fault: HK_ESYNTAX (does not
 * compile) or HK_EINVAL (failed, over budget, returns no table), `line` and the fault's text
 * without file and line. String literals never appear in it: they may be secrets. */
HK_MUST_CHECK int hk_config_cage_run(struct hk_config_cage *cage, struct hk_slice text,
                                     uint32_t *line, struct hk_fault *fault);

/** Pushes the value of a Lua expression of ours; asserts that it is one. */
void hk_config_cage_push(struct hk_config_cage *cage, const char *expression);

/** Gets the name in a credential's mark, or NULL when the value at `index` is none. */
const char *hk_config_cage_credential(struct hk_config_cage *cage, int index);
