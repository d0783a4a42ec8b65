// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.h"
#include "policy/wire_scratch.h"

/* Fewest bytes of what lists are made of, heads included: bounds counts before memory is asked
 * for. An empty bin has 2 bytes, a number 1, a uuid 18. */
#define NUMBER_BYTES_MIN 1
#define BIN_BYTES_MIN 2
#define SOURCE_BYTES_MIN 5
#define ENDPOINT_BYTES_MIN 25
#define LOG_BYTES_MIN 4
#define DELIVERY_BYTES_MIN 9
#define RESULT_BYTES_MIN 5

/** A frame being read. Lack of memory sticks, like a fault of the cursor's. */
struct reading {
    struct hk_unpack cursor;
    struct hk_wire_scratch *scratch;
    bool has_no_memory;
};

/** Begins a list: gets its count, and in `list` zeroed room for as many of `size` bytes. */
static uint32_t take_list(struct reading *reading, size_t bytes_min, size_t size, void **list)
{
    uint32_t count = hk_unpack_array(&reading->cursor, bytes_min);
    *list = NULL;
    if (count == 0)
        return 0;
    *list = hk__wire_scratch_take(reading->scratch, count, size);
    if (*list != NULL)
        return count;
    reading->has_no_memory = true;
    hk_unpack_refuse(&reading->cursor);
    return 0;
}

static struct hk_slice get_slice(struct reading *reading)
{
    return hk_unpack_bin(&reading->cursor);
}

static uint64_t get_u64(struct reading *reading)
{
    return hk_unpack_u64(&reading->cursor, UINT64_MAX);
}

static uint32_t get_u32(struct reading *reading)
{
    return (uint32_t)hk_unpack_u64(&reading->cursor, UINT32_MAX);
}

static uint16_t get_u16(struct reading *reading)
{
    return (uint16_t)hk_unpack_u64(&reading->cursor, UINT16_MAX);
}

static unsigned get_enum(struct reading *reading, unsigned last)
{
    return (unsigned)hk_unpack_u64(&reading->cursor, last);
}

/** Bits of enum hk_hook. */
static uint32_t get_hooks(struct reading *reading)
{
    return (uint32_t)hk_unpack_u64(&reading->cursor, HK_HOOKS_PLANNING | HK_HOOK_RETRY);
}

static struct hk_uuid get_uuid(struct reading *reading)
{
    struct hk_uuid uuid;
    hk_unpack_bytes(&reading->cursor, uuid.bytes, sizeof(uuid.bytes));
    return uuid;
}

static uint32_t get_slices(struct reading *reading, const struct hk_slice **list)
{
    void *room;
    uint32_t count = take_list(reading, BIN_BYTES_MIN, sizeof(struct hk_slice), &room);
    struct hk_slice *slices = room;
    for (uint32_t i = 0; i < count; i++)
        slices[i] = get_slice(reading);
    *list = slices;
    return count;
}

/** Gets the count of pairs. */
static uint32_t get_pairs(struct reading *reading, const struct hk_slice **list)
{
    uint32_t count = get_slices(reading, list);
    if (count % 2 != 0)
        hk_unpack_refuse(&reading->cursor);
    return count / 2;
}

/* ---- to the worker ----------------------------------------------------------------------- */

static void get_setup(struct reading *reading, struct hk_wire_setup *setup)
{
    void *room;
    setup->time_ms_max = get_u32(reading);
    setup->memory_bytes_max = get_u32(reading);
    setup->plan_bytes_max = get_u64(reading);
    setup->idle_ms = get_u32(reading);
    setup->table_count = get_slices(reading, &setup->table_names);
    uint32_t count = take_list(reading, NUMBER_BYTES_MIN, sizeof(uint32_t), &room);
    uint32_t *fds = room;
    for (uint32_t i = 0; i < count; i++)
        fds[i] = get_u32(reading);
    setup->table_fds = fds;
    if (count != setup->table_count)
        hk_unpack_refuse(&reading->cursor);
}

static struct hk_wire_source get_source(struct reading *reading)
{
    struct hk_wire_source source;
    source.name = get_slice(reading);
    source.text = get_slice(reading);
    return source;
}

static uint32_t get_sources(struct reading *reading, const struct hk_wire_source **list)
{
    void *room;
    uint32_t count = take_list(reading, SOURCE_BYTES_MIN, sizeof(struct hk_wire_source), &room);
    struct hk_wire_source *sources = room;
    for (uint32_t i = 0; i < count; i++) {
        hk_unpack_array_of(&reading->cursor, 2);
        sources[i] = get_source(reading);
    }
    *list = sources;
    return count;
}

static void get_script(struct reading *reading, struct hk_wire_script *script)
{
    script->script = get_u32(reading);
    script->source = get_source(reading);
    script->library_count = get_sources(reading, &script->libraries);
}

