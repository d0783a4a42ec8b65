// SPDX-License-Identifier: Apache-2.0
#include "engine/fifo.h"

#include "base/prng.h"
#include "support_cmocka.h"

#include <stdbool.h>

struct item {
    uint64_t number;
    uint32_t check;
};

static void test_items_leave_in_the_order_they_came(void **state)
{
    (void)state;
    struct hk_fifo fifo;
    struct hk_prng prng;
    uint64_t in = 0;
    uint64_t out = 0;
    hk__fifo_init(&fifo, sizeof(struct item));
    hk_prng_init(&prng, 1);
    for (int i = 0; i < 200000; i++) {
        /* Waves, so that the ring wraps at many sizes. */
        bool grows = (i / 3000) % 2 == 0;
        if (hk_prng_below(&prng, 10) < (grows ? 7U : 3U)) {
            struct item item = { in, (uint32_t)(in * 7) };
            hk__fifo_push(&fifo, &item);
            in++;
        } else if (in > out) {
            const struct item *first = hk__fifo_first(&fifo);
            assert_int_equal(first->number, out);
            assert_int_equal(first->check, (uint32_t)(out * 7));
            hk__fifo_pop(&fifo);
            out++;
        }
        assert_int_equal(fifo.count, in - out);
    }
    assert_true(fifo.capacity > 64);
    hk__fifo_fini(&fifo);
}

static void test_an_empty_one_has_no_first(void **state)
{
    (void)state;
    struct hk_fifo fifo;
    uint64_t item = 5;
    hk__fifo_init(&fifo, sizeof(item));
    assert_null(hk__fifo_first(&fifo));
    hk__fifo_push(&fifo, &item);
    hk__fifo_pop(&fifo);
    assert_null(hk__fifo_first(&fifo));
    hk__fifo_fini(&fifo);
    hk__fifo_push(&fifo, &item); /* Usable again. */
    assert_int_equal(*(uint64_t *)hk__fifo_first(&fifo), 5);
    hk__fifo_fini(&fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_leave_in_the_order_they_came),
        cmocka_unit_test(test_an_empty_one_has_no_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
