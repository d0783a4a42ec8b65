// SPDX-License-Identifier: Apache-2.0
#include "base/body.h"

#include "base/alloc.h"
#include "support_death.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_a_body_keeps_both_parts_byte_for_byte(void **state)
{
    (void)state;
    struct hk_body *body = hk_body_new(HK_SLICE("he\0ad"), HK_SLICE("{\"a\":0.10}\n"));
    assert_non_null(body);
    assert_true(hk_slice_is_equal(hk_body_head(body), HK_SLICE("he\0ad")));
    assert_true(hk_slice_is_equal(hk_body_text(body), HK_SLICE("{\"a\":0.10}\n")));
    assert_int_equal(hk_body_text(body).at[hk_body_text(body).size], 0);
    assert_int_equal(hk_body_memory(body), sizeof(*body) + 5 + 11 + 1);
    hk_body_unref(body);
}

static void test_a_body_may_be_empty(void **state)
{
    (void)state;
    struct hk_body *body = hk_body_new(HK_SLICE_EMPTY, (struct hk_slice){ NULL, 0 });
    assert_int_equal(hk_body_text(body).size, 0);
    hk_body_unref(body);
    hk_body_unref(NULL);
}

static void *take_and_give_back(void *argument)
{
    struct hk_body *body = argument;
    for (int i = 0; i < 20000; i++)
        hk_body_unref(hk_body_ref(body));
    hk_body_unref(body);
    return NULL;
}

static void test_the_last_of_many_threads_frees(void **state)
{
    pthread_t threads[4];
    (void)state;
    struct hk_body *body = hk_body_new(HK_SLICE_EMPTY, HK_SLICE("{}"));
    for (int i = 0; i < 4; i++) {
        hk_body_ref(body);
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back, body), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    // Freed too early or never: the sanitizer tells.
    assert_int_equal(body->references, 1);
    hk_body_unref(body);
}

static void check_what_is_no_body(void)
{
    struct hk_body body = { .magic = 1, .references = 1 };
    hk_body_ref(&body);
}

static void test_what_is_no_body_ends_the_process(void **state)
{
    char said[256];
    (void)state;
    assert_int_equal(support_death_signal(check_what_is_no_body, said, sizeof(said)), SIGABRT);
}

#if HK_FAULTS
static void test_no_memory_is_no_body(void **state)
{
    (void)state;
    hk_alloc_fail_at(1, false);
    struct hk_body *body = hk_body_new(HK_SLICE_EMPTY, HK_SLICE("{}"));
    hk_alloc_fail_at(0, false);
    assert_null(body);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_keeps_both_parts_byte_for_byte),
        cmocka_unit_test(test_a_body_may_be_empty),
        cmocka_unit_test(test_the_last_of_many_threads_frees),
        cmocka_unit_test(test_what_is_no_body_ends_the_process),
#if HK_FAULTS
        cmocka_unit_test(test_no_memory_is_no_body),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
