// SPDX-License-Identifier: Apache-2.0
#include "base/slots.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "support_death.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    uint64_t mark;
    uint32_t number;
    uint32_t zero;
};

#define MODEL_SLOTS 12000

/** What each slot should hold, and ids that have gone stale. */
struct model {
    uint64_t ids[MODEL_SLOTS]; /**< 0: free. */
    uint64_t marks[MODEL_SLOTS];
    uint64_t stale[MODEL_SLOTS];
    uint32_t count;
};

static void take_one(struct hk_slots *slots, struct model *model, uint64_t mark)
{
    uint32_t slot;
    static const struct row zero;
    assert_int_equal(hk_slots_take(slots, &slot), 0);
    assert_true(slot < MODEL_SLOTS);
    assert_true(model->ids[slot] == 0);
    struct row *row = hk_slots_row(slots, slot);
    assert_memory_equal(row, &zero, sizeof(zero));
    row->mark = mark;
    row->number = slot;
    row->zero = UINT32_MAX;
    model->ids[slot] = hk_slots_id(slots, slot);
    model->marks[slot] = mark;
    assert_true(model->ids[slot] != HK_ID_NONE);
    assert_true(model->ids[slot] != model->stale[slot]);
    assert_int_equal(hk_id_slot(model->ids[slot]), slot);
    model->count++;
}

static void free_one(struct hk_slots *slots, struct model *model, uint32_t slot)
{
    hk_slots_free(slots, slot);
    model->stale[slot] = model->ids[slot];
    model->ids[slot] = 0;
    model->count--;
}

static void assert_like_model(const struct hk_slots *slots, const struct model *model)
{
    assert_int_equal(slots->count, model->count);
    for (uint32_t slot = 0; slot < MODEL_SLOTS; slot++) {
        assert_int_equal(hk_slots_is_taken(slots, slot), model->ids[slot] != 0);
        if (model->stale[slot] != 0)
            assert_int_equal(hk_slots_find(slots, model->stale[slot]), HK_SLOT_NONE);
        if (model->ids[slot] == 0)
            continue;
        const struct row *row = hk_slots_row(slots, slot);
        assert_int_equal(hk_slots_find(slots, model->ids[slot]), slot);
        assert_true(row->mark == model->marks[slot]);
        assert_int_equal(row->number, slot);
    }
}

static void test_slots_behave_like_a_plain_table(void **state)
{
    struct model *model = hk_alloc_zero_or_die(1, sizeof(*model));
    struct hk_slots slots;
    struct hk_prng prng;
    (void)state;
    hk_prng_init(&prng, 3);
    hk_slots_init(&slots, sizeof(struct row));
    for (int i = 0; i < 60000; i++) {
        uint32_t slot = (uint32_t)hk_prng_below(&prng, MODEL_SLOTS);
        if (model->ids[slot] != 0)
            free_one(&slots, model, slot);
        else if (model->count < MODEL_SLOTS)
            take_one(&slots, model, hk_prng_next(&prng));
        if (i % 10000 == 0)
            assert_like_model(&slots, model);
    }
    assert_like_model(&slots, model);
    assert_true(slots.chunk_count >= 2);
    hk_slots_fini(&slots);
    hk_free(model);
}

static void test_a_row_never_moves(void **state)
{
    struct hk_slots slots;
    uint32_t first, slot;
    (void)state;
    hk_slots_init(&slots, 16);
    assert_int_equal(hk_slots_take(&slots, &first), 0);
    void *row = hk_slots_row(&slots, first);
    for (int i = 0; i < 20 * 4096; i++)
        assert_int_equal(hk_slots_take(&slots, &slot), 0);
    assert_ptr_equal(hk_slots_row(&slots, first), row);
    hk_slots_fini(&slots);
}

