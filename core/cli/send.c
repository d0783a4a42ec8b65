// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "cli/file.h"

#include <string.h>

enum { EVENT_BYTES_MAX = 64 << 20, HEADERS_MAX = 3 };

static const struct hk_cli_option options[] = {
    { "event", "TYPE", "put \"event\": TYPE in front; without FILE that is all of it",
      HK_FIELD_NONE, NULL },
    { "idempotency-key", "KEY", "a repeat with the same key is accepted once", HK_FIELD_NONE,
      NULL },
    { "order-key", "KEY", "endpoints with ordering \"key\" get events of one key in order",
      HK_FIELD_NONE, NULL },
    { "deliver-before", "TIME", "drop what is not delivered by then (RFC 3339)", HK_FIELD_NONE,
      NULL },
    HK_OPTIONS_END,
};

/** Puts "event": TYPE in front of the members of an object, whose bytes stay as they are. */
static int wrap(struct hk_bytes *body, const char *type, struct hk_fault *fault)
{
    struct hk_json_value top, first = { 0 };
    if (body->size > 0 &&
        (hk_json_scan(hk_bytes_slice(body), &top, NULL) < 0 || top.type != HK_JSON_OBJECT))
        return hk_fault_set(fault, HK_ESYNTAX, "--event needs a JSON object to put the type in");
    struct hk_slice rest = body->size > 0 ? top.text : HK_SLICE("{}");
    struct hk_json_walk walk = { 0 };
    if (body->size > 0)
        walk = hk_json_walk_start(top);
    bool has_members = body->size > 0 && hk_json_walk_next(&walk);
    if (has_members && hk_json_find(top, "event", &first))
        return hk_fault_set(fault, HK_EINVAL,
                            "the file has an \"event\" already; leave --event out");
    struct hk_bytes whole = { 0 };
    hk_assert(hk_bytes_append_text(&whole, "{\"event\":") == 0);
    hk_assert(hk_json_append_string(&whole, hk_slice_of(type)) == 0);
    hk_assert(hk_bytes_append_text(&whole, has_members ? "," : "") == 0);
    hk_assert(hk_bytes_append(&whole, rest.at + 1, rest.size - 1) == 0);
    hk_bytes_fini(body);
    *body = whole;
    return 0;
}

/** Makes "Name: value" of an option; NULL when it was not given. */
static char *header_of(const struct hk_call *call, const char *option, const char *name)
{
    const char *value = hk_arguments_get(call->arguments, option);
    struct hk_bytes text = { 0 };
    if (value == NULL)
        return NULL;
    // "Name;" is how libcurl is told to send a header without a value.
    hk_assert(hk_bytes_append_format(&text, value[0] ? "%s: %s" : "%s;", name, value) == 0);
    char *header = hk_slice_dup(hk_bytes_slice(&text));
    hk_assert(header != NULL);
    hk_bytes_fini(&text);
    return header;
}

static enum hk_exit post(struct hk_call *call, struct hk_slice body)
{
    static const char *const sources[HEADERS_MAX][2] = {
        { "idempotency-key", "Idempotency-Key" },
        { "order-key", "X-Hookd-Key" },
        { "deliver-before", "X-Hookd-Deliver-Before" },
    };
    char *headers[HEADERS_MAX + 1] = { NULL };
    uint32_t count = 0;
    for (uint32_t i = 0; i < HEADERS_MAX; i++) {
        char *header = header_of(call, sources[i][0], sources[i][1]);
        if (header)
            headers[count++] = header;
    }
    char *path = hk_call_path(call->arguments->words[0], "events", NULL);
    struct hk_client_answer answer = { 0 };
    struct hk_ask ask = {
        .method = "POST", .path = path, .body = body, .headers = (const char *const *)headers
    };
    enum hk_exit ended = hk_call_ask(call, &ask, &answer);
    if (ended == HK_EXIT_DONE && call->screen->is_json) {
        hk_call_print_json(call, &answer);
    } else if (ended == HK_EXIT_DONE) {
        const json_t *data = json_object_get(answer.root, "data");
        hk_screen_text(call->screen, hk_slice_of(hk_view_text(data, "id")));
        hk_screen_print(call->screen, "\n");
    }
    hk_client_answer_fini(&answer);
    while (count > 0)
        hk_free(headers[--count]);
    hk_free(path);
    return ended;
}

static enum hk_exit send_event(struct hk_call *call)
{
    const char *type = hk_arguments_get(call->arguments, "event");
    const char *path = call->arguments->word_count > 1 ? call->arguments->words[1] : NULL;
    struct hk_bytes body = { 0 };
    struct hk_fault fault;
    enum hk_exit ended = HK_EXIT_USAGE;
    int code = 0;
    if (path == NULL && type == NULL) {
        hk_screen_complain(call->screen, "give a FILE (- is standard input) or --event TYPE");
        return HK_EXIT_USAGE;
    }
    if (path)
        code = hk_file_read(path, EVENT_BYTES_MAX, &body, &fault);
    if (code == 0 && type)
        code = wrap(&body, type, &fault);
    if (code < 0) {
        hk_screen_complain(call->screen, "%s", fault.text);
        ended = HK_EXIT_FAILED;
    } else {
        ended = post(call, hk_bytes_slice(&body));
    }
    hk_bytes_fini(&body);
    return ended;
}

const struct hk_verb hk_send_verbs[] = {
    { "", "MERCHANT [FILE|-]", "send the event in FILE, print its id", options, 1, 2, send_event },
    HK_VERBS_END,
};
