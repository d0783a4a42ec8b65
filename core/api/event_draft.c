// SPDX-License-Identifier: Apache-2.0
#include "api/event_draft.h"

#include "model/bounds.h"

static int refuse(struct hk_event_fault *fault, const char *field, const char *message)
{
    *fault = (struct hk_event_fault){ .status = 422, .field = field, .message = message };
    return HK_EINVAL;
}

/** Gets the characters of a JSON string; `text` holds them when there are escapes. */
static int take_string(struct hk_json_value value, struct hk_bytes *text, struct hk_slice *out)
{
    struct hk_slice raw = { value.text.at + 1, value.text.size - 2 };
    *out = raw;
    if (memchr(raw.at, '\\', raw.size) == NULL)
        return 0;
    int code = hk_json_string(value, text);
    *out = hk_bytes_slice(text);
    return code;
}

static int read_type(struct hk_event_draft *draft, struct hk_json_value top,
                     const struct hk_config *config, struct hk_event_fault *fault)
{
    struct hk_json_value value;
    if (top.type != HK_JSON_OBJECT || !hk_json_find(top, "event", &value))
        return refuse(fault, "event", "The event field is required.");
    if (value.type != HK_JSON_STRING)
        return refuse(fault, "event", "The event must be a string.");
    if (take_string(value, &draft->type_text, &draft->type) < 0) {
        fault->status = 503;
        return HK_EINVAL;
    }
    if (!hk_event_type_is_valid(draft->type))
        return refuse(fault, "event", "The event must be 1 to 100 of a-z 0-9 _ and dots.");
    if (config->has_event_types && !hk_texts_has(&config->event_types, draft->type))
        return refuse(fault, "event", "The selected event is invalid.");
    return 0;
}

/** The ordering key: the header's, else `order.id`, where it can be one. */
static int read_key(struct hk_event_draft *draft, struct hk_json_value top,
                    struct hk_slice ordering_key, struct hk_event_fault *fault)
{
    struct hk_json_value value;
    if (ordering_key.at != NULL) {
        if (ordering_key.size < 1 || ordering_key.size > HK_ORDER_KEY_BYTES_MAX ||
            !hk_utf8_is_valid(ordering_key))
            return refuse(fault, "X-Hookd-Key", "The X-Hookd-Key must be 1 to 255 bytes of UTF-8.");
        draft->key = ordering_key;
        return 0;
    }
    if (!hk_json_find_path(top, "order.id", &value))
        return 0;
    if (value.type == HK_JSON_NUMBER)
        draft->key = value.text;
    if (value.type == HK_JSON_STRING && take_string(value, &draft->key_text, &draft->key) < 0) {
        fault->status = 503;
        return HK_EINVAL;
    }
    if (draft->key.size > HK_ORDER_KEY_BYTES_MAX)
        draft->key = HK_SLICE_EMPTY;
    return 0;
}

static int read_idempotency(struct hk_event_draft *draft, const struct hk_event_source *source,
                            const struct hk_hash_key *hash_key, struct hk_event_fault *fault)
{
    struct hk_slice key = source->idempotency_key;
    char scoped[sizeof(source->merchant_id) + HK_IDEMPOTENCY_KEY_BYTES_MAX];
    if (key.at == NULL)
        return 0;
    if (key.size < 1 || key.size > HK_IDEMPOTENCY_KEY_BYTES_MAX)
        return refuse(fault, "Idempotency-Key", "The Idempotency-Key must be 1 to 255 bytes.");
    memcpy(scoped, &source->merchant_id, sizeof(source->merchant_id));
    memcpy(scoped + sizeof(source->merchant_id), key.at, key.size);
    draft->has_idempotency = true;
    draft->idempotency_key = hk_hash128(hash_key, scoped, sizeof(source->merchant_id) + key.size);
    draft->idempotency_body = hk_hash64(hash_key, source->body.at, source->body.size);
    return 0;
}

int hk_event_draft_read(struct hk_event_draft *draft, const struct hk_event_source *source,
                        const struct hk_config *config, const struct hk_hash_key *hash_key,
                        struct hk_event_fault *fault)
{
    struct hk_json_value top;
    struct hk_slice before = source->deliver_before;
    *draft = (struct hk_event_draft){ .type = HK_SLICE_EMPTY, .key = HK_SLICE_EMPTY };
    *fault = (struct hk_event_fault){ 0 };
    int code = hk_json_scan(source->body, &top, &fault->json);
    if (code < 0) {
        fault->status = code == HK_ESYNTAX ? 400 : 503;
        return HK_EINVAL;
    }
    code = read_type(draft, top, config, fault);
    if (code == 0)
        code = read_key(draft, top, source->ordering_key, fault);
    if (code == 0)
        code = read_idempotency(draft, source, hash_key, fault);
    if (code == 0 && before.at != NULL &&
        hk_wall_parse(before.at, before.size, &draft->deliver_before) < 0)
        code = refuse(fault, "X-Hookd-Deliver-Before",
                      "The X-Hookd-Deliver-Before must be a time as in RFC 3339.");
    return code;
}

void hk_event_draft_fini(struct hk_event_draft *draft)
{
    hk_bytes_fini(&draft->type_text);
    hk_bytes_fini(&draft->key_text);
}
