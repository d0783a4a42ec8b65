// SPDX-License-Identifier: Apache-2.0
#include "support_messages.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct hk_slice table_names[] = { { "branches", 8 }, { "countries", 9 } };
static const uint32_t table_fds[] = { 3, 4 };
static const struct hk_wire_source libraries[] = { { { "money", 5 }, { "return {}", 9 } },
                                                   { { "empty", 5 }, { "", 0 } } };
static const struct hk_slice pairs[] = { { "a", 1 }, { "1", 1 }, { "b\0c", 3 }, { "", 0 } };
static const struct hk_wire_endpoint endpoints[] = {
    { .uuid = { { 1, 2, 3 } },
      .name = { "erp", 3 },
      .url = { "https://erp.example/in", 22 },
      .role = HK_ROLE_PRIMARY,
      .labels = pairs,
      .label_count = 2 },
    { .uuid = { { 255 } }, .name = { "", 0 }, .url = { "x", 1 }, .role = HK_ROLE_DEAD_LETTER },
};
static const struct hk_wire_log logs[] = { { HK_LOG_DEBUG, { "one", 3 } },
                                           { HK_LOG_ERROR, { "two\n", 4 } } };
static const struct hk_wire_delivery deliveries[] = {
    { .endpoint = 1, .reason = HK_REASON_SKIPPED_BY_POLICY, .why = { "too small", 9 } },
    { .endpoint = 0,
      .has_body = true,
      .body = { "{\"a\":0.10}", 10 },
      .headers = pairs,
      .header_count = 2 },
    { .endpoint = UINT32_MAX },
};
static const struct hk_wire_spec_result results[] = {
    { { "it routes", 9 }, { "", 0 } }, { { "it drops", 8 }, { "x_spec.lua:3: no", 16 } }
};

static const struct hk_wire_answer answer = {
    .run = UINT64_MAX,
    .cost = { .cpu_us = 12, .memory_bytes = 21000 },
    .logs = logs,
    .log_count = COUNT(logs),
};

static struct hk_wire_run run_of(void)
{
    return (struct hk_wire_run){
        .run = 77,
        .script = 5,
        .merchant_id = UINT64_MAX,
        .merchant_name = { "Shop", 4 },
        .event = { { 9, 8, 7, 6 } },
        .endpoints = endpoints,
        .endpoint_count = COUNT(endpoints),
    };
}

static void fill_to_worker(unsigned number, struct hk_wire_message *message)
{
    switch (number) {
    case 0:
        message->kind = HK_WIRE_SETUP;
        message->setup =
            (struct hk_wire_setup){ 10, 8388608, 4194304, 300000, table_names, table_fds, 2 };
        return;
    case 1:
        message->kind = HK_WIRE_SCRIPT;
        message->script = (struct hk_wire_script){
            5, { { "refunds", 7 }, { "return { api = 1 }", 18 } }, libraries, COUNT(libraries)
        };
        return;
    case 2:
        message->kind = HK_WIRE_DROP;
        message->drop = UINT32_MAX;
        return;
    case 3:
        message->kind = HK_WIRE_PLAN;
        message->run = run_of();
        message->run.event_type = HK_SLICE("order.paid");
        message->run.event_key = HK_SLICE("order-1");
        message->run.body = HK_SLICE("{\"event\":\"order.paid\"}");
        return;
    case 4:
        message->kind = HK_WIRE_RETRY;
        message->run = run_of();
        message->run.endpoint_count = 1;
        message->run.attempt = (struct hk_policy_attempt){
            2,   3,   { "order.paid", 10 },      { 1764000000000 }, HK_OUTCOME_STATUS,
            503, 120, { "retry-after: 5\n", 15 }
        };
        return;
    case 5:
        message->kind = HK_WIRE_CHECK;
        message->check = (struct hk_wire_check){ 1, 2 };
        return;
    default:
        message->kind = HK_WIRE_SPEC;
        message->spec = (struct hk_wire_spec){ 3,         { { "x_spec", 6 }, { "describe()", 10 } },
                                               libraries, 1,
                                               libraries, COUNT(libraries) };
        return;
    }
}

