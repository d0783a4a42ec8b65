// SPDX-License-Identifier: Apache-2.0
#include "engine/requests.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

static struct hk_reply *create_merchant(struct world *world, uint64_t id)
{
    struct hk_request *request = world_request(world, HK_REQUEST_MERCHANT_CREATE);
    request->merchant_id = id;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die("Shop");
    return world_answer(world, request);
}

static struct hk_reply *create_endpoint(struct world *world, uint64_t merchant, uint8_t number,
                                        const char *url, bool is_platform)
{
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_CREATE);
    request->merchant_id = merchant;
    request->uuid.bytes[0] = number;
    request->is_platform = is_platform;
    request->endpoint.fields = HK_ENDPOINT_URL;
    request->endpoint.value.url = hk_strdup_or_die(url);
    request->endpoint.value.url_normal = hk_strdup_or_die(url);
    return world_answer(world, request);
}

static int change_url(struct world *world, uint8_t number, const char *url)
{
    struct hk_request *request = world_request(world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = 9;
    request->uuid.bytes[0] = number;
    request->endpoint.fields = HK_ENDPOINT_URL;
    request->endpoint.value.url = hk_strdup_or_die(url);
    request->endpoint.value.url_normal = hk_strdup_or_die(url);
    return world_answer(world, request)->code;
}

static void test_a_merchant_gets_the_id_it_asks_for_or_the_next_free(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    assert_int_equal(create_merchant(&world, UINT64_MAX)->merchants[0].id, 1);
    assert_int_equal(create_merchant(&world, 50)->merchants[0].id, 50);
    assert_int_equal(create_merchant(&world, 7)->merchants[0].id, 7);
    const struct hk_reply *reply = create_merchant(&world, UINT64_MAX);
    assert_int_equal(reply->merchants[0].id, 51);
    assert_true(reply->merchants[0].verified);
    assert_int_equal(reply->merchants[0].created_at.ms, world.now.wall.ms);
    reply = create_merchant(&world, 50);
    assert_int_equal(reply->code, HK_EEXISTS);
    assert_null(reply->merchants);
    world_fini(&world);
}

static void test_lists_page_newest_first(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    for (uint64_t id = 1; id <= 25; id++)
        (void)create_merchant(&world, id);
    static const struct {
        uint32_t number, per_page, count;
        uint64_t first;
    } pages[] = { { 1, 10, 10, 25 }, { 2, 10, 10, 15 },  { 3, 10, 5, 5 },
                  { 4, 10, 0, 0 },   { 1, 100, 25, 25 }, { UINT32_MAX, 100, 0, 0 } };
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_LIST);
        request->page = (struct hk_page){ pages[i].number, pages[i].per_page };
        const struct hk_reply *reply = world_answer(&world, request);
        assert_int_equal(reply->total, 25);
        assert_int_equal(reply->count, pages[i].count);
        for (uint32_t k = 0; k < reply->count; k++)
            assert_int_equal(reply->merchants[k].id, pages[i].first - k);
    }
    world_fini(&world);
}

static void test_lists_of_endpoints_and_keys_are_the_merchants_own(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    (void)create_merchant(&world, 9);
    (void)create_merchant(&world, 10);
    for (uint8_t i = 1; i <= 3; i++) {
        (void)world_endpoint(&world, 9, NULL);
        struct hk_request *key = world_request(&world, HK_REQUEST_KEY_CREATE);
        key->merchant_id = 9;
        key->key.digest[0] = i;
        (void)world_answer(&world, key);
    }
    (void)world_endpoint(&world, 10, NULL);
    for (uint64_t merchant = 9; merchant <= 10; merchant++) {
        struct hk_request *endpoints = world_request(&world, HK_REQUEST_ENDPOINT_LIST);
        struct hk_request *keys = world_request(&world, HK_REQUEST_KEY_LIST);
        endpoints->merchant_id = keys->merchant_id = merchant;
        const struct hk_reply *reply = world_answer(&world, endpoints);
        assert_int_equal(reply->count, merchant == 9 ? 3 : 1);
        assert_int_equal(reply->endpoints[0].merchant_id, merchant);
        reply = world_answer(&world, keys);
        assert_int_equal(reply->total, merchant == 9 ? 3 : 0);
    }
    world_fini(&world);
}

static void test_two_endpoints_of_a_merchant_never_share_a_url(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    (void)create_merchant(&world, 9);
    (void)create_merchant(&world, 10);
    assert_int_equal(create_endpoint(&world, 9, 1, "https://a.example/", true)->code, 0);
    assert_int_equal(create_endpoint(&world, 9, 2, "https://a.example/", true)->code, HK_EEXISTS);
    assert_int_equal(create_endpoint(&world, 9, 2, "https://b.example/", true)->code, 0);
    assert_int_equal(create_endpoint(&world, 10, 3, "https://a.example/", true)->code, 0);
    assert_int_equal(change_url(&world, 2, "https://a.example/"), HK_EEXISTS);
    assert_int_equal(change_url(&world, 2, "https://b.example/"), 0); /* Its own. */
    assert_int_equal(change_url(&world, 1, "https://c.example/"), 0);
    assert_int_equal(change_url(&world, 2, "https://a.example/"), 0);
    assert_int_equal(world_stats(&world).endpoints, 3);
    world_fini(&world);
}

