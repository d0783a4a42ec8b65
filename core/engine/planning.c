// SPDX-License-Identifier: Apache-2.0
#include "engine/planning.h"

#include "engine/accept.h"
#include "engine/advice.h"
#include "engine/bodies.h"
#include "engine/details.h"
#include "engine/plan.h"
#include "engine/policies.h"

#include <stddef.h>
#include <stdio.h>

/* What waits for a worker to start need not wait long. */
enum { UNAVAILABLE_MS = 1000, DOUBLINGS_MAX = 12 };

static void hold_moved(void *owner, uint32_t unplanned, uint32_t position)
{
    struct hk_engine *engine = owner;
    struct hk_unplanned *row = hk_slots_row(&engine->unplanned, unplanned);
    row->position = position;
}

void hk__planning_init(struct hk_engine *engine)
{
    hk_slots_init(&engine->unplanned, sizeof(struct hk_unplanned));
    hk_heap_init(&engine->holds, hold_moved, engine);
    hk__list_init(&engine->planning_turns, &engine->merchants,
                  offsetof(struct hk_merchant_row, planning_turn));
}

void hk__planning_fini(struct hk_engine *engine)
{
    struct hk_slots *slots = &engine->unplanned;
    for (uint32_t slot = 0; slot < slots->fresh; slot++)
        if (hk_slots_is_taken(slots, slot))
            hk_body_unref(((struct hk_unplanned *)hk_slots_row(slots, slot))->error);
    hk_slots_fini(slots);
    hk_heap_fini(&engine->holds);
}

static struct hk_unplanned *unplanned_of(const struct hk_engine *engine, uint32_t event)
{
    const struct hk_event_rare *rare = hk__rare(engine, event);
    if (!rare || rare->unplanned == HK_NONE)
        return NULL;
    return hk_slots_row(&engine->unplanned, rare->unplanned);
}

/* ---- turns ---- */

static bool has_event(const struct hk_merchant_row *row)
{
    return row->planning.count > 0 || (row->replan_left > 0 && row->held.count > 0);
}

static bool may_run(const struct hk_engine *engine, uint32_t merchant)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    bool has_work = row->advices.count > 0 || has_event(row);
    if (!has_work || row->use == HK_NONE)
        return has_work;
    const struct hk_use_row *use = hk_slots_row(&engine->policies.uses, row->use);
    return use->out_count < hk__policies_window(engine, merchant);
}

void hk__planning_refresh(struct hk_engine *engine, uint32_t merchant)
{
    bool wanted = may_run(engine, merchant);
    bool is_in = hk__merchant(engine, merchant)->planning_turn.is_in;
    if (wanted && !is_in)
        hk__list_push(&engine->planning_turns, merchant);
    else if (!wanted && is_in)
        hk__list_remove(&engine->planning_turns, merchant);
}

/* ---- in and out ---- */

int hk__planning_prepare(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_row *row = hk__event(engine, event);
    uint32_t slot;
    if (row->rare == HK_NONE && hk__event_rare_take(engine, event) != 0)
        return HK_ENOMEM;
    if (hk_slots_take(&engine->unplanned, &slot) != 0)
        return HK_ENOMEM;
    struct hk_unplanned *unplanned = hk_slots_row(&engine->unplanned, slot);
    unplanned->event = event;
    unplanned->position = HK_HEAP_NOWHERE;
    hk__rare(engine, event)->unplanned = slot;
    hk__merchant(engine, row->merchant)->unplanned_count++;
    engine->stats.events_planning++;
    return 0;
}

void hk__planning_add(struct hk_engine *engine, uint32_t event)
{
    uint32_t merchant = hk__event(engine, event)->merchant;
    hk__list_push(&hk__merchant(engine, merchant)->planning, hk__rare(engine, event)->unplanned);
    hk__planning_refresh(engine, merchant);
}

static void count_held(struct hk_engine *engine, uint32_t merchant, int64_t change)
{
    struct hk_policy_line *line = hk__policies_line(engine, merchant);
    if (line)
        line->held += (uint64_t)change;
    engine->stats.events_held += (uint64_t)change;
    engine->stats.events_planning -= (uint64_t)change;
}

