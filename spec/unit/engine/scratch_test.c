// SPDX-License-Identifier: Apache-2.0
#include "engine/scratch.h"

#include "base/alloc.h"
#include "support_cmocka.h"

#include <stdalign.h>
#include <string.h>

static void test_what_is_taken_is_aligned_and_its_own(void **state)
{
    (void)state;
    struct hk_scratch scratch = { 0 };
    char *taken[2000];
    for (size_t i = 0; i < 2000; i++) {
        size_t size = 1 + i * 7 % 500;
        taken[i] = hk__scratch_take(&scratch, size);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        memset(taken[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < 2000; i++)
        for (size_t k = 0; k < 1 + i * 7 % 500; k++)
            assert_int_equal((unsigned char)taken[i][k], i % 251);
    hk__scratch_fini(&scratch);
}

static void test_more_than_a_block_can_be_taken(void **state)
{
    (void)state;
    struct hk_scratch scratch = { 0 };
    char *small = hk__scratch_take(&scratch, 10);
    char *large = hk__scratch_take(&scratch, (size_t)1 << 20);
    memset(large, 1, (size_t)1 << 20);
    memset(small, 2, 10);
    assert_int_equal(large[0], 1);
    hk__scratch_clear(&scratch);
    hk__scratch_fini(&scratch);
}

#ifdef HK_FAULTS
static void test_after_a_clear_nothing_new_is_allocated(void **state)
{
    (void)state;
    struct hk_scratch scratch = { 0 };
    for (int i = 0; i < 300; i++)
        (void)hk__scratch_take(&scratch, 1000);
    hk_alloc_fail_at(0, false);
    for (int round = 0; round < 10; round++) {
        hk__scratch_clear(&scratch);
        for (int i = 0; i < 300; i++)
            (void)hk__scratch_take(&scratch, 1000);
    }
    assert_int_equal(hk_alloc_count(), 0);
    hk__scratch_fini(&scratch);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken_is_aligned_and_its_own),
        cmocka_unit_test(test_more_than_a_block_can_be_taken),
#ifdef HK_FAULTS
        cmocka_unit_test(test_after_a_clear_nothing_new_is_allocated),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
