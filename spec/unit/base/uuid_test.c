// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct hk_uuid make(struct hk_uuid_maker *maker, int64_t ms, struct hk_prng *prng)
{
    const uint64_t random[2] = { hk_prng_next(prng), hk_prng_next(prng) };
    return hk_uuid_make7(maker, (struct hk_wall){ ms }, random);
}

static void assert_version(const struct hk_uuid *uuid, int version)
{
    assert_int_equal(uuid->bytes[6] >> 4, version);
    assert_int_equal(uuid->bytes[8] >> 6, 2);
}

static void test_the_example_of_the_rfc_is_made(void **state)
{
    // RFC 9562, A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F.
    struct hk_uuid_maker maker = { 0 };
    const uint64_t random[2] = { 0xCC3, UINT64_C(0x18C4DC0C0C07398F) };
    char text[HK_UUID_TEXT_SIZE + 1];
    (void)state;
    struct hk_uuid uuid =
        hk_uuid_make7(&maker, (struct hk_wall){ INT64_C(0x017F22E279B0) }, random);
    assert_string_equal(hk_uuid_format(&uuid, text), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(hk_uuid_wall(&uuid).ms == INT64_C(0x017F22E279B0));
}

static void test_ids_rise_strictly_whatever_the_clock_does(void **state)
{
    struct hk_uuid_maker maker = { 0 };
    struct hk_prng prng;
    struct hk_uuid last = { { 0 } };
    int64_t ms = INT64_C(1770000000000);
    (void)state;
    hk_prng_init(&prng, 5);
    for (int i = 0; i < 50000; i++) {
        // Mostly the same millisecond, sometimes on, sometimes an hour back.
        if (hk_prng_chance(&prng, 100000))
            ms += (int64_t)hk_prng_below(&prng, 50);
        if (hk_prng_chance(&prng, 1000))
            ms -= 3600000;
        struct hk_uuid uuid = make(&maker, ms, &prng);
        assert_version(&uuid, 7);
        assert_true(hk_uuid_compare(&uuid, &last) > 0);
        assert_true(hk_uuid_wall(&uuid).ms >= ms);
        last = uuid;
    }
}

static void test_ids_rise_also_when_the_random_part_is_used_up(void **state)
{
    struct hk_uuid_maker maker = { .last_ms = 1000, .high = 0xFFF, .low = (UINT64_C(1) << 62) - 1 };
    const uint64_t random[2] = { 0, 0 };
    (void)state;
    struct hk_uuid uuid = hk_uuid_make7(&maker, (struct hk_wall){ 1000 }, random);
    assert_true(hk_uuid_wall(&uuid).ms == 1001);
    assert_version(&uuid, 7);
    maker = (struct hk_uuid_maker){ .last_ms = 1000, .high = 7, .low = (UINT64_C(1) << 62) - 1 };
    uuid = hk_uuid_make7(&maker, (struct hk_wall){ 1000 }, random);
    assert_true(hk_uuid_wall(&uuid).ms == 1000);
    assert_int_equal(maker.high, 8);
    assert_int_equal(maker.low, 0);
}

static void test_times_that_no_id_can_hold_are_clamped(void **state)
{
    struct hk_uuid_maker maker = { 0 };
    const uint64_t random[2] = { 1, 1 };
    (void)state;
    struct hk_uuid uuid = hk_uuid_make7(&maker, (struct hk_wall){ -5 }, random);
    assert_true(hk_uuid_wall(&uuid).ms == 0);
    uuid = hk_uuid_make7(&maker, (struct hk_wall){ INT64_MAX }, random);
    assert_true(hk_uuid_wall(&uuid).ms == (INT64_C(1) << 48) - 1);
    assert_version(&uuid, 7);
}

static void test_version_4_is_marked_and_keeps_the_random_bits(void **state)
{
    const uint64_t ones[2] = { UINT64_MAX, UINT64_MAX };
    const uint64_t zeros[2] = { 0, 0 };
    char text[HK_UUID_TEXT_SIZE + 1];
    (void)state;
    struct hk_uuid uuid = hk_uuid_make4(ones);
    assert_string_equal(hk_uuid_format(&uuid, text), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    uuid = hk_uuid_make4(zeros);
    assert_string_equal(hk_uuid_format(&uuid, text), "00000000-0000-4000-8000-000000000000");
    assert_false(hk_uuid_is_zero(&uuid));
}

static void test_text_is_read_in_either_case_and_in_no_other_form(void **state)
{
    static const char *const refused[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b0-7cc3-98c4-dc0c0c07398f-",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2+79b0-7cc3-98c4-dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-7cc3-98c4 dc0c0c07398f",
        "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    };
    struct hk_uuid lower, upper, kept = { { 9 } };
    char text[HK_UUID_TEXT_SIZE + 1];
    (void)state;
    assert_int_equal(hk_uuid_parse(HK_SLICE("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), &lower), 0);
    assert_int_equal(hk_uuid_parse(HK_SLICE("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &upper), 0);
    assert_true(hk_uuid_is_equal(&lower, &upper));
    assert_string_equal(hk_uuid_format(&upper, text), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(hk_uuid_parse(hk_slice_of(refused[i]), &kept), HK_ESYNTAX);
    assert_int_equal(kept.bytes[0], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_rfc_is_made),
        cmocka_unit_test(test_ids_rise_strictly_whatever_the_clock_does),
        cmocka_unit_test(test_ids_rise_also_when_the_random_part_is_used_up),
        cmocka_unit_test(test_times_that_no_id_can_hold_are_clamped),
        cmocka_unit_test(test_version_4_is_marked_and_keeps_the_random_bits),
        cmocka_unit_test(test_text_is_read_in_either_case_and_in_no_other_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
