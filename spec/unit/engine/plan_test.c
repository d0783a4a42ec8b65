// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include "support_cmocka.h"
#include "support_world.h"

static struct hk_uuid role_endpoint(struct world *world, enum hk_role role)
{
    struct hk_endpoint_patch change = { HK_ENDPOINT_ROLE, { .role = role } };
    return world_endpoint(world, 9, &change);
}

static struct hk_uuid subscribed_endpoint(struct world *world, enum hk_role role, const char *type)
{
    struct hk_endpoint_patch change = {
        HK_ENDPOINT_ROLE | HK_ENDPOINT_EVENTS,
        { .role = role, .has_events = true },
    };
    if (type)
        hk_texts_add(&change.value.events, hk_slice_of(type));
    struct hk_uuid uuid = world_endpoint(world, 9, &change);
    hk_texts_fini(&change.value.events);
    return uuid;
}

static const struct hk_plan *last_plan(const struct world *world)
{
    for (uint32_t i = world->log.count; i > 0; i--)
        if (world->log.items[i - 1]->record.type == HK_RECORD_PLAN)
            return &world->log.items[i - 1]->record.plan;
    fail_msg("there is no plan");
    return NULL;
}

static void shop(struct world *world)
{
    world_init(world, NULL);
    world_merchant(world, 9);
}

static void test_an_event_goes_to_every_enabled_primary_endpoint_oldest_first(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_uuid first = world_endpoint(&world, 9, NULL);
    struct hk_uuid off = world_endpoint(&world, 9, NULL);
    struct hk_uuid second = world_endpoint(&world, 9, NULL);
    world_endpoint_enable(&world, 9, off, false);
    world_merchant(&world, 10);
    (void)world_endpoint(&world, 10, NULL);
    (void)world_event(&world, 9);
    const struct hk_plan *plan = last_plan(&world);
    assert_int_equal(plan->reason, HK_REASON_NONE);
    assert_int_equal(plan->delivery_count, 2);
    assert_memory_equal(&plan->deliveries[0].endpoint, &first, sizeof(first));
    assert_memory_equal(&plan->deliveries[1].endpoint, &second, sizeof(second));
    world_fini(&world);
}

static void test_only_those_that_subscribe_to_the_type_get_it(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    struct hk_uuid wanted = subscribed_endpoint(&world, HK_ROLE_PRIMARY, "order.paid");
    (void)subscribed_endpoint(&world, HK_ROLE_PRIMARY, "order.pai");
    (void)subscribed_endpoint(&world, HK_ROLE_PRIMARY, "order.paid2");
    (void)subscribed_endpoint(&world, HK_ROLE_PRIMARY, NULL); /* An empty list: nothing. */
    (void)world_event(&world, 9);
    assert_int_equal(last_plan(&world)->delivery_count, 1);
    assert_memory_equal(&last_plan(&world)->deliveries[0].endpoint, &wanted, sizeof(wanted));
    world_fini(&world);
}

static void test_without_an_endpoint_the_event_is_dropped_and_says_so(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)role_endpoint(&world, HK_ROLE_DEAD_LETTER);
    struct hk_uuid id = world_event(&world, 9)->id;
    assert_int_equal(last_plan(&world)->reason, HK_REASON_NO_ENDPOINT);
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->state, HK_EVENT_DROPPED);
    assert_int_equal(seen->reason, HK_REASON_NO_ENDPOINT);
    assert_int_equal(seen->delivery_count, 0);
    assert_int_equal(world_stats(&world).events_dropped, 1);
    assert_world_idle(&world);
    world_fini(&world);
}

/* Audit endpoints get every event, subscribed or not, and do not count. */
static void test_an_audit_endpoint_gets_also_what_is_dropped(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)subscribed_endpoint(&world, HK_ROLE_AUDIT, "another.type");
    struct hk_uuid id = world_event(&world, 9)->id;
    assert_int_equal(last_plan(&world)->reason, HK_REASON_NO_ENDPOINT);
    assert_int_equal(last_plan(&world)->deliveries[0].role, HK_ROLE_AUDIT);
    assert_int_equal(world_look(&world, &id)->state, HK_EVENT_DROPPED);
    assert_int_equal(world.run_count, 1);
    world_end_all(&world, 200);
    const struct hk_event *seen = world_look(&world, &id);
    assert_int_equal(seen->state, HK_EVENT_DROPPED);
    assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DELIVERED);
    assert_world_idle(&world);
    world_fini(&world);
}

static void test_a_dropped_event_with_an_audit_delivery_survives_a_restart(void **state)
{
    (void)state;
    for (int with_snapshot = 0; with_snapshot < 2; with_snapshot++) {
        struct world world;
        struct world after;
        shop(&world);
        (void)role_endpoint(&world, HK_ROLE_AUDIT);
        struct hk_uuid id = world_event(&world, 9)->id;
        world_end_all(&world, 500);
        if (with_snapshot)
            world_snapshot(&world);
        world_init_from(&after, &world, with_snapshot ? &world.rows : NULL,
                        with_snapshot ? world.snapshot_end.begin_lsn : 0, UINT64_MAX);
        assert_true(world_leap(&after));
        world_end_all(&after, 200);
        const struct hk_event *seen = world_look(&after, &id);
        assert_int_equal(seen->state, HK_EVENT_DROPPED);
        assert_int_equal(seen->deliveries[0].state, HK_DELIVERY_DELIVERED);
        assert_int_equal(seen->deliveries[0].kept_count, 2);
        assert_world_idle(&after);
        world_fini(&world);
        world_fini(&after);
    }
}

static void test_a_plan_stays_when_endpoints_change(void **state)
{
    (void)state;
    struct world world;
    shop(&world);
    (void)world_endpoint(&world, 9, NULL);
    const struct watch_event *event = world_event(&world, 9);
    (void)world_endpoint(&world, 9, NULL);
    struct hk_uuid id = event->id;
    world_end_all(&world, 200);
    assert_int_equal(watch_event_find(&world.watch, &id)->delivery_count, 1);
    assert_int_equal(world.started_count, 1);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_goes_to_every_enabled_primary_endpoint_oldest_first),
        cmocka_unit_test(test_only_those_that_subscribe_to_the_type_get_it),
        cmocka_unit_test(test_without_an_endpoint_the_event_is_dropped_and_says_so),
        cmocka_unit_test(test_an_audit_endpoint_gets_also_what_is_dropped),
        cmocka_unit_test(test_a_dropped_event_with_an_audit_delivery_survives_a_restart),
        cmocka_unit_test(test_a_plan_stays_when_endpoints_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