static void get_spec(struct reading *reading, struct hk_wire_spec *spec)
{
    spec->run = get_u64(reading);
    spec->source = get_source(reading);
    spec->script_count = get_sources(reading, &spec->scripts);
    spec->library_count = get_sources(reading, &spec->libraries);
}

static void get_attempt(struct reading *reading, struct hk_policy_attempt *attempt)
{
    hk_unpack_array_of(&reading->cursor, 8);
    attempt->delivery = get_u16(reading);
    attempt->attempt = get_u16(reading);
    attempt->event_type = get_slice(reading);
    attempt->first_attempt_at.ms = hk_unpack_i64(&reading->cursor);
    attempt->class = (enum hk_outcome_class)get_enum(reading, HK_OUTCOME_INTERNAL);
    attempt->status = get_u16(reading);
    attempt->total_ms = get_u32(reading);
    attempt->headers = get_slice(reading);
}

static void get_endpoints(struct reading *reading, struct hk_wire_run *run)
{
    void *room;
    uint32_t count = take_list(reading, ENDPOINT_BYTES_MIN, sizeof(struct hk_wire_endpoint), &room);
    struct hk_wire_endpoint *endpoints = room;
    for (uint32_t i = 0; i < count; i++) {
        hk_unpack_array_of(&reading->cursor, 5);
        endpoints[i].uuid = get_uuid(reading);
        endpoints[i].name = get_slice(reading);
        endpoints[i].url = get_slice(reading);
        endpoints[i].role = (enum hk_role)get_enum(reading, HK_ROLE_DEAD_LETTER);
        endpoints[i].label_count = get_pairs(reading, &endpoints[i].labels);
    }
    run->endpoints = endpoints;
    run->endpoint_count = count;
}

static void get_run(struct reading *reading, enum hk_wire_kind kind, struct hk_wire_run *run)
{
    run->run = get_u64(reading);
    run->script = get_u32(reading);
    run->merchant_id = get_u64(reading);
    run->merchant_name = get_slice(reading);
    run->event = get_uuid(reading);
    if (kind == HK_WIRE_PLAN) {
        run->event_type = get_slice(reading);
        run->event_key = get_slice(reading);
        run->body = get_slice(reading);
    } else {
        get_attempt(reading, &run->attempt);
    }
    get_endpoints(reading, run);
}

/* ---- from the worker --------------------------------------------------------------------- */

static void get_answer(struct reading *reading, struct hk_wire_answer *answer)
{
    void *room;
    answer->run = get_u64(reading);
    answer->cost.cpu_us = get_u32(reading);
    answer->cost.memory_bytes = get_u32(reading);
    uint32_t count = take_list(reading, LOG_BYTES_MIN, sizeof(struct hk_wire_log), &room);
    struct hk_wire_log *logs = room;
    for (uint32_t i = 0; i < count; i++) {
        hk_unpack_array_of(&reading->cursor, 2);
        logs[i].level = (enum hk_log_level)get_enum(reading, HK_LOG_ERROR);
        logs[i].text = get_slice(reading);
    }
    answer->logs = logs;
    answer->log_count = count;
}

static void get_delivery(struct reading *reading, struct hk_wire_delivery *delivery)
{
    hk_unpack_array_of(&reading->cursor, 6);
    delivery->endpoint = get_u32(reading);
    delivery->reason = (enum hk_reason)get_enum(reading, HK_REASON_SKIPPED_BY_POLICY);
    if (delivery->reason != HK_REASON_NONE && delivery->reason != HK_REASON_SKIPPED_BY_POLICY)
        hk_unpack_refuse(&reading->cursor);
    delivery->why = get_slice(reading);
    delivery->has_body = hk_unpack_bool(&reading->cursor);
    delivery->body = get_slice(reading);
    if (!delivery->has_body && delivery->body.size != 0)
        hk_unpack_refuse(&reading->cursor);
    delivery->header_count = get_pairs(reading, &delivery->headers);
}

static void get_planned(struct reading *reading, struct hk_wire_planned *planned)
{
    void *room;
    get_answer(reading, &planned->answer);
    planned->reason = (enum hk_reason)get_enum(reading, HK_REASON_SKIPPED_BY_POLICY);
    planned->why = get_slice(reading);
    planned->hooks = get_hooks(reading);
    uint32_t count = take_list(reading, DELIVERY_BYTES_MIN, sizeof(struct hk_wire_delivery), &room);
    struct hk_wire_delivery *deliveries = room;
    for (uint32_t i = 0; i < count; i++)
        get_delivery(reading, &deliveries[i]);
    planned->deliveries = deliveries;
    planned->delivery_count = count;
}

