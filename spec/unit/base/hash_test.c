// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include "base/alloc.h"
#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hk_hash_key counting_key = { { UINT64_C(0x0706050403020100),
                                                   UINT64_C(0x0F0E0D0C0B0A0908) } };

/** The published vectors: key 00..0f, message 00..(size - 1). SipHash-2-4-128 is of the reference
 * code, SipHash-1-3 of OpenSSL's SIPHASH with c-rounds 1 and d-rounds 3. */
static const struct vector {
    size_t size;
    uint8_t of64[8];
    uint8_t of128[16];
} vectors[] = {
    { 0,
      { 0xDC, 0xC4, 0x0F, 0x05, 0x58, 0x01, 0xAC, 0xAB },
      { 0xA3, 0x81, 0x7F, 0x04, 0xBA, 0x25, 0xA8, 0xE6, 0x6D, 0xF6, 0x72, 0x14, 0xC7, 0x55, 0x02,
        0x93 } },
    { 1,
      { 0x93, 0xCA, 0x57, 0x7D, 0xF3, 0x9B, 0xF4, 0xC9 },
      { 0xDA, 0x87, 0xC1, 0xD8, 0x6B, 0x99, 0xAF, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9B, 0x22, 0xFC,
        0x45 } },
    { 8,
      { 0x8E, 0x9A, 0x29, 0x8D, 0x11, 0x95, 0x90, 0x36 },
      { 0x3B, 0x62, 0xA9, 0xBA, 0x62, 0x58, 0xF5, 0x61, 0x0F, 0x83, 0xE2, 0x64, 0xF3, 0x14, 0x97,
        0xB4 } },
    { 15,
      { 0x56, 0x99, 0x51, 0x2A, 0x6D, 0xD8, 0x20, 0xD3 },
      { 0x54, 0x93, 0xE9, 0x99, 0x33, 0xB0, 0xA8, 0x11, 0x7E, 0x08, 0xEC, 0x0F, 0x97, 0xCF, 0xC3,
        0xD9 } },
    { 63,
      { 0xA8, 0xB3, 0xBB, 0xB7, 0x62, 0x90, 0x19, 0x9D },
      { 0x51, 0x50, 0xD1, 0x77, 0x2F, 0x50, 0x83, 0x4A, 0x50, 0x3E, 0x06, 0x9A, 0x97, 0x3F, 0xBD,
        0x7C } },
};

static uint64_t word_of(const uint8_t bytes[8])
{
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--)
        word = word << 8 | bytes[i];
    return word;
}

static void test_hashes_are_those_of_the_published_vectors(void **state)
{
    uint8_t message[64];
    (void)state;
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *vector = &vectors[i];
        struct hk_hash128 hash = hk_hash128(&counting_key, message, vector->size);
        assert_true(hk_hash64(&counting_key, message, vector->size) == word_of(vector->of64));
        assert_true(hash.words[0] == word_of(vector->of128));
        assert_true(hash.words[1] == word_of(vector->of128 + 8));
    }
}

/** The naive map: key k is present when present[k]; its value is k and its hash hashes[k]. */
#define MODEL_KEYS 20000

struct model {
    uint64_t hashes[MODEL_KEYS];
    bool present[MODEL_KEYS];
    uint32_t count;
};

static bool model_matches(const void *owner, uint32_t value, const void *key)
{
    (void)owner;
    return value == *(const uint32_t *)key;
}

static void assert_like_model(const struct hk_index *index, const struct model *model)
{
    assert_int_equal(hk_index_count(index), model->count);
    for (uint32_t key = 0; key < MODEL_KEYS; key++) {
        uint32_t found = hk_index_find(index, model->hashes[key], &key);
        assert_int_equal(found, model->present[key] ? key : HK_INDEX_NONE);
    }
}

static void toggle(struct hk_index *index, struct model *model, uint32_t key)
{
    if (model->present[key]) {
        assert_true(hk_index_remove(index, model->hashes[key], key));
        model->count--;
    } else {
        assert_false(hk_index_remove(index, model->hashes[key], key));
        assert_int_equal(hk_index_insert(index, model->hashes[key], key), 0);
        model->count++;
    }
    model->present[key] = !model->present[key];
    assert_int_equal(hk_index_find(index, model->hashes[key], &key),
                     model->present[key] ? key : HK_INDEX_NONE);
}

