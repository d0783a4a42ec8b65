// SPDX-License-Identifier: Apache-2.0
#include "policy/wire.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "model/event.h"
#include "support_messages.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** Decodes a copy that ends where memory ends, so that ASan sees each byte too far. */
static int decode_tight(struct hk_slice frame, struct hk_wire_scratch *scratch,
                        struct hk_wire_message *message, char **copy)
{
    *copy = hk_alloc_or_die(frame.size + 1);
    memcpy(*copy, frame.at, frame.size);
    *copy = hk_realloc_or_die(*copy, frame.size > 0 ? frame.size : 1, 1);
    return hk_wire_decode((struct hk_slice){ *copy, frame.size }, scratch, message);
}

static struct hk_bytes encoded(unsigned number)
{
    struct hk_bytes frame = { 0 };
    const struct hk_wire_message message = support_message(number);
    assert_int_equal(hk_wire_encode(&message, &frame), 0);
    return frame;
}

/** Writes the length of what follows it. */
static void set_length(struct hk_bytes *frame)
{
    size_t length = frame->size - 4;
    for (unsigned i = 0; i < 4; i++)
        frame->at[i] = (char)(unsigned char)(length >> (8 * i));
}

static void test_every_message_comes_back_as_it_was(void **state)
{
    (void)state;
    struct hk_wire_scratch scratch = { 0 };
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        struct hk_bytes frame = encoded(i);
        const struct hk_wire_message message = support_message(i);
        struct hk_wire_message back;
        char *copy;
        size_t size;
        assert_int_equal(hk_wire_frame(hk_bytes_slice(&frame), &size), 0);
        assert_int_equal(size, frame.size);
        assert_int_equal(decode_tight(hk_bytes_slice(&frame), &scratch, &back, &copy), 0);
        support_assert_same(&message, &back);
        hk_free(copy);
        hk_bytes_fini(&frame);
    }
    hk_wire_scratch_fini(&scratch);
}

static void test_frames_follow_each_other_in_one_buffer(void **state)
{
    (void)state;
    struct hk_wire_scratch scratch = { 0 };
    struct hk_bytes frames = { 0 };
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        const struct hk_wire_message message = support_message(i);
        assert_int_equal(hk_wire_encode(&message, &frames), 0);
    }
    struct hk_slice rest = hk_bytes_slice(&frames);
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        const struct hk_wire_message message = support_message(i);
        struct hk_wire_message back;
        size_t size;
        assert_int_equal(hk_wire_frame(rest, &size), 0);
        assert_true(size > 4);
        assert_int_equal(hk_wire_decode((struct hk_slice){ rest.at, size }, &scratch, &back), 0);
        support_assert_same(&message, &back);
        rest.at += size;
        rest.size -= size;
    }
    assert_int_equal(rest.size, 0);
    hk_bytes_fini(&frames);
    hk_wire_scratch_fini(&scratch);
}

static void test_a_frame_that_is_not_whole_is_waited_for(void **state)
{
    (void)state;
    struct hk_bytes frame = encoded(3);
    for (size_t cut = 0; cut < frame.size; cut++) {
        size_t size = 1;
        assert_int_equal(hk_wire_frame((struct hk_slice){ frame.at, cut }, &size), 0);
        assert_int_equal(size, 0);
    }
    hk_bytes_fini(&frame);
}

static void test_a_frame_that_is_too_large_is_refused_by_its_length(void **state)
{
    (void)state;
    size_t size;
    const struct hk_slice largest = { "\x00\x00\x00\x10", 4 };
    const struct hk_slice larger = { "\x01\x00\x00\x10", 4 };
    const struct hk_slice all_ones = { "\xFF\xFF\xFF\xFF", 4 };
    assert_int_equal(hk_wire_frame(largest, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(hk_wire_frame(larger, &size), HK_ELIMIT);
    assert_int_equal(hk_wire_frame(all_ones, &size), HK_ELIMIT);
}

static void test_a_message_that_is_too_large_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct hk_bytes out = { 0 };
    struct hk_wire_message message = support_message(3);
    size_t size = (size_t)HK_WIRE_FRAME_BYTES_MAX + 1;
    char *body = hk_alloc_zero_or_die(1, size);
    assert_int_equal(hk_bytes_append_text(&out, "before"), 0);
    message.run.body = (struct hk_slice){ body, size };
    assert_int_equal(hk_wire_encode(&message, &out), HK_ELIMIT);
    message.run.body.size = HK_WIRE_FRAME_BYTES_MAX;
    assert_int_equal(hk_wire_encode(&message, &out), HK_ELIMIT);
    assert_true(hk_slice_is(hk_bytes_slice(&out), "before"));
    hk_bytes_fini(&out);
    hk_free(body);
}

static void test_what_is_cut_anywhere_is_damaged(void **state)
{
    (void)state;
    struct hk_wire_scratch scratch = { 0 };
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        struct hk_bytes frame = encoded(i);
        size_t whole = frame.size;
        for (size_t cut = 0; cut < whole; cut++) {
            struct hk_wire_message back;
            char *copy;
            frame.size = cut;
            if (cut >= 4)
                set_length(&frame);
            assert_int_equal(decode_tight(hk_bytes_slice(&frame), &scratch, &back, &copy),
                             HK_EDAMAGED);
            hk_free(copy);
        }
        hk_bytes_fini(&frame);
    }
    hk_wire_scratch_fini(&scratch);
}

