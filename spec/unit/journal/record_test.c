// SPDX-License-Identifier: Apache-2.0
#include "journal/record.h"

#include "base/alloc.h"
#include "model/payload.h"
#include "model/policy.h"
#include "support_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/** Encodes what was decoded: equal bytes mean that nothing was lost, as no two records share their
 * bytes (each field has its place). */
static void assert_round_trip(const struct hk_record *record, struct hk_scratch *scratch)
{
    struct hk_bytes bytes = { 0 }, again = { 0 };
    struct hk_record decoded;
    struct hk_record_mark mark;
    assert_int_equal(hk_record_encode(record, &bytes), 0);
    assert_int_equal(hk_record_decode(hk_bytes_slice(&bytes), scratch, &decoded), 0);
    assert_int_equal(decoded.type, record->type);
    assert_int_equal(decoded.lsn, record->lsn);
    assert_int_equal(decoded.at.ms, record->at.ms);
    assert_int_equal(hk_record_encode(&decoded, &again), 0);
    assert_int_equal(again.size, bytes.size);
    assert_memory_equal(again.at, bytes.at, bytes.size);
    struct hk_slice start = { bytes.at, bytes.size < 48 ? bytes.size : 48 };
    assert_int_equal(hk_record_peek(start, &mark), 0);
    assert_int_equal(mark.type, record->type);
    assert_int_equal(mark.lsn, record->lsn);
    hk_bytes_fini(&bytes);
    hk_bytes_fini(&again);
}

static void test_every_type_comes_back_as_it_was(void **state)
{
    struct hk_scratch scratch = { 0 };
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct records records = { 0 };
        struct hk_prng prng;
        hk_prng_init(&prng, seed);
        for (unsigned type = 1; type <= HK_RECORD_TYPE_LAST; type++) {
            struct hk_record record =
                records_draw(&records, &prng, (enum hk_record_type)type, hk_prng_next(&prng));
            assert_round_trip(&record, &scratch);
        }
        records_fini(&records);
    }
    hk_scratch_fini(&scratch);
}

/* What the samples are made of. */
static const struct hk_uuid id = { "0123456789abcdef" };
static const struct hk_plan_delivery planned[] = { { .endpoint = { "ENDPOINT-UUID-01" },
                                                     .role = HK_ROLE_AUDIT } };
static struct hk_attempt sample_attempts[] = { { .number = 1, .status = 500, .class = 2 } };
static struct hk_delivery sample_deliveries[] = { { .number = 1,
                                                    .endpoint = { "ENDPOINT-UUID-01" },
                                                    .state = HK_DELIVERY_WAITING,
                                                    .attempt_count = 1,
                                                    .waiting_since = { 5000 },
                                                    .delay_ms = 10000,
                                                    .has_own = true,
                                                    .attempts = sample_attempts,
                                                    .kept_count = 1 } };
static char name[] = "Shop";
static struct hk_event sample_event = { .lsn = 2,
                                        .merchant_id = 9,
                                        .state = HK_EVENT_PLANNED,
                                        .received_at = { 1000 },
                                        .location = { 2, 64 },
                                        .policy = name,
                                        .generation = 3,
                                        .plan_location = { 4, 200 },
                                        .deliveries = sample_deliveries,
                                        .delivery_count = 1 };
static char url[] = "http://a/", label[] = "k", value[] = "v";
static struct hk_pair pair = { label, value };
static uint16_t statuses[] = { 410 };
static struct hk_merchant sample_merchant = { .id = 9, .name = name, .verified = true };
static struct hk_endpoint sample_endpoint = { .merchant_id = 9,
                                              .name = name,
                                              .url = url,
                                              .url_normal = url,
                                              .secret = { value, 1, 1 },
                                              .enabled = true,
                                              .schedule = { HK_SCHEDULE_OWN, 2, { 1000, 70000 } },
                                              .no_retry_statuses = statuses,
                                              .no_retry_status_count = 1,
                                              .disable_after_s = HK_SECONDS_UNSET,
                                              .labels = { &pair, 1 } };