/* Out of the held: it is planned again, or it ends. The count goes before the list does: a policy
 * that is asked for only now counts what is in it. */
static void unhold(struct hk_engine *engine, uint32_t event)
{
    struct hk_event_row *row = hk__event(engine, event);
    struct hk_merchant_row *merchant = hk__merchant(engine, row->merchant);
    struct hk_unplanned *unplanned = unplanned_of(engine, event);
    if (row->state != HK_EVENT_HELD)
        return;
    count_held(engine, row->merchant, -1);
    hk__list_remove(&merchant->held, hk__rare(engine, event)->unplanned);
    if (unplanned->position != HK_HEAP_NOWHERE)
        hk_heap_remove(&engine->holds, unplanned->position);
    unplanned->position = HK_HEAP_NOWHERE;
    row->state = HK_EVENT_PLANNING;
}

void hk__planning_leave(struct hk_engine *engine, uint32_t event)
{
    struct hk_unplanned *unplanned = unplanned_of(engine, event);
    if (!unplanned)
        return;
    struct hk_merchant_row *merchant = hk__merchant(engine, hk__event(engine, event)->merchant);
    struct hk_event_rare *rare = hk__rare(engine, event);
    unhold(engine, event);
    if (unplanned->link.is_in)
        hk__list_remove(&merchant->planning, rare->unplanned);
    hk_body_unref(unplanned->error);
    hk_slots_free(&engine->unplanned, rare->unplanned);
    rare->unplanned = HK_NONE;
    merchant->unplanned_count--;
    engine->stats.events_planning--;
    hk__planning_refresh(engine, hk__event(engine, event)->merchant);
}

/* ---- held ---- */

/* No limit is the end of time. */
static int64_t deliver_before_ms(const struct hk_engine *engine, uint32_t event)
{
    int64_t before_ms = hk__rare(engine, event)->deliver_before.ms;
    return before_ms ? before_ms : INT64_MAX;
}

/* It doubles, and ends with the event's own time. */
static int64_t hold_ms(struct hk_engine *engine, const struct hk_unplanned *unplanned,
                       enum hk_policy_failure failure)
{
    int64_t ms = failure == HK_POLICY_UNAVAILABLE ? UNAVAILABLE_MS : HK_HELD_MS_MIN;
    ms <<= unplanned->hold_count < DOUBLINGS_MAX ? unplanned->hold_count : DOUBLINGS_MAX;
    if (ms > HK_HELD_MS_MAX)
        ms = HK_HELD_MS_MAX;
    ms -= (int64_t)hk_prng_below(&engine->prng, (uint64_t)ms / 5);
    int64_t left_ms = deliver_before_ms(engine, unplanned->event) - engine->now.wall.ms;
    if (left_ms < ms)
        ms = left_ms > 0 ? left_ms : 0;
    return ms;
}

static void hold(struct hk_engine *engine, uint32_t event, struct hk_body *error,
                 enum hk_policy_failure failure)
{
    struct hk_event_row *row = hk__event(engine, event);
    struct hk_merchant_row *merchant = hk__merchant(engine, row->merchant);
    struct hk_unplanned *unplanned = unplanned_of(engine, event);
    struct hk_mono due = hk_mono_after_ms(engine->now.mono, hold_ms(engine, unplanned, failure));
    hk_body_unref(unplanned->error);
    unplanned->error = error ? hk_body_ref(error) : NULL;
    if (unplanned->hold_count < UINT8_MAX)
        unplanned->hold_count++;
    count_held(engine, row->merchant, 1);
    row->state = HK_EVENT_HELD;
    hk__list_push(&merchant->held, hk__rare(engine, event)->unplanned);
    hk_assert(hk_heap_push(&engine->holds, due.ns, hk__rare(engine, event)->unplanned) == 0);
}

