// SPDX-License-Identifier: Apache-2.0
/* The routes of interface.md section 3, the busiest first. */
#include "api/events.h"
#include "api/keys.h"
#include "api/merchants.h"
#include "api/policies.h"
#include "api/reload.h"
#include "api/router.h"
#include "api/status.h"
#include "api/tail.h"
#include "api/webhooks.h"

#define GET(run, reply)                 \
    {                                   \
        "GET", run, reply, false, false \
    }
#define POST(run, reply)                \
    {                                   \
        "POST", run, reply, true, false \
    }
/** A POST that takes no body. */
#define ACT(run, reply)                  \
    {                                    \
        "POST", run, reply, false, false \
    }
#define PUT(run, reply)                \
    {                                  \
        "PUT", run, reply, true, false \
    }
#define PATCH(run, reply)                \
    {                                    \
        "PATCH", run, reply, true, false \
    }
#define DELETE(run, reply)                 \
    {                                      \
        "DELETE", run, reply, false, false \
    }

#define WEBHOOKS                                                    \
    {                                                               \
        GET(hk_webhooks_list, hk_webhooks_list_reply),              \
            POST(hk_webhooks_create, hk_webhooks_one_reply), { 0 }, \
    }
#define WEBHOOK                                                           \
    {                                                                     \
        GET(hk_webhooks_get, hk_webhooks_one_reply),                      \
            PUT(hk_webhooks_update, hk_webhooks_one_reply),               \
            PATCH(hk_webhooks_update, hk_webhooks_one_reply),             \
            DELETE(hk_webhooks_delete, hk_webhooks_deleted_reply), { 0 }, \
    }

const struct hk_route hk_routes[] = {
    { "/api/v1/merchants/{merchant}/events", HK_SCOPE_PLATFORM, { POST(hk_events_accept, NULL) } },
    { "/api/v1/events/{uuid}", HK_SCOPE_EITHER, { GET(hk_events_get, hk_events_get_reply) } },
    { "/api/v1/merchants/{merchant}/events/{uuid}",
      HK_SCOPE_PLATFORM,
      { GET(hk_events_get, hk_events_get_reply) } },
    { "/api/v1/events/{uuid}/why", HK_SCOPE_EITHER, { GET(hk_events_why, hk_events_why_reply) } },
    { "/api/v1/merchants/{merchant}/events/{uuid}/why",
      HK_SCOPE_PLATFORM,
      { GET(hk_events_why, hk_events_why_reply) } },
    { "/api/v1/webhooks", HK_SCOPE_MERCHANT, WEBHOOKS },
    { "/api/v1/webhooks/{uuid}", HK_SCOPE_MERCHANT, WEBHOOK },
    { "/api/v1/merchants/{merchant}/webhooks", HK_SCOPE_PLATFORM, WEBHOOKS },
    { "/api/v1/merchants/{merchant}/webhooks/{uuid}", HK_SCOPE_PLATFORM, WEBHOOK },
    { "/api/v1/merchants",
      HK_SCOPE_PLATFORM,
      { GET(hk_merchants_list, hk_merchants_list_reply),
        POST(hk_merchants_create, hk_merchants_one_reply) } },
    { "/api/v1/merchants/{merchant}",
      HK_SCOPE_PLATFORM,
      { GET(hk_merchants_get, hk_merchants_one_reply),
        PATCH(hk_merchants_update, hk_merchants_one_reply),
        DELETE(hk_merchants_delete, hk_merchants_deleted_reply) } },
    { "/api/v1/merchants/{merchant}/keys",
      HK_SCOPE_PLATFORM,
      { GET(hk_keys_list, hk_keys_list_reply),
        { "POST", hk_keys_create, hk_keys_create_reply, true, true } } },
    { "/api/v1/merchants/{merchant}/keys/{uuid}",
      HK_SCOPE_PLATFORM,
      { DELETE(hk_keys_delete, hk_keys_deleted_reply) } },
    { "/api/v1/policies", HK_SCOPE_PLATFORM, { GET(hk_policies_list, hk_policies_list_reply) } },
    { "/api/v1/policies/{name}/retry",
      HK_SCOPE_PLATFORM,
      { ACT(hk_policies_retry, hk_policies_retry_reply) } },
    { "/api/v1/policies/{name}/events",
      HK_SCOPE_PLATFORM,
      { GET(hk_policies_events, hk_policies_events_reply) } },
    { "/api/v1/reload", HK_SCOPE_PLATFORM, { ACT(hk_reload_want, NULL) } },
    { "/api/v1/stats", HK_SCOPE_PLATFORM, { GET(hk_status_stats, hk_status_stats_reply) } },
    { "/api/v1/tail", HK_SCOPE_PLATFORM, { GET(hk_tail_start, hk_tail_start_reply) } },
    { "/healthz", HK_SCOPE_OPEN, { GET(hk_status_health, NULL) } },
    { "/readyz", HK_SCOPE_OPEN, { GET(hk_status_ready, NULL) } },
    { 0 },
};