static void fill_from_worker(unsigned number, struct hk_wire_message *message)
{
    switch (number) {
    case 7:
        message->kind = HK_WIRE_READY;
        return;
    case 8:
        message->kind = HK_WIRE_PLANNED;
        message->planned = (struct hk_wire_planned){
            answer,     HK_REASON_FILTERED, { "a test order", 12 }, HK_HOOKS_PLANNING,
            deliveries, COUNT(deliveries)
        };
        return;
    case 9:
        message->kind = HK_WIRE_DECIDED;
        message->decided = (struct hk_wire_decided){ answer, HK_RETRY_AFTER_DELAY, -5000000000 };
        return;
    case 10:
        message->kind = HK_WIRE_FAILED;
        message->failed =
            (struct hk_wire_failed){ answer, HK_POLICY_TIME, { "a.lua:3: in route: slow", 23 } };
        return;
    case 11:
        message->kind = HK_WIRE_CHECKED;
        message->checked = (struct hk_wire_checked){ 4,
                                                     HK_HOOKS_PLANNING | HK_HOOK_RETRY,
                                                     { "a.lua:1: no", 11 },
                                                     table_names,
                                                     COUNT(table_names) };
        return;
    default:
        message->kind = HK_WIRE_SPEC_DONE;
        message->spec_done =
            (struct hk_wire_spec_done){ 6, { "x_spec.lua:1: no", 16 }, results, COUNT(results) };
        return;
    }
}

struct hk_wire_message support_message(unsigned number)
{
    struct hk_wire_message message;
    memset(&message, 0, sizeof(message));
    if (number < 7)
        fill_to_worker(number, &message);
    else
        fill_from_worker(number, &message);
    return message;
}

/* ---- the same? --------------------------------------------------------------------------- */

static void same_slice(struct hk_slice a, struct hk_slice b)
{
    assert_int_equal(a.size, b.size);
    assert_true(hk_slice_is_equal(a, b));
}

static void same_slices(const struct hk_slice *a, const struct hk_slice *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        same_slice(a[i], b[i]);
}

static void same_sources(const struct hk_wire_source *a, const struct hk_wire_source *b,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        same_slice(a[i].name, b[i].name);
        same_slice(a[i].text, b[i].text);
    }
}

static void same_run(const struct hk_wire_run *a, const struct hk_wire_run *b)
{
    assert_true(a->run == b->run && a->script == b->script && a->merchant_id == b->merchant_id);
    same_slice(a->merchant_name, b->merchant_name);
    assert_true(hk_uuid_is_equal(&a->event, &b->event));
    same_slice(a->event_type, b->event_type);
    same_slice(a->event_key, b->event_key);
    same_slice(a->body, b->body);
    assert_int_equal(a->endpoint_count, b->endpoint_count);
    for (uint32_t i = 0; i < a->endpoint_count; i++) {
        const struct hk_wire_endpoint *left = &a->endpoints[i], *right = &b->endpoints[i];
        assert_true(hk_uuid_is_equal(&left->uuid, &right->uuid));
        same_slice(left->name, right->name);
        same_slice(left->url, right->url);
        assert_int_equal(left->role, right->role);
        assert_int_equal(left->label_count, right->label_count);
        same_slices(left->labels, right->labels, 2 * (size_t)left->label_count);
    }
}

static void same_attempt(const struct hk_policy_attempt *a, const struct hk_policy_attempt *b)
{
    assert_true(a->delivery == b->delivery && a->attempt == b->attempt);
    assert_true(a->first_attempt_at.ms == b->first_attempt_at.ms && a->class == b->class);
    assert_true(a->status == b->status && a->total_ms == b->total_ms);
    same_slice(a->event_type, b->event_type);
    same_slice(a->headers, b->headers);
}

static void same_answer(const struct hk_wire_answer *a, const struct hk_wire_answer *b)
{
    assert_true(a->run == b->run && a->cost.cpu_us == b->cost.cpu_us);
    assert_int_equal(a->cost.memory_bytes, b->cost.memory_bytes);
    assert_int_equal(a->log_count, b->log_count);
    for (uint32_t i = 0; i < a->log_count; i++) {
        assert_int_equal(a->logs[i].level, b->logs[i].level);
        same_slice(a->logs[i].text, b->logs[i].text);
    }
}