/** A record with small, telling contents. */
static struct hk_record sample(enum hk_record_type type)
{
    struct hk_record record = { .type = type, .lsn = 3, .at = { 1700000000000 } };
    sample_event.id = id;
    sample_endpoint.uuid = id;
    if (type == HK_RECORD_EVENT)
        record.event = (struct hk_record_event){ .id = id,
                                                 .merchant_id = 9,
                                                 .has_idempotency = true,
                                                 .idempotency_key = { 1, 2 },
                                                 .idempotency_body = 3,
                                                 .head = HK_SLICE("\x04paid"),
                                                 .text = HK_SLICE("{\"a\":0.10}") };
    else if (type == HK_RECORD_PLAN)
        record.plan = (struct hk_plan){ .event = id, .deliveries = planned, .delivery_count = 1 };
    else if (type == HK_RECORD_START)
        record.start = (struct hk_record_start){ id, 1, 2 };
    else if (type == HK_RECORD_RESULT)
        record.result = (struct hk_record_result){ .event = id,
                                                   .delivery = 1,
                                                   .attempt = sample_attempts[0],
                                                   .error = HK_SLICE("status 500"),
                                                   .response = HK_SLICE("no"),
                                                   .state = HK_DELIVERY_WAITING,
                                                   .delay_ms = 10000 };
    else if (type == HK_RECORD_STATE)
        record.state = &sample_event;
    else if (type == HK_RECORD_MERCHANT)
        record.merchant = &sample_merchant;
    else if (type == HK_RECORD_MERCHANT_DELETED)
        record.merchant_deleted = 9;
    else if (type == HK_RECORD_KEY)
        record.key = (struct hk_key){ id, 9, "0123456789abcdef0123456789abcde", { 7 } };
    else if (type == HK_RECORD_KEY_DELETED)
        record.key_deleted = id;
    else if (type == HK_RECORD_ENDPOINT)
        record.endpoint = &sample_endpoint;
    else if (type == HK_RECORD_ENDPOINT_DELETED)
        record.endpoint_deleted = id;
    else if (type == HK_RECORD_IDEMPOTENCY)
        record.idempotency = (struct hk_idempotency){ 9, { 1, 2 }, 3, id, { 86400000 } };
    else if (type == HK_RECORD_END)
        record.end = (struct hk_record_end){ id, 1, HK_DELIVERY_DROPPED, HK_REASON_EXPIRED };
    else
        record.wait = (struct hk_record_wait){ id, 1, 2, 86400000 };
    return record;
}

/* Format 1, for ever: when one of these changes, the format's number must (spec/formats.md). */
static const char *const GOLDEN[HK_RECORD_TYPE_LAST + 1] = {
    [HK_RECORD_EVENT] =
        "990103cf0000018bcfe56800c41030313233343536373839616263646566090093010203c40504706169"
        "64c40a7b2261223a302e31307d",
    [HK_RECORD_PLAN] =
        "970203cf0000018bcfe56800c4103031323334353637383961626364656600c09192c410454e44504f49"
        "4e542d555549442d303101",
    [HK_RECORD_START] = "960303cf0000018bcfe56800c410303132333435363738396162636465660102",
    [HK_RECORD_RESULT] =
        "990403cf0000018bcfe56800c41030313233343536373839616263646566019b01cd01f4020000000000"
        "00c40a73746174757320353030c4026e6f0200cd2710",
    [HK_RECORD_STATE] =
        "dc00140503cf0000018bcfe56800c4103031323334353637383961626364656609c2020200cd03e80002"
        "40a453686f700304ccc8c0c0919a01c410454e44504f494e542d555549442d303100020001cd1388cd27"
        "10c3919b01cd01f402000000000000c0c0",
    [HK_RECORD_MERCHANT] = "990603cf0000018bcfe5680009a453686f70c0c30000",
    [HK_RECORD_MERCHANT_DELETED] = "940703cf0000018bcfe5680009",
    [HK_RECORD_KEY] =
        "970803cf0000018bcfe56800c4103031323334353637383961626364656609c420303132333435363738"
        "396162636465663031323334353637383961626364650007",
    [HK_RECORD_KEY_DELETED] = "940903cf0000018bcfe56800c41030313233343536373839616263646566",
    [HK_RECORD_ENDPOINT] =
        "dc00210a03cf0000018bcfe56800c4103031323334353637383961626364656609a453686f70a9687474"
        "703a2f2f612fa9687474703a2f2f612fc40176c400000000c0c300c00392cd03e8ce00011170000091cd"
        "019a00ceffffffff000000009000c0c4009192a16ba176c0",
    [HK_RECORD_ENDPOINT_DELETED] = "940b03cf0000018bcfe56800c41030313233343536373839616263646566",
    [HK_RECORD_IDEMPOTENCY] =
        "990c03cf0000018bcfe5680009010203c41030313233343536373839616263646566ce05265c00",
    [HK_RECORD_END] = "970d03cf0000018bcfe56800c41030313233343536373839616263646566010507",
    [HK_RECORD_WAIT] = "970e03cf0000018bcfe56800c410303132333435363738396162636465660102ce05265c00",
};

