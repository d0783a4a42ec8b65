// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

const char *hk_answer_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 301, "Moved Permanently" },
        { 302, "Found" },
        { 303, "See Other" },
        { 304, "Not Modified" },
        { 307, "Temporary Redirect" },
        { 308, "Permanent Redirect" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 413, "Content Too Large" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 500, "Internal Server Error" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status) {
            return known[i].reason;
        }
    }
    return "Status";
}

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

void hk_answer_set_reply(struct hk_answer *answer, struct hk_span headers, struct hk_span body)
{
    struct hk_buffer *first = &answer->first;
    hk_buffer_print(first, "HTTP/1.1 %d %s\r\n", answer->status, hk_answer_reason(answer->status));
    hk_buffer_append(first, headers.at, headers.bytes);
    if (has_no_body(answer->status)) {
        hk_buffer_append_text(first, "\r\n");
        answer->head_bytes = first->bytes;
        return;
    }
    hk_buffer_print(first, "Content-Length: %zu\r\n\r\n", body.bytes);
    answer->head_bytes = first->bytes;
    hk_buffer_append(first, body.at, body.bytes);
}

void hk_answer_fini(struct hk_answer *answer)
{
    hk_buffer_fini(&answer->first);
    hk_buffer_fini(&answer->pattern);
    hk_buffer_fini(&answer->tail);
}