static void same_planned(const struct hk_wire_planned *a, const struct hk_wire_planned *b)
{
    same_answer(&a->answer, &b->answer);
    assert_true(a->reason == b->reason && a->hooks == b->hooks);
    same_slice(a->why, b->why);
    assert_int_equal(a->delivery_count, b->delivery_count);
    for (uint32_t i = 0; i < a->delivery_count; i++) {
        const struct hk_wire_delivery *left = &a->deliveries[i], *right = &b->deliveries[i];
        assert_true(left->endpoint == right->endpoint && left->reason == right->reason);
        assert_true(left->has_body == right->has_body);
        same_slice(left->why, right->why);
        same_slice(left->body, right->body);
        assert_int_equal(left->header_count, right->header_count);
        same_slices(left->headers, right->headers, 2 * (size_t)left->header_count);
    }
}

static void same_setup(const struct hk_wire_setup *a, const struct hk_wire_setup *b)
{
    assert_true(a->time_ms_max == b->time_ms_max && a->memory_bytes_max == b->memory_bytes_max);
    assert_true(a->plan_bytes_max == b->plan_bytes_max && a->idle_ms == b->idle_ms);
    assert_int_equal(a->table_count, b->table_count);
    same_slices(a->table_names, b->table_names, a->table_count);
    assert_memory_equal(a->table_fds, b->table_fds, a->table_count * sizeof(uint32_t));
}

static void same_spec(const struct hk_wire_spec *a, const struct hk_wire_spec *b)
{
    assert_true(a->run == b->run);
    same_sources(&a->source, &b->source, 1);
    assert_int_equal(a->script_count, b->script_count);
    same_sources(a->scripts, b->scripts, a->script_count);
    assert_int_equal(a->library_count, b->library_count);
    same_sources(a->libraries, b->libraries, a->library_count);
}

static void same_spec_done(const struct hk_wire_spec_done *a, const struct hk_wire_spec_done *b)
{
    assert_true(a->run == b->run);
    same_slice(a->fault, b->fault);
    assert_int_equal(a->result_count, b->result_count);
    for (uint32_t i = 0; i < a->result_count; i++) {
        same_slice(a->results[i].name, b->results[i].name);
        same_slice(a->results[i].fault, b->results[i].fault);
    }
}

void support_assert_same(const struct hk_wire_message *a, const struct hk_wire_message *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case HK_WIRE_SETUP:
        same_setup(&a->setup, &b->setup);
        return;
    case HK_WIRE_SCRIPT:
        assert_int_equal(a->script.script, b->script.script);
        same_sources(&a->script.source, &b->script.source, 1);
        assert_int_equal(a->script.library_count, b->script.library_count);
        same_sources(a->script.libraries, b->script.libraries, a->script.library_count);
        return;
    case HK_WIRE_DROP:
        assert_int_equal(a->drop, b->drop);
        return;
    case HK_WIRE_PLAN:
    case HK_WIRE_RETRY:
        same_run(&a->run, &b->run);
        same_attempt(&a->run.attempt, &b->run.attempt);
        return;
    case HK_WIRE_CHECK:
        assert_true(a->check.run == b->check.run && a->check.script == b->check.script);
        return;
    case HK_WIRE_SPEC:
        same_spec(&a->spec, &b->spec);
        return;
    case HK_WIRE_READY:
        return;
    case HK_WIRE_PLANNED:
        same_planned(&a->planned, &b->planned);
        return;
    case HK_WIRE_DECIDED:
        same_answer(&a->decided.answer, &b->decided.answer);
        assert_true(a->decided.verdict == b->decided.verdict);
        assert_true(a->decided.delay_ms == b->decided.delay_ms);
        return;
    case HK_WIRE_FAILED:
        same_answer(&a->failed.answer, &b->failed.answer);
        assert_int_equal(a->failed.failure, b->failed.failure);
        same_slice(a->failed.text, b->failed.text);
        return;
    case HK_WIRE_CHECKED:
        assert_true(a->checked.run == b->checked.run && a->checked.hooks == b->checked.hooks);
        same_slice(a->checked.fault, b->checked.fault);
        assert_int_equal(a->checked.library_count, b->checked.library_count);
        same_slices(a->checked.libraries, b->checked.libraries, a->checked.library_count);
        return;
    case HK_WIRE_SPEC_DONE:
        same_spec_done(&a->spec_done, &b->spec_done);
        return;
    }
    fail_msg("kind %d", (int)a->kind);
}
