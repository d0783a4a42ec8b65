// SPDX-License-Identifier: Apache-2.0
/* Plans a fixed event with a script, without the cage. With an even first byte the rest is the
 * script's text; with an odd one, a fixed script takes values from the rest and returns, raises or
 * writes them in the hook that the byte says. Either there is an error that may be shown, or a plan
 * that the parent takes as it is. The budget of CPU is the one clock: an input that is stopped by
 * it may be stopped elsewhere the next time. */
#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "model/plan.h"
#include "policy/pool_plan.h"
#include "worker/plan.h"
#include "worker/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TIME_MS = 5, MEMORY_BYTES = 1 << 20, PLAN_BYTES = 1 << 14, ENDPOINTS = 2 };

/* `event.key` is the input; next_value takes it apart. The first byte chooses the hook. */
static const char value_script[] =
    "local text, at, event_now, depth = '', 2, nil, 0\n"
    "local function byte() at = at + 1 return text:byte(at - 1) or 0 end\n"
    "local value\n"
    "local function fill(t, count)\n"
    "  for _ = 1, count do\n"
    "    local key, each = value(), value()\n"
    "    if key ~= nil and key == key then t[key] = each end\n"
    "  end\n"
    "  return t\n"
    "end\n"
    "local simple = { true, false, hook.json.null, function() end, type, 0/0, 1/0, -1/0, -0.0, "
    "0.5,\n"
    "  math.maxinteger, math.mininteger, 'orders', 'finance', 'ordres', 'a\\0b', '\\xff', 'X-A',\n"
    "  'Host', 'a\\r\\nb', 'body', 'headers', 'table', 'key', 'url', 'branches', 'uuid',\n"
    "  '0190b2f4-0000-7000-8000-000000000000', 'delay_ms', '' }\n"
    "function value()\n"
    "  local kind = byte()\n"
    "  if kind < 64 then return simple[kind] end\n"
    "  if kind < 96 then return kind - 64 end\n"
    "  if kind < 128 then at = at + kind - 96 return text:sub(at - kind + 96, at - 1) end\n"
    "  if kind < 136 then return (('x'):rep((kind - 127) * 250)) end\n"
    "  if kind < 140 then return event_now end\n"
    "  if kind < 144 then return event_now.body end\n"
    "  depth = depth + 1\n"
    "  local t = {}\n"
    "  if kind < 176 and depth < 90 then\n"
    "    for i = 1, kind - 144 do t[i] = value() end\n"
    "  elseif kind < 208 and depth < 90 then\n"
    "    fill(t, kind - 176)\n"
    "  elseif kind < 216 then t = hook.json.array(t)\n"
    "  elseif kind < 224 then t = hook.json.object(t)\n"
    "  elseif kind < 232 then t[1] = t\n"
    "  elseif kind < 240 then setmetatable(t, { __index = event_now, __len = function() return 3 "
    "end })\n"
    "  else for _ = 1, 70 do t = { t } end end\n"
    "  depth = depth - 1\n"
    "  return t\n"
    "end\n"
    "local function start(event)\n"
    "  text, at, event_now, depth = event.key or '', 2, event, 0\n"
    "  return text:byte(1) or 0\n"
    "end\n"
    "return {\n"
    "  api = 1,\n"
    "  filter = function(event)\n"
    "    local mode = start(event) % 8\n"
    "    if mode == 0 then return value(), value() end\n"
    "    if mode == 1 then error(value()) end\n"
    "  end,\n"
    "  lookup = function(event)\n"
    "    if start(event) % 8 == 2 then return value() end\n"
    "  end,\n"
    "  route = function(event, endpoints)\n"
    "    if start(event) % 8 == 3 then return value() end\n"
    "    return endpoints\n"
    "  end,\n"
    "  enrich = function(event, endpoint, request)\n"
    "    local mode = start(event) % 8\n"
    "    if mode == 4 then return value(), value() end\n"
    "    if mode == 5 then request.body = value() end\n"
    "    if mode == 6 then fill(request.headers, byte() % 32) end\n"
    "    if mode == 7 then fill(request.body, byte()) request.headers = value() end\n"
    "  end,\n"
    "}\n";

