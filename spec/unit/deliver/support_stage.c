// SPDX-License-Identifier: Apache-2.0
#include "support_stage.h"

#include <stdio.h>
#include <stdlib.h>

int stage_open(void **state, const struct server_reply *replies)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct hk_deliver_options options = fixture_options();
    if (stage == NULL)
        return -1;
    stage->server = server_start("127.0.0.1", replies);
    stage->fixture = fixture_start(&options, 0);
    fixture_options_fini(&options);
    *state = stage;
    return 0;
}

int stage_close(void **state)
{
    struct stage *stage = *state;
    fixture_stop(stage->fixture);
    server_stop(stage->server);
    free(stage);
    return 0;
}

const char *stage_url(struct stage *stage, const char *path)
{
    static char url[256];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server_port(stage->server), path);
    return url;
}
