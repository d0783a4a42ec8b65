// SPDX-License-Identifier: Apache-2.0
#include "cli/call.h"

#include "base/alloc.h"
#include "base/check.h"
#include "cli/fields.h"

static void complain_field(const struct hk_screen *screen, const char *field, const json_t *errors)
{
    const json_t *one = json_is_array(errors) ? NULL : errors;
    size_t count = one ? 1 : json_array_size(errors);
    for (size_t i = 0; i < count; i++) {
        const json_t *error = one ? one : json_array_get(errors, i);
        const char *text = json_string_value(error);
        hk_screen_complain(screen, "  %s: %s", field, text ? text : "is not valid");
    }
}

/** Says what the server said: status, message, errors for each field. */
static void explain(const struct hk_call *call, const struct hk_client_answer *answer)
{
    const char *message = hk_view_text(answer->root, "message");
    const char *field;
    json_t *errors;
    hk_screen_complain(call->screen, "%ld %s", answer->status,
                       message[0] ? message : "and no message");
    json_object_foreach(json_object_get(answer->root, "errors"), field, errors)
    {
        complain_field(call->screen, field, errors);
    }
    if (call->screen->is_json)
        hk_call_print_json(call, answer);
}

void hk_call_print_json(const struct hk_call *call, const struct hk_client_answer *answer)
{
    struct hk_slice text = hk_bytes_slice(&answer->text);
    (void)fwrite(text.at, 1, text.size, call->screen->out);
    if (text.size == 0 || text.at[text.size - 1] != '\n')
        (void)fputc('\n', call->screen->out);
}

enum hk_exit hk_call_ask(struct hk_call *call, const struct hk_ask *ask,
                         struct hk_client_answer *answer)
{
    struct hk_fault fault;
    int code = hk_client_ask(call->client, ask, answer, &fault);
    if (code == HK_EEND)
        return HK_EXIT_DONE;
    if (code < 0)
        hk_screen_complain(call->screen, "%s", fault.text);
    else if (!hk_client_answer_is_good(answer))
        explain(call, answer);
    else if (answer->root == NULL && ask->on_line == NULL)
        hk_screen_complain(call->screen, "the answer is no JSON object: is that hookd?");
    else
        return HK_EXIT_DONE;
    return HK_EXIT_FAILED;
}

/** Shows a good answer: its bytes, or its `data` as a record. */
static void show(const struct hk_call *call, const struct hk_client_answer *answer)
{
    const json_t *data = json_object_get(answer->root, "data");
    if (call->screen->is_json)
        hk_call_print_json(call, answer);
    else if (json_is_object(data))
        hk_view_record(call->screen, data);
}

enum hk_exit hk_call_send_fields(struct hk_call *call, const char *method, const char *path)
{
    struct hk_bytes body = { 0 };
    struct hk_client_answer answer = { 0 };
    struct hk_fault fault;
    enum hk_exit ended = HK_EXIT_USAGE;
    if (hk_fields_encode(call->arguments, &body, &fault) < 0) {
        hk_screen_complain(call->screen, "%s", fault.text);
    } else {
        struct hk_ask ask = { .method = method, .path = path, .body = hk_bytes_slice(&body) };
        ended = hk_call_ask(call, &ask, &answer);
    }
    if (ended == HK_EXIT_DONE)
        show(call, &answer);
    hk_client_answer_fini(&answer);
    if (body.at)
        hk_wipe(body.at, body.capacity);
    hk_bytes_fini(&body);
    return ended;
}

enum hk_exit hk_call_show(struct hk_call *call, const char *path)
{
    struct hk_ask ask = { .method = "GET", .path = path };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE)
        show(call, &answer);
    hk_client_answer_fini(&answer);
    return ended;
}

/** Appends "?page=..&per_page=.." for what was given. */
static char *paged(const struct hk_call *call, const char *path)
{
    static const struct {
        const char *option, *parameter;
    } given[] = { { "page", "page" }, { "per-page", "per_page" } };
    struct hk_bytes text = { 0 };
    char separator = '?';
    hk_assert(hk_bytes_append_text(&text, path) == 0);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        const char *value = hk_arguments_get(call->arguments, given[i].option);
        if (value == NULL)
            continue;
        struct hk_bytes encoded = { 0 };
        hk_assert(hk_path_append(&encoded, value) == 0);
        hk_assert(hk_bytes_append_format(&text, "%c%s=%.*s", separator, given[i].parameter,
                                         (int)encoded.size - 1, encoded.at + 1) == 0);
        hk_bytes_fini(&encoded);
        separator = '&';
    }
    char *whole = hk_slice_dup(hk_bytes_slice(&text));
    hk_assert(whole != NULL);
    hk_bytes_fini(&text);
    return whole;
}

/** Says when there is more than this page. */
static void print_pages(const struct hk_call *call, const json_t *meta)
{
    json_int_t page = json_integer_value(json_object_get(meta, "current_page"));
    json_int_t last = json_integer_value(json_object_get(meta, "last_page"));
    json_int_t total = json_integer_value(json_object_get(meta, "total"));
    if (last > 1)
        hk_screen_print(call->screen, "page %lld of %lld, %lld in all; --page N shows another\n",
                        (long long)page, (long long)last, (long long)total);
}

enum hk_exit hk_call_list(struct hk_call *call, const char *path,
                          const struct hk_view_column *columns, uint32_t count)
{
    char *whole = paged(call, path);
    struct hk_ask ask = { .method = "GET", .path = whole };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json) {
        hk_call_print_json(call, &answer);
    } else if (ended == HK_EXIT_DONE) {
        hk_view_list(call->screen, json_object_get(answer.root, "data"), columns, count);
        print_pages(call, json_object_get(answer.root, "meta"));
    }
    hk_client_answer_fini(&answer);
    hk_free(whole);
    return ended;
}

enum hk_exit hk_call_delete(struct hk_call *call, const char *path, const char *what)
{
    struct hk_ask ask = { .method = "DELETE", .path = path };
    struct hk_client_answer answer = { 0 };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json) {
        hk_call_print_json(call, &answer);
    } else if (ended == HK_EXIT_DONE) {
        hk_screen_text(call->screen, hk_slice_of(what));
        hk_screen_print(call->screen, " deleted\n");
    }
    hk_client_answer_fini(&answer);
    return ended;
}

char *hk_call_path(const char *merchant, const char *more, const char *last)
{
    struct hk_bytes path = { 0 };
    hk_assert(hk_bytes_append_text(&path, "/api/v1/merchants") == 0);
    hk_assert(merchant == NULL || hk_path_append(&path, merchant) == 0);
    hk_assert(more == NULL || hk_path_append(&path, more) == 0);
    hk_assert(last == NULL || hk_path_append(&path, last) == 0);
    char *text = hk_slice_dup(hk_bytes_slice(&path));
    hk_assert(text != NULL);
    hk_bytes_fini(&path);
    return text;
}
