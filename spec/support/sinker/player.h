// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "answer.h"
#include "transport.h"

/** Where a connection stands in the bytes of an answer. */
struct hk_player {
    const struct hk_answer *answer;
    enum hk_player_at { HK_PLAYER_FIRST, HK_PLAYER_PATTERN, HK_PLAYER_TAIL, HK_PLAYER_END } at;
    size_t offset; /**< in the present piece */
    uint64_t patterns_left;
    bool is_head_only; /**< the request was a HEAD */
    bool has_sent;     /**< at least one byte */
};

enum hk_play {
    HK_PLAY_DONE,    /**< every byte was sent; the ending is next */
    HK_PLAY_BLOCKED, /**< go on when the stream is writable */
    HK_PLAY_PAUSED,  /**< go on after answer->drip_ms */
    HK_PLAY_BROKEN   /**< the client is gone */
};

/** The answer must outlive the player. */
void hk_player_start(struct hk_player *player, const struct hk_answer *answer, bool is_head_only);

/** Sends what can be sent now; endless answers stop after a slice as if they were blocked. */
enum hk_play hk_player_run(struct hk_player *player, struct hk_transport *transport);