static void test_what_is_no_id_finds_nothing(void **state)
{
    struct hk_slots slots;
    uint32_t slot;
    (void)state;
    hk_slots_init(&slots, 8);
    assert_int_equal(hk_slots_find(&slots, 0), HK_SLOT_NONE);
    assert_int_equal(hk_slots_find(&slots, UINT64_MAX), HK_SLOT_NONE);
    assert_false(hk_slots_is_taken(&slots, 0));
    assert_int_equal(hk_slots_take(&slots, &slot), 0);
    assert_int_equal(hk_slots_find(&slots, slot), HK_SLOT_NONE);
    assert_int_equal(hk_slots_find(&slots, (UINT64_C(2) << 32) | slot), HK_SLOT_NONE);
    assert_int_equal(hk_slots_find(&slots, (UINT64_C(1) << 32) | 4095), HK_SLOT_NONE);
    assert_false(hk_slots_is_taken(&slots, HK_SLOT_NONE));
    hk_slots_free(&slots, slot);
    assert_int_equal(hk_slots_find(&slots, (UINT64_C(2) << 32) | slot), HK_SLOT_NONE);
    hk_slots_fini(&slots);
}

static void test_a_generation_wraps_to_a_valid_id(void **state)
{
    struct hk_slots slots;
    uint32_t slot;
    (void)state;
    hk_slots_init(&slots, 8);
    assert_int_equal(hk_slots_take(&slots, &slot), 0);
    // The generations stand at the start of a chunk; 2^31 uses would take a minute.
    *(uint32_t *)(void *)slots.chunks[0] = UINT32_MAX;
    uint64_t last = hk_slots_id(&slots, slot);
    assert_int_equal(hk_slots_find(&slots, last), slot);
    hk_slots_free(&slots, slot);
    assert_int_equal(hk_slots_find(&slots, last), HK_SLOT_NONE);
    assert_int_equal(hk_slots_take(&slots, &slot), 0);
    assert_true(hk_slots_id(&slots, slot) == (UINT64_C(1) << 32 | slot));
    assert_int_equal(hk_slots_find(&slots, last), HK_SLOT_NONE);
    hk_slots_fini(&slots);
}

static void free_twice(void)
{
    struct hk_slots slots;
    uint32_t slot = 0;
    hk_slots_init(&slots, 8);
    if (hk_slots_take(&slots, &slot) != 0)
        return;
    hk_slots_free(&slots, slot);
    hk_slots_free(&slots, slot);
}

static void look_at_a_freed_row(void)
{
    struct hk_slots slots;
    uint32_t slot = 0;
    hk_slots_init(&slots, 8);
    if (hk_slots_take(&slots, &slot) != 0)
        return;
    hk_slots_free(&slots, slot);
    memset(hk_slots_row(&slots, slot), 0, 8);
}

static void test_a_freed_row_is_out_of_bounds(void **state)
{
    char said[256];
    (void)state;
    assert_int_equal(support_death_signal(free_twice, said, sizeof(said)), SIGABRT);
    assert_int_equal(support_death_signal(look_at_a_freed_row, said, sizeof(said)), SIGABRT);
}

#if HK_FAULTS
static void test_a_take_without_memory_changes_nothing(void **state)
{
    struct hk_slots slots;
    uint32_t slot = 77;
    (void)state;
    for (uint64_t nth = 1; nth <= 2; nth++) {
        hk_slots_init(&slots, 8);
        hk_alloc_fail_at(nth, false);
        assert_int_equal(hk_slots_take(&slots, &slot), HK_ENOMEM);
        hk_alloc_fail_at(0, false);
        assert_int_equal(slot, 77);
        assert_int_equal(slots.count, 0);
        assert_int_equal(hk_slots_take(&slots, &slot), 0);
        assert_int_equal(slot, 0);
        hk_slots_fini(&slots);
        slot = 77;
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_behave_like_a_plain_table),
        cmocka_unit_test(test_a_row_never_moves),
        cmocka_unit_test(test_what_is_no_id_finds_nothing),
        cmocka_unit_test(test_a_generation_wraps_to_a_valid_id),
        cmocka_unit_test(test_a_freed_row_is_out_of_bounds),
#if HK_FAULTS
        cmocka_unit_test(test_a_take_without_memory_changes_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
