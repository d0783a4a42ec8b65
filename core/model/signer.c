// SPDX-License-Identifier: Apache-2.0
#include "model/signer.h"

static int sign_points(const struct hk_signing *signing, hk_signer_header_fn header, void *request)
{
    return header(request, HK_SLICE("X-Webhook-Secret"), signing->secret);
}

static const char *const points_headers[] = { "X-Webhook-Secret", NULL };

const struct hk_signer hk_signer_points = {
    .name = "points",
    .sign = sign_points,
    .headers = points_headers,
};

const struct hk_signer *hk_signer_find(const char *name)
{
    if (name == NULL || name[0] == '\0' || strcmp(name, hk_signer_points.name) == 0)
        return &hk_signer_points;
    return NULL;
}