static void test_what_has_a_byte_too_many_is_damaged(void **state)
{
    (void)state;
    struct hk_wire_scratch scratch = { 0 };
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        struct hk_bytes frame = encoded(i);
        struct hk_wire_message back;
        assert_int_equal(hk_bytes_append(&frame, "\0", 1), 0);
        assert_int_equal(hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back), HK_EDAMAGED);
        set_length(&frame);
        assert_int_equal(hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back), HK_EDAMAGED);
        hk_bytes_fini(&frame);
    }
    hk_wire_scratch_fini(&scratch);
}

/** Touches everything that the message points to: encodes it. */
static void use(const struct hk_wire_message *message)
{
    struct hk_bytes again = { 0 };
    assert_int_equal(hk_wire_encode(message, &again), 0);
    hk_bytes_fini(&again);
}

static void test_flipped_bits_are_refused_or_mean_something_else(void **state)
{
    (void)state;
    struct hk_wire_scratch scratch = { 0 };
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        struct hk_bytes frame = encoded(i);
        for (size_t bit = 32; bit < frame.size * 8; bit++) {
            struct hk_wire_message back;
            char *copy;
            frame.at[bit / 8] ^= (char)(1 << bit % 8);
            int code = decode_tight(hk_bytes_slice(&frame), &scratch, &back, &copy);
            assert_true(code == 0 || code == HK_EDAMAGED);
            if (code == 0)
                use(&back);
            hk_free(copy);
            frame.at[bit / 8] ^= (char)(1 << bit % 8);
        }
        hk_bytes_fini(&frame);
    }
    hk_wire_scratch_fini(&scratch);
}

static void test_random_bytes_are_read_within_bounds(void **state)
{
    (void)state;
    struct hk_wire_scratch scratch = { 0 };
    struct hk_prng prng;
    hk_prng_init(&prng, 20261124);
    for (unsigned round = 0; round < 4000; round++) {
        struct hk_bytes frame = encoded(round % HK_SUPPORT_MESSAGES);
        struct hk_wire_message back;
        char *copy;
        for (unsigned i = 0; i < 4 && frame.size > 4; i++)
            frame.at[4 + hk_prng_below(&prng, frame.size - 4)] = (char)hk_prng_next(&prng);
        int code = decode_tight(hk_bytes_slice(&frame), &scratch, &back, &copy);
        assert_true(code == 0 || code == HK_EDAMAGED);
        if (code == 0)
            use(&back);
        hk_free(copy);
        hk_bytes_fini(&frame);
    }
    hk_wire_scratch_fini(&scratch);
}

/** Decodes `size` bytes as a payload. */
static int decode_payload(const char *payload, size_t size)
{
    struct hk_wire_scratch scratch = { 0 };
    struct hk_wire_message back;
    struct hk_bytes frame = { 0 };
    assert_int_equal(hk_bytes_append(&frame, "\0\0\0\0", 4), 0);
    assert_int_equal(hk_bytes_append(&frame, payload, size), 0);
    set_length(&frame);
    int code = hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back);
    hk_bytes_fini(&frame);
    hk_wire_scratch_fini(&scratch);
    return code;
}

#define DECODE(literal) decode_payload((literal), sizeof(literal) - 1)

