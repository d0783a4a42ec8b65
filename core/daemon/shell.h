// SPDX-License-Identifier: Apache-2.0
/** Shell: introduces the rooms of the house to each other and drives the engine.
 *
 * The main thread runs a libuv loop: facts from all hands come in through one mailbox, the engine
 * steps, and its commands go out to the hands, all of it once an iteration. It decides nothing.
 * Thread: the main one. */
#pragma once
#include "base/fault.h"
#include "model/config.h"

/** Recovers the state, serves until SIGTERM or SIGINT, writes a snapshot, returns.
 * `config_path` is read again on SIGHUP. 0; HK_ELOCKED, HK_EDAMAGED, HK_EVERSION, HK_EIO, HK_ENOSPC
 * (the state); others for what could not start. */
HK_MUST_CHECK int hk_shell_run(const struct hk_config *config, const char *config_path,
                               struct hk_fault *fault);
