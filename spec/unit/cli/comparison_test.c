// SPDX-License-Identifier: Apache-2.0
#include "cli/comparison.h"

#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#define MAIN "00000000-0000-4000-8000-000000000001"
#define OTHER "00000000-0000-4000-8000-000000000002"

/** A shop with the endpoints "a" and "b". */
static void shop_make(struct hk_shop *shop)
{
    struct hk_fault fault;
    json_t *root = json_pack("{s:[{s:s},{s:s}]}", "endpoints", "name", "a", "name", "b");
    assert_int_equal(hk_shop_fill(shop, root, HK_SLICE("approved"), &fault), 0);
    shop->root = root;
}

static struct hk_client_answer answer_of(const char *data)
{
    struct hk_client_answer answer = { .status = 200 };
    assert_int_equal(hk_bytes_append_format(&answer.text, "{\"data\":%s}", data), 0);
    answer.root = json_loadb(answer.text.at, answer.text.size, 0, NULL);
    assert_non_null(answer.root);
    return answer;
}

/** Compares what the API says with a candidate's plan; gets what is printed of the difference. */
static bool is_same(const char *data, const struct hk_wire_planned *planned, const char *said)
{
    struct hk_trial trial = { .message = { .kind = HK_WIRE_PLANNED, .planned = *planned } };
    struct hk_shop shop;
    struct hk_cage cage = { 0 };
    struct hk_source source = { .path = (char *)(uintptr_t) "x.lua", .name = HK_SLICE("x") };
    struct hk_comparison comparison;
    struct screen_memory memory;
    struct hk_client_answer why = answer_of(data);
    shop_make(&shop);
    struct hk_plan_view view = { &cage, &source, &shop, HK_SLICE("{\"n\":0.10}"), &trial };
    assert_int_equal(hk_comparison_make(&comparison, &why, &view), 0);
    screen_open(&memory, false);
    hk_comparison_print(&comparison, &shop, &memory.screen);
    assert_has(screen_text(&memory), said);
    bool same = comparison.is_same;
    assert_int_equal(same, screen_text(&memory)[0] == '\0');
    screen_close(&memory);
    hk_comparison_fini(&comparison);
    hk_shop_fini(&shop);
    hk_client_answer_fini(&why);
    return same;
}

#define DELIVERY(uuid, role, reason, headers, diff)                                              \
    "{\"webhook\":\"" uuid "\",\"role\":\"" role "\",\"reason\":" reason ",\"headers\":" headers \
    ",\"diff\":" diff "}"
#define PLANNED(deliveries) \
    "{\"decided_by\":\"policy\",\"dropped\":null,\"deliveries\":[" deliveries "]}"
#define PLAIN(uuid) DELIVERY(uuid, "primary", "null", "{}", "[]")

static void test_the_same_plan_in_another_order_is_the_same(void **state)
{
    (void)state;
    static const struct hk_wire_delivery both[] = { { .endpoint = 1 }, { .endpoint = 0 } };
    struct hk_wire_planned planned = { .deliveries = both, .delivery_count = 2 };
    assert_true(is_same(PLANNED(PLAIN(MAIN) "," PLAIN(OTHER)), &planned, ""));
    // What no policy chooses, or cannot any more, is not compared.
    assert_true(is_same(PLANNED(PLAIN(MAIN) "," PLAIN(OTHER) "," DELIVERY(
                            "00000000-0000-4000-8000-000000000009", "primary", "null", "{}",
                            "[]") "," DELIVERY(OTHER, "audit", "null", "{}", "[]")),
                        &planned, ""));
}

static void test_another_endpoint_makes_a_difference(void **state)
{
    (void)state;
    static const struct hk_wire_delivery one[] = { { .endpoint = 0 } };
    struct hk_wire_planned planned = { .deliveries = one, .delivery_count = 1 };
    assert_false(is_same(PLANNED(PLAIN(OTHER)), &planned,
                         "  - a: nothing\n  + a: gets it as it came in\n"
                         "  - b: gets it as it came in\n  + b: nothing\n"));
    assert_false(is_same(PLANNED(PLAIN(MAIN) "," PLAIN(OTHER)), &planned, "  + b: nothing\n"));
}

static void test_a_drop_makes_a_difference_and_its_words_do_not(void **state)
{
    (void)state;
    struct hk_wire_planned planned = { .reason = HK_REASON_FILTERED, .why = HK_SLICE("test") };
    assert_false(is_same(PLANNED(PLAIN(MAIN)), &planned, "  - planned\n  + dropped: test\n"));
    assert_true(is_same("{\"decided_by\":\"policy\",\"dropped\":{\"reason\":\"filtered\",\"why\":"
                        "\"other words\"},\"deliveries\":[]}",
                        &planned, ""));
    assert_false(is_same("{\"decided_by\":null,\"error\":\"x\",\"dropped\":null,\"deliveries\":[]}",
                         &planned, "  - held: x\n  + dropped: test\n"));
}

static void test_bodies_and_headers_make_a_difference(void **state)
{
    (void)state;
    static const struct hk_slice headers[] = { HK_SLICE("X-B"), HK_SLICE("2"), HK_SLICE("X-A"),
                                               HK_SLICE("1") };
    struct hk_wire_delivery delivery = {
        .headers = headers, .header_count = 2, .has_body = true, .body = HK_SLICE("{\"n\":0.20}")
    };
    struct hk_wire_planned planned = { .deliveries = &delivery, .delivery_count = 1 };
    static const char same[] =
        PLANNED(DELIVERY(MAIN, "primary", "null", "{\"X-A\":\"1\",\"X-B\":\"2\"}",
                         "[{\"op\":\"replace\",\"path\":\"/n\",\"from\":0.10,\"to\":0.20}]"));
    assert_true(is_same(same, &planned, ""));
    delivery.body = HK_SLICE("{\"n\":0.2}");
    assert_false(is_same(same, &planned, "    - /n: 0.10\n    + /n: 0.2\n"));
    delivery.body = HK_SLICE("{\"n\":0.20}");
    delivery.header_count = 1;
    assert_false(is_same(same, &planned, "  + a: gets\n    + header X-B: 2\n"));
    delivery = (struct hk_wire_delivery){ .reason = HK_REASON_SKIPPED_BY_POLICY };
    assert_false(is_same(same, &planned, "  + a: skipped\n"));
    assert_true(is_same(PLANNED(DELIVERY(MAIN, "primary", "\"skipped_by_policy\"", "{}", "[]")),
                        &planned, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_plan_in_another_order_is_the_same),
        cmocka_unit_test(test_another_endpoint_makes_a_difference),
        cmocka_unit_test(test_a_drop_makes_a_difference_and_its_words_do_not),
        cmocka_unit_test(test_bodies_and_headers_make_a_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