/* A PLAN that a policy made: one delivery with a body and a header of its own, one skipped. */
static const char GOLDEN_OF_POLICY[] =
    "970203cf0000018bcfe56800c41030313233343536373839616263646566009"
    "5a453686f70030cc400c400"
    "9296c410454e44504f494e542d555549442d30310000c400c4055458006200c4023432"
    "96c410454e44504f494e542d555549442d3032000"
    "3c40273"
    "6fc0c0";

static void assert_golden(const struct hk_record *record, const char *golden)
{
    struct hk_bytes bytes = { 0 }, text = { 0 };
    assert_int_equal(hk_record_encode(record, &bytes), 0);
    for (size_t i = 0; i < bytes.size; i++)
        assert_int_equal(
            hk_bytes_append_format(&text, "%02x", (unsigned)(unsigned char)bytes.at[i]), 0);
    assert_int_equal(hk_bytes_append(&text, "", 1), 0);
    assert_string_equal(text.at, golden);
    hk_bytes_fini(&bytes);
    hk_bytes_fini(&text);
}

static void test_the_bytes_of_format_1_stay(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= HK_RECORD_TYPE_LAST; type++) {
        struct hk_record record = sample((enum hk_record_type)type);
        assert_golden(&record, GOLDEN[type]);
    }
}

/** Two deliveries: one with a body and a header of its own, one skipped. The payload is the
 * caller's to give back. */
static struct hk_record sample_of_policy(struct hk_plan_delivery deliveries[2])
{
    static char header[] = "X", header_value[] = "b";
    static struct hk_pair headers = { header, header_value };
    struct hk_slice text = HK_SLICE("42");
    struct hk_record record = sample(HK_RECORD_PLAN);
    deliveries[0] = (struct hk_plan_delivery){
        .endpoint = { "ENDPOINT-UUID-01" },
        .own = hk_payload_new(&(struct hk_pairs){ &headers, 1 }, &text),
    };
    deliveries[1] = (struct hk_plan_delivery){
        .endpoint = { "ENDPOINT-UUID-02" },
        .reason = HK_REASON_SKIPPED_BY_POLICY,
        .why = HK_SLICE("so"),
    };
    record.plan.policy = HK_SLICE("Shop");
    record.plan.generation = 3;
    record.plan.hooks = HK_HOOK_ROUTE | HK_HOOK_ENRICH;
    record.plan.deliveries = deliveries;
    record.plan.delivery_count = 2;
    return record;
}

static void test_a_plan_keeps_what_its_policy_said(void **state)
{
    struct hk_plan_delivery deliveries[2];
    struct hk_record record = sample_of_policy(deliveries), decoded;
    struct hk_bytes bytes = { 0 };
    struct hk_scratch scratch = { 0 };
    (void)state;
    assert_golden(&record, GOLDEN_OF_POLICY);
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded), 0);
    assert_true(hk_slice_is(decoded.plan.policy, "Shop"));
    assert_int_equal(decoded.plan.generation, 3);
    assert_int_equal(decoded.plan.hooks, HK_HOOK_ROUTE | HK_HOOK_ENRICH);
    assert_int_equal(decoded.plan.delivery_count, 2);
    const struct hk_plan_delivery *first = &decoded.plan.deliveries[0];
    const struct hk_plan_delivery *second = &decoded.plan.deliveries[1];
    assert_int_equal(first->reason, HK_REASON_NONE);
    assert_true(hk_payload_has_text(first->own));
    assert_true(hk_slice_is(hk_body_text(first->own), "42"));
    assert_int_equal(second->reason, HK_REASON_SKIPPED_BY_POLICY);
    assert_true(hk_slice_is(second->why, "so"));
    assert_null(second->own);
    hk_scratch_fini(&scratch);
    hk_bytes_fini(&bytes);
    hk_body_unref(deliveries[0].own);
}

