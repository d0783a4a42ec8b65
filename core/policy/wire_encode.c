// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "policy/wire_scratch.h"

#include <msgpack/pack.h>

/** Where the bytes go. A failure sticks, so that it is asked for once at the end. */
struct pen {
    msgpack_packer packer;
    struct hk_bytes *bytes;
    int code;
};

static int write_bytes(void *data, const char *at, size_t size)
{
    struct pen *pen = data;
    if (pen->code == 0)
        pen->code = hk_bytes_append(pen->bytes, at, size);
    return pen->code;
}

static void put_u64(struct pen *pen, uint64_t value)
{
    (void)msgpack_pack_uint64(&pen->packer, value);
}

static void put_i64(struct pen *pen, int64_t value)
{
    (void)msgpack_pack_int64(&pen->packer, value);
}

static void put_bool(struct pen *pen, bool value)
{
    (void)(value ? msgpack_pack_true(&pen->packer) : msgpack_pack_false(&pen->packer));
}

static void put_array(struct pen *pen, size_t count)
{
    hk_assert(count <= UINT32_MAX);
    (void)msgpack_pack_array(&pen->packer, count);
}

static void put_bin(struct pen *pen, const void *at, size_t size)
{
    if (size > HK_WIRE_FRAME_BYTES_MAX && pen->code == 0)
        pen->code = HK_ELIMIT;
    if (pen->code != 0)
        return;
    (void)msgpack_pack_bin(&pen->packer, size);
    if (size != 0)
        (void)msgpack_pack_bin_body(&pen->packer, at, size);
}

static void put_slice(struct pen *pen, struct hk_slice slice)
{
    put_bin(pen, slice.at, slice.size);
}

static void put_text(struct pen *pen, const char *text)
{
    put_slice(pen, hk_slice_of(text));
}

static void put_slices(struct pen *pen, const struct hk_slice *slices, size_t count)
{
    put_array(pen, count);
    for (size_t i = 0; i < count; i++)
        put_slice(pen, slices[i]);
}

static void put_uuid(struct pen *pen, const struct hk_uuid *uuid)
{
    put_bin(pen, uuid->bytes, sizeof(uuid->bytes));
}

/** Begins the message: an array of its kind and `field_count` fields. */
static void put_kind(struct pen *pen, enum hk_wire_kind kind, uint32_t field_count)
{
    put_array(pen, field_count + 1);
    put_u64(pen, kind);
}

/* ---- to the worker ----------------------------------------------------------------------- */

static void put_setup(struct pen *pen, const struct hk_wire_setup *setup)
{
    put_kind(pen, HK_WIRE_SETUP, 6);
    put_u64(pen, setup->time_ms_max);
    put_u64(pen, setup->memory_bytes_max);
    put_u64(pen, setup->plan_bytes_max);
    put_u64(pen, setup->idle_ms);
    put_slices(pen, setup->table_names, setup->table_count);
    put_array(pen, setup->table_count);
    for (uint32_t i = 0; i < setup->table_count; i++)
        put_u64(pen, setup->table_fds[i]);
}

/** Two fields. */
static void put_source(struct pen *pen, const struct hk_wire_source *source)
{
    put_slice(pen, source->name);
    put_slice(pen, source->text);
}

static void put_sources(struct pen *pen, const struct hk_wire_source *sources, uint32_t count)
{
    put_array(pen, count);
    for (uint32_t i = 0; i < count; i++) {
        put_array(pen, 2);
        put_source(pen, &sources[i]);
    }
}

static void put_script(struct pen *pen, const struct hk_wire_script *script)
{
    put_kind(pen, HK_WIRE_SCRIPT, 4);
    put_u64(pen, script->script);
    put_source(pen, &script->source);
    put_sources(pen, script->libraries, script->library_count);
}

static void put_check(struct pen *pen, const struct hk_wire_check *check)
{
    put_kind(pen, HK_WIRE_CHECK, 2);
    put_u64(pen, check->run);
    put_u64(pen, check->script);
}

static void put_spec(struct pen *pen, const struct hk_wire_spec *spec)
{
    put_kind(pen, HK_WIRE_SPEC, 5);
    put_u64(pen, spec->run);
    put_source(pen, &spec->source);
    put_sources(pen, spec->scripts, spec->script_count);
    put_sources(pen, spec->libraries, spec->library_count);
}

static void put_attempt(struct pen *pen, const struct hk_policy_attempt *attempt)
{
    put_array(pen, 8);
    put_u64(pen, attempt->delivery);
    put_u64(pen, attempt->attempt);
    put_slice(pen, attempt->event_type);
    put_i64(pen, attempt->first_attempt_at.ms);
    put_u64(pen, attempt->class);
    put_u64(pen, attempt->status);
    put_u64(pen, attempt->total_ms);
    put_slice(pen, attempt->headers);
}

