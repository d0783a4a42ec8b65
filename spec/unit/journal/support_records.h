// SPDX-License-Identifier: Apache-2.0
/** Records for the tests of the journal: of every type, with contents drawn from a seed. */
#pragma once
#include "base/prng.h"
#include "model/record.h"

/** Owns what its records point to. All zero is an empty one. */
struct records {
    void **memory;
    uint32_t count, capacity;
    struct hk_body **bodies;
    uint32_t body_count, body_capacity;
};

/** Draws a record of `type`; what it points to lives until records_fini. */
struct hk_record records_draw(struct records *records, struct hk_prng *prng,
                              enum hk_record_type type, uint64_t lsn);

/** Draws one of any type. */
struct hk_record records_draw_any(struct records *records, struct hk_prng *prng, uint64_t lsn);

/** An EVENT with a body of `text_bytes` that are all made from `lsn`. */
struct hk_record records_event(struct records *records, uint64_t lsn, size_t text_bytes);

void records_fini(struct records *records);