static void test_a_plan_without_a_policy_stays_short(void **state)
{
    struct hk_record record = sample(HK_RECORD_PLAN), decoded;
    struct hk_bytes bytes = { 0 };
    struct hk_scratch scratch = { 0 };
    (void)state;
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded), 0);
    assert_int_equal(decoded.plan.policy.size, 0);
    assert_null(decoded.plan.deliveries[0].own);
    hk_bytes_clear(&bytes);
    // An error alone, as on_error = "default" leaves it, is kept too.
    record.plan.error = HK_SLICE("shop.lua:3: no");
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded), 0);
    assert_true(hk_slice_is(decoded.plan.error, "shop.lua:3: no"));
    hk_scratch_fini(&scratch);
    hk_bytes_fini(&bytes);
}

static void test_every_shortened_record_is_damage(void **state)
{
    struct hk_scratch scratch = { 0 };
    (void)state;
    for (unsigned type = 1; type <= HK_RECORD_TYPE_LAST; type++) {
        struct hk_bytes bytes = { 0 };
        struct hk_record record = sample((enum hk_record_type)type), decoded;
        assert_int_equal(hk_record_encode(&record, &bytes), 0);
        for (size_t size = 0; size < bytes.size; size++) {
            // A copy of the exact size, so that a byte read behind it is seen.
            char *copy = hk_alloc_or_die(size);
            memcpy(copy, bytes.at, size);
            assert_int_equal(hk_record_decode((struct hk_slice){ copy, size }, &scratch, &decoded),
                             HK_EDAMAGED);
            hk_free(copy);
        }
        assert_int_equal(hk_bytes_append(&bytes, "\x00", 1), 0);
        assert_int_equal(hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded), HK_EDAMAGED);
        hk_bytes_fini(&bytes);
    }
    hk_scratch_fini(&scratch);
}

static void test_flipped_bits_never_crash_the_decoder(void **state)
{
    struct hk_scratch scratch = { 0 };
    (void)state;
    for (unsigned type = 1; type <= HK_RECORD_TYPE_LAST; type++) {
        struct hk_bytes bytes = { 0 };
        struct hk_record record = sample((enum hk_record_type)type), decoded;
        assert_int_equal(hk_record_encode(&record, &bytes), 0);
        for (size_t bit = 0; bit < bytes.size * 8; bit++) {
            bytes.at[bit / 8] = (char)(bytes.at[bit / 8] ^ 1 << bit % 8);
            int code = hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded);
            assert_true(code == 0 || code == HK_EDAMAGED);
            bytes.at[bit / 8] = (char)(bytes.at[bit / 8] ^ 1 << bit % 8);
        }
        hk_bytes_fini(&bytes);
    }
    hk_scratch_fini(&scratch);
}

static int decode(struct hk_slice payload)
{
    struct hk_scratch scratch = { 0 };
    struct hk_record record;
    int code = hk_record_decode(payload, &scratch, &record);
    hk_scratch_fini(&scratch);
    return code;
}

static void test_hostile_counts_reserve_nothing(void **state)
{
    (void)state;
    // PLAN with 4 billion deliveries, a bin of 4 GiB, an array of 4 billion elements.
    assert_int_equal(decode(HK_SLICE("\x97\x02\x01\x00\xc4\x10"
                                     "0123456789abcdef\x00\xc0\xdd\xff\xff\xff\xff")),
                     HK_EDAMAGED);
    assert_int_equal(decode(HK_SLICE("\x94\x09\x01\x00\xc6\xff\xff\xff\xff")), HK_EDAMAGED);
    assert_int_equal(decode(HK_SLICE("\xdd\xff\xff\xff\xff")), HK_EDAMAGED);
}