static void test_what_no_worker_says_is_damaged(void **state)
{
    (void)state;
    assert_int_equal(DECODE("\x91\x41"), 0); // READY
    assert_int_equal(DECODE(""), HK_EDAMAGED);
    assert_int_equal(DECODE("\x90"), HK_EDAMAGED);
    assert_int_equal(DECODE("\x91\x00"), HK_EDAMAGED);
    assert_int_equal(DECODE("\x91\x08"), HK_EDAMAGED);         // no such kind
    assert_int_equal(DECODE("\x91\x47"), HK_EDAMAGED);         // nor such
    assert_int_equal(DECODE("\x91\xCD\x01\x41"), HK_EDAMAGED); // nor such
    assert_int_equal(DECODE("\x92\x41\x00"), HK_EDAMAGED);     // a field too many
    assert_int_equal(DECODE("\x41"), HK_EDAMAGED);
    assert_int_equal(DECODE("\xC0"), HK_EDAMAGED);
    assert_int_equal(DECODE("\xDD\xFF\xFF\xFF\xFF\x41"), HK_EDAMAGED);
    // CHECKED: four billion libraries in no bytes, and in a few
    assert_int_equal(DECODE("\x95\x45\x01\x00\xC4\x00\xDD\xFF\xFF\xFF\xFF"), HK_EDAMAGED);
    assert_int_equal(DECODE("\x95\x45\x01\x00\xC4\x00\xDD\x00\x00\x00\x02\xC4\x00\xC4"),
                     HK_EDAMAGED);
    assert_int_equal(DECODE("\x95\x45\x01\x00\xC4\x00\x91\xC4\x00"), 0);
    assert_int_equal(DECODE("\x95\x45\x01\x20\xC4\x00\x90"), HK_EDAMAGED); // a hook that is none
    assert_int_equal(DECODE("\x95\x45\x01\x00\xC6\xFF\xFF\xFF\xFF\x90"), HK_EDAMAGED);
    // FAILED with a failure that is none; text that is no bin
    assert_int_equal(DECODE("\x97\x44\x01\x00\x00\x90\x05\xC4\x00"), 0);
    assert_int_equal(DECODE("\x97\x44\x01\x00\x00\x90\x06\xC4\x00"), HK_EDAMAGED);
    assert_int_equal(DECODE("\x97\x44\x01\x00\x00\x90\x05\xA0"), HK_EDAMAGED);
}

static struct hk_wire_message planned_with(const struct hk_wire_delivery *delivery)
{
    return (struct hk_wire_message){ .kind = HK_WIRE_PLANNED,
                                     .planned = { .deliveries = delivery, .delivery_count = 1 } };
}

static int decode_message(const struct hk_wire_message *message)
{
    struct hk_wire_scratch scratch = { 0 };
    struct hk_wire_message back;
    struct hk_bytes frame = { 0 };
    assert_int_equal(hk_wire_encode(message, &frame), 0);
    int code = hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back);
    hk_bytes_fini(&frame);
    hk_wire_scratch_fini(&scratch);
    return code;
}

static void test_a_reason_that_no_policy_gives_is_damaged(void **state)
{
    (void)state;
    struct hk_wire_delivery delivery = { .reason = HK_REASON_SKIPPED_BY_POLICY };
    struct hk_wire_message message = planned_with(&delivery);
    assert_int_equal(decode_message(&message), 0);
    delivery.reason = HK_REASON_NO_ENDPOINT;
    assert_int_equal(decode_message(&message), HK_EDAMAGED);
    delivery.reason = HK_REASON_GONE;
    assert_int_equal(decode_message(&message), HK_EDAMAGED);
    delivery.reason = HK_REASON_NONE;
    message.planned.reason = HK_REASON_EXPIRED;
    assert_int_equal(decode_message(&message), HK_EDAMAGED);
}

static void test_a_header_without_a_value_is_damaged(void **state)
{
    (void)state;
    // PLANNED with one delivery that has three texts for headers
    assert_int_equal(DECODE("\x99\x42\x01\x00\x00\x90\x00\xC4\x00\x00\x91"
                            "\x96\x00\x00\xC4\x00\xC2\xC4\x00\x92\xC4\x00\xC4\x00"),
                     0);
    assert_int_equal(DECODE("\x99\x42\x01\x00\x00\x90\x00\xC4\x00\x00\x91"
                            "\x96\x00\x00\xC4\x00\xC2\xC4\x00\x93\xC4\x00\xC4\x00\xC4\x00"),
                     HK_EDAMAGED);
}

