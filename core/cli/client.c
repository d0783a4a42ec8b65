// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include "base/alloc.h"
#include "base/json.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

enum {
    CONNECT_MS_MAX = 5000,
    ASK_MS_MAX = 60000,
    ANSWER_BYTES_MAX = 64 << 20,
};

struct hk_client {
    CURL *easy;
    char *base;          /**< What goes before a path. */
    char *socket_path;   /**< NULL: `base` is where the server is. */
    char *authorization; /**< A header, or NULL. */
    char error[CURL_ERROR_SIZE];
};

/** One ask under way. */
struct exchange {
    struct hk_client *client;
    const struct hk_ask *ask;
    struct hk_client_answer *answer;
    struct hk_bytes line; /**< The start of a line that is not whole yet. */
    bool was_ended;       /**< By on_line. */
};

static char *text_join(const char *a, const char *b)
{
    struct hk_bytes text = { 0 };
    char *joined = NULL;
    if (hk_bytes_append_format(&text, "%s%s", a, b) == 0)
        joined = hk_slice_dup(hk_bytes_slice(&text));
    if (text.at)
        hk_wipe(text.at, text.size);
    hk_bytes_fini(&text);
    return joined;
}

int hk_client_new(const struct hk_client_options *options, struct hk_client **client,
                  struct hk_fault *fault)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return hk_fault_set(fault, HK_ENOMEM, "libcurl does not start");
    struct hk_client *made = hk_alloc_zero_or_die(1, sizeof(*made));
    made->easy = curl_easy_init();
    made->base = text_join(options->server ? options->server : "http://hookd", "");
    if (options->server == NULL)
        made->socket_path = hk_strdup_or_die(options->socket_path);
    else if (options->key)
        made->authorization = text_join("Authorization: Bearer ", options->key);
    *client = made;
    if (made->easy && made->base && (made->authorization || !options->server || !options->key)) {
        for (size_t size = strlen(made->base); size > 0 && made->base[size - 1] == '/'; size--)
            made->base[size - 1] = '\0';
        return 0;
    }
    hk_client_free(made);
    *client = NULL;
    return hk_fault_set(fault, HK_ENOMEM, "%s", hk_error_text(HK_ENOMEM));
}

void hk_client_free(struct hk_client *client)
{
    if (client == NULL)
        return;
    if (client->easy)
        curl_easy_cleanup(client->easy);
    if (client->authorization)
        hk_wipe(client->authorization, strlen(client->authorization));
    hk_free(client->authorization);
    hk_free(client->base);
    hk_free(client->socket_path);
    hk_free(client);
    curl_global_cleanup();
}

/** Hands the whole lines among `data` on; blank ones only keep the stream alive. */
static bool take_lines(struct exchange *exchange, struct hk_slice data)
{
    while (data.size > 0) {
        const char *newline = memchr(data.at, '\n', data.size);
        size_t size = newline ? (size_t)(newline - data.at) : data.size;
        if (hk_bytes_append(&exchange->line, data.at, size) < 0 ||
            exchange->line.size > ANSWER_BYTES_MAX)
            return false;
        data.at += size + (newline != NULL);
        data.size -= size + (newline != NULL);
        if (newline == NULL)
            return true;
        bool goes_on = exchange->line.size == 0 ||
                       exchange->ask->on_line(exchange->ask->arg, hk_bytes_slice(&exchange->line));
        hk_bytes_clear(&exchange->line);
        if (!goes_on) {
            exchange->was_ended = true;
            return false;
        }
    }
    return true;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    long status = 0;
    size_t bytes = size * count;
    (void)curl_easy_getinfo(exchange->client->easy, CURLINFO_RESPONSE_CODE, &status);
    bool is_stream = exchange->ask->on_line && status >= 200 && status < 300;
    if (is_stream)
        return take_lines(exchange, (struct hk_slice){ data, bytes }) ? bytes : 0;
    if (exchange->answer->text.size + bytes > ANSWER_BYTES_MAX ||
        hk_bytes_append(&exchange->answer->text, data, bytes) < 0)
        return 0;
    return bytes;
}

/** Sets everything for one ask; false when out of memory. `list` is the caller's to free. */
static bool easy_set(struct exchange *exchange, const char *url, struct curl_slist *list)
{
    struct hk_client *client = exchange->client;
    const struct hk_ask *ask = exchange->ask;
    CURL *easy = client->easy;
    curl_easy_reset(easy);
    client->error[0] = '\0';
    bool is_set = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask->method) == CURLE_OK;
    if (client->socket_path) {
        is_set &= curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->socket_path) == CURLE_OK;
        is_set &= curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    }
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->error);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS_MAX);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ask->on_line ? 0L : (long)ASK_MS_MAX);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    if (ask->body.at) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.size);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ask->body.at);
    }
    return is_set;
}

static bool header_add(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = header ? curl_slist_append(*list, header) : *list;
    *list = longer ? longer : *list;
    return header == NULL || longer != NULL;
}

