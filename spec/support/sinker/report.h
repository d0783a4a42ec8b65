// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sinker.h"

/** What the control port tells, written as JSON (fields: README.md). */

struct hk_report_filter {
    const struct hk_path *path; /**< NULL: all */
    uint64_t after_seq;
    size_t count_max;
};

/** {"requests":[...],"last":SEQ}: last is what to give as after_seq next. */
void hk_report_requests(struct hk_buffer *out, const struct hk_store *store,
                        const struct hk_report_filter *filter);

/** {"requests":N,"complete":N,"answered_2xx":N,"ids":N,"ids_2xx":N,"repeats_after_2xx":N} */
void hk_report_tally(struct hk_buffer *out, const struct hk_path_tally *tally);

/** {"ids":[{"id","times","answered_2xx","repeats_after_2xx","last_status",...}]} */
void hk_report_ids(struct hk_buffer *out, const struct hk_path *path);

/** Counts of connections, handshakes and reuse, and the listeners. */
void hk_report_connections(struct hk_buffer *out, const struct hk_sinker *sinker);

/** {"count","p50_us","p90_us","p99_us","max_us"} */
void hk_report_histogram(struct hk_buffer *out, const struct hk_histogram *histogram);
