// SPDX-License-Identifier: Apache-2.0
#include "engine/directory.h"

#include "base/alloc.h"
#include "support_cmocka.h"
#include "support_world.h"

static struct hk_reply *ask(struct world *world, enum hk_request_kind kind, uint64_t merchant)
{
    struct hk_request *request = world_request(world, kind);
    request->merchant_id = merchant;
    return world_answer(world, request);
}

static struct hk_reply *key_create(struct world *world, uint64_t merchant, uint8_t number)
{
    struct hk_request *request = world_request(world, HK_REQUEST_KEY_CREATE);
    request->merchant_id = merchant;
    request->key.id.bytes[0] = number;
    request->key.digest[0] = number;
    return world_answer(world, request);
}

static int key_delete(struct world *world, uint64_t merchant, uint8_t number)
{
    struct hk_request *request = world_request(world, HK_REQUEST_KEY_DELETE);
    request->merchant_id = merchant;
    request->uuid.bytes[0] = number;
    return world_answer(world, request)->code;
}

/* 0: nobody. */
static uint64_t who_is(struct world *world, uint8_t number)
{
    struct hk_request *request = world_request(world, HK_REQUEST_AUTHENTICATE);
    request->digest[0] = number;
    const struct hk_reply *reply = world_answer(world, request);
    assert_int_equal(reply->code, reply->merchants ? 0 : HK_EDENIED);
    return reply->merchants ? reply->merchants[0].id : 0;
}

static void test_a_key_proves_its_merchant_until_it_is_deleted(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    world_merchant(&world, 10);
    assert_int_equal(key_create(&world, 9, 1)->keys[0].merchant_id, 9);
    (void)key_create(&world, 9, 2);
    (void)key_create(&world, 10, 3);
    assert_int_equal(who_is(&world, 1), 9);
    assert_int_equal(who_is(&world, 3), 10);
    assert_int_equal(who_is(&world, 4), 0);
    assert_int_equal(key_delete(&world, 10, 1), HK_ENOTFOUND); /* Another merchant's. */
    assert_int_equal(key_delete(&world, 9, 1), 0);
    assert_int_equal(key_delete(&world, 9, 1), HK_ENOTFOUND);
    assert_int_equal(who_is(&world, 1), 0);
    assert_int_equal(who_is(&world, 2), 9);
    world_merchant_delete(&world, 9);
    assert_int_equal(who_is(&world, 2), 0);
    world_fini(&world);
}

static void test_keys_survive_a_restart_and_deleted_ones_do_not(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    (void)key_create(&world, 9, 1);
    (void)key_create(&world, 9, 2);
    (void)key_delete(&world, 9, 1);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    assert_int_equal(who_is(&after, 1), 0);
    assert_int_equal(who_is(&after, 2), 9);
    world_fini(&world);
    world_fini(&after);
}

static void test_a_deleted_merchant_is_gone_with_all_that_is_its_own(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    struct hk_uuid endpoint = world_endpoint(&world, 9, NULL);
    world_merchant_delete(&world, 9);
    assert_int_equal(ask(&world, HK_REQUEST_MERCHANT_GET, 9)->code, HK_ENOTFOUND);
    assert_int_equal(ask(&world, HK_REQUEST_MERCHANT_DELETE, 9)->code, HK_ENOTFOUND);
    assert_int_equal(ask(&world, HK_REQUEST_ENDPOINT_LIST, 9)->code, HK_ENOTFOUND);
    assert_int_equal(ask(&world, HK_REQUEST_MERCHANT_LIST, 9)->total, 0);
    assert_int_equal(watch_endpoint_find(&world.watch, &endpoint)->slot_id, 0); /* DROPped. */
    assert_int_equal(world_stats(&world).merchants, 0);
    assert_int_equal(world_stats(&world).endpoints, 0);
    world_fini(&world);
}

/* The second of the same id is another: what was for the first is not for it. */
static void test_an_id_may_be_used_again(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid old = world_event(&world, 9)->id;
    world_merchant_delete(&world, 9);
    world_merchant(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid young = world_event(&world, 9)->id;
    world_end(&world, 0, world_outcome(&world, 500));
    world_settle(&world);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    world_end_all(&world, 200);
    world_end_all(&after, 200);
    struct world *worlds[] = { &world, &after };
    for (int i = 0; i < 2; i++) {
        const struct hk_event *seen = world_look(worlds[i], &old);
        assert_int_equal(seen->deliveries[0].reason, HK_REASON_MERCHANT_DELETED);
        seen = world_look(worlds[i], &young);
        assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DELIVERED);
        assert_world_idle(worlds[i]);
        world_fini(worlds[i]);
    }
}

/* Its events and idempotency keys are kept for a while: they are nobody else's. */
static void test_the_id_of_a_deleted_merchant_is_not_given_out_again(void **state)
{
    (void)state;
    for (int with_key = 0; with_key < 2; with_key++) {
        struct world world;
        struct world after;
        world_init(&world, NULL);
        world_merchant(&world, 1);
        world_merchant(&world, 2);
        (void)world_accept(&world, 2);
        world_accept_fact(&world)->has_idempotency = with_key;
        world_settle(&world);
        world_merchant_delete(&world, 2);
        world_snapshot(&world);
        uint32_t dropped = 0; /* Of the two rows that name it, one at a time. */
        for (uint32_t i = 0; i < world.rows.count; i++) {
            struct hk_record *row = &world.rows.items[i]->record;
            if (with_key && row->type == HK_RECORD_STATE && dropped++ == 0)
                row->type = HK_RECORD_KEY_DELETED;
        }
        world_init_from(&after, &world, &world.rows, world.snapshot_end.begin_lsn, UINT64_MAX);
        assert_int_equal(ask(&after, HK_REQUEST_MERCHANT_CREATE, UINT64_MAX)->merchants[0].id, 3);
        world_fini(&world);
        world_fini(&after);
    }
}

static void test_a_changed_endpoint_is_told_and_written_down(void **state)
{
    (void)state;
    struct world world;
    struct world after;
    world_init(&world, NULL);
    world_merchant(&world, 9);
    struct hk_uuid uuid = world_endpoint(&world, 9, NULL);
    world_advance(&world, 1000);
    struct hk_request *request = world_request(&world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = 9;
    request->uuid = uuid;
    request->endpoint.fields = HK_ENDPOINT_NAME | HK_ENDPOINT_DESCRIPTION;
    request->endpoint.value.name = hk_strdup_or_die("Books");
    request->endpoint.value.description = hk_strdup_or_die("of account");
    const struct hk_endpoint *changed = world_answer(&world, request)->endpoints;
    assert_string_equal(changed->name, "Books");
    assert_string_equal(changed->url, "https://shop.example/1");
    assert_int_equal(changed->updated_at.ms - changed->created_at.ms, 1000);
    world_init_from(&after, &world, NULL, 0, UINT64_MAX);
    assert_same_worlds(&world, &after);
    world_fini(&world);
    world_fini(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_proves_its_merchant_until_it_is_deleted),
        cmocka_unit_test(test_keys_survive_a_restart_and_deleted_ones_do_not),
        cmocka_unit_test(test_a_deleted_merchant_is_gone_with_all_that_is_its_own),
        cmocka_unit_test(test_an_id_may_be_used_again),
        cmocka_unit_test(test_the_id_of_a_deleted_merchant_is_not_given_out_again),
        cmocka_unit_test(test_a_changed_endpoint_is_told_and_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