static bool headers_make(const struct hk_client *client, const struct hk_ask *ask,
                         struct curl_slist **list)
{
    bool is_made = header_add(list, "Accept: application/json") && header_add(list, "Expect:");
    if (ask->body.at)
        is_made &= header_add(list, "Content-Type: application/json");
    is_made &= header_add(list, client->authorization);
    for (uint32_t i = 0; is_made && ask->headers && ask->headers[i]; i++)
        is_made &= header_add(list, ask->headers[i]);
    return is_made;
}

/** Says what stands in the way to the control socket. */
static const char *socket_advice(long sys)
{
    switch (sys) {
    case ENOENT:
    case ECONNREFUSED:
        return "is hookd running, and is its run_dir this folder?";
    case EACCES:
        return "only hookd's user and group may";
    default:
        return "is hookd running?";
    }
}

static int unreachable(const struct hk_client *client, CURLcode result, struct hk_fault *fault)
{
    long sys = 0;
    const char *why = client->error[0] ? client->error : curl_easy_strerror(result);
    (void)curl_easy_getinfo(client->easy, CURLINFO_OS_ERRNO, &sys);
    bool is_socket = client->socket_path && result == CURLE_COULDNT_CONNECT && sys != 0;
    if (is_socket)
        return hk_fault_set_sys(fault, HK_EIO, (int)sys, "cannot reach hookd on %s (%s)",
                                client->socket_path, socket_advice(sys));
    return hk_fault_set(fault, HK_EIO, "no answer from hookd at %s: %s",
                        client->socket_path ? client->socket_path : client->base, why);
}

static int perform(struct exchange *exchange, struct hk_fault *fault)
{
    struct hk_client *client = exchange->client;
    CURLcode result = curl_easy_perform(client->easy);
    (void)curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &exchange->answer->status);
    if (exchange->was_ended)
        return HK_EEND;
    return result == CURLE_OK ? 0 : unreachable(client, result, fault);
}

/** Copies up to `value`, writes null in its place and goes on behind it. `rest` is what was not
 * copied yet; a value before it is left out already. */
static int cut_value(struct hk_bytes *out, struct hk_slice *rest, struct hk_json_value value)
{
    if (value.text.at < rest->at)
        return 0;
    size_t before = (size_t)(value.text.at - rest->at);
    int code = hk_bytes_append(out, rest->at, before);
    rest->at += before + value.text.size;
    rest->size -= before + value.text.size;
    return code < 0 ? code : hk_bytes_append_text(out, "null");
}

/** Reads the answer, with null for an event's body and for the differences that a policy made in
 * it: those may hold numbers which no C type can, and whoever shows them takes them from the text.
 */
static json_t *root_read(struct hk_slice text)
{
    struct hk_json_value top, found = { 0 };
    struct hk_bytes cut = { 0 };
    struct hk_slice rest = text;
    if (hk_json_scan(text, &top, NULL) < 0 || top.type != HK_JSON_OBJECT)
        return NULL;
    int code = 0;
    if (hk_json_find_path(top, "data.body", &found))
        code = cut_value(&cut, &rest, found);
    if (code == 0 && hk_json_find_path(top, "data.deliveries", &found)) {
        struct hk_json_walk walk = hk_json_walk_start(found);
        while (code == 0 && hk_json_walk_next(&walk))
            if (hk_json_find(walk.value, "diff", &found))
                code = cut_value(&cut, &rest, found);
    }
    if (code == 0)
        code = hk_bytes_append(&cut, rest.at, rest.size);
    json_t *root = code == 0 ? json_loadb(cut.at, cut.size, JSON_ALLOW_NUL, NULL) : NULL;
    if (cut.at)
        hk_wipe(cut.at, cut.capacity); // keys and secrets pass here
    hk_bytes_fini(&cut);
    return root;
}

int hk_client_ask(struct hk_client *client, const struct hk_ask *ask,
                  struct hk_client_answer *answer, struct hk_fault *fault)
{
    struct exchange exchange = { .client = client, .ask = ask, .answer = answer };
    struct curl_slist *list = NULL;
    char *url = text_join(client->base, ask->path);
    *answer = (struct hk_client_answer){ 0 };
    int code = HK_ENOMEM;
    if (url && headers_make(client, ask, &list) && easy_set(&exchange, url, list))
        code = perform(&exchange, fault);
    else
        hk_fault_set(fault, code, "%s", hk_error_text(code));
    if (code == 0)
        answer->root = root_read(hk_bytes_slice(&answer->text));
    curl_slist_free_all(list);
    hk_bytes_fini(&exchange.line);
    hk_free(url);
    return code;
}

void hk_client_answer_fini(struct hk_client_answer *answer)
{
    json_decref(answer->root);
    if (answer->text.at)
        hk_wipe(answer->text.at, answer->text.capacity); // likewise
    hk_bytes_fini(&answer->text);
    *answer = (struct hk_client_answer){ 0 };
}
