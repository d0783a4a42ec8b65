// SPDX-License-Identifier: Apache-2.0
#include "base/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SENDERS 4
#define ITEMS_A_SENDER 20000

struct item {
    uint32_t sender;
    uint32_t number;
};

static void count_wake(void *waker)
{
    __atomic_add_fetch((int *)waker, 1, __ATOMIC_SEQ_CST);
}

static void test_a_batch_is_taken_whole_and_in_order(void **state)
{
    struct hk_mailbox box;
    const uint32_t items[] = { 1, 2, 3 };
    uint32_t four = 4;
    void *taken = NULL;
    (void)state;
    hk_mailbox_init(&box, sizeof(uint32_t), NULL, NULL);
    assert_int_equal(hk_mailbox_take(&box, &taken), 0);
    hk_mailbox_push(&box, items, 3);
    hk_mailbox_push(&box, items, 0);
    hk_mailbox_push(&box, &four, 1);
    assert_int_equal(hk_mailbox_take(&box, &taken), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(((const uint32_t *)taken)[i], i + 1);
    assert_int_equal(hk_mailbox_take(&box, &taken), 0);
    hk_mailbox_fini(&box);
}

static void test_a_batch_stays_valid_while_others_push(void **state)
{
    struct hk_mailbox box;
    uint32_t number = 7;
    void *taken = NULL;
    (void)state;
    hk_mailbox_init(&box, sizeof(uint32_t), NULL, NULL);
    hk_mailbox_push(&box, &number, 1);
    assert_int_equal(hk_mailbox_take(&box, &taken), 1);
    for (uint32_t i = 0; i < 1000; i++)
        hk_mailbox_push(&box, &i, 1);
    assert_int_equal(*(const uint32_t *)taken, 7);
    assert_int_equal(hk_mailbox_take(&box, &taken), 1000);
    assert_int_equal(((const uint32_t *)taken)[999], 999);
    hk_mailbox_fini(&box);
}

static void test_the_taker_is_woken_once_for_a_batch(void **state)
{
    struct hk_mailbox box;
    int wakes = 0;
    uint32_t number = 7;
    void *taken;
    (void)state;
    hk_mailbox_init(&box, sizeof(uint32_t), count_wake, &wakes);
    hk_mailbox_push(&box, &number, 1);
    hk_mailbox_push(&box, &number, 1);
    assert_int_equal(wakes, 1);
    assert_int_equal(hk_mailbox_take(&box, &taken), 2);
    hk_mailbox_push(&box, &number, 1);
    assert_int_equal(wakes, 2);
    hk_mailbox_close(&box);
    assert_int_equal(wakes, 3);
    hk_mailbox_fini(&box);
}

static void ask_the_box(void *waker)
{
    // Would hang if wake were called under the lock.
    assert_false(hk_mailbox_is_closed(waker));
}

static void test_wake_is_called_without_the_lock(void **state)
{
    struct hk_mailbox box;
    uint32_t number = 7;
    (void)state;
    hk_mailbox_init(&box, sizeof(uint32_t), ask_the_box, &box);
    hk_mailbox_push(&box, &number, 1);
    hk_mailbox_fini(&box);
}

static void test_waiting_ends_with_time_with_items_or_with_the_box(void **state)
{
    struct hk_mailbox box;
    uint32_t number = 7;
    void *taken;
    (void)state;
    hk_mailbox_init(&box, sizeof(uint32_t), NULL, NULL);
    assert_int_equal(hk_mailbox_wait(&box, 0, &taken), 0);
    assert_int_equal(hk_mailbox_wait(&box, 1, &taken), 0);
    hk_mailbox_push(&box, &number, 1);
    assert_int_equal(hk_mailbox_wait(&box, -1, &taken), 1);
    hk_mailbox_push(&box, &number, 1);
    assert_false(hk_mailbox_is_closed(&box));
    hk_mailbox_close(&box);
    assert_true(hk_mailbox_is_closed(&box));
    assert_int_equal(hk_mailbox_wait(&box, -1, &taken), 1);
    assert_int_equal(hk_mailbox_wait(&box, -1, &taken), 0);
    hk_mailbox_fini(&box);
}

struct sender {
    struct hk_mailbox *box;
    uint32_t number;
};

static void *send_all(void *argument)
{
    const struct sender *sender = argument;
    struct item batch[3];
    uint32_t next = 0;
    while (next < ITEMS_A_SENDER) {
        uint32_t count = 0;
        while (count < 1 + next % 3 && next + count < ITEMS_A_SENDER) {
            batch[count] = (struct item){ sender->number, next + count };
            count++;
        }
        hk_mailbox_push(sender->box, batch, count);
        next += count;
    }
    return NULL;
}

static void test_nothing_is_lost_or_swapped_between_many_senders(void **state)
{
    struct hk_mailbox box;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    uint32_t next[SENDERS] = { 0 };
    (void)state;
    hk_mailbox_init(&box, sizeof(struct item), NULL, NULL);
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ &box, i };
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (size_t total = 0; total < (size_t)SENDERS * ITEMS_A_SENDER;) {
        void *taken;
        size_t count = hk_mailbox_wait(&box, -1, &taken);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
            const struct item *item = (const struct item *)taken + i;
            assert_int_equal(item->number, next[item->sender]);
            next[item->sender]++;
        }
        total += count;
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    hk_mailbox_fini(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_is_taken_whole_and_in_order),
        cmocka_unit_test(test_a_batch_stays_valid_while_others_push),
        cmocka_unit_test(test_the_taker_is_woken_once_for_a_batch),
        cmocka_unit_test(test_wake_is_called_without_the_lock),
        cmocka_unit_test(test_waiting_ends_with_time_with_items_or_with_the_box),
        cmocka_unit_test(test_nothing_is_lost_or_swapped_between_many_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
