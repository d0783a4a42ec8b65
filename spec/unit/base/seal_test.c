// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t key_one[HK_SEAL_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t key_two[HK_SEAL_KEY_BYTES] = { 1, 2, 4 };

static void test_what_was_sealed_comes_back(void **state)
{
    (void)state;
    for (size_t size = 0; size < 100; size++) {
        struct hk_bytes sealed = { 0 }, plain = { 0 };
        char text[100];
        memset(text, 'x', sizeof(text));
        const struct hk_slice secret = { text, size };
        assert_int_equal(hk_bytes_append(&plain, "before", 6), 0);
        assert_int_equal(hk_seal(key_one, HK_SLICE("uuid"), secret, &sealed), 0);
        assert_int_equal(sealed.size, size + HK_SEAL_OVERHEAD_BYTES);
        assert_int_equal(sealed.at[0], 1);
        assert_int_equal(hk_unseal(key_one, HK_SLICE("uuid"), hk_bytes_slice(&sealed), &plain), 0);
        assert_int_equal(plain.size, 6 + size);
        assert_memory_equal(plain.at + 6, text, size);
        hk_bytes_fini(&sealed);
        hk_bytes_fini(&plain);
    }
}

static void test_two_seals_of_one_secret_differ(void **state)
{
    struct hk_bytes a = { 0 }, b = { 0 };
    (void)state;
    assert_int_equal(hk_seal(key_one, HK_SLICE_EMPTY, HK_SLICE("secret"), &a), 0);
    assert_int_equal(hk_seal(key_one, HK_SLICE_EMPTY, HK_SLICE("secret"), &b), 0);
    assert_false(hk_slice_is_equal(hk_bytes_slice(&a), hk_bytes_slice(&b)));
    hk_bytes_fini(&a);
    hk_bytes_fini(&b);
}

static void test_another_key_is_told_from_damage(void **state)
{
    struct hk_bytes sealed = { 0 }, plain = { 0 };
    (void)state;
    assert_int_equal(hk_seal(key_one, HK_SLICE("uuid"), HK_SLICE("secret"), &sealed), 0);
    struct hk_slice bytes = hk_bytes_slice(&sealed);
    assert_int_equal(hk_unseal(key_two, HK_SLICE("uuid"), bytes, &plain), HK_EDENIED);
    assert_int_equal(hk_unseal(key_one, HK_SLICE("other"), bytes, &plain), HK_EDAMAGED);
    for (size_t i = 0; i < sealed.size; i++) {
        bool is_key_id = i >= 1 && i < 9;
        sealed.at[i] ^= 0x10;
        assert_int_equal(hk_unseal(key_one, HK_SLICE("uuid"), bytes, &plain),
                         is_key_id ? HK_EDENIED : HK_EDAMAGED);
        sealed.at[i] ^= 0x10;
    }
    for (size_t size = 0; size < sealed.size; size++)
        assert_int_equal(
            hk_unseal(key_one, HK_SLICE("uuid"), (struct hk_slice){ bytes.at, size }, &plain),
            HK_EDAMAGED);
    assert_int_equal(plain.size, 0);
    hk_bytes_fini(&sealed);
    hk_bytes_fini(&plain);
}

static void test_sha_256_is_that_of_the_standard(void **state)
{
    // FIPS 180-4, "abc".
    static const uint8_t expected[32] = { 0xBA, 0x78, 0x16, 0xBF, 0x8F, 0x01, 0xCF, 0xEA,
                                          0x41, 0x41, 0x40, 0xDE, 0x5D, 0xAE, 0x22, 0x23,
                                          0xB0, 0x03, 0x61, 0xA3, 0x96, 0x17, 0x7A, 0x9C,
                                          0xB4, 0x10, 0xFF, 0x61, 0xF2, 0x00, 0x15, 0xAD };
    uint8_t digest[32];
    (void)state;
    hk_sha256(HK_SLICE("abc"), digest);
    assert_memory_equal(digest, expected, sizeof(expected));
}

static void test_random_bytes_fill_all_of_it(void **state)
{
    uint8_t bytes[64] = { 0 };
    uint8_t seen = 0;
    (void)state;
    assert_int_equal(hk_random_bytes(bytes, 0), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(hk_random_bytes(bytes, sizeof(bytes)), 0);
        seen |= bytes[0] | bytes[63];
    }
    assert_int_not_equal(seen, 0);
}

#if HK_FAULTS
static void test_no_memory_seals_nothing(void **state)
{
    struct hk_bytes sealed = { 0 };
    (void)state;
    hk_alloc_fail_at(1, false);
    assert_int_equal(hk_seal(key_one, HK_SLICE_EMPTY, HK_SLICE("secret"), &sealed), HK_ENOMEM);
    hk_alloc_fail_at(0, false);
    assert_int_equal(sealed.size, 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_sealed_comes_back),
        cmocka_unit_test(test_two_seals_of_one_secret_differ),
        cmocka_unit_test(test_another_key_is_told_from_damage),
        cmocka_unit_test(test_sha_256_is_that_of_the_standard),
        cmocka_unit_test(test_random_bytes_fill_all_of_it),
#if HK_FAULTS
        cmocka_unit_test(test_no_memory_seals_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
