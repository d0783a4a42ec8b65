// SPDX-License-Identifier: Apache-2.0
/** Hookctl: from a command line to the command that it names, and help on the way. Thread: one. */
#pragma once
#include "cli/screen.h"

/** What the surroundings say: environment and streams, so that tests can say something else. */
struct hk_hookctl_surroundings {
    const char *socket_path; /**< $HOOKCTL_SOCKET, or NULL. */
    const char *key;         /**< $HOOKCTL_KEY, or NULL. */
    bool can_color;          /**< `out` is a terminal and nobody said NO_COLOR. */
    FILE *out, *err;
};

/** Runs one command line; gets the exit code (interface.md section 1). */
int hk_hookctl_run(int argc, char **argv, const struct hk_hookctl_surroundings *surroundings);