void hk__planning_wake(struct hk_engine *engine)
{
    const struct hk_heap_entry *first;
    while ((first = hk_heap_peek(&engine->holds)) && first->key <= engine->now.mono.ns &&
           hk__work_take(engine)) {
        uint32_t event =
            ((struct hk_unplanned *)hk_slots_row(&engine->unplanned, first->item))->event;
        unhold(engine, event);
        hk__planning_add(engine, event);
    }
}

void hk__planning_replan(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    row->replan_left = row->held.count;
    hk__planning_refresh(engine, merchant);
}

/* ---- one event ---- */

static void plan_by_default(struct hk_engine *engine, uint32_t event, struct hk_body *body)
{
    struct hk_unplanned *unplanned = unplanned_of(engine, event);
    struct hk_body *error = unplanned->is_given_up ? unplanned->error : NULL;
    struct hk_event_rare *rare = hk__rare(engine, event);
    if (!error) { /* No policy has a part in it, whichever was asked before. */
        hk__edition_give_back(engine, rare->edition);
        rare->edition = HK_NONE;
        hk_body_unref(unplanned->error);
    }
    unplanned->error = NULL;
    hk__details_lend(engine, error);
    hk__planning_leave(engine, event);
    hk_assert(hk__plan_make(engine, event, body) == 0);
    hk__plan_write(engine, event, error ? hk_body_text(error) : HK_SLICE_EMPTY);
    hk_body_unref(error);
}

static void fetch(struct hk_engine *engine, uint32_t event)
{
    const struct hk_event_row *row = hk__event(engine, event);
    struct hk_location location = { row->lsn, row->offset };
    unplanned_of(engine, event)->is_out = true;
    hk__policies_out(engine, row->merchant, HK_NONE);
    hk__bodies_load(engine, HK_LOAD_FOR_PLAN, hk_slots_id(&engine->events, event), location, NULL);
}

static void drop(struct hk_engine *engine, uint32_t event, enum hk_reason reason)
{
    hk__planning_leave(engine, event);
    hk__event(engine, event)->reason = (uint8_t)reason;
    hk__plan_write(engine, event, HK_SLICE_EMPTY);
}

static bool plans_by_default(const struct hk_engine *engine)
{
    const struct hk_policy_set *set = engine->policies.set;
    return set && set->on_error == HK_POLICY_DEFAULT;
}

/* The event's policy is no help: it failed, or it is not called. */
static void give_up(struct hk_engine *engine, uint32_t event, struct hk_body *error,
                    enum hk_policy_failure failure)
{
    struct hk_body *body = hk__bodies_get(engine, event);
    struct hk_unplanned *unplanned = unplanned_of(engine, event);
    if (!plans_by_default(engine)) {
        hold(engine, event, error, failure);
        return;
    }
    hk_body_unref(unplanned->error);
    unplanned->error = error ? hk_body_ref(error) : NULL;
    unplanned->is_given_up = true;
    if (body)
        plan_by_default(engine, event, body);
    else
        fetch(engine, event);
}

static void give_up_with(struct hk_engine *engine, uint32_t event, const char *policy,
                         const char *what)
{
    char text[HK_POLICY_TEXT_BYTES_MAX];
    int size = snprintf(text, sizeof(text), "%s%s%s", policy, *policy ? ".lua: " : "", what);
    struct hk_slice slice = hk_slice_cut((struct hk_slice){ text, (size_t)size }, sizeof(text) - 1);
    struct hk_body *error = hk_body_new(HK_SLICE_EMPTY, slice);
    give_up(engine, event, error, HK_POLICY_ERROR);
    hk_body_unref(error);
}

static bool is_target(const struct hk_endpoint *endpoint, struct hk_slice type)
{
    return endpoint->enabled && endpoint->role == HK_ROLE_PRIMARY &&
           hk_endpoint_wants(endpoint, type);
}

