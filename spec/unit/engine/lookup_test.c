// SPDX-License-Identifier: Apache-2.0
#include "engine/lookup.h"

#include "support_cmocka.h"
#include "support_world.h"

static void shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
}

static struct hk_reply *look_as(struct world *world, const struct hk_uuid *id, uint64_t merchant)
{
    struct hk_request *request = world_request(world, HK_REQUEST_EVENT_GET);
    request->uuid = *id;
    request->merchant_id = merchant;
    return world_answer(world, request);
}

static void test_a_live_event_shows_all_that_is_known(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_uuid first = world_endpoint(&world, 9, NULL);
    struct hk_endpoint_patch audit = { HK_ENDPOINT_ROLE, { .role = HK_ROLE_AUDIT } };
    struct hk_uuid second = world_endpoint(&world, 9, &audit);
    int64_t now_ms = world.now.wall.ms;
    struct hk_uuid id = world_event(&world, 9)->id;
    world_end(&world, 0, world_outcome(&world, 503));
    world_settle(&world);
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->merchant_id, 9);
    assert_int_equal(seen->received_at.ms, now_ms);
    assert_int_equal(seen->state, HK_EVENT_PLANNED);
    assert_int_equal(seen->deliver_before.ms, 0);
    assert_true(hk_slice_is(hk_body_text(seen->body), "{\"n\":1}"));
    assert_int_equal(seen->delivery_count, 2);
    const struct hk_delivery *one = &seen->deliveries[0];
    assert_int_equal(one->number, 1);
    assert_memory_equal(&one->endpoint, &first, sizeof(first));
    assert_string_equal(one->url, "https://shop.example/1");
    assert_int_equal(one->state, HK_DELIVERY_WAITING);
    assert_int_equal(one->attempt_count, 1);
    assert_int_equal(one->kept_count, 1);
    assert_int_equal(one->attempts[0].status, 503);
    assert_int_equal(one->attempts[0].timings.total_us, 1000);
    const struct hk_delivery *two = &seen->deliveries[1];
    assert_int_equal(two->number, 2);
    assert_memory_equal(&two->endpoint, &second, sizeof(second));
    assert_int_equal(two->role, HK_ROLE_AUDIT);
    assert_int_equal(two->state, HK_DELIVERY_IN_FLIGHT);
    assert_int_equal(two->attempt_count, 1);
    assert_int_equal(two->kept_count, 0);
    world_fini(&world);
}

static void test_attempts_are_shown_in_their_order(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    static const uint16_t statuses[] = { 500, 0, 404 };
    for (size_t i = 0; i < 3; i++) {
        const struct hk_event *before = world_look(&world, &id);
        assert_int_equal(before->deliveries[0].kept_count, i);
        world_end_all(&world, statuses[i]);
        (void)world_leap(&world);
    }
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->deliveries[0].kept_count, 3);
    for (uint16_t i = 0; i < 3; i++) {
        assert_int_equal(seen->deliveries[0].attempts[i].number, i + 1);
        assert_int_equal(seen->deliveries[0].attempts[i].status, statuses[i]);
    }
    world_fini(&world);
}

static void test_an_event_of_another_merchant_is_not_found(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    for (int round = 0; round < 2; round++) { /* While it lives, and after. */
        assert_int_equal(look_as(&world, &id, 10)->code, HK_ENOTFOUND);
        assert_null(look_as(&world, &id, 10)->event);
        assert_int_equal(look_as(&world, &id, 9)->code, 0);
        assert_int_equal(look_as(&world, &id, HK_ANY_MERCHANT)->code, 0);
        world_end_all(&world, 200);
    }
    id.bytes[15] ^= 1;
    assert_int_equal(look_as(&world, &id, HK_ANY_MERCHANT)->code, HK_ENOTFOUND);
    world_fini(&world);
}

static void test_a_deleted_endpoint_has_no_url_any_more(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_uuid endpoint = world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_endpoint_delete(&world, 9, endpoint);
    assert_null(world_look(&world, &id)->deliveries[0].url);
    assert_int_equal(world_look(&world, &id)->deliveries[0].state, HK_DELIVERY_IN_FLIGHT);
    world_end_all(&world, 200);
    assert_null(world_look(&world, &id)->deliveries[0].url);
    world_fini(&world);
}

static void test_an_event_that_is_not_durable_is_shown_when_it_is(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    world.is_disk_slow = true;
    uint32_t place = world_accept(&world, 9);
    struct hk_request *request = world_request(&world, HK_REQUEST_EVENT_GET);
    request->uuid = world.accepts[place].id;
    uint64_t token = world_ask(&world, request);
    world_settle(&world);
    assert_null(world_reply(&world, token));
    world_disk(&world, world.watch.lsn_last);
    world_settle(&world);
    assert_int_equal(world_reply(&world, token)->code, 0);
    assert_non_null(world_reply(&world, token)->event->body);
    world_fini(&world);
}

static void test_a_look_up_outlives_what_it_showed(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = world_event(&world, 9)->id;
    world_end_all(&world, 500);
    const struct hk_event *seen = world_look(&world, &id);
    hk_engine_free(world.engine);
    world.engine = NULL;
    assert_string_equal(hk_body_head(seen->deliveries[0].attempts[0].detail).at, "saidso");
    assert_true(hk_slice_is(hk_event_body_type(seen->body), "order.paid"));
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_live_event_shows_all_that_is_known),
        cmocka_unit_test(test_attempts_are_shown_in_their_order),
        cmocka_unit_test(test_an_event_of_another_merchant_is_not_found),
        cmocka_unit_test(test_a_deleted_endpoint_has_no_url_any_more),
        cmocka_unit_test(test_an_event_that_is_not_durable_is_shown_when_it_is),
        cmocka_unit_test(test_a_look_up_outlives_what_it_showed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
