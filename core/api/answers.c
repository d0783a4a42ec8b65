// SPDX-License-Identifier: Apache-2.0
#include "api/answers.h"

#include "base/alloc.h"
#include "base/json.h"

#define NO_MEMORY \
    "{\"status\":false,\"message\":\"The service is out of memory.\",\"appended_data\":{}}"

static void set_no_memory(struct hk_answer *answer)
{
    answer->status = 503;
    answer->retry_after_s = HK_RETRY_AFTER_S;
    answer->text = HK_SLICE(NO_MEMORY);
}

void hk_answer_buffer(struct hk_answer *answer, unsigned status, int code)
{
    if (code < 0) {
        set_no_memory(answer);
        return;
    }
    answer->status = status;
    answer->text = hk_bytes_slice(&answer->buffer);
}

void hk_answer_message(struct hk_answer *answer, unsigned status, const char *message)
{
    hk_bytes_clear(&answer->buffer);
    int code = hk_bytes_append_format(
        &answer->buffer, "{\"status\":%s,\"message\":", status < 400 ? "true" : "false");
    if (code == 0)
        code = hk_json_append_string(&answer->buffer, hk_slice_of(message));
    if (code == 0)
        code = hk_bytes_append_text(&answer->buffer, ",\"appended_data\":{}}");
    hk_answer_buffer(answer, status, code);
}

void hk_answer_unavailable(struct hk_answer *answer, const char *message)
{
    hk_answer_message(answer, 503, message);
    answer->retry_after_s = HK_RETRY_AFTER_S;
}

static int append_chunk(const char *text, size_t size, void *out)
{
    return hk_bytes_append(out, text, size) < 0 ? -1 : 0;
}

int hk_answer_append_json(struct hk_bytes *out, const json_t *value)
{
    /* Milliseconds and rates have three decimals; 17 digits would show 0.1 as what it is. */
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12);
    return value == NULL || json_dump_callback(value, append_chunk, out, flags) < 0 ? HK_ENOMEM : 0;
}

/** Renders the envelope and gives up `own_envelope`. */
static void set_envelope(struct hk_answer *answer, unsigned status, json_t *own_envelope)
{
    hk_bytes_clear(&answer->buffer);
    hk_answer_buffer(answer, status, hk_answer_append_json(&answer->buffer, own_envelope));
    json_decref(own_envelope);
}

static json_t *make_envelope(bool status, const char *message)
{
    return json_pack("{s:b,s:s,s:{}}", "status", (int)status, "message", message, "appended_data");
}

/** Adds a member and gives up `own_value`; NULL when there is no memory for either. */
static json_t *with(json_t *own_envelope, const char *name, json_t *own_value)
{
    if (own_envelope == NULL) {
        json_decref(own_value);
        return NULL;
    }
    if (json_object_set_new(own_envelope, name, own_value) < 0) {
        json_decref(own_envelope);
        return NULL;
    }
    return own_envelope;
}

void hk_answer_data(struct hk_answer *answer, json_t *own_data)
{
    set_envelope(answer, 200, with(make_envelope(true, ""), "data", own_data));
}

void hk_answer_list(struct hk_answer *answer, json_t *own_data, json_t *own_links, json_t *own_meta)
{
    json_t *envelope = with(make_envelope(true, ""), "data", own_data);
    set_envelope(answer, 200, with(with(envelope, "links", own_links), "meta", own_meta));
}

void hk_answer_invalid(struct hk_answer *answer, json_t *own_errors)
{
    json_t *envelope = make_envelope(false, "The given data was invalid.");
    set_envelope(answer, 422, with(envelope, "errors", own_errors));
}

void hk_answer_refused(struct hk_answer *answer, const char *message, json_t *own_data)
{
    json_t *envelope = json_pack("{s:b,s:o,s:{}}", "status", 0, "message",
                                 hk_answer_text(hk_slice_of(message)), "appended_data");
    set_envelope(answer, 422, with(envelope, "data", own_data));
}

void hk_answer_invalid_field(struct hk_answer *answer, const char *field, const char *message)
{
    hk_answer_invalid(answer, json_pack("{s:[s]}", field, message));
}

void hk_answer_code(struct hk_answer *answer, int code)
{
    switch (code) {
    case HK_ENOTFOUND:
        hk_answer_message(answer, 404, "Not found.");
        break;
    case HK_EDENIED:
        hk_answer_message(answer, 403, "Merchant is not verified.");
        break;
    case HK_EEXISTS:
        hk_answer_message(answer, 400, "It exists already.");
        break;
    case HK_ELIMIT:
        hk_answer_message(answer, 400, "The limit is reached.");
        break;
    default:
        hk_answer_unavailable(answer, "The service is not available now.");
        break;
    }
}

/** Gets the size of the UTF-8 character at the start of `text`, or 0 when there is none. */
static size_t character_size(struct hk_slice text)
{
    for (size_t size = 1; size <= 4 && size <= text.size; size++) {
        if (hk_utf8_is_valid((struct hk_slice){ text.at, size }))
            return size;
    }
    return 0;
}

json_t *hk_answer_text(struct hk_slice text)
{
    if (hk_utf8_is_valid(text))
        return json_stringn(text.at, text.size);
    struct hk_bytes mended = { 0 };
    int code = 0;
    while (text.size > 0 && code == 0) {
        size_t size = character_size(text);
        code = size > 0 ? hk_bytes_append(&mended, text.at, size)
                        : hk_bytes_append_text(&mended, "\xef\xbf\xbd");
        size += size == 0;
        text = (struct hk_slice){ text.at + size, text.size - size };
    }
    json_t *string = code == 0 ? json_stringn(hk_bytes_slice(&mended).at, mended.size) : NULL;
    hk_bytes_fini(&mended);
    return string;
}

void hk_answer_fini(struct hk_answer *answer)
{
    if (answer->is_secret && answer->buffer.at != NULL)
        hk_wipe(answer->buffer.at, answer->buffer.capacity);
    hk_bytes_fini(&answer->buffer);
}
