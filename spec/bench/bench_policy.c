// SPDX-License-Identifier: Apache-2.0
/* One part of a policy's cost by itself, in ns of CPU an event, as one line of JSON:
 * `bench_policy FILE [EVENTS [STATES]]` runs the planning hooks of FILE on the bench's order, as
 * the worker does, without a wire and without a cage. For profilers: nothing else is in the
 * process. */
#include "base/alloc.h"
#include "worker/budget.h"
#include "worker/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { ORDER_BYTES = 1024, EVENTS = 100000, SOURCE_BYTES_MAX = 65536, STATES_MAX = 1024 };

static const char order_head[] =
    "{\"event\":\"approved\",\"t_us\":1700000000000000,\"order\":{\"id\":"
    "\"0b8f5a52-6c1e-4f0e-9a57-000000000042\",\"reference_number\":\"REF-700123\","
    "\"order_number\":\"A-1001\",\"type\":\"replacing\",\"total_price\":80.5,"
    "\"total_points\":240,\"payment_status\":\"fully_paid\",\"order_status\":\"approved\","
    "\"metadata\":{\"branch\":\"Riyadh 12\",\"cashier\":{\"id\":412,\"shift\":\"evening\"},"
    "\"items\":[{\"sku\":\"CF-250\",\"quantity\":2,\"price\":18.25},{\"sku\":\"CK-011\","
    "\"quantity\":1,\"price\":44.0}],\"gift\":false,\"coupon\":null,\"note\":\"";
static const char order_tail[] = "\"},\"created_at\":\"2026-05-02T08:00:00Z\",\"updated_at\":"
                                 "\"2026-05-02T08:03:10Z\"},\"timestamp\":"
                                 "\"2026-05-02T08:03:10Z\"}";

static void need(bool is_good, const char *what)
{
    if (is_good)
        return;
    (void)fprintf(stderr, "bench_policy: %s\n", what);
    exit(1);
}

/** Writes the order that bench_load sends. */
static struct hk_slice make_order(char *text)
{
    size_t head = sizeof(order_head) - 1, tail = sizeof(order_tail) - 1;
    memcpy(text, order_head, head);
    memset(text + head, 'n', ORDER_BYTES - head - tail);
    memcpy(text + ORDER_BYTES - tail, order_tail, tail);
    return (struct hk_slice){ text, ORDER_BYTES };
}

static struct hk_slice read_source(const char *path)
{
    static char text[SOURCE_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    need(file != NULL, "the file cannot be read");
    size_t size = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    return (struct hk_slice){ text, size };
}

/** Runs the hooks `count` times; gets ns of CPU an event. */
static double run(struct hk_state **states, long state_count, const struct hk_wire_run *wanted,
                  long count)
{
    struct hk_plan_draft draft = { 0 };
    struct hk_wire_message answer;
    uint64_t begun_ns = hk_budget_clock_ns();
    for (long i = 0; i < count; i++) {
        hk_plan_run(states[i % state_count], wanted, &draft, &answer);
        need(answer.kind == HK_WIRE_PLANNED, "the policy fails");
    }
    uint64_t took_ns = hk_budget_clock_ns() - begun_ns;
    hk_plan_draft_fini(&draft);
    return (double)took_ns / (double)count;
}

int main(int argc, char **argv)
{
    char order[ORDER_BYTES];
    struct hk_fault fault = { 0 };
    static struct hk_state *states[STATES_MAX];
    size_t bytes = 0;
    need(argc > 1, "usage: bench_policy FILE [EVENTS [STATES]]");
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : EVENTS;
    long state_count = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
    need(count > 0, "EVENTS must be a number from 1");
    need(state_count > 0 && state_count <= STATES_MAX, "STATES must be from 1 to 1024");
    const struct hk_state_world world = { .time_ms_max = 50,
                                          .memory_bytes_max = 8u << 20,
                                          .plan_bytes_max = 64u << 20 };
    const struct hk_wire_script script = {
        1, { HK_SLICE("bench"), read_source(argv[1]) }, NULL, 0
    };
    const struct hk_wire_endpoint endpoints[] = {
        { .uuid = { { 1 } }, .name = HK_SLICE("small"), .url = HK_SLICE("http://a.example/small") },
        { .uuid = { { 2 } }, .name = HK_SLICE("large"), .url = HK_SLICE("http://a.example/large") },
    };
    const struct hk_wire_run wanted = { .run = 1,
                                        .script = 1,
                                        .merchant_id = 1,
                                        .merchant_name = HK_SLICE("Shop"),
                                        .event = { { 3 } },
                                        .event_type = HK_SLICE("approved"),
                                        .body = make_order(order),
                                        .endpoints = endpoints,
                                        .endpoint_count = 2 };
    for (long i = 0; i < state_count; i++)
        need(hk_state_new(&world, &script, &states[i], &fault) == 0, fault.text);
    (void)run(states, state_count, &wanted, count / 10 + 1);
    double each_ns = run(states, state_count, &wanted, count);
    for (long i = 0; i < state_count; i++) {
        bytes += states[i]->memory_used;
        hk_state_free(states[i]);
    }
    (void)printf("{\"ns\":%.0f,\"state_bytes\":%zu}\n", each_ns, bytes / (size_t)state_count);
    return 0;
}