static void endpoints_show(struct hk_engine *engine, uint32_t merchant, struct hk_policy_run *run)
{
    const struct hk_list *list = &hk__merchant(engine, merchant)->endpoints;
    struct hk_slice type = hk_event_body_type(run->body);
    struct hk_policy_endpoint *endpoints =
        hk__scratch_take(&engine->scratch, (list->count + 1U) * sizeof(*endpoints));
    for (uint32_t slot = list->first; slot != HK_NONE; slot = hk__list_next(list, slot)) {
        const struct hk_endpoint *value = &hk__endpoint(engine, slot)->value;
        hk__work_take(engine);
        if (!is_target(value, type))
            continue;
        endpoints[run->endpoint_count++] = (struct hk_policy_endpoint){
            .uuid = value->uuid,
            .name = value->name,
            .url = value->url,
            .role = value->role,
            .labels = &value->labels,
        };
    }
    run->endpoints = endpoints;
}

/* Who is asked, or would be if it were there. */
static void edition_note(struct hk_engine *engine, uint32_t event, const char *policy,
                         uint32_t generation)
{
    struct hk_event_rare *rare = hk__rare(engine, event);
    uint32_t before = rare->edition;
    rare->edition = hk__edition_take(engine, hk_slice_of(policy), generation);
    hk__edition_give_back(engine, before);
}

static void run(struct hk_engine *engine, uint32_t event, const struct hk_policy *policy,
                struct hk_body *body)
{
    uint32_t merchant = hk__event(engine, event)->merchant;
    const struct hk_merchant *value = &hk__merchant(engine, merchant)->value;
    struct hk_policy_run ask = {
        .run = hk_slots_id(&engine->events, event),
        .phase = HK_PHASE_PLAN,
        .policy = policy->name,
        .generation = policy->generation,
        .merchant_id = value->id,
        .merchant_name = value->name,
        .event = hk__event(engine, event)->id,
        .body = body,
    };
    endpoints_show(engine, merchant, &ask);
    unplanned_of(engine, event)->is_out = true;
    hk__policies_out(engine, merchant, hk__rare(engine, event)->edition);
    hk__details_lend(engine, body);
    hk_commands_add(engine->commands, HK_COMMAND_RUN_POLICY)->run_policy = ask;
}

static bool is_expired(const struct hk_engine *engine, uint32_t event)
{
    return engine->now.wall.ms >= deliver_before_ms(engine, event);
}

/* The body is here: ask, or plan without asking. */
static void go_on(struct hk_engine *engine, uint32_t event, struct hk_body *body)
{
    uint32_t merchant = hk__event(engine, event)->merchant;
    bool is_missing;
    const struct hk_policy *policy = hk__policies_of(engine, merchant, &is_missing);
    if (is_missing) {
        const char *name = hk__merchant(engine, merchant)->value.policy;
        edition_note(engine, event, name, 0);
        give_up_with(engine, event, name, "there is no such policy in policy_dir");
        return;
    }
    bool is_decided = !policy || (policy->generation > 0 && !(policy->hooks & HK_HOOKS_PLANNING));
    if (is_decided || unplanned_of(engine, event)->is_given_up) {
        plan_by_default(engine, event, body);
        return;
    }
    edition_note(engine, event, policy->name, policy->generation);
    const char *pause = hk__policies_pause(engine, merchant);
    if (policy->generation == 0 && policy->fault)
        give_up_with(engine, event, "", policy->fault); /* It has FILE:LINE. */
    else if (policy->generation == 0)
        give_up_with(engine, event, policy->name, "it does not load");
    else if (pause)
        give_up_with(engine, event, policy->name, pause);
    else
        run(engine, event, policy, body);
}

/* Its turn has come. */
static void dispatch(struct hk_engine *engine, uint32_t event, struct hk_body *body)
{
    if (hk__merchant(engine, hk__event(engine, event)->merchant)->is_deleted)
        drop(engine, event, HK_REASON_MERCHANT_DELETED);
    else if (is_expired(engine, event))
        drop(engine, event, HK_REASON_EXPIRED);
    else if (body)
        go_on(engine, event, body);
    else
        fetch(engine, event);
}

