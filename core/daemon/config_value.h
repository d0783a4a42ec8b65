// SPDX-License-Identifier: Apache-2.0
/** Config value: one option's value, from Lua into its field, by its type.
 * Thread: the one that loads the config. */
#pragma once
#include "daemon/config_reader.h"
#include "daemon/option.h"

/** Longest path of an option that is shown, with its end. */
#define HK_CONFIG_PATH_MAX 160

/** Adds "PATH: <text>" to the faults, with the line of PATH. */
void hk_config_complain(struct hk_config_reader *reader, const char *path, const char *format, ...)
    HK_PRINTF(3, 4);

/** Reads the value on the top of the stack, which is not nil, and leaves it there. Complains when
 * its type or range is wrong; the field is then unchanged. */
void hk_config_value_read(struct hk_config_reader *reader, const struct hk_option *option);