static void test_unknown_types_and_values_are_damage(void **state)
{
    (void)state;
    assert_int_equal(decode(HK_SLICE("\x94\x07\x01\x00\x05")), 0);
    assert_int_equal(decode(HK_SLICE("\x94\x00\x01\x00\x05")), HK_EDAMAGED);
    assert_int_equal(decode(HK_SLICE("\x94\x0f\x01\x00\x05")), HK_EDAMAGED);
    assert_int_equal(decode(HK_SLICE("\x95\x07\x01\x00\x05\x05")), HK_EDAMAGED);
    assert_int_equal(decode(HK_SLICE("\x94\x07\x01\x00\xa1"
                                     "5")),
                     HK_EDAMAGED);
    // END with reason 11, which there is not.
    assert_int_equal(decode(HK_SLICE("\x97\x0d\x01\x00\xc4\x10"
                                     "0123456789abcdef\x01\x05\x0b")),
                     HK_EDAMAGED);
    // MERCHANT whose name has a zero byte.
    assert_int_equal(decode(HK_SLICE("\x99\x06\x01\x00\x09\xa2"
                                     "a\x00\xc0\xc3\x00\x00")),
                     HK_EDAMAGED);
}

#define PLAN_START             \
    "\x97\x02\x01\x00\xc4\x10" \
    "0123456789abcdef\x00"
#define PLANNED_START \
    "\xc4\x10"        \
    "ENDPOINT-UUID-01\x00"

static void test_a_plan_has_one_form_for_each_thing(void **state)
{
    (void)state;
    assert_int_equal(decode(HK_SLICE(PLAN_START "\xc0\x90")), 0);
    assert_int_equal(decode(HK_SLICE(PLAN_START "\x95\xa1"
                                                "a\x01\x00\xc4\x00\xc4\x00\x90")),
                     0);
    assert_int_equal(decode(HK_SLICE(PLAN_START "\xc0\x91\x92" PLANNED_START)), 0);
    assert_int_equal(
        decode(HK_SLICE(PLAN_START "\xc0\x91\x96" PLANNED_START "\x03\xc4\x00\xc0\xc0")), 0);
    assert_int_equal(
        decode(HK_SLICE(PLAN_START "\xc0\x91\x96" PLANNED_START "\x00\xc4\x00\xc4\x01-\xc4\x00")),
        0);
    // A policy, or a delivery, that says nothing and yet is spelt out.
    assert_int_equal(decode(HK_SLICE(PLAN_START "\x95\xa0\x00\x00\xc4\x00\xc4\x00\x90")),
                     HK_EDAMAGED);
    assert_int_equal(
        decode(HK_SLICE(PLAN_START "\xc0\x91\x96" PLANNED_START "\x00\xc4\x00\xc0\xc0")),
        HK_EDAMAGED);
    // Another count of elements; half an own; an own that is no payload.
    assert_int_equal(decode(HK_SLICE(PLAN_START "\xc0\x91\x93" PLANNED_START "\x03")), HK_EDAMAGED);
    assert_int_equal(
        decode(HK_SLICE(PLAN_START "\xc0\x91\x96" PLANNED_START "\x03\xc4\x00\xc0\xc4\x00")),
        HK_EDAMAGED);
    assert_int_equal(
        decode(HK_SLICE(PLAN_START "\xc0\x91\x96" PLANNED_START "\x00\xc4\x00\xc4\x00\xc4\x00")),
        HK_EDAMAGED);
    assert_int_equal(
        decode(HK_SLICE(PLAN_START "\xc0\x91\x96" PLANNED_START "\x00\xc4\x00\xc4\x01-\xc4\x01x")),
        HK_EDAMAGED);
}