static uint32_t pick(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    uint32_t unplanned = row->planning.first;
    if (unplanned == HK_NONE) {
        unplanned = row->held.first;
        row->replan_left--;
    }
    struct hk_unplanned *picked = hk_slots_row(&engine->unplanned, unplanned);
    if (hk__event(engine, picked->event)->state == HK_EVENT_HELD)
        unhold(engine, picked->event);
    else
        hk__list_remove(&row->planning, unplanned);
    return picked->event;
}

bool hk__planning_is_due(const struct hk_engine *engine)
{
    return !engine->is_draining && engine->planning_turns.count > 0 &&
           engine->stats.policy_runs < HK_POLICY_RUNS_MAX;
}

/* Its questions and its events take turns as well. */
static void take_turn(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    row->was_advice = row->advices.count > 0 && !(row->was_advice && has_event(row));
    if (row->was_advice) {
        hk__advice_send(engine, merchant);
        return;
    }
    uint32_t event = pick(engine, merchant);
    dispatch(engine, event, hk__bodies_get(engine, event));
}

void hk__planning_run(struct hk_engine *engine)
{
    while (hk__planning_is_due(engine) && hk__work_take(engine)) {
        uint32_t merchant = engine->planning_turns.first;
        hk__list_move_last(&engine->planning_turns, merchant);
        take_turn(engine, merchant);
        hk__planning_refresh(engine, merchant);
    }
}

/* ---- answers ---- */

/* Gets the event of a run that is out, or HK_NONE. */
static uint32_t out_find(const struct hk_engine *engine, uint64_t id)
{
    uint32_t event = hk_slots_find(&engine->events, id);
    if (event == HK_NONE)
        return HK_NONE;
    const struct hk_unplanned *unplanned = unplanned_of(engine, event);
    return unplanned && unplanned->is_out ? event : HK_NONE;
}

void hk__planning_loaded(struct hk_engine *engine, uint64_t id, struct hk_body *body)
{
    uint32_t event = out_find(engine, id);
    if (event == HK_NONE)
        return;
    uint32_t merchant = hk__event(engine, event)->merchant;
    unplanned_of(engine, event)->is_out = false;
    hk__policies_back(engine, merchant);
    if (engine->is_draining) {
        hk__planning_add(engine, event); /* The next start plans it. */
    } else if (!body && !hk__policies_plan(engine, merchant)) {
        plan_by_default(engine, event, NULL); /* Every endpoint learns that it cannot be had. */
    } else if (body) {
        hk__bodies_keep(engine, event, body);
        dispatch(engine, event, body);
    } else {
        struct hk_body *error =
            hk_body_new(HK_SLICE_EMPTY, HK_SLICE("the event's body could not be read back"));
        hold(engine, event, error, HK_POLICY_UNAVAILABLE);
        hk_body_unref(error);
    }
    hk__planning_refresh(engine, merchant);
}

void hk__planning_planned(struct hk_engine *engine, const struct hk_fact_planned *planned)
{
    uint32_t event = out_find(engine, planned->run);
    hk__fifo_push(&engine->lent_plans, &planned->plan);
    if (event == HK_NONE)
        return;
    uint32_t merchant = hk__event(engine, event)->merchant;
    hk__policies_back(engine, merchant);
    hk__policies_note(engine, merchant, hk__rare(engine, event)->edition, &planned->cost, NULL);
    hk__planning_leave(engine, event);
    hk__plan_decide(engine, event, planned->plan);
    hk__planning_refresh(engine, merchant);
}

void hk__planning_failed(struct hk_engine *engine, const struct hk_fact_policy_failed *failed)
{
    uint32_t event = out_find(engine, failed->run);
    if (event == HK_NONE)
        return;
    uint32_t merchant = hk__event(engine, event)->merchant;
    uint32_t edition = hk__rare(engine, event)->edition;
    unplanned_of(engine, event)->is_out = false;
    hk__policies_back(engine, merchant);
    hk__policies_note(engine, merchant, edition, &failed->cost, failed);
    if (hk__policies_edition(engine, merchant) == edition)
        give_up(engine, event, failed->error, failed->failure);
    else
        hk__planning_add(engine, event); /* There is another one to ask by now. */
    hk__planning_refresh(engine, merchant);
}