static void get_decided(struct reading *reading, struct hk_wire_decided *decided)
{
    get_answer(reading, &decided->answer);
    decided->verdict = (enum hk_retry_verdict)get_enum(reading, HK_RETRY_DISABLE);
    decided->delay_ms = hk_unpack_i64(&reading->cursor);
}

static void get_failed(struct reading *reading, struct hk_wire_failed *failed)
{
    get_answer(reading, &failed->answer);
    failed->failure = (enum hk_policy_failure)get_enum(reading, HK_POLICY_UNAVAILABLE);
    failed->text = get_slice(reading);
}

static void get_checked(struct reading *reading, struct hk_wire_checked *checked)
{
    checked->run = get_u64(reading);
    checked->hooks = get_hooks(reading);
    checked->fault = get_slice(reading);
    checked->library_count = get_slices(reading, &checked->libraries);
}

static void get_spec_done(struct reading *reading, struct hk_wire_spec_done *done)
{
    void *room;
    done->run = get_u64(reading);
    done->fault = get_slice(reading);
    uint32_t count =
        take_list(reading, RESULT_BYTES_MIN, sizeof(struct hk_wire_spec_result), &room);
    struct hk_wire_spec_result *results = room;
    for (uint32_t i = 0; i < count; i++) {
        hk_unpack_array_of(&reading->cursor, 2);
        results[i].name = get_slice(reading);
        results[i].fault = get_slice(reading);
    }
    done->results = results;
    done->result_count = count;
}

/* ---- the frame --------------------------------------------------------------------------- */

/** Gets how many fields a message of this kind has; 0 also for what is no kind. */
static uint32_t field_count(uint64_t kind)
{
    static const uint8_t counts[HK_WIRE_SPEC_DONE + 1] = {
        [HK_WIRE_SETUP] = 6,   [HK_WIRE_SCRIPT] = 4, [HK_WIRE_DROP] = 1,    [HK_WIRE_PLAN] = 9,
        [HK_WIRE_RETRY] = 7,   [HK_WIRE_CHECK] = 2,  [HK_WIRE_SPEC] = 5,    [HK_WIRE_PLANNED] = 8,
        [HK_WIRE_DECIDED] = 6, [HK_WIRE_FAILED] = 6, [HK_WIRE_CHECKED] = 4, [HK_WIRE_SPEC_DONE] = 3,
    };
    return counts[kind];
}

static void get_message(struct reading *reading, struct hk_wire_message *message)
{
    switch (message->kind) {
    case HK_WIRE_SETUP:
        get_setup(reading, &message->setup);
        return;
    case HK_WIRE_SCRIPT:
        get_script(reading, &message->script);
        return;
    case HK_WIRE_DROP:
        message->drop = get_u32(reading);
        return;
    case HK_WIRE_PLAN:
    case HK_WIRE_RETRY:
        get_run(reading, message->kind, &message->run);
        return;
    case HK_WIRE_CHECK:
        message->check.run = get_u64(reading);
        message->check.script = get_u32(reading);
        return;
    case HK_WIRE_SPEC:
        get_spec(reading, &message->spec);
        return;
    case HK_WIRE_READY:
        return;
    case HK_WIRE_PLANNED:
        get_planned(reading, &message->planned);
        return;
    case HK_WIRE_DECIDED:
        get_decided(reading, &message->decided);
        return;
    case HK_WIRE_FAILED:
        get_failed(reading, &message->failed);
        return;
    case HK_WIRE_CHECKED:
        get_checked(reading, &message->checked);
        return;
    case HK_WIRE_SPEC_DONE:
        get_spec_done(reading, &message->spec_done);
        return;
    }
    hk_unpack_refuse(&reading->cursor);
}

int hk_wire_decode(struct hk_slice frame, struct hk_wire_scratch *scratch,
                   struct hk_wire_message *message)
{
    size_t size;
    hk__wire_scratch_clear(scratch);
    *message = (struct hk_wire_message){ 0 };
    if (hk_wire_frame(frame, &size) != 0 || size != frame.size || size == 0)
        return HK_EDAMAGED;
    const struct hk_slice payload = { frame.at + HK_WIRE_LENGTH_BYTES,
                                      frame.size - HK_WIRE_LENGTH_BYTES };
    struct reading reading = { .cursor = hk_unpack_of(payload), .scratch = scratch };
    uint32_t count = hk_unpack_array(&reading.cursor, 1);
    uint64_t kind = hk_unpack_u64(&reading.cursor, HK_WIRE_SPEC_DONE);
    if (count != field_count(kind) + 1)
        hk_unpack_refuse(&reading.cursor);
    message->kind = (enum hk_wire_kind)kind;
    get_message(&reading, message);
    if (reading.has_no_memory)
        return HK_ENOMEM;
    return hk_unpack_is_done(&reading.cursor) ? 0 : HK_EDAMAGED;
}