static const struct hk_state_world world = { .time_ms_max = TIME_MS,
                                             .memory_bytes_max = MEMORY_BYTES,
                                             .plan_bytes_max = PLAN_BYTES };

static const struct hk_uuid uuids[ENDPOINTS] = { { { 1 } }, { { 2 } } };

static const struct hk_wire_endpoint endpoints[ENDPOINTS] = {
    { .uuid = { { 1 } }, .name = { "orders", 6 }, .url = { "https://a.example/x", 19 } },
    { .uuid = { { 2 } }, .name = { "finance", 7 }, .url = { "https://b.example/", 18 } },
};

/** An error is a text that may be shown: short, of characters, none of them controls. */
static void check_text(struct hk_slice text)
{
    hk_assert(text.size > 0 && text.size <= HK_POLICY_TEXT_BYTES_MAX);
    hk_assert(hk_utf8_is_valid(text));
    for (size_t i = 0; i < text.size; i++)
        hk_assert((unsigned char)text.at[i] >= 0x20 && text.at[i] != 0x7F);
    hk_assert(memmem(text.at, text.size, ".lua", 4) != NULL);
}

/** What the worker let through, the parent takes, and it is the same after the wire. */
static void check_plan(const struct hk_wire_message *answer)
{
    struct hk_wire_scratch scratch = { 0 };
    struct hk_wire_message message;
    struct hk_bytes frame = { 0 };
    struct hk_plan *plan = NULL;
    struct hk_fault fault = { 0 };
    struct hk_pool_script script = { .number = 1 };
    struct hk_pool_task task = {
        .script = &script, .phase = HK_PHASE_PLAN, .endpoint_count = ENDPOINTS, .endpoints = uuids
    };
    hk_assert(hk_wire_encode(answer, &frame) == 0);
    hk_assert(hk_wire_decode(hk_bytes_slice(&frame), &scratch, &message) == 0);
    hk_assert(message.kind == HK_WIRE_PLANNED);
    hk_assert(hk_pool_plan_make(&task, &message.planned, PLAN_BYTES, &plan, &fault) == 0);
    hk_plan_free(plan);
    hk_wire_scratch_fini(&scratch);
    hk_bytes_fini(&frame);
}

static void plan(const struct hk_wire_script *script, struct hk_slice key)
{
    struct hk_state *state = NULL;
    struct hk_fault fault = { 0 };
    struct hk_wire_message answer = { 0 };
    struct hk_plan_draft draft = { 0 };
    const struct hk_wire_run run = {
        .run = 1,
        .script = 1,
        .merchant_id = 7,
        .merchant_name = HK_SLICE("Shop"),
        .event_type = HK_SLICE("approved"),
        .event_key = key,
        .body =
            HK_SLICE("{\"event\":\"approved\",\"order\":{\"id\":\"7\",\"n\":1.50,\"l\":[1,{}]}}"),
        .endpoints = endpoints,
        .endpoint_count = ENDPOINTS,
    };
    int code = hk_state_new(&world, script, &state, &fault);
    if (code != 0) {
        hk_assert(code == HK_ESYNTAX && script->source.text.at != value_script);
        check_text(hk_slice_of(fault.text));
        return;
    }
    // Twice: what the first run left behind must not harm the second.
    for (int i = 0; i < 2; i++) {
        hk_plan_run(state, &run, &draft, &answer);
        hk_assert(answer.kind == HK_WIRE_PLANNED || answer.kind == HK_WIRE_FAILED);
        if (answer.kind == HK_WIRE_FAILED)
            check_text(answer.failed.text);
        else
            check_plan(&answer);
    }
    hk_plan_draft_fini(&draft);
    hk_state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_wire_script script = { .script = 1, .source = { .name = HK_SLICE("fuzz") } };
    if (size == 0)
        return 0;
    struct hk_slice rest = { (const char *)data + 1, size - 1 };
    bool is_script = data[0] % 2 == 0;
    script.source.text = is_script ? rest : hk_slice_of(value_script);
    plan(&script, is_script ? HK_SLICE_EMPTY : rest);
    return 0;
}
