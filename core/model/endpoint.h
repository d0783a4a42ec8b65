// SPDX-License-Identifier: Apache-2.0
/** Endpoint: one registered webhook URL of a merchant and how it wants to be served
 * (interface.md section 3). Plain data; the holder owns strings and lists. 0 or NULL in a field
 * that has a default in the config means: the config decides. Secrets are sealed bytes (base/seal)
 * everywhere but in the api and in the delivery threads. Thread: the owner's. */
#pragma once
#include "base/bytes.h"
#include "base/moment.h"
#include "base/uuid.h"
#include "model/bounds.h"
#include "model/texts.h"

enum hk_role { HK_ROLE_PRIMARY = 0, HK_ROLE_AUDIT = 1, HK_ROLE_DEAD_LETTER = 2 };
enum hk_schedule_kind {
    HK_SCHEDULE_CONFIG = 0,
    HK_SCHEDULE_POINTS = 1,
    HK_SCHEDULE_STANDARD = 2,
    HK_SCHEDULE_OWN = 3,
};
enum hk_on_gone { HK_ON_GONE_DEFAULT = 0, HK_ON_GONE_RETRY = 1, HK_ON_GONE_DISABLE = 2 };
enum hk_ordering { HK_ORDERING_NONE = 0, HK_ORDERING_KEY = 1 };
enum hk_auth_type { HK_AUTH_NONE = 0, HK_AUTH_BASIC = 1, HK_AUTH_BEARER = 2 };

/** `disable_after_s` and `ordering_skip_s` when the merchant did not set them. */
#define HK_SECONDS_UNSET UINT32_MAX

struct hk_schedule {
    enum hk_schedule_kind kind;
    uint32_t count;                      /**< With HK_SCHEDULE_OWN: 1 to 20. */
    uint32_t delays_ms[HK_SCHEDULE_MAX]; /**< The n-th follows the n-th attempt. */
};

struct hk_auth {
    enum hk_auth_type type;
    char *user;             /**< With basic: shown again; NULL otherwise. */
    struct hk_bytes sealed; /**< The whole value of the Authorization header, sealed. */
};

struct hk_endpoint {
    struct hk_uuid uuid;
    uint64_t merchant_id;
    char *name;
    char *url;        /**< As the merchant gave it. */
    char *url_normal; /**< Scheme and host in lower case, no default port, "/" for an empty path:
                           two endpoints of a merchant never share it. */
    struct hk_bytes secret;          /**< Sealed. */
    struct hk_bytes secret_previous; /**< Sealed, empty if none. */
    struct hk_wall secret_previous_until;
    struct hk_wall created_at, updated_at;

    struct hk_texts events; /**< Subscribed types; meaningful when has_events. */
    bool has_events;        /**< False: all types. */
    bool enabled;
    enum hk_role role;
    char *signature; /**< Name of a signer; NULL: points. */
    struct hk_schedule schedule;
    uint32_t attempts;   /**< 1 to 20; 0: config. */
    uint32_t timeout_ms; /**< 1000 to 30000; 0: config. */
    uint16_t *no_retry_statuses;
    uint32_t no_retry_status_count;
    enum hk_on_gone on_gone;
    uint32_t disable_after_s;
    uint32_t rate_limit_milli; /**< Thousandths of a delivery a second; 0: none. */
    uint32_t concurrency;      /**< 1 to 256; 0: config. */
    enum hk_ordering ordering;
    uint32_t ordering_skip_s;
    struct hk_pairs headers;
    struct hk_auth auth;
    struct hk_pairs labels;
    char *description; /**< Or NULL. */
};

enum hk_endpoint_field {
    HK_ENDPOINT_NAME = 1 << 0,
    HK_ENDPOINT_URL = 1 << 1, /**< url and url_normal. */
    HK_ENDPOINT_SECRET = 1 << 2,
    HK_ENDPOINT_EVENTS = 1 << 3,
    HK_ENDPOINT_ENABLED = 1 << 4,
    HK_ENDPOINT_ROLE = 1 << 5,
    HK_ENDPOINT_SIGNATURE = 1 << 6,
    HK_ENDPOINT_SCHEDULE = 1 << 7,
    HK_ENDPOINT_ATTEMPTS = 1 << 8,
    HK_ENDPOINT_TIMEOUT = 1 << 9,
    HK_ENDPOINT_NO_RETRY_STATUSES = 1 << 10,
    HK_ENDPOINT_ON_GONE = 1 << 11,
    HK_ENDPOINT_DISABLE_AFTER = 1 << 12,
    HK_ENDPOINT_RATE_LIMIT = 1 << 13,
    HK_ENDPOINT_CONCURRENCY = 1 << 14,
    HK_ENDPOINT_ORDERING = 1 << 15,
    HK_ENDPOINT_ORDERING_SKIP = 1 << 16,
    HK_ENDPOINT_HEADERS = 1 << 17,
    HK_ENDPOINT_AUTH = 1 << 18,
    HK_ENDPOINT_LABELS = 1 << 19,
    HK_ENDPOINT_DESCRIPTION = 1 << 20,
};

/** A change: the fields named in `fields` are taken from `value`. */
struct hk_endpoint_patch {
    uint32_t fields;
    struct hk_endpoint value;
};

/** Fills an endpoint with the defaults of interface.md: enabled, primary, all types. */
void hk_endpoint_init(struct hk_endpoint *endpoint);
void hk_endpoint_clone(struct hk_endpoint *copy, const struct hk_endpoint *endpoint);

/** Frees what it owns and wipes the sealed bytes; the struct itself is the caller's. */
void hk_endpoint_fini(struct hk_endpoint *endpoint);

/** Moves the patch's named fields into `endpoint`; what the patch keeps is the caller's to fini. */
void hk_endpoint_apply(struct hk_endpoint *endpoint, struct hk_endpoint_patch *patch);

/** Does this endpoint want events of `type`? Audit endpoints want all. */
bool hk_endpoint_wants(const struct hk_endpoint *endpoint, struct hk_slice type);

/** Gets "primary", "audit" or "dead_letter". */
const char *hk_role_name(enum hk_role role);
