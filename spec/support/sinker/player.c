// SPDX-License-Identifier: Apache-2.0
#include "player.h"

/** So that one endless answer cannot starve the other connections. */
enum { SLICE_BYTES = 256 * 1024 };

void hk_player_start(struct hk_player *player, const struct hk_answer *answer, bool is_head_only)
{
    *player = (struct hk_player){ .answer = answer,
                                  .is_head_only = is_head_only,
                                  .patterns_left = is_head_only ? 0 : answer->pattern_count };
}

/** The bytes of the present piece that are not sent yet. */
static struct hk_span piece_of(const struct hk_player *player)
{
    const struct hk_answer *answer = player->answer;
    const struct hk_buffer *buffer = &answer->first;
    size_t bytes = player->is_head_only ? answer->head_bytes : answer->first.bytes;
    if (player->at == HK_PLAYER_PATTERN) {
        buffer = &answer->pattern;
        bytes = player->patterns_left > 0 ? buffer->bytes : 0;
    } else if (player->at == HK_PLAYER_TAIL) {
        buffer = &answer->tail;
        bytes = player->is_head_only ? 0 : buffer->bytes;
    }
    if (player->offset >= bytes) {
        return (struct hk_span){ 0 };
    }
    return (struct hk_span){ .at = buffer->data + player->offset, .bytes = bytes - player->offset };
}

static void next_piece(struct hk_player *player)
{
    player->offset = 0;
    if (player->at == HK_PLAYER_PATTERN && player->patterns_left > 1) {
        player->patterns_left--;
        return;
    }
    player->at = (enum hk_player_at)(player->at + 1);
}

/** Cuts a piece to what may go in one write; true: it is a dripped byte with others to follow. */
static bool limit_drip(const struct hk_player *player, struct hk_span *piece)
{
    const struct hk_answer *answer = player->answer;
    if (answer->drip_ms == 0 || player->at != HK_PLAYER_FIRST) {
        return false;
    }
    if (player->offset < answer->drip_from) {
        size_t at_once = answer->drip_from - player->offset;
        piece->bytes = piece->bytes < at_once ? piece->bytes : at_once;
        return false;
    }
    bool is_last = piece->bytes == 1;
    piece->bytes = 1;
    return !is_last;
}

enum hk_play hk_player_run(struct hk_player *player, struct hk_transport *transport)
{
    size_t sent = 0;
    while (player->at != HK_PLAYER_END) {
        struct hk_span piece = piece_of(player);
        if (piece.bytes == 0) {
            next_piece(player);
            continue;
        }
        if (sent >= SLICE_BYTES) {
            return HK_PLAY_BLOCKED;
        }
        bool is_drip = limit_drip(player, &piece);
        ssize_t rc = hk_transport_write(transport, piece);
        if (rc < 0) {
            return rc == HK_TRANSPORT_AGAIN ? HK_PLAY_BLOCKED : HK_PLAY_BROKEN;
        }
        player->has_sent = true;
        player->offset += (size_t)rc;
        sent += (size_t)rc;
        if (is_drip) {
            return HK_PLAY_PAUSED;
        }
    }
    return HK_PLAY_DONE;
}