/** All of a PLAN or RETRY but its endpoints, whose array is begun: they are what follows. */
static void put_run(struct pen *pen, enum hk_wire_kind kind, const struct hk_wire_run *run)
{
    put_kind(pen, kind, kind == HK_WIRE_PLAN ? 9 : 7);
    put_u64(pen, run->run);
    put_u64(pen, run->script);
    put_u64(pen, run->merchant_id);
    put_slice(pen, run->merchant_name);
    put_uuid(pen, &run->event);
    if (kind == HK_WIRE_PLAN) {
        put_slice(pen, run->event_type);
        put_slice(pen, run->event_key);
        put_slice(pen, run->body);
    } else {
        put_attempt(pen, &run->attempt);
    }
    put_array(pen, run->endpoint_count);
}

/** All of an endpoint but its labels, whose array is begun. */
static void put_endpoint(struct pen *pen, const struct hk_wire_endpoint *endpoint)
{
    put_array(pen, 5);
    put_uuid(pen, &endpoint->uuid);
    put_slice(pen, endpoint->name);
    put_slice(pen, endpoint->url);
    put_u64(pen, endpoint->role);
    put_array(pen, 2 * (size_t)endpoint->label_count);
}

static void put_whole_run(struct pen *pen, enum hk_wire_kind kind, const struct hk_wire_run *run)
{
    put_run(pen, kind, run);
    for (uint32_t i = 0; i < run->endpoint_count; i++) {
        const struct hk_wire_endpoint *endpoint = &run->endpoints[i];
        put_endpoint(pen, endpoint);
        for (size_t j = 0; j < 2 * (size_t)endpoint->label_count; j++)
            put_slice(pen, endpoint->labels[j]);
    }
}

/** Gets "HOST:PORT" of a URL. The rest of it may be a secret of the merchant's: no worker gets it.
 */
static struct hk_slice url_place(struct hk_slice url)
{
    const char *mark = memmem(url.at, url.size, "://", 3);
    const char *end = url.at + url.size, *at = mark != NULL ? mark + 3 : url.at, *stop = at;
    while (stop < end && memchr("/?#", *stop, 3) == NULL)
        stop++;
    for (const char *scan = at; scan < stop; scan++)
        at = *scan == '@' ? scan + 1 : at;
    return (struct hk_slice){ at, (size_t)(stop - at) };
}

static void put_policy_endpoint(struct pen *pen, const struct hk_policy_endpoint *endpoint)
{
    const struct hk_pairs *labels = endpoint->labels;
    uint32_t label_count = labels != NULL ? labels->count : 0;
    const struct hk_wire_endpoint view = {
        .uuid = endpoint->uuid,
        .name = hk_slice_of(endpoint->name),
        .url = url_place(hk_slice_of(endpoint->url)),
        .role = endpoint->role,
        .label_count = label_count,
    };
    put_endpoint(pen, &view);
    for (uint32_t i = 0; i < label_count; i++) {
        put_text(pen, labels->items[i].name);
        put_text(pen, labels->items[i].value);
    }
}

/* ---- from the worker --------------------------------------------------------------------- */

/** Four fields. */
static void put_answer(struct pen *pen, const struct hk_wire_answer *answer)
{
    put_u64(pen, answer->run);
    put_u64(pen, answer->cost.cpu_us);
    put_u64(pen, answer->cost.memory_bytes);
    put_array(pen, answer->log_count);
    for (uint32_t i = 0; i < answer->log_count; i++) {
        put_array(pen, 2);
        put_u64(pen, answer->logs[i].level);
        put_slice(pen, answer->logs[i].text);
    }
}

static void put_planned(struct pen *pen, const struct hk_wire_planned *planned)
{
    put_kind(pen, HK_WIRE_PLANNED, 8);
    put_answer(pen, &planned->answer);
    put_u64(pen, planned->reason);
    put_slice(pen, planned->why);
    put_u64(pen, planned->hooks);
    put_array(pen, planned->delivery_count);
    for (uint32_t i = 0; i < planned->delivery_count; i++) {
        const struct hk_wire_delivery *delivery = &planned->deliveries[i];
        put_array(pen, 6);
        put_u64(pen, delivery->endpoint);
        put_u64(pen, delivery->reason);
        put_slice(pen, delivery->why);
        put_bool(pen, delivery->has_body);
        put_slice(pen, delivery->has_body ? delivery->body : HK_SLICE_EMPTY);
        put_slices(pen, delivery->headers, 2 * (size_t)delivery->header_count);
    }
}

static void put_decided(struct pen *pen, const struct hk_wire_decided *decided)
{
    put_kind(pen, HK_WIRE_DECIDED, 6);
    put_answer(pen, &decided->answer);
    put_u64(pen, decided->verdict);
    put_i64(pen, decided->delay_ms);
}

