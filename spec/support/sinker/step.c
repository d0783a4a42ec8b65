// SPDX-License-Identifier: Apache-2.0
#include "step.h"

#include "bomb.h"

#include <string.h>

enum {
    DRIP_MS = 1000,
    HEADER_BYTES = 100 * 1024 * 1024,
    HEADER_LINE_BYTES = 1024,
    HEADER_LINE_BYTES_MAX = 16 * 1024 * 1024,
    BOMB_BYTES = 100 * 1024 * 1024,
    CHUNK_BYTES = 16 * 1024,
    GARBAGE_BYTES = 64
};

static const int64_t BYTES_MAX = (int64_t)1 << 40;

static bool word_is(const char *word, const char *wanted)
{
    return strcmp(word, wanted) == 0;
}

/** Writes the lines of the member "headers"; false: not an object of texts and lists of texts. */
static bool append_headers(struct hk_buffer *out, const struct hk_json *headers)
{
    if (headers == NULL) {
        return true;
    }
    if (headers->kind != HK_JSON_OBJECT) {
        return false;
    }
    for (const struct hk_json *each = headers->first; each != NULL; each = each->next) {
        if (each->kind != HK_JSON_STRING) {
            return false;
        }
        hk_buffer_append(out, each->name.data, each->name.bytes);
        hk_buffer_append_text(out, ": ");
        hk_buffer_append(out, each->text.data, each->text.bytes);
        hk_buffer_append_text(out, "\r\n");
    }
    return true;
}

static bool is_closing(const struct hk_json *headers)
{
    for (const struct hk_json *each = headers != NULL ? headers->first : NULL; each != NULL;
         each = each->next) {
        struct hk_span name = { .at = each->name.data, .bytes = each->name.bytes };
        struct hk_span value = { .at = each->text.data, .bytes = each->text.bytes };
        if (hk_span_is_word(name, "Connection") && hk_span_is_word(value, "close")) {
            return true;
        }
    }
    return false;
}

static bool append_body(struct hk_buffer *out, const struct hk_json *step)
{
    const struct hk_json *body = hk_json_get(step, "body");
    const struct hk_json *hex = hk_json_get(step, "body_hex");
    int64_t zeros = hk_json_get_integer(step, "body_bytes", 0);
    if (body != NULL && body->kind == HK_JSON_STRING) {
        hk_buffer_append(out, body->text.data, body->text.bytes);
    } else if (hex != NULL) {
        return hex->kind == HK_JSON_STRING &&
               hk_json_decode_hex(
                   out, (struct hk_span){ .at = hex->text.data, .bytes = hex->text.bytes });
    } else if (zeros < 0 || zeros > HEADER_LINE_BYTES_MAX) {
        return false;
    } else {
        for (int64_t i = 0; i < zeros; i++) {
            hk_buffer_append(out, "x", 1);
        }
    }
    return true;
}

/** What is compiled: the description, its parts, the result. */
struct draft {
    const struct hk_json *step;
    struct hk_answer *answer;
    struct hk_buffer headers;
    struct hk_buffer body;
    const char *fault;
};

static struct hk_span all_of(const struct hk_buffer *buffer)
{
    return (struct hk_span){ .at = buffer->data, .bytes = buffer->bytes };
}

static void set_reply(struct draft *draft)
{
    hk_answer_set_reply(draft->answer, all_of(&draft->headers), all_of(&draft->body));
    draft->answer->is_whole = true;
    if (is_closing(hk_json_get(draft->step, "headers"))) {
        draft->answer->ending = HK_ENDING_CLOSE;
    }
}

/** The head of an answer whose body has no Content-Length of its own. */
static void set_open_head(struct draft *draft, const char *framing)
{
    struct hk_buffer *first = &draft->answer->first;
    hk_buffer_print(first, "HTTP/1.1 %d %s\r\n", draft->answer->status,
                    hk_answer_reason(draft->answer->status));
    hk_buffer_append(first, draft->headers.data, draft->headers.bytes);
    hk_buffer_append_text(first, framing);
    draft->answer->head_bytes = first->bytes;
}

static void set_cut(struct draft *draft)
{
    const char *stage = hk_json_get_text(draft->step, "stage", "headers");
    struct hk_answer *answer = draft->answer;
    if (word_is(stage, "accept")) {
        answer->moment = HK_MOMENT_REQUEST_LINE;
    } else if (word_is(stage, "headers")) {
        answer->moment = HK_MOMENT_HEAD;
    } else if (word_is(stage, "body")) {
        answer->moment = HK_MOMENT_BODY;
    } else if (word_is(stage, "answer_head") || word_is(stage, "answer_body")) {
        if (draft->body.bytes == 0) {
            hk_buffer_append_text(&draft->body, "half of this is sent");
        }
        set_reply(draft);
        size_t body_bytes = answer->first.bytes - answer->head_bytes;
        answer->first.bytes = word_is(stage, "answer_head") ? answer->head_bytes / 2
                                                            : answer->head_bytes + body_bytes / 2;
        answer->is_whole = false;
    } else {
        draft->fault = "stage: accept, headers, body, answer_head or answer_body";
    }
    if (answer->first.bytes == 0) {
        answer->status = 0;
    }
}