static void test_the_body_is_found_without_the_rest(void **state)
{
    struct hk_body *body = hk_body_new(HK_SLICE("head"), HK_SLICE("text"));
    struct hk_event event = { .body = body, .policy = name };
    struct hk_record record = { .type = HK_RECORD_STATE, .lsn = 1, .state = &event };
    struct hk_bytes bytes = { 0 };
    struct hk_slice head, text;
    (void)state;
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_find_body(hk_bytes_slice(&bytes), &head, &text), 0);
    assert_true(hk_slice_is(head, "head") && hk_slice_is(text, "text"));

    hk_bytes_clear(&bytes);
    event.body = NULL;
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_find_body(hk_bytes_slice(&bytes), &head, &text), HK_EDAMAGED);

    hk_bytes_clear(&bytes);
    record = sample(HK_RECORD_EVENT);
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_find_body(hk_bytes_slice(&bytes), &head, &text), 0);
    assert_true(hk_slice_is(text, "{\"a\":0.10}"));

    hk_bytes_clear(&bytes);
    record = sample(HK_RECORD_PLAN);
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_find_body(hk_bytes_slice(&bytes), &head, &text), HK_EDAMAGED);
    hk_bytes_fini(&bytes);
    hk_body_unref(body);
}

static void test_decoded_bodies_can_be_kept(void **state)
{
    struct hk_body *body = hk_body_new(HK_SLICE("head"), HK_SLICE("text"));
    struct hk_event event = { .body = body };
    struct hk_record record = { .type = HK_RECORD_STATE, .lsn = 1, .state = &event }, decoded;
    struct hk_bytes bytes = { 0 };
    struct hk_scratch scratch = { 0 };
    (void)state;
    assert_int_equal(hk_record_encode(&record, &bytes), 0);
    assert_int_equal(hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded), 0);
    struct hk_body *kept = hk_body_ref(decoded.state->body);
    hk_scratch_fini(&scratch);
    hk_bytes_fini(&bytes);
    assert_true(hk_slice_is(hk_body_text(kept), "text"));
    hk_body_unref(kept);
    hk_body_unref(body);
}

#if HK_FAULTS
static void assert_every_failed_allocation_is_said(const struct hk_record *record)
{
    struct hk_bytes bytes = { 0 };
    struct hk_record decoded;
    int code = HK_ENOMEM;
    assert_int_equal(hk_record_encode(record, &bytes), 0);
    for (uint64_t nth = 1; code != 0; nth++) {
        struct hk_scratch scratch = { 0 };
        hk_alloc_fail_at(nth, false);
        code = hk_record_decode(hk_bytes_slice(&bytes), &scratch, &decoded);
        uint64_t count = hk_alloc_count();
        hk_alloc_fail_at(0, false);
        hk_scratch_fini(&scratch);
        assert_int_equal(code, nth <= count ? HK_ENOMEM : 0);
    }
    hk_bytes_fini(&bytes);
}

static void test_no_memory_is_said_and_leaves_the_bytes_alone(void **state)
{
    struct hk_record record = sample(HK_RECORD_ENDPOINT);
    struct hk_bytes bytes = { 0 };
    (void)state;
    hk_alloc_fail_at(1, true);
    assert_int_equal(hk_record_encode(&record, &bytes), HK_ENOMEM);
    hk_alloc_fail_at(0, false);
    assert_int_equal(bytes.size, 0);

    record = sample(HK_RECORD_STATE);
    assert_every_failed_allocation_is_said(&record);
    struct hk_plan_delivery deliveries[2];
    record = sample_of_policy(deliveries);
    assert_every_failed_allocation_is_said(&record);
    hk_body_unref(deliveries[0].own);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_comes_back_as_it_was),
        cmocka_unit_test(test_the_bytes_of_format_1_stay),
        cmocka_unit_test(test_every_shortened_record_is_damage),
        cmocka_unit_test(test_flipped_bits_never_crash_the_decoder),
        cmocka_unit_test(test_hostile_counts_reserve_nothing),
        cmocka_unit_test(test_unknown_types_and_values_are_damage),
        cmocka_unit_test(test_a_plan_keeps_what_its_policy_said),
        cmocka_unit_test(test_a_plan_without_a_policy_stays_short),
        cmocka_unit_test(test_a_plan_has_one_form_for_each_thing),
        cmocka_unit_test(test_the_body_is_found_without_the_rest),
        cmocka_unit_test(test_decoded_bodies_can_be_kept),
#if HK_FAULTS
        cmocka_unit_test(test_no_memory_is_said_and_leaves_the_bytes_alone),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
