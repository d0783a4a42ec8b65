// SPDX-License-Identifier: Apache-2.0
/** Config file: a Lua file that returns one table, read as data (interface.md section 2).
 *
 * It is evaluated in an empty environment (config_cage), read through the table of options
 * (options.def, config_reader, config_value), and its faults are told with file and line
 * (config_lines). No fault shows a secret. Thread: one; blocks. */
#pragma once
#include "daemon/config_faults.h"
#include "model/config.h"

#define HK_CONFIG_PATH_DEFAULT "/etc/hookd/hookd.lua"

/** Loads a config; `path` NULL is HK_CONFIG_PATH_DEFAULT. With `create_keys`, credentials that are
 * missing are made in state_dir/keys, if nothing else is wrong; without, a missing one is a fault.
 * HK_ESYNTAX or HK_EINVAL: the fault says "FILE:LINE: what is wrong" of the first, and how many
 * more there are. On failure `config` is empty; else the caller gives it to hk_config_fini. */
HK_MUST_CHECK int hk_config_load(const char *path, bool create_keys, struct hk_config *config,
                                 struct hk_fault *fault);

/** Does the same for a person: all faults, sorted by line. Nothing is created; a credential that is
 * missing is a note, because a start will make it. The caller ends `faults`, and `config` on 0;
 * else it is empty. 0, HK_ESYNTAX or HK_EINVAL. */
HK_MUST_CHECK int hk_config_check(const char *path, struct hk_config *config,
                                  struct hk_config_faults *faults);
