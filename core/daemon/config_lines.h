// SPDX-License-Identifier: Apache-2.0
/** Config lines: on which line of a config's text a key stands, because Lua tables do not say.
 * A scan of the table constructor behind `return`, with Lua's comments and strings. Keys that are
 * computed are not seen; the nearest that is seen stands for them. Pure; thread: any. */
#pragma once
#include "base/bytes.h"

/** Gets the line (from 1) of `path`, "deliver.attempts" or "listen[2]"; else that of the nearest
 * thing around it, at last that of `return`. A key that stands twice: the last, which is the one
 * that counts. */
uint32_t hk_config_lines_find(struct hk_slice text, const char *path);