static void put_failed(struct pen *pen, const struct hk_wire_failed *failed)
{
    put_kind(pen, HK_WIRE_FAILED, 6);
    put_answer(pen, &failed->answer);
    put_u64(pen, failed->failure);
    put_slice(pen, failed->text);
}

static void put_checked(struct pen *pen, const struct hk_wire_checked *checked)
{
    put_kind(pen, HK_WIRE_CHECKED, 4);
    put_u64(pen, checked->run);
    put_u64(pen, checked->hooks);
    put_slice(pen, checked->fault);
    put_slices(pen, checked->libraries, checked->library_count);
}

static void put_spec_done(struct pen *pen, const struct hk_wire_spec_done *done)
{
    put_kind(pen, HK_WIRE_SPEC_DONE, 3);
    put_u64(pen, done->run);
    put_slice(pen, done->fault);
    put_array(pen, done->result_count);
    for (uint32_t i = 0; i < done->result_count; i++) {
        put_array(pen, 2);
        put_slice(pen, done->results[i].name);
        put_slice(pen, done->results[i].fault);
    }
}

/* ---- the frame --------------------------------------------------------------------------- */

static void put_message(struct pen *pen, const struct hk_wire_message *message)
{
    switch (message->kind) {
    case HK_WIRE_SETUP:
        put_setup(pen, &message->setup);
        return;
    case HK_WIRE_SCRIPT:
        put_script(pen, &message->script);
        return;
    case HK_WIRE_DROP:
        put_kind(pen, HK_WIRE_DROP, 1);
        put_u64(pen, message->drop);
        return;
    case HK_WIRE_PLAN:
    case HK_WIRE_RETRY:
        put_whole_run(pen, message->kind, &message->run);
        return;
    case HK_WIRE_CHECK:
        put_check(pen, &message->check);
        return;
    case HK_WIRE_SPEC:
        put_spec(pen, &message->spec);
        return;
    case HK_WIRE_READY:
        put_kind(pen, HK_WIRE_READY, 0);
        return;
    case HK_WIRE_PLANNED:
        put_planned(pen, &message->planned);
        return;
    case HK_WIRE_DECIDED:
        put_decided(pen, &message->decided);
        return;
    case HK_WIRE_FAILED:
        put_failed(pen, &message->failed);
        return;
    case HK_WIRE_CHECKED:
        put_checked(pen, &message->checked);
        return;
    case HK_WIRE_SPEC_DONE:
        put_spec_done(pen, &message->spec_done);
        return;
    }
    hk_check_failed("a kind that is none", __FILE__, __LINE__);
}

/** Begins a frame: its length is written when it is known. Gets where the frame stands. */
static size_t frame_begin(struct pen *pen, struct hk_bytes *out)
{
    const char length[HK_WIRE_LENGTH_BYTES] = { 0 };
    *pen = (struct pen){ .bytes = out };
    msgpack_packer_init(&pen->packer, pen, write_bytes);
    size_t start = out->size;
    (void)write_bytes(pen, length, sizeof(length));
    return start;
}

static int frame_end(struct pen *pen, size_t start)
{
    size_t length = pen->code == 0 ? pen->bytes->size - start - HK_WIRE_LENGTH_BYTES : 0;
    if (length > HK_WIRE_FRAME_BYTES_MAX)
        pen->code = HK_ELIMIT;
    if (pen->code != 0) {
        pen->bytes->size = start;
        return pen->code;
    }
    for (unsigned i = 0; i < HK_WIRE_LENGTH_BYTES; i++)
        pen->bytes->at[start + i] = (char)(unsigned char)(length >> (8 * i));
    return 0;
}

int hk_wire_encode(const struct hk_wire_message *message, struct hk_bytes *out)
{
    struct pen pen;
    size_t start = frame_begin(&pen, out);
    put_message(&pen, message);
    return frame_end(&pen, start);
}

int hk_wire_encode_run(const struct hk_policy_run *run, uint32_t script, struct hk_bytes *out)
{
    struct pen pen;
    bool is_plan = run->phase == HK_PHASE_PLAN;
    struct hk_wire_run view = {
        .run = run->run,
        .script = script,
        .merchant_id = run->merchant_id,
        .merchant_name = hk_slice_of(run->merchant_name),
        .event = run->event,
        .endpoint_count = run->endpoint_count,
        .attempt = run->attempt,
    };
    if (is_plan) {
        view.event_type = hk_event_body_type(run->body);
        view.event_key = hk_event_body_key(run->body);
        view.body = hk_body_text(run->body);
    }
    size_t start = frame_begin(&pen, out);
    put_run(&pen, is_plan ? HK_WIRE_PLAN : HK_WIRE_RETRY, &view);
    for (uint32_t i = 0; i < run->endpoint_count; i++)
        put_policy_endpoint(&pen, &run->endpoints[i]);
    return frame_end(&pen, start);
}
