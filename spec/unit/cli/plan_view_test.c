// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_view.h"

#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

/** Shows an answer to an event of the default merchant, for people or as JSON. */
static void assert_shown(const struct hk_wire_message *message, const char *text, const char *json)
{
    struct hk_trial trial = { .message = *message };
    struct hk_cage cage = { 0 };
    struct hk_source source = { .path = (char *)(uintptr_t) "/p/x.lua", .name = HK_SLICE("x") };
    struct hk_shop shop;
    struct screen_memory memory;
    struct hk_bytes out = { 0 };
    hk_shop_init(&shop);
    struct hk_plan_view view = { &cage, &source, &shop, HK_SLICE("{\"n\":0.10}"), &trial };
    screen_open(&memory, false);
    hk_plan_view_print(&view, &memory.screen);
    assert_string_equal(screen_text(&memory), text);
    screen_close(&memory);
    assert_int_equal(hk_plan_view_append(&view, &out), 0);
    assert_int_equal(hk_bytes_append(&out, "", 1), 0);
    assert_string_equal(out.at, json);
    hk_bytes_fini(&out);
    hk_shop_fini(&shop);
}

#define COST "12 us of CPU, 2.0 KiB of memory\n"
#define JSON_COST ",\"cpu_us\":12,\"memory_bytes\":2048"

static const struct hk_wire_log logs[] = { { HK_LOG_WARN, HK_SLICE("odd\nly") } };
static const struct hk_wire_answer answer = { .cost = { 12, 2048 }, .logs = logs, .log_count = 1 };

static void test_a_plan_is_shown_with_what_changes(void **state)
{
    (void)state;
    static const struct hk_slice headers[] = { HK_SLICE("X-A"), HK_SLICE("1") };
    struct hk_wire_delivery delivery = {
        .has_body = true, .body = HK_SLICE("{\"n\":0.20}"), .headers = headers, .header_count = 1
    };
    struct hk_wire_message message = {
        .kind = HK_WIRE_PLANNED,
        .planned = { .answer = answer,
                     .hooks = HK_HOOK_ROUTE | HK_HOOK_ENRICH,
                     .deliveries = &delivery,
                     .delivery_count = 1 },
    };
    assert_shown(&message,
                 "planned for 1 of 1 endpoint; ran: route, enrich\n"
                 "  main  https://main.example/\n    + header X-A: 1\n    - /n: 0.10\n"
                 "    + /n: 0.20\n  log warn: odd?ly\n" COST,
                 "\"decision\":\"planned\",\"reason\":null,\"why\":null,\"hooks\":[\"route\","
                 "\"enrich\"],\"deliveries\":[{\"webhook\":"
                 "\"00000000-0000-4000-8000-000000000001\",\"name\":\"main\",\"reason\":null,"
                 "\"why\":null,\"headers\":{\"X-A\":\"1\"},\"diff\":[{\"op\":\"replace\",\"path\":"
                 "\"/n\",\"from\":0.10,\"to\":0.20}]}],\"error\":null,\"log\":[{\"level\":\"warn\","
                 "\"text\":\"odd\\nly\"}]" JSON_COST);
}

static void test_a_skip_and_a_drop_are_shown_with_their_words(void **state)
{
    (void)state;
    struct hk_wire_delivery delivery = { .reason = HK_REASON_SKIPPED_BY_POLICY,
                                         .why = HK_SLICE("no") };
    struct hk_wire_message message = {
        .kind = HK_WIRE_PLANNED,
        .planned = { .answer = { .cost = { 12, 2048 } },
                     .reason = HK_REASON_SKIPPED_BY_POLICY,
                     .hooks = HK_HOOK_ENRICH,
                     .deliveries = &delivery,
                     .delivery_count = 1 },
    };
    assert_shown(&message,
                 "dropped (skipped_by_policy); ran: enrich\n"
                 "  main  https://main.example/  skipped: no\n" COST,
                 "\"decision\":\"dropped\",\"reason\":\"skipped_by_policy\",\"why\":\"\",\"hooks\":"
                 "[\"enrich\"],\"deliveries\":[{\"webhook\":"
                 "\"00000000-0000-4000-8000-000000000001\",\"name\":\"main\",\"reason\":"
                 "\"skipped_by_policy\",\"why\":\"no\",\"headers\":{},\"diff\":[]}],\"error\":null,"
                 "\"log\":[]" JSON_COST);
}

static void test_a_failure_names_the_file_as_it_was_given(void **state)
{
    (void)state;
    struct hk_wire_message message = {
        .kind = HK_WIRE_FAILED,
        .failed = { .answer = { .cost = { 12, 2048 } },
                    .failure = HK_POLICY_TIME,
                    .text = HK_SLICE("x.lua:3: in route: too slow") },
    };
    assert_shown(
        &message, "failed (time): /p/x.lua:3: in route: too slow\n" COST,
        "\"decision\":\"failed\",\"reason\":\"time\",\"error\":\"/p/x.lua:3: in route: too "
        "slow\",\"log\":[]" JSON_COST);
    message.failed.text = HK_SLICE("the worker died");
    assert_shown(&message, "failed (time): /p/x.lua: the worker died\n" COST,
                 "\"decision\":\"failed\",\"reason\":\"time\",\"error\":\"/p/x.lua: the worker "
                 "died\",\"log\":[]" JSON_COST);
}

static void test_a_retry_is_shown_as_what_follows(void **state)
{
    (void)state;
    struct hk_wire_message message = {
        .kind = HK_WIRE_DECIDED,
        .decided = { .answer = { .cost = { 12, 2048 } },
                     .verdict = HK_RETRY_AFTER_DELAY,
                     .delay_ms = 1500 },
    };
    assert_shown(&message, "again in 1.500 s\n" COST,
                 "\"decision\":\"delay\",\"delay_ms\":1500,\"error\":null,\"log\":[]" JSON_COST);
    message.decided.verdict = HK_RETRY_GIVE_UP;
    message.decided.delay_ms = 0;
    assert_shown(&message, "given up: the delivery is dead\n" COST,
                 "\"decision\":\"give_up\",\"delay_ms\":0,\"error\":null,\"log\":[]" JSON_COST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_is_shown_with_what_changes),
        cmocka_unit_test(test_a_skip_and_a_drop_are_shown_with_their_words),
        cmocka_unit_test(test_a_failure_names_the_file_as_it_was_given),
        cmocka_unit_test(test_a_retry_is_shown_as_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
