// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "behaviour.h"
#include "table.h"

/** How often one X-Webhook-Id came to one path. */
struct hk_path_id {
    struct hk_table_node node;
    uint64_t times;
    uint64_t answered_2xx;
    uint64_t repeats_after_2xx; /**< times that it came although a 2xx had been sent whole */
    int last_status;            /**< 0: no whole answer yet */
    uint64_t first_seq;
    uint64_t last_seq;
    char text[];
};

struct hk_path_tally {
    uint64_t requests; /**< also those that are not complete */
    uint64_t complete;
    uint64_t answered_2xx; /**< whole 2xx answers */
    uint64_t ids;
    uint64_t ids_2xx;
    uint64_t repeats_after_2xx;
};

/** A path that was asked for or given a behaviour. It lives as long as the sinker. */
struct hk_path {
    struct hk_table_node node;
    struct hk_path_tally tally;
    struct hk_table ids;
    struct hk_behaviour *behaviour; /**< NULL: 200 with no body */
    char text[];
};

/** All zero is empty. */
struct hk_paths {
    struct hk_table table;
    size_t behaviour_count;
};

/** The path of that text; made if it is new. */
struct hk_path *hk_path_get(struct hk_paths *paths, struct hk_span text);

/** The same, but NULL if it is new. */
struct hk_path *hk_path_find(const struct hk_paths *paths, struct hk_span text);

/** Takes over the reference; NULL: back to the default. */
void hk_path_set_behaviour(struct hk_paths *paths, struct hk_path *path,
                           struct hk_behaviour *behaviour);
void hk_path_drop_behaviours(struct hk_paths *paths);

/** Notes a request with that id and answers the id's record. */
struct hk_path_id *hk_path_note_id(struct hk_path *path, struct hk_span text, uint64_t seq);

/** Notes a whole answer; id may be NULL. */
void hk_path_note_answer(struct hk_path *path, struct hk_path_id *id, int status);

/** Sum over all paths. */
struct hk_path_tally hk_path_total(const struct hk_paths *paths);

/** Forgets tallies and ids, keeps behaviours. */
void hk_path_clear(struct hk_paths *paths);
void hk_path_fini(struct hk_paths *paths);