static void run_against_model(uint64_t seed, uint64_t hash_mask)
{
    struct model *model = hk_alloc_zero_or_die(1, sizeof(*model));
    struct hk_index index;
    struct hk_prng prng;
    hk_prng_init(&prng, seed);
    hk_index_init(&index, model_matches, model);
    for (uint32_t key = 0; key < MODEL_KEYS; key++)
        model->hashes[key] = hk_prng_next(&prng) & hash_mask;
    for (int i = 0; i < 60000; i++) {
        // The range of keys widens, so the index grows again and again between removals.
        uint64_t keys = 10 + (uint64_t)i * MODEL_KEYS / 60000;
        toggle(&index, model,
               (uint32_t)hk_prng_below(&prng, keys < MODEL_KEYS ? keys : MODEL_KEYS));
        if (i % 10000 == 0)
            assert_like_model(&index, model);
    }
    assert_like_model(&index, model);
    for (uint32_t key = 0; key < MODEL_KEYS; key++) {
        if (model->present[key])
            toggle(&index, model, key);
    }
    assert_like_model(&index, model);
    hk_index_fini(&index);
    hk_free(model);
}

static void test_an_index_behaves_like_a_naive_map(void **state)
{
    (void)state;
    run_against_model(1, UINT64_MAX);
}

static void test_an_index_stands_many_equal_hashes(void **state)
{
    (void)state;
    run_against_model(2, 0x3FF);
}

static void test_an_empty_index_finds_nothing(void **state)
{
    struct hk_index index;
    uint32_t key = 3;
    (void)state;
    hk_index_init(&index, model_matches, NULL);
    assert_int_equal(hk_index_find(&index, 1, &key), HK_INDEX_NONE);
    assert_false(hk_index_remove(&index, 1, 3));
    assert_int_equal(hk_index_count(&index), 0);
    hk_index_fini(&index);
}

/** Only values 0 to 9 of the same hash: the exact one is removed. */
static void test_exactly_the_named_value_is_removed(void **state)
{
    struct hk_index index;
    (void)state;
    hk_index_init(&index, model_matches, NULL);
    for (uint32_t value = 0; value < 10; value++)
        assert_int_equal(hk_index_insert(&index, 7, value), 0);
    assert_true(hk_index_remove(&index, 7, 4));
    assert_false(hk_index_remove(&index, 7, 4));
    for (uint32_t value = 0; value < 10; value++)
        assert_int_equal(hk_index_find(&index, 7, &value), value == 4 ? HK_INDEX_NONE : value);
    hk_index_fini(&index);
}

static void test_growth_moves_a_bounded_part_at_a_time(void **state)
{
    struct hk_index index;
    uint64_t left = 0;
    bool was_growing = false;
    (void)state;
    hk_index_init(&index, model_matches, NULL);
    for (uint32_t value = 0; value < 100000; value++) {
        uint64_t hash = value * UINT64_C(0x9E3779B97F4A7C15);
        uint32_t capacity = index.table.capacity;
        assert_int_equal(hk_index_insert(&index, hash, value), 0);
        bool has_grown = index.table.capacity != capacity;
        if (has_grown) {
            // The growth before has ended long ago; of this one only a little is done.
            assert_int_equal(left, 0);
            assert_true(index.old.count + 8 >= capacity / 8 * 7);
        } else {
            assert_true(left - index.old.count <= 8);
        }
        left = index.old.count;
        was_growing |= left > 0;
    }
    assert_true(was_growing);
    assert_true(hk_index_count(&index) <= (uint64_t)index.table.capacity / 8 * 7);
    hk_index_fini(&index);
}

#if HK_FAULTS
static void test_an_insert_without_memory_changes_nothing(void **state)
{
    struct hk_index index;
    (void)state;
    hk_index_init(&index, model_matches, NULL);
    for (uint32_t value = 0; value < 14; value++)
        assert_int_equal(hk_index_insert(&index, value, value), 0);
    hk_alloc_fail_at(1, true);
    assert_int_equal(hk_index_insert(&index, 14, 14), HK_ENOMEM);
    hk_alloc_fail_at(0, false);
    assert_int_equal(hk_index_count(&index), 14);
    assert_int_equal(hk_index_insert(&index, 14, 14), 0);
    for (uint32_t value = 0; value < 15; value++)
        assert_int_equal(hk_index_find(&index, value, &value), value);
    hk_index_fini(&index);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_are_those_of_the_published_vectors),
        cmocka_unit_test(test_an_index_behaves_like_a_naive_map),
        cmocka_unit_test(test_an_index_stands_many_equal_hashes),
        cmocka_unit_test(test_an_empty_index_finds_nothing),
        cmocka_unit_test(test_exactly_the_named_value_is_removed),
        cmocka_unit_test(test_growth_moves_a_bounded_part_at_a_time),
#if HK_FAULTS
        cmocka_unit_test(test_an_insert_without_memory_changes_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