static void test_an_engines_run_reads_as_the_worker_wants_it(void **state)
{
    (void)state;
    struct hk_pair label_items[] = { { (char *)"kind", (char *)"erp" },
                                     { (char *)"", (char *)"x" } };
    const struct hk_pairs labels = { label_items, 2 };
    const struct hk_policy_endpoint endpoints[] = {
        { .uuid = { { 1 } }, .name = "erp", .url = "https://erp.example/", .labels = &labels },
        { .uuid = { { 2 } },
          .name = "b",
          .url = "https://u:secret@b.example:8443/hook@x?token=secret",
          .labels = NULL },
    };
    struct hk_body *body = hk_event_body_new(HK_SLICE("order.paid"), HK_SLICE("key"),
                                             HK_SLICE("{\"event\":\"order.paid\"}"));
    struct hk_policy_run run = {
        .run = 12,
        .policy = "refunds",
        .generation = 3,
        .merchant_id = 9,
        .merchant_name = "Shop",
        .event = { { 7 } },
        .body = body,
        .endpoints = endpoints,
        .endpoint_count = 2,
    };
    struct hk_wire_scratch scratch = { 0 };
    struct hk_wire_message back;
    struct hk_bytes frame = { 0 };
    assert_int_equal(hk_wire_encode_run(&run, 44, &frame), 0);
    assert_int_equal(hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back), 0);
    assert_int_equal(back.kind, HK_WIRE_PLAN);
    assert_true(back.run.run == 12 && back.run.script == 44 && back.run.merchant_id == 9);
    assert_true(hk_slice_is(back.run.event_type, "order.paid"));
    assert_true(hk_slice_is(back.run.event_key, "key"));
    assert_true(hk_slice_is(back.run.body, "{\"event\":\"order.paid\"}"));
    assert_int_equal(back.run.endpoint_count, 2);
    assert_int_equal(back.run.endpoints[0].label_count, 2);
    assert_true(hk_slice_is(back.run.endpoints[0].labels[1], "erp"));
    assert_int_equal(back.run.endpoints[1].label_count, 0);
    assert_true(hk_slice_is(back.run.endpoints[1].url, "b.example:8443"));

    run.phase = HK_PHASE_RETRY;
    run.body = NULL;
    run.endpoint_count = 1;
    run.attempt = (struct hk_policy_attempt){ .attempt = 2, .event_type = HK_SLICE("t") };
    hk_bytes_clear(&frame);
    assert_int_equal(hk_wire_encode_run(&run, 44, &frame), 0);
    assert_int_equal(hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back), 0);
    assert_int_equal(back.kind, HK_WIRE_RETRY);
    assert_true(back.run.attempt.attempt == 2 && hk_slice_is(back.run.attempt.event_type, "t"));
    hk_body_unref(body);
    hk_bytes_fini(&frame);
    hk_wire_scratch_fini(&scratch);
}

static void test_no_memory_is_said_and_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
#ifdef HK_FAULTS
    for (unsigned i = 0; i < HK_SUPPORT_MESSAGES; i++) {
        struct hk_wire_scratch scratch = { 0 };
        struct hk_wire_message back;
        struct hk_bytes frame = encoded(i), out = { 0 };
        const struct hk_wire_message message = support_message(i);
        hk_alloc_fail_at(1, false);
        assert_int_equal(hk_wire_encode(&message, &out), HK_ENOMEM);
        assert_int_equal(out.size, 0);
        hk_alloc_fail_at(1, false);
        int code = hk_wire_decode(hk_bytes_slice(&frame), &scratch, &back);
        bool has_asked = hk_alloc_count() > 0;
        hk_alloc_fail_at(0, false);
        assert_int_equal(code, has_asked ? HK_ENOMEM : 0);
        hk_bytes_fini(&frame);
        hk_bytes_fini(&out);
        hk_wire_scratch_fini(&scratch);
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_comes_back_as_it_was),
        cmocka_unit_test(test_frames_follow_each_other_in_one_buffer),
        cmocka_unit_test(test_a_frame_that_is_not_whole_is_waited_for),
        cmocka_unit_test(test_a_frame_that_is_too_large_is_refused_by_its_length),
        cmocka_unit_test(test_a_message_that_is_too_large_leaves_the_buffer_as_it_was),
        cmocka_unit_test(test_what_is_cut_anywhere_is_damaged),
        cmocka_unit_test(test_what_has_a_byte_too_many_is_damaged),
        cmocka_unit_test(test_flipped_bits_are_refused_or_mean_something_else),
        cmocka_unit_test(test_random_bytes_are_read_within_bounds),
        cmocka_unit_test(test_what_no_worker_says_is_damaged),
        cmocka_unit_test(test_a_reason_that_no_policy_gives_is_damaged),
        cmocka_unit_test(test_a_header_without_a_value_is_damaged),
        cmocka_unit_test(test_an_engines_run_reads_as_the_worker_wants_it),
        cmocka_unit_test(test_no_memory_is_said_and_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