static void set_reset(struct draft *draft)
{
    set_cut(draft);
    draft->answer->ending = HK_ENDING_RESET;
}

static void set_close(struct draft *draft)
{
    set_cut(draft);
    draft->answer->ending = HK_ENDING_CLOSE;
}

static void set_hang(struct draft *draft)
{
    draft->answer->status = 0;
    draft->answer->ending = HK_ENDING_HOLD;
}

static void set_ignore(struct draft *draft)
{
    set_hang(draft);
    draft->answer->moment = HK_MOMENT_REQUEST_LINE;
}

static void set_drip(struct draft *draft)
{
    set_reply(draft);
    draft->answer->drip_ms = hk_json_get_integer(draft->step, "drip_ms", DRIP_MS);
    bool is_body_only = word_is(hk_json_get_text(draft->step, "stage", ""), "answer_body");
    draft->answer->drip_from = is_body_only ? draft->answer->head_bytes : 0;
    if (draft->answer->drip_ms < 1) {
        draft->fault = "drip_ms: at least 1";
    }
}

static void append_run(struct hk_buffer *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hk_buffer_append(out, &c, 1);
    }
}

static void set_endless_body(struct draft *draft)
{
    struct hk_answer *answer = draft->answer;
    bool is_chunked = word_is(hk_json_get_text(draft->step, "framing", "chunked"), "chunked");
    set_open_head(draft, is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    if (is_chunked) {
        hk_buffer_print(&answer->pattern, "%x\r\n", (unsigned)CHUNK_BYTES);
    }
    append_run(&answer->pattern, 'e', CHUNK_BYTES);
    hk_buffer_append_text(&answer->pattern, is_chunked ? "\r\n" : "");
    answer->pattern_count = UINT64_MAX;
    answer->ending = HK_ENDING_CLOSE;
}

static void append_header_line(struct draft *draft, int64_t bytes)
{
    hk_buffer_append_text(&draft->answer->pattern, "X-Bomb: ");
    append_run(&draft->answer->pattern, 'b', (size_t)bytes - strlen("X-Bomb: \r\n"));
    hk_buffer_append_text(&draft->answer->pattern, "\r\n");
}

static int64_t header_line_bytes(struct draft *draft)
{
    int64_t bytes = hk_json_get_integer(draft->step, "header_line_bytes", HEADER_LINE_BYTES);
    if (bytes < 16 || bytes > HEADER_LINE_BYTES_MAX) {
        draft->fault = "header_line_bytes: 16 to 16777216";
        return 16;
    }
    return bytes;
}

static void set_endless_headers(struct draft *draft)
{
    set_open_head(draft, "");
    append_header_line(draft, header_line_bytes(draft));
    draft->answer->pattern_count = UINT64_MAX;
    draft->answer->ending = HK_ENDING_CLOSE;
}

static void set_header_bomb(struct draft *draft)
{
    int64_t bytes = hk_json_get_integer(draft->step, "header_bytes", HEADER_BYTES);
    int64_t line_bytes = header_line_bytes(draft);
    if (bytes < 0 || bytes > BYTES_MAX) {
        draft->fault = "header_bytes: 0 to 2^40";
        return;
    }
    set_open_head(draft, "");
    append_header_line(draft, line_bytes);
    draft->answer->pattern_count = (uint64_t)((bytes + line_bytes - 1) / line_bytes);
    hk_buffer_print(&draft->answer->tail, "Content-Length: %zu\r\n\r\n", draft->body.bytes);
    hk_buffer_append(&draft->answer->tail, draft->body.data, draft->body.bytes);
    draft->answer->is_whole = true;
}

static void set_redirect(struct draft *draft)
{
    const char *location = hk_json_get_text(draft->step, "location", NULL);
    if (location == NULL) {
        draft->fault = "redirect needs location";
        return;
    }
    draft->answer->status = (int)hk_json_get_integer(draft->step, "status", 302);
    hk_buffer_append_text(&draft->headers, "Location: ");
    hk_buffer_append_text(&draft->headers, location);
    hk_buffer_append_text(&draft->headers, "\r\n");
    set_reply(draft);
}

static enum hk_ending ending_after(struct draft *draft)
{
    const char *after = hk_json_get_text(draft->step, "after", "hold");
    if (word_is(after, "close")) {
        return HK_ENDING_CLOSE;
    }
    if (word_is(after, "reset")) {
        return HK_ENDING_RESET;
    }
    if (!word_is(after, "hold")) {
        draft->fault = "after: hold, close or reset";
    }
    return HK_ENDING_HOLD;
}

static void set_partial_body(struct draft *draft)
{
    int64_t missing = hk_json_get_integer(draft->step, "missing_bytes", 100);
    if (draft->body.bytes == 0) {
        hk_buffer_append_text(&draft->body, "the rest of this never comes");
    }
    if (missing < 1 || missing > BYTES_MAX) {
        draft->fault = "missing_bytes: 1 to 2^40";
        return;
    }
    set_open_head(draft, "");
    hk_buffer_print(&draft->answer->first, "Content-Length: %lld\r\n\r\n",
                    (long long)draft->body.bytes + (long long)missing);
    draft->answer->head_bytes = draft->answer->first.bytes;
    hk_buffer_append(&draft->answer->first, draft->body.data, draft->body.bytes);
    draft->answer->ending = ending_after(draft);
}

static void set_garbage(struct draft *draft)
{
    if (draft->body.bytes > 0) {
        hk_buffer_append(&draft->answer->first, draft->body.data, draft->body.bytes);
    }
    for (int i = 0; i < GARBAGE_BYTES && draft->body.bytes == 0; i++) {
        char c = (char)(i * 37 + 128);
        hk_buffer_append(&draft->answer->first, &c, 1);
    }
    draft->answer->status = 0;
    draft->answer->ending = HK_ENDING_CLOSE;
}

static void set_gzip_bomb(struct draft *draft)
{
    int64_t bytes = hk_json_get_integer(draft->step, "bomb_bytes", BOMB_BYTES);
    if (bytes < 1 || bytes > (int64_t)1 << 32) {
        draft->fault = "bomb_bytes: 1 to 2^32";
        return;
    }
    hk_buffer_consume(&draft->body, draft->body.bytes);
    hk_bomb_append_gzip(&draft->body, (uint64_t)bytes);
    hk_buffer_append_text(&draft->headers, "Content-Encoding: gzip\r\n");
    set_reply(draft);
}

static const struct action {
    const char *name;
    void (*set)(struct draft *draft);
} actions[] = {
    { "reply", set_reply },
    { "hang", set_hang },
    { "ignore", set_ignore },
    { "reset", set_reset },
    { "close", set_close },
    { "drip", set_drip },
    { "endless_body", set_endless_body },
    { "endless_headers", set_endless_headers },
    { "header_bomb", set_header_bomb },
    { "redirect", set_redirect },
    { "partial_body", set_partial_body },
    { "garbage", set_garbage },
    { "gzip_bomb", set_gzip_bomb },
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (word_is(actions[i].name, name)) {
            return &actions[i];
        }
    }
    return NULL;
}

