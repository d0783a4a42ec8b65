// SPDX-License-Identifier: Apache-2.0
/* What a client may send as a body: an event, the fields of a webhook, a URL. The first byte says
 * which. What is accepted must keep its bounds and be showable; a URL's normal form must be a URL
 * with that normal form. */
#include "api/event_draft.h"
#include "api/url.h"
#include "api/webhook_fields.h"
#include "api/webhook_view.h"
#include "base/alloc.h"
#include "base/check.h"
#include "model/bounds.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static struct hk_config config = { .deliver.allow_http = true };
static const struct hk_uuid uuid = { { 7 } };

static void try_event(struct hk_slice body)
{
    static const struct hk_hash_key hash_key;
    struct hk_event_draft draft;
    struct hk_event_fault fault;
    struct hk_event_source source = { .merchant_id = 9, .body = body };
    int code = hk_event_draft_read(&draft, &source, &config, &hash_key, &fault);
    if (code == 0) {
        hk_assert(hk_event_type_is_valid(draft.type));
        hk_assert(draft.key.size <= HK_ORDER_KEY_BYTES_MAX);
        hk_assert(hk_utf8_is_valid(draft.key));
        struct hk_body *made = hk_event_body_new(draft.type, draft.key, body);
        hk_assert(hk_slice_is_equal(hk_event_body_key(made), draft.key));
        hk_body_unref(made);
    } else {
        hk_assert(fault.status == 400 || (fault.status == 422 && fault.field != NULL));
    }
    hk_event_draft_fini(&draft);
}

static void try_webhook(struct hk_slice body, bool is_new)
{
    struct hk_form form = { 0 };
    struct hk_endpoint_patch patch = { 0 };
    struct hk_endpoint endpoint;
    struct hk_webhook_reading reading = { &config, &uuid, is_new };
    if (hk_json_scan(body, &form.object, NULL) < 0 || form.object.type != HK_JSON_OBJECT)
        return;
    hk_webhook_fields_read(&form, &reading, &patch);
    if (!form.has_failed) {
        hk_endpoint_init(&endpoint);
        endpoint.uuid = uuid;
        endpoint.name = hk_strdup_or_die("name");
        endpoint.url = hk_strdup_or_die("url");
        hk_assert(hk_webhook_fields_make_secret(&reading, &patch) == 0);
        hk_endpoint_apply(&endpoint, &patch);
        json_t *view = hk_webhook_view(&endpoint, &config);
        hk_assert(view != NULL);
        json_decref(view);
        hk_endpoint_fini(&endpoint);
    } else {
        hk_assert(json_object_size(form.errors) > 0);
    }
    json_decref(form.errors);
    hk_endpoint_fini(&patch.value);
}

static void try_url(struct hk_slice text)
{
    struct hk_bytes normal = { 0 }, again = { 0 };
    char *url = hk_slice_dup(text);
    if (hk_url_check(url, true, &normal) == NULL) {
        hk_assert(hk_url_check(normal.at, true, &again) == NULL);
        hk_assert(hk_slice_is_equal(hk_bytes_slice(&normal), hk_bytes_slice(&again)));
        hk_assert(strchr(normal.at + 8, '/') != NULL);
    }
    hk_bytes_fini(&normal);
    hk_bytes_fini(&again);
    hk_free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    if (data_bytes == 0)
        return 0;
    struct hk_slice rest = { (const char *)data + 1, data_bytes - 1 };
    switch (data[0]) {
    case 'e':
        try_event(rest);
        break;
    case 'n':
        try_webhook(rest, true);
        break;
    case 'c':
        try_webhook(rest, false);
        break;
    case 'u':
        try_url(rest);
        break;
    default:
        break;
    }
    return 0;
}
