// SPDX-License-Identifier: Apache-2.0
#include "model/endpoint.h"

#include "base/alloc.h"

void hk_endpoint_init(struct hk_endpoint *endpoint)
{
    *endpoint = (struct hk_endpoint){
        .enabled = true,
        .disable_after_s = HK_SECONDS_UNSET,
        .ordering_skip_s = HK_SECONDS_UNSET,
    };
}

static struct hk_bytes bytes_clone(const struct hk_bytes *bytes)
{
    struct hk_bytes copy = { 0 };
    if (bytes->size) {
        copy.at = hk_alloc_or_die(bytes->size);
        memcpy(copy.at, bytes->at, bytes->size);
        copy.size = copy.capacity = bytes->size;
    }
    return copy;
}

static uint16_t *statuses_clone(const uint16_t *statuses, uint32_t count)
{
    if (!count)
        return NULL;
    uint16_t *copy = hk_alloc_or_die(count * sizeof(*copy));
    memcpy(copy, statuses, count * sizeof(*copy));
    return copy;
}

void hk_endpoint_clone(struct hk_endpoint *copy, const struct hk_endpoint *endpoint)
{
    *copy = *endpoint;
    copy->name = hk_strdup_or_die(endpoint->name);
    copy->url = hk_strdup_or_die(endpoint->url);
    copy->url_normal = hk_strdup_or_die(endpoint->url_normal);
    copy->secret = bytes_clone(&endpoint->secret);
    copy->secret_previous = bytes_clone(&endpoint->secret_previous);
    copy->events = hk_texts_clone(&endpoint->events);
    copy->signature = hk_strdup_or_die(endpoint->signature);
    copy->no_retry_statuses =
        statuses_clone(endpoint->no_retry_statuses, endpoint->no_retry_status_count);
    copy->headers = hk_pairs_clone(&endpoint->headers);
    copy->auth.user = hk_strdup_or_die(endpoint->auth.user);
    copy->auth.sealed = bytes_clone(&endpoint->auth.sealed);
    copy->labels = hk_pairs_clone(&endpoint->labels);
    copy->description = hk_strdup_or_die(endpoint->description);
}

static void sealed_fini(struct hk_bytes *sealed)
{
    if (sealed->size)
        hk_wipe(sealed->at, sealed->size);
    hk_bytes_fini(sealed);
}

void hk_endpoint_fini(struct hk_endpoint *endpoint)
{
    hk_free(endpoint->name);
    hk_free(endpoint->url);
    hk_free(endpoint->url_normal);
    sealed_fini(&endpoint->secret);
    sealed_fini(&endpoint->secret_previous);
    hk_texts_fini(&endpoint->events);
    hk_free(endpoint->signature);
    hk_free(endpoint->no_retry_statuses);
    hk_pairs_fini(&endpoint->headers);
    hk_free(endpoint->auth.user);
    sealed_fini(&endpoint->auth.sealed);
    hk_pairs_fini(&endpoint->labels);
    hk_free(endpoint->description);
    *endpoint = (struct hk_endpoint){ 0 };
}

/* Each field is swapped with the patch's, so that hk_endpoint_fini of the patch frees the old. */
#define SWAP(field)                                          \
    do {                                                     \
        __typeof__(endpoint->field) kept_ = endpoint->field; \
        endpoint->field = patch->value.field;                \
        patch->value.field = kept_;                          \
    } while (0)

static void apply_identity(struct hk_endpoint *endpoint, struct hk_endpoint_patch *patch)
{
    if (patch->fields & HK_ENDPOINT_NAME)
        SWAP(name);
    if (patch->fields & HK_ENDPOINT_URL) {
        SWAP(url);
        SWAP(url_normal);
    }
    if (patch->fields & HK_ENDPOINT_SECRET) {
        SWAP(secret);
        SWAP(secret_previous);
        SWAP(secret_previous_until);
    }
    if (patch->fields & HK_ENDPOINT_LABELS)
        SWAP(labels);
    if (patch->fields & HK_ENDPOINT_DESCRIPTION)
        SWAP(description);
}

static void apply_routing(struct hk_endpoint *endpoint, struct hk_endpoint_patch *patch)
{
    if (patch->fields & HK_ENDPOINT_EVENTS) {
        SWAP(events);
        SWAP(has_events);
    }
    if (patch->fields & HK_ENDPOINT_ENABLED)
        SWAP(enabled);
    if (patch->fields & HK_ENDPOINT_ROLE)
        SWAP(role);
    if (patch->fields & HK_ENDPOINT_SIGNATURE)
        SWAP(signature);
    if (patch->fields & HK_ENDPOINT_HEADERS)
        SWAP(headers);
    if (patch->fields & HK_ENDPOINT_AUTH)
        SWAP(auth);
}

static void apply_retries(struct hk_endpoint *endpoint, struct hk_endpoint_patch *patch)
{
    if (patch->fields & HK_ENDPOINT_SCHEDULE)
        SWAP(schedule);
    if (patch->fields & HK_ENDPOINT_ATTEMPTS)
        SWAP(attempts);
    if (patch->fields & HK_ENDPOINT_TIMEOUT)
        SWAP(timeout_ms);
    if (patch->fields & HK_ENDPOINT_NO_RETRY_STATUSES) {
        SWAP(no_retry_statuses);
        SWAP(no_retry_status_count);
    }
    if (patch->fields & HK_ENDPOINT_ON_GONE)
        SWAP(on_gone);
    if (patch->fields & HK_ENDPOINT_DISABLE_AFTER)
        SWAP(disable_after_s);
}

static void apply_pace(struct hk_endpoint *endpoint, struct hk_endpoint_patch *patch)
{
    if (patch->fields & HK_ENDPOINT_RATE_LIMIT)
        SWAP(rate_limit_milli);
    if (patch->fields & HK_ENDPOINT_CONCURRENCY)
        SWAP(concurrency);
    if (patch->fields & HK_ENDPOINT_ORDERING)
        SWAP(ordering);
    if (patch->fields & HK_ENDPOINT_ORDERING_SKIP)
        SWAP(ordering_skip_s);
}

void hk_endpoint_apply(struct hk_endpoint *endpoint, struct hk_endpoint_patch *patch)
{
    apply_identity(endpoint, patch);
    apply_routing(endpoint, patch);
    apply_retries(endpoint, patch);
    apply_pace(endpoint, patch);
    patch->fields = 0;
}

bool hk_endpoint_wants(const struct hk_endpoint *endpoint, struct hk_slice type)
{
    if (endpoint->role == HK_ROLE_AUDIT || !endpoint->has_events)
        return true;
    return hk_texts_has(&endpoint->events, type);
}

const char *hk_role_name(enum hk_role role)
{
    static const char *const names[] = { "primary", "audit", "dead_letter" };
    return names[role];
}
