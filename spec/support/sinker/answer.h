// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

/** When an answer begins to act. */
enum hk_moment {
    HK_MOMENT_REQUEST_LINE, /**< the path is known; nothing more is read */
    HK_MOMENT_HEAD,         /**< the head is whole */
    HK_MOMENT_BODY,         /**< half of the body is here */
    HK_MOMENT_END           /**< the request is whole */
};

/** What happens to the connection after the bytes of an answer. */
enum hk_ending {
    HK_ENDING_KEEP,  /**< the next request may come */
    HK_ENDING_HOLD,  /**< nothing, until the client leaves */
    HK_ENDING_CLOSE, /**< FIN */
    HK_ENDING_RESET  /**< RST */
};

/**
 * One way to answer, as a script of bytes that a connection plays: wait for the moment, wait
 * delay_ms, send `first`, then `pattern` pattern_count times, then `tail`, then do the ending.
 */
struct hk_answer {
    enum hk_moment moment;
    enum hk_ending ending;
    int status;
    bool is_whole;     /**< a client gets a complete HTTP answer */
    int64_t delay_ms;  /**< from the moment to the first byte */
    int64_t drip_ms;   /**< 0: as fast as it goes; else one byte of `first` each drip_ms */
    size_t drip_from;  /**< bytes of `first` that go at once before the drip */
    size_t head_bytes; /**< of `first`: what a HEAD request gets */
    uint64_t pattern_count;
    struct hk_buffer first;
    struct hk_buffer pattern;
    struct hk_buffer tail;
};

/** Standard reason phrase, or "Status". */
const char *hk_answer_reason(int status);

/** Makes `first` a whole answer; headers is lines that end in CRLF. */
void hk_answer_set_reply(struct hk_answer *answer, struct hk_span headers, struct hk_span body);

void hk_answer_fini(struct hk_answer *answer);
