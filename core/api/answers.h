// SPDX-License-Identifier: Apache-2.0
/** Answers: the envelope of points-contract.md section 6 around everything that the api says.
 *
 * Management answers are built with jansson. What is hot or must keep its bytes (an event's 202, an
 * event's body) is written by hand by who owns it, into `answer.buffer`.
 * Every function sets the whole answer; the last one counts. When memory runs out the answer is a
 * static 503. Thread: the api thread's. */
#pragma once
#include "base/bytes.h"

#include <jansson.h>

struct hk_exchange;

/** What goes out. All zero: no answer yet. */
struct hk_answer {
    unsigned status;
    struct hk_slice text;   /**< Static, or `buffer`. */
    struct hk_bytes buffer; /**< Kept from answer to answer. */
    const char *allow;      /**< Value of Allow, static or in allow_text. */
    char allow_text[64];
    uint32_t retry_after_s; /**< 0: none. */
    bool is_replayed;       /**< Idempotent-Replayed: true. */
    bool must_close;
    bool is_secret; /**< Wiped when it has gone out. */
};

/** How long a client should wait when there is trouble on our side, or too much is pending. */
#define HK_RETRY_AFTER_S 5

/** Answers with the envelope alone. */
void hk_answer_message(struct hk_answer *answer, unsigned status, const char *message);

/** Answers 503 with Retry-After. */
void hk_answer_unavailable(struct hk_answer *answer, const char *message);

/** Answers 200 with `own_data` in `data`. NULL is out of memory. */
void hk_answer_data(struct hk_answer *answer, json_t *own_data);

/** Answers 200 with `own_data` in `data`, beside it `own_links` and `own_meta`. */
void hk_answer_list(struct hk_answer *answer, json_t *own_data, json_t *own_links,
                    json_t *own_meta);

/** Answers 422 with `own_errors`: field -> list of sentences. */
void hk_answer_invalid(struct hk_answer *answer, json_t *own_errors);

/** Answers 422 with `own_data`: not all of what was asked for was done, and `data` says what. */
void hk_answer_refused(struct hk_answer *answer, const char *message, json_t *own_data);

/** Answers 422 with one sentence on one field. */
void hk_answer_invalid_field(struct hk_answer *answer, const char *field, const char *message);

/** Answers what a failed reply (code < 0) means where nothing more special is known: 404, 403, 400
 * or 503. */
void hk_answer_code(struct hk_answer *answer, int code);

/** Answers 200 with what stands in `answer->buffer`, unless `code` < 0: then 503. */
void hk_answer_buffer(struct hk_answer *answer, unsigned status, int code);

/** Appends the text of a JSON value, compact. 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_answer_append_json(struct hk_bytes *out, const json_t *value);

/** A JSON string of bytes that need not be UTF-8: what is invalid becomes U+FFFD. NULL when out of
 * memory. */
json_t *hk_answer_text(struct hk_slice text);

void hk_answer_fini(struct hk_answer *answer);
