// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "support_death.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ITEMS 2000

/** Positions as the heap told them, and the keys that were pushed. */
struct owner {
    uint32_t positions[ITEMS];
    int64_t keys[ITEMS];
};

static void note_moved(void *argument, uint32_t item, uint32_t position)
{
    struct owner *owner = argument;
    owner->positions[item] = position;
}

static void owner_init(struct owner *owner, struct hk_heap *heap)
{
    for (int i = 0; i < ITEMS; i++)
        owner->positions[i] = HK_HEAP_NOWHERE;
    hk_heap_init(heap, note_moved, owner);
}

static int compare_entries(const void *a, const void *b)
{
    const struct hk_heap_entry *left = a;
    const struct hk_heap_entry *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return left->item < right->item ? -1 : 1;
}

static void assert_positions(const struct hk_heap *heap, const struct owner *owner)
{
    uint32_t inside = 0;
    for (uint32_t item = 0; item < ITEMS; item++) {
        uint32_t position = owner->positions[item];
        if (position == HK_HEAP_NOWHERE)
            continue;
        inside++;
        assert_true(position < heap->count);
        assert_int_equal(heap->entries[position].item, item);
        assert_true(heap->entries[position].key == owner->keys[item]);
    }
    assert_int_equal(inside, heap->count);
}

/** Pops all and holds the order against the sorted array of what is inside. */
static void assert_drains_sorted(struct hk_heap *heap, const struct owner *owner)
{
    struct hk_heap_entry sorted[ITEMS];
    struct hk_heap_entry entry;
    size_t count = 0;
    for (uint32_t item = 0; item < ITEMS; item++) {
        if (owner->positions[item] != HK_HEAP_NOWHERE)
            sorted[count++] = (struct hk_heap_entry){ .key = owner->keys[item], .item = item };
    }
    qsort(sorted, count, sizeof(sorted[0]), compare_entries);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hk_heap_peek(heap)->item, sorted[i].item);
        assert_true(hk_heap_pop(heap, &entry));
        assert_int_equal(entry.item, sorted[i].item);
        assert_true(entry.key == sorted[i].key);
        assert_int_equal(owner->positions[entry.item], HK_HEAP_NOWHERE);
    }
    assert_false(hk_heap_pop(heap, &entry));
    assert_null(hk_heap_peek(heap));
}

static void change_at_random(struct hk_heap *heap, struct owner *owner, struct hk_prng *prng)
{
    uint32_t item = (uint32_t)hk_prng_below(prng, ITEMS);
    if (owner->positions[item] != HK_HEAP_NOWHERE) {
        hk_heap_remove(heap, owner->positions[item]);
        assert_int_equal(owner->positions[item], HK_HEAP_NOWHERE);
    } else {
        // Few different keys, so that many are equal; negative ones too.
        owner->keys[item] = (int64_t)hk_prng_below(prng, 300) - 150;
        assert_int_equal(hk_heap_push(heap, owner->keys[item], item), 0);
    }
}

static void test_a_heap_behaves_like_a_sorted_array(void **state)
{
    struct hk_heap heap;
    static struct owner owner;
    struct hk_prng prng;
    (void)state;
    owner_init(&owner, &heap);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        hk_prng_init(&prng, seed);
        for (int i = 0; i < 12000; i++) {
            change_at_random(&heap, &owner, &prng);
            if (i % 500 == 0)
                assert_positions(&heap, &owner);
        }
        assert_drains_sorted(&heap, &owner);
    }
    hk_heap_fini(&heap);
}

static void test_extreme_keys_keep_their_order(void **state)
{
    struct hk_heap heap;
    static struct owner owner;
    (void)state;
    owner_init(&owner, &heap);
    const int64_t keys[] = { INT64_MAX, 0, INT64_MIN, -1, 1 };
    for (uint32_t item = 0; item < 5; item++) {
        owner.keys[item] = keys[item];
        assert_int_equal(hk_heap_push(&heap, keys[item], item), 0);
    }
    assert_drains_sorted(&heap, &owner);
    hk_heap_fini(&heap);
}

static void remove_from_nowhere(void)
{
    struct hk_heap heap;
    struct owner owner;
    owner_init(&owner, &heap);
    hk_heap_remove(&heap, 0);
}

static void test_removing_what_is_not_there_ends_the_process(void **state)
{
    char said[256];
    (void)state;
    assert_int_equal(support_death_signal(remove_from_nowhere, said, sizeof(said)), SIGABRT);
}

#if HK_FAULTS
static void test_a_push_without_memory_changes_nothing(void **state)
{
    struct hk_heap heap;
    static struct owner owner;
    uint32_t item = 0;
    (void)state;
    owner_init(&owner, &heap);
    hk_alloc_fail_at(1, true);
    assert_int_equal(hk_heap_push(&heap, 1, 0), HK_ENOMEM);
    hk_alloc_fail_at(2, true);
    while (hk_heap_push(&heap, 1000 - (int64_t)item, item) == 0) {
        owner.keys[item] = 1000 - (int64_t)item;
        item++;
    }
    hk_alloc_fail_at(0, false);
    assert_true(item > 0);
    assert_int_equal(heap.count, item);
    assert_int_equal(owner.positions[item], HK_HEAP_NOWHERE);
    assert_drains_sorted(&heap, &owner);
    hk_heap_fini(&heap);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_heap_behaves_like_a_sorted_array),
        cmocka_unit_test(test_extreme_keys_keep_their_order),
        cmocka_unit_test(test_removing_what_is_not_there_ends_the_process),
#if HK_FAULTS
        cmocka_unit_test(test_a_push_without_memory_changes_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
