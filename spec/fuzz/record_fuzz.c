// SPDX-License-Identifier: Apache-2.0
/* Decodes any bytes as a record. What is accepted has one canonical form, which decodes to the same
 * again; type, lsn and body are found in it without the rest. */
#include "base/check.h"
#include "journal/record.h"
#include "model/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a plan's deliveries have of their own can be walked to its end. */
static void check_plan(const struct hk_plan *plan)
{
    for (uint32_t i = 0; i < plan->delivery_count; i++) {
        const char *name, *value;
        if (plan->deliveries[i].own == NULL)
            continue;
        struct hk_slice rest = hk_payload_headers(plan->deliveries[i].own);
        const char *end = rest.at + rest.size;
        while (hk_payload_next(&rest, &name, &value))
            hk_assert(value + strlen(value) < end && rest.at + rest.size == end);
    }
}

static void check_parts(const struct hk_record *record, struct hk_slice payload)
{
    struct hk_record_mark mark;
    struct hk_slice head, text;
    bool is_event = record->type == HK_RECORD_EVENT;
    bool has_body = is_event || (record->type == HK_RECORD_STATE && record->state->body != NULL);
    struct hk_slice start = { payload.at, payload.size < 48 ? payload.size : 48 };
    hk_assert(hk_record_peek(start, &mark) == 0);
    hk_assert(mark.type == record->type && mark.lsn == record->lsn);
    hk_assert((hk_record_find_body(payload, &head, &text) == 0) == has_body);
    if (has_body)
        hk_assert(hk_slice_is_equal(text, is_event ? record->event.text
                                                   : hk_body_text(record->state->body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_scratch scratch = { 0 };
    struct hk_bytes canonical = { 0 }, again = { 0 };
    struct hk_record record;
    struct hk_slice payload = { (const char *)data, size };
    int code = hk_record_decode(payload, &scratch, &record);
    hk_assert(code == 0 || code == HK_EDAMAGED);
    if (code == 0) {
        hk_assert(hk_record_encode(&record, &canonical) == 0);
        hk_assert(hk_record_decode(hk_bytes_slice(&canonical), &scratch, &record) == 0);
        hk_assert(hk_record_encode(&record, &again) == 0);
        hk_assert(hk_slice_is_equal(hk_bytes_slice(&canonical), hk_bytes_slice(&again)));
        check_parts(&record, hk_bytes_slice(&canonical));
        if (record.type == HK_RECORD_PLAN)
            check_plan(&record.plan);
    }
    hk_bytes_fini(&canonical);
    hk_bytes_fini(&again);
    hk_scratch_fini(&scratch);
    return 0;
}
