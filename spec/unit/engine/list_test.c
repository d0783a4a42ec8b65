// SPDX-License-Identifier: Apache-2.0
#include "engine/list.h"

#include "base/prng.h"
#include "support_cmocka.h"

#define ROWS 50

struct row {
    uint64_t number;
    struct hk_link one, other;
};

struct fixture {
    struct hk_slots slots;
    struct hk_list one, other;
    uint32_t rows[ROWS];
};

static void fixture_init(struct fixture *fixture)
{
    hk_slots_init(&fixture->slots, sizeof(struct row));
    hk__list_init(&fixture->one, &fixture->slots, offsetof(struct row, one));
    hk__list_init(&fixture->other, &fixture->slots, offsetof(struct row, other));
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(hk_slots_take(&fixture->slots, &fixture->rows[i]), 0);
}

/* The list must read the same from both ends as the array. */
static void assert_order(const struct hk_list *list, const uint32_t *wanted, uint32_t count)
{
    assert_int_equal(list->count, count);
    uint32_t at = list->first;
    for (uint32_t i = 0; i < count; i++, at = hk__list_next(list, at)) {
        assert_int_equal(at, wanted[i]);
        assert_true(hk__list_has(list, at));
    }
    assert_int_equal(at, HK_SLOT_NONE);
    at = list->last;
    for (uint32_t i = count; i > 0; i--, at = hk__list_previous(list, at))
        assert_int_equal(at, wanted[i - 1]);
    assert_int_equal(at, HK_SLOT_NONE);
}

static uint32_t place_of(const uint32_t *order, uint32_t count, uint32_t row)
{
    for (uint32_t i = 0; i < count; i++)
        if (order[i] == row)
            return i;
    return count;
}

static void order_remove(uint32_t *order, uint32_t *count, uint32_t place)
{
    for (uint32_t i = place + 1; i < *count; i++)
        order[i - 1] = order[i];
    (*count)--;
}

static void test_a_list_is_what_an_array_would_be(void **state)
{
    (void)state;
    struct fixture fixture;
    struct hk_prng prng;
    uint32_t order[ROWS];
    uint32_t count = 0;
    fixture_init(&fixture);
    hk_prng_init(&prng, 3);
    for (int i = 0; i < 5000; i++) {
        uint32_t row = fixture.rows[hk_prng_below(&prng, ROWS)];
        uint32_t place = place_of(order, count, row);
        if (place == count) {
            assert_false(hk__list_has(&fixture.one, row));
            hk__list_push(&fixture.one, row);
            order[count++] = row;
        } else if (hk_prng_below(&prng, 2)) {
            hk__list_remove(&fixture.one, row);
            order_remove(order, &count, place);
            assert_false(hk__list_has(&fixture.one, row));
        } else {
            hk__list_move_last(&fixture.one, row);
            order_remove(order, &count, place);
            order[count++] = row;
        }
        assert_order(&fixture.one, order, count);
    }
    hk_slots_fini(&fixture.slots);
}

static void test_a_row_may_be_in_two_lists(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    for (int i = 0; i < 3; i++) {
        hk__list_push(&fixture.one, fixture.rows[i]);
        hk__list_push(&fixture.other, fixture.rows[2 - i]);
    }
    hk__list_remove(&fixture.one, fixture.rows[1]);
    const uint32_t one[] = { fixture.rows[0], fixture.rows[2] };
    const uint32_t other[] = { fixture.rows[2], fixture.rows[1], fixture.rows[0] };
    assert_order(&fixture.one, one, 2);
    assert_order(&fixture.other, other, 3);
    hk_slots_fini(&fixture.slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_is_what_an_array_would_be),
        cmocka_unit_test(test_a_row_may_be_in_two_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
