// SPDX-License-Identifier: Apache-2.0
/** Client: asks hookd over its control socket, or over HTTP with a platform key. The API is the
 * same on both (interface.md section 3). Thread: one; blocks. */
#pragma once
#include "base/bytes.h"

#include <jansson.h>

struct hk_client;

struct hk_client_options {
    const char *socket_path; /**< Used unless `server` is set. */
    const char *server;      /**< "https://hooks.example", or NULL. */
    const char *key;         /**< Platform key for `server`, or NULL. */
};

/** Takes one line of a streamed answer, without its newline; true goes on. */
typedef bool (*hk_client_line_fn)(void *arg, struct hk_slice line);

struct hk_ask {
    const char *method;
    const char *path;           /**< "/api/v1/...", encoded. */
    struct hk_slice body;       /**< `at` NULL: none. Sent as application/json. */
    const char *const *headers; /**< "Name: value", ended by NULL; or NULL. */
    hk_client_line_fn on_line;  /**< Set: the answer is a stream that has no time limit. */
    void *arg;
};

/** What came back. All zero is an empty one. */
struct hk_client_answer {
    long status;          /**< HTTP status. */
    struct hk_bytes text; /**< The body as it came; of a stream only when it is an error. */
    json_t *root;         /**< The same, read, but for `data.body` and the `diff` of deliveries,
                               which are null here; NULL when it is no JSON object. */
};

HK_MUST_CHECK int hk_client_new(const struct hk_client_options *options, struct hk_client **client,
                                struct hk_fault *fault);
void hk_client_free(struct hk_client *client);

/** Asks once. 0 when an answer came, whatever its status; HK_EIO with how hookd could not be
 * reached and the mend; HK_EEND: a stream was ended by on_line. The caller ends `answer`. */
HK_MUST_CHECK int hk_client_ask(struct hk_client *client, const struct hk_ask *ask,
                                struct hk_client_answer *answer, struct hk_fault *fault);

void hk_client_answer_fini(struct hk_client_answer *answer);

static inline bool hk_client_answer_is_good(const struct hk_client_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}
