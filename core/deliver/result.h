// SPDX-License-Identifier: Apache-2.0
/** Result: what one HTTP exchange came to, in the words of model/outcome.h.
 *
 * The response is read here by our own rules, because curl is kinder than the contract: it takes
 * a head that breaks off for a whole one and has no bound on a body of unknown length. Every
 * limit of design.md section 9 that concerns the answer stands here.
 *
 * What a merchant can read never tells a denied target from one that cannot be reached.
 * Pure. Thread: the owner's. */
#pragma once
#include "base/bytes.h"
#include "model/bounds.h"
#include "model/outcome.h"

#include <curl/curl.h>

/** Bytes of all response heads of one attempt, interim ones too. */
#define HK_RESPONSE_HEAD_BYTES_MAX 65536

/** A Retry-After beyond this many seconds (ten years) is nonsense. */
#define HK_RETRY_AFTER_S_MAX UINT64_C(315360000)

/** The answer as far as it has come. Cleared for each attempt; `kept` and `lines` keep their
 * memory. */
struct hk_response {
    uint16_t status; /**< Of the last head that began; 0: none. */
    bool is_whole_head;
    bool is_head_too_long;
    bool is_cut; /**< The body went on beyond `body_bytes_max`. */
    uint32_t head_bytes;
    uint32_t body_bytes_max;
    uint64_t body_bytes;
    int64_t retry_after_ms;
    bool is_lines_full;    /**< One did not fit any more. */
    struct hk_bytes lines; /**< Of the final head: "name: value\n", names in lower case,
                                whole lines up to HK_HEADERS_KEPT_BYTES_MAX. */
    struct hk_bytes kept;  /**< The first HK_RESPONSE_KEPT_BYTES_MAX of the body. */
};

/** What else is known when the attempt is over. */
struct hk_ending {
    CURLcode code;
    bool is_denied;  /**< The guard refused an address. */
    bool is_expired; /**< Our deadline, not curl's, ended it. */
    bool has_name;   /**< The name was resolved (or was an address). */
    long verify;     /**< CURLINFO_SSL_VERIFYRESULT. */
};

void hk_response_clear(struct hk_response *response, uint32_t body_bytes_max);
void hk_response_fini(struct hk_response *response);

/** Reads one line of a head, with its end. False: stop the transfer. */
bool hk_response_take_line(struct hk_response *response, struct hk_slice line, struct hk_wall now);

/** Counts a piece of the body and keeps its start. False: stop the transfer. */
bool hk_response_take_body(struct hk_response *response, struct hk_slice piece);

/** Reads the value of Retry-After, seconds or an HTTP date, as milliseconds from `now`;
 * HK_RETRY_AFTER_NONE for nonsense. A date gone by is 0. */
int64_t hk_retry_after_parse(struct hk_slice value, struct hk_wall now);

/** Tells the class of an attempt that ended so. */
enum hk_outcome_class hk_result_class(const struct hk_response *response,
                                      const struct hk_ending *ending);

/** Gets the sentence for an attempt of `class` that ended so; "" where the status says it all. */
const char *hk_result_text(enum hk_outcome_class class, const struct hk_response *response,
                           const struct hk_ending *ending);
