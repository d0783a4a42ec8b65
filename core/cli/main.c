// SPDX-License-Identifier: Apache-2.0
/* hookctl: the operator's client. */
#include "cli/hookctl.h"
#include "version.h"

#include <stdlib.h>
#include <unistd.h>

static const char *environment_get(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0)) {
        (void)printf("hookctl %s (%s)\n", hk_version(), hk_version_commit());
        return 0;
    }
    const char *terminal = environment_get("TERM");
    bool is_dumb = terminal && strcmp(terminal, "dumb") == 0;
    struct hk_hookctl_surroundings surroundings = {
        .socket_path = environment_get("HOOKCTL_SOCKET"),
        .key = environment_get("HOOKCTL_KEY"),
        .can_color = isatty(STDOUT_FILENO) && !is_dumb && environment_get("NO_COLOR") == NULL,
        .out = stdout,
        .err = stderr,
    };
    return hk_hookctl_run(argc, argv, &surroundings);
}