static const char *compile_step(const struct hk_json *step, struct hk_answer *answer)
{
    struct draft draft = { .step = step, .answer = answer };
    const struct action *action = find_action(hk_json_get_text(step, "action", "reply"));
    answer->moment = HK_MOMENT_END;
    answer->ending = HK_ENDING_KEEP;
    answer->status = (int)hk_json_get_integer(step, "status", 200);
    answer->delay_ms = hk_json_get_integer(step, "delay_ms", 0);
    if (step->kind != HK_JSON_OBJECT) {
        draft.fault = "a step is an object";
    } else if (action == NULL) {
        draft.fault = "unknown action";
    } else if (answer->status < 100 || answer->status > 999) {
        draft.fault = "status: 100 to 999";
    } else if (!append_headers(&draft.headers, hk_json_get(step, "headers"))) {
        draft.fault = "headers: an object of texts";
    } else if (!append_body(&draft.body, step)) {
        draft.fault = "body: a text; body_hex: hex digits; body_bytes: 0 to 16777216";
    } else {
        action->set(&draft);
    }
    hk_buffer_fini(&draft.headers);
    hk_buffer_fini(&draft.body);
    return draft.fault;
}

static size_t count_of(const struct hk_json *list)
{
    size_t count = 0;
    if (list != NULL && list->kind == HK_JSON_LIST) {
        for (const struct hk_json *each = list->first; each != NULL; each = each->next) {
            count++;
        }
    }
    return count;
}

struct hk_behaviour *hk_step_compile(const struct hk_json *description, const char **fault)
{
    const struct hk_json *steps = hk_json_get(description, "steps");
    size_t count = count_of(steps);
    const char *then = hk_json_get_text(description, "then", "last");
    if (count == 0 || (!word_is(then, "last") && !word_is(then, "repeat"))) {
        *fault = count == 0 ? "steps: a list with at least one" : "then: last or repeat";
        return NULL;
    }
    struct hk_behaviour *behaviour = hk_behaviour_new(count);
    behaviour->repeats = word_is(then, "repeat");
    const struct hk_json *step = steps->first;
    for (size_t i = 0; i < count; i++, step = step->next) {
        *fault = compile_step(step, &behaviour->answers[i]);
        if (*fault != NULL) {
            hk_behaviour_unref(behaviour);
            return NULL;
        }
    }
    return behaviour;
}