static void test_endpoints_and_keys_are_bounded(void **state)
{
    (void)state;
    struct world world;
    struct hk_engine_options options = world_options();
    options.merchant_endpoints_max = 2;
    world_init(&world, &options);
    (void)create_merchant(&world, 9);
    assert_int_equal(create_endpoint(&world, 9, 1, "https://1.example/", true)->code, 0);
    assert_int_equal(create_endpoint(&world, 9, 2, "https://2.example/", true)->code, 0);
    assert_int_equal(create_endpoint(&world, 9, 3, "https://3.example/", true)->code, HK_ELIMIT);
    for (uint32_t i = 0; i <= HK_KEYS_MAX; i++) {
        struct hk_request *key = world_request(&world, HK_REQUEST_KEY_CREATE);
        key->merchant_id = 9;
        key->key.digest[0] = (uint8_t)i;
        assert_int_equal(world_answer(&world, key)->code, i < HK_KEYS_MAX ? 0 : HK_ELIMIT);
    }
    world_fini(&world);
}

static void test_an_unverified_merchant_changes_no_endpoints_itself(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    (void)create_merchant(&world, 9);
    struct hk_request *request = world_request(&world, HK_REQUEST_MERCHANT_UPDATE);
    request->merchant_id = 9;
    request->merchant.fields = HK_MERCHANT_VERIFIED;
    assert_false(world_answer(&world, request)->merchants[0].verified);
    assert_int_equal(create_endpoint(&world, 9, 1, "https://1.example/", false)->code, HK_EDENIED);
    assert_int_equal(create_endpoint(&world, 9, 1, "https://1.example/", true)->code, 0);
    static const enum hk_request_kind kinds[] = { HK_REQUEST_ENDPOINT_UPDATE,
                                                  HK_REQUEST_ENDPOINT_DELETE,
                                                  HK_REQUEST_ENDPOINT_GET };
    for (size_t i = 0; i < 3; i++) {
        struct hk_request *own = world_request(&world, kinds[i]);
        own->merchant_id = 9;
        own->uuid.bytes[0] = 1;
        own->is_platform = false;
        int wanted = kinds[i] == HK_REQUEST_ENDPOINT_GET ? 0 : HK_EDENIED;
        assert_int_equal(world_answer(&world, own)->code, wanted);
    }
    assert_int_equal(world_stats(&world).endpoints, 1);
    world_fini(&world);
}

static void test_what_is_another_merchants_is_not_found(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    (void)create_merchant(&world, 9);
    (void)create_merchant(&world, 10);
    struct hk_uuid uuid = world_endpoint(&world, 9, NULL);
    static const enum hk_request_kind kinds[] = { HK_REQUEST_ENDPOINT_UPDATE,
                                                  HK_REQUEST_ENDPOINT_DELETE,
                                                  HK_REQUEST_ENDPOINT_GET };
    for (size_t i = 0; i < 3; i++) {
        struct hk_request *request = world_request(&world, kinds[i]);
        request->merchant_id = 10;
        request->uuid = uuid;
        assert_int_equal(world_answer(&world, request)->code, HK_ENOTFOUND);
    }
    assert_int_equal(world_stats(&world).endpoints, 1);
    world_fini(&world);
}

/* A refusal must leave no trace in the log. */
static void test_what_is_refused_is_not_written_down(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    (void)create_merchant(&world, 9);
    (void)create_endpoint(&world, 9, 1, "https://1.example/", true);
    uint64_t lsn = world.watch.lsn_last;
    (void)create_merchant(&world, 9);
    (void)create_endpoint(&world, 9, 2, "https://1.example/", true);
    (void)create_endpoint(&world, 77, 2, "https://2.example/", true);
    static const enum hk_request_kind kinds[] = {
        HK_REQUEST_MERCHANT_UPDATE, HK_REQUEST_MERCHANT_DELETE, HK_REQUEST_KEY_CREATE,
        HK_REQUEST_KEY_DELETE,      HK_REQUEST_ENDPOINT_UPDATE, HK_REQUEST_ENDPOINT_DELETE,
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct hk_request *request = world_request(&world, kinds[i]);
        request->merchant_id = 77;
        assert_int_equal(world_answer(&world, request)->code, HK_ENOTFOUND);
    }
    assert_int_equal(world.watch.lsn_last, lsn);
    world_fini(&world);
}

static void test_tails_are_bounded_and_may_stop_too_often(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    for (uint32_t i = 0; i <= HK_TAILS_MAX; i++) {
        struct hk_request *request = world_request(&world, HK_REQUEST_TAIL_START);
        assert_int_equal(world_answer(&world, request)->code, i < HK_TAILS_MAX ? 0 : HK_ELIMIT);
    }
    for (uint32_t i = 0; i < HK_TAILS_MAX + 5; i++)
        (void)world_answer(&world, world_request(&world, HK_REQUEST_TAIL_STOP));
    struct hk_request *again = world_request(&world, HK_REQUEST_TAIL_START);
    assert_int_equal(world_answer(&world, again)->code, 0);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_merchant_gets_the_id_it_asks_for_or_the_next_free),
        cmocka_unit_test(test_lists_page_newest_first),
        cmocka_unit_test(test_lists_of_endpoints_and_keys_are_the_merchants_own),
        cmocka_unit_test(test_two_endpoints_of_a_merchant_never_share_a_url),
        cmocka_unit_test(test_endpoints_and_keys_are_bounded),
        cmocka_unit_test(test_an_unverified_merchant_changes_no_endpoints_itself),
        cmocka_unit_test(test_what_is_another_merchants_is_not_found),
        cmocka_unit_test(test_what_is_refused_is_not_written_down),
        cmocka_unit_test(test_tails_are_bounded_and_may_stop_too_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
