// SPDX-License-Identifier: Apache-2.0
#include "engine/policies.h"

#include "base/alloc.h"
#include "engine/answers.h"
#include "engine/planning.h"

#include <inttypes.h>
#include <stdio.h>

enum { PAUSE_MS_MIN = 1000, PAUSE_DOUBLINGS_MAX = 6, AVERAGE_SHARE = 8 };

/* ---- editions ---- */

struct edition_key {
    struct hk_slice name;
    uint32_t generation;
};

static bool edition_matches(const void *owner, uint32_t slot, const void *key)
{
    const struct edition_key *wanted = key;
    const struct hk_edition *edition = hk__edition(owner, slot);
    return edition->generation == wanted->generation &&
           hk_slice_is_equal(hk_slice_of(edition->name), wanted->name);
}

static uint64_t edition_hash(const struct hk_engine *engine, const struct edition_key *key)
{
    return hk_hash64(&engine->hash_key, key->name.at, key->name.size) + key->generation;
}

const struct hk_edition *hk__edition(const struct hk_engine *engine, uint32_t edition)
{
    return hk_slots_row(&engine->policies.edition_rows, edition);
}

uint32_t hk__edition_take(struct hk_engine *engine, struct hk_slice name, uint32_t generation)
{
    struct hk_policies *policies = &engine->policies;
    struct edition_key key = { name, generation };
    uint64_t hash = edition_hash(engine, &key);
    uint32_t slot = hk_index_find(&policies->edition_index, hash, &key);
    if (slot == HK_INDEX_NONE) {
        slot = hk__take(&policies->edition_rows);
        struct hk_edition *edition = hk_slots_row(&policies->edition_rows, slot);
        edition->name = hk_slice_dup(name);
        hk_assert(edition->name);
        edition->generation = generation;
        hk_assert(hk_index_insert(&policies->edition_index, hash, slot) == 0);
    }
    ((struct hk_edition *)hk_slots_row(&policies->edition_rows, slot))->user_count++;
    return slot;
}

uint32_t hk__edition_share(struct hk_engine *engine, uint32_t slot)
{
    if (slot != HK_NONE)
        ((struct hk_edition *)hk_slots_row(&engine->policies.edition_rows, slot))->user_count++;
    return slot;
}

void hk__edition_give_back(struct hk_engine *engine, uint32_t slot)
{
    if (slot == HK_NONE)
        return;
    struct hk_policies *policies = &engine->policies;
    struct hk_edition *edition = hk_slots_row(&policies->edition_rows, slot);
    if (--edition->user_count > 0)
        return;
    struct edition_key key = { hk_slice_of(edition->name), edition->generation };
    hk_index_remove(&policies->edition_index, edition_hash(engine, &key), slot);
    hk_free(edition->name);
    hk_slots_free(&policies->edition_rows, slot);
}

/* ---- the set ---- */

void hk__policies_init(struct hk_engine *engine)
{
    struct hk_policies *policies = &engine->policies;
    hk_slots_init(&policies->edition_rows, sizeof(struct hk_edition));
    hk_slots_init(&policies->uses, sizeof(struct hk_use_row));
    hk_index_init(&policies->edition_index, edition_matches, engine);
}

static void uses_free(struct hk_engine *engine)
{
    struct hk_slots *uses = &engine->policies.uses;
    for (uint32_t slot = 0; slot < uses->fresh; slot++)
        if (hk_slots_is_taken(uses, slot))
            hk_body_unref(((struct hk_use_row *)hk_slots_row(uses, slot))->error);
    hk_slots_fini(uses);
}

void hk__policies_fini(struct hk_engine *engine)
{
    struct hk_policies *policies = &engine->policies;
    struct hk_slots *editions = &policies->edition_rows;
    uses_free(engine);
    for (uint32_t slot = 0; slot < editions->fresh; slot++)
        if (hk_slots_is_taken(editions, slot))
            hk_free(((struct hk_edition *)hk_slots_row(editions, slot))->name);
    hk_slots_fini(editions);
    hk_index_fini(&policies->edition_index);
    hk_policy_set_free(policies->set);
    hk_free(policies->lines);
    hk_free(policies->are_retried);
    hk_free(policies->editions);
}

static uint32_t place_of(const struct hk_policy_set *set, const char *name)
{
    uint32_t low = 0, high = set ? set->count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(set->items[middle].name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return HK_NONE;
}

static void lists_make(struct hk_engine *engine, struct hk_policy_set *own_set)
{
    struct hk_policies *policies = &engine->policies;
    uint32_t count = own_set->count + 1U;
    policies->set = own_set;
    policies->lines = hk_alloc_zero_or_die(count, sizeof(*policies->lines));
    policies->are_retried = hk_alloc_zero_or_die(count, sizeof(*policies->are_retried));
    policies->editions = hk_alloc_zero_or_die(count, sizeof(*policies->editions));
    for (uint32_t i = 0; i < own_set->count; i++) {
        const struct hk_policy *policy = &own_set->items[i];
        hk_assert(i == 0 || strcmp(own_set->items[i - 1].name, policy->name) < 0);
        policies->editions[i] =
            hk__edition_take(engine, hk_slice_of(policy->name), policy->generation);
    }
}

/* What is counted since the start of the process goes on, and so does what an operator asked for;
 * who uses it is counted anew. */
static void lists_carry_over(struct hk_policies *policies, const struct hk_policies *before)
{
    for (uint32_t i = 0; i < policies->set->count; i++) {
        uint32_t place = place_of(before->set, policies->set->items[i].name);
        if (place == HK_NONE)
            continue;
        policies->lines[i].calls = before->lines[place].calls;
        policies->lines[i].errors = before->lines[place].errors;
        policies->lines[i].cpu_us = before->lines[place].cpu_us;
        policies->are_retried[i] = before->are_retried[place];
    }
}

/* Commands of this step may still borrow the old set's names. */
static void lists_free(struct hk_engine *engine, const struct hk_policies *before)
{
    for (uint32_t i = 0; before->set && i < before->set->count; i++)
        hk__edition_give_back(engine, before->editions[i]);
    if (before->set)
        hk__fifo_push(&engine->lent_sets, &before->set);
    hk_free(before->lines);
    hk_free(before->are_retried);
    hk_free(before->editions);
}

void hk__policies_set(struct hk_engine *engine, struct hk_policy_set *own_set)
{
    struct hk_policies *policies = &engine->policies;
    const struct hk_policies before = *policies;
    lists_make(engine, own_set);
    lists_carry_over(policies, &before);
    lists_free(engine, &before);
    policies->number++;
    policies->cursor = 0;
    policies->is_telling = true;
    policies->is_all_news |=
        own_set->tables_changed || (before.set && before.set->on_error != own_set->on_error);
}

/* ---- whose is which ---- */

static struct hk_use_row *use_of(const struct hk_engine *engine, const struct hk_merchant_row *row)
{
    return row->use == HK_NONE ? NULL : hk_slots_row(&engine->policies.uses, row->use);
}

static void line_add(struct hk_engine *engine, const struct hk_merchant_row *row, int64_t sign)
{
    if (row->policy == HK_NONE)
        return;
    struct hk_policy_line *line = &engine->policies.lines[row->policy];
    const struct hk_use_row *use = use_of(engine, row);
    line->merchants += (uint64_t)sign;
    line->held += (uint64_t)(sign * (int64_t)row->held.count);
    line->suspended += use && use->is_suspended ? (uint64_t)sign : 0;
}

static uint32_t find(const struct hk_engine *engine, const struct hk_merchant *merchant)
{
    const struct hk_policy_set *set = engine->policies.set;
    char id[24];
    if (merchant->policy)
        return place_of(set, merchant->policy);
    (void)snprintf(id, sizeof(id), "%" PRIu64, merchant->id);
    uint32_t place = place_of(set, id);
    return place == HK_NONE ? place_of(set, "default") : place;
}

/* Another text deserves another chance, and so does the same one when it comes back. */
static void edition_check(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    struct hk_use_row *use = use_of(engine, row);
    uint32_t edition = row->policy == HK_NONE ? HK_NONE : engine->policies.editions[row->policy];
    if (!use || use->edition == edition)
        return;
    hk__policies_resume(engine, merchant);
    if (edition == HK_NONE) {
        hk__edition_give_back(engine, use->edition);
        use->edition = HK_NONE;
    }
}

static void resolve(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    if (row->policy_set == engine->policies.number)
        return;
    row->policy = row->is_deleted ? HK_NONE : find(engine, &row->value);
    row->policy_set = engine->policies.number;
    line_add(engine, row, 1);
    edition_check(engine, merchant);
}

void hk__policies_forget(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    if (row->policy_set == engine->policies.number)
        line_add(engine, row, -1);
    row->policy_set = 0;
    resolve(engine, merchant);
    hk__planning_replan(engine, merchant);
}

bool hk__policies_are_telling(const struct hk_engine *engine)
{
    return engine->policies.is_telling;
}

/* Does what the merchant holds have another policy to ask now? */
static bool is_news(const struct hk_engine *engine, uint32_t merchant)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    const struct hk_use_row *use = use_of(engine, row);
    if (row->held.count == 0)
        return false;
    if (!use || row->policy == HK_NONE || engine->policies.is_all_news)
        return true;
    return use->edition != engine->policies.editions[row->policy];
}

void hk__policies_tell(struct hk_engine *engine)
{
    struct hk_policies *policies = &engine->policies;
    while (policies->is_telling && hk__work_take(engine)) {
        if (policies->cursor >= engine->merchants.fresh) {
            policies->is_telling = false;
            policies->is_all_news = false;
            for (uint32_t i = 0; policies->set && i < policies->set->count; i++)
                policies->are_retried[i] = false;
            return;
        }
        uint32_t merchant = policies->cursor++;
        if (!hk_slots_is_taken(&engine->merchants, merchant))
            continue;
        resolve(engine, merchant);
        uint32_t policy = hk__merchant(engine, merchant)->policy;
        bool is_retried = policy != HK_NONE && policies->are_retried[policy];
        if (is_retried)
            hk__policies_resume(engine, merchant);
        if (is_retried || is_news(engine, merchant))
            hk__planning_replan(engine, merchant);
        else
            hk__planning_refresh(engine, merchant); /* Its window may be another one. */
    }
}

const struct hk_policy *hk__policies_of(struct hk_engine *engine, uint32_t merchant,
                                        bool *is_missing)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    resolve(engine, merchant);
    *is_missing = row->policy == HK_NONE && row->value.policy && !row->is_deleted;
    return row->policy == HK_NONE ? NULL : &engine->policies.set->items[row->policy];
}

bool hk__policies_plan(struct hk_engine *engine, uint32_t merchant)
{
    bool is_missing;
    const struct hk_policy *policy = hk__policies_of(engine, merchant, &is_missing);
    if (!policy)
        return is_missing;
    return policy->generation == 0 || (policy->hooks & HK_HOOKS_PLANNING);
}

struct hk_policy_line *hk__policies_line(struct hk_engine *engine, uint32_t merchant)
{
    resolve(engine, merchant);
    uint32_t policy = hk__merchant(engine, merchant)->policy;
    return policy == HK_NONE ? NULL : &engine->policies.lines[policy];
}

/* ---- how it goes ---- */

struct hk_use_row *hk__policies_use(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    if (row->use == HK_NONE) {
        row->use = hk__take(&engine->policies.uses);
        use_of(engine, row)->edition = HK_NONE;
    }
    return use_of(engine, row);
}

uint32_t hk__policies_edition(struct hk_engine *engine, uint32_t merchant)
{
    resolve(engine, merchant);
    uint32_t policy = hk__merchant(engine, merchant)->policy;
    return policy == HK_NONE ? HK_NONE : engine->policies.editions[policy];
}

void hk__policies_out(struct hk_engine *engine, uint32_t merchant, uint32_t edition)
{
    struct hk_use_row *use = hk__policies_use(engine, merchant);
    use->out_count++;
    engine->stats.policy_runs++;
    if (edition == HK_NONE || edition == use->edition)
        return;
    hk__edition_give_back(engine, use->edition);
    use->edition = hk__edition_share(engine, edition);
}

void hk__policies_back(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_use_row *use = hk__policies_use(engine, merchant);
    hk_assert(use->out_count > 0);
    use->out_count--;
    engine->stats.policy_runs--;
}

static void suspend(struct hk_engine *engine, uint32_t merchant, struct hk_use_row *use)
{
    struct hk_policy_line *line = hk__policies_line(engine, merchant);
    if (!use->is_suspended && line)
        line->suspended++;
    use->is_suspended = true;
}

static void note_kill(struct hk_engine *engine, uint32_t merchant, struct hk_use_row *use)
{
    use->kills_ns[use->kill_count++ % HK_POLICY_KILLS_MAX] = engine->now.mono.ns;
    if (use->kill_count < HK_POLICY_KILLS_MAX)
        return;
    int64_t first_ns = use->kills_ns[use->kill_count % HK_POLICY_KILLS_MAX];
    if (engine->now.mono.ns - first_ns <= HK_POLICY_KILLS_MS * HK_NS_PER_MS)
        suspend(engine, merchant, use);
}

static void note_overrun(struct hk_engine *engine, struct hk_use_row *use)
{
    if (++use->overrun_count < HK_POLICY_OVERRUNS_MAX)
        return;
    uint32_t doublings = use->overrun_count - HK_POLICY_OVERRUNS_MAX;
    if (doublings > PAUSE_DOUBLINGS_MAX)
        doublings = PAUSE_DOUBLINGS_MAX;
    int64_t pause_ms = (int64_t)PAUSE_MS_MIN << doublings;
    use->resume_ns = engine->now.mono.ns + pause_ms * HK_NS_PER_MS;
}

static void note_failure(struct hk_engine *engine, uint32_t merchant, uint32_t edition,
                         const struct hk_fact_policy_failed *failed)
{
    struct hk_use_row *use = hk__policies_use(engine, merchant);
    use->errors++;
    hk_body_unref(use->error);
    use->error = failed->error ? hk_body_ref(failed->error) : NULL;
    if (hk__policies_edition(engine, merchant) != edition)
        return;
    if (failed->failure == HK_POLICY_KILLED)
        note_kill(engine, merchant, use);
    if (failed->failure == HK_POLICY_TIME)
        note_overrun(engine, use);
    else
        use->overrun_count = 0;
}

static void note_cost(struct hk_use_row *use, const struct hk_policy_cost *cost)
{
    use->calls++;
    use->cpu_us += cost->cpu_us;
    if (cost->memory_bytes)
        use->memory_bytes = cost->memory_bytes;
    int64_t change = ((int64_t)cost->cpu_us - (int64_t)use->average_us) / AVERAGE_SHARE;
    if (use->average_us == 0)
        use->average_us = cost->cpu_us > 0 ? cost->cpu_us : 1;
    else
        use->average_us = (uint32_t)((int64_t)use->average_us + change);
}

void hk__policies_note(struct hk_engine *engine, uint32_t merchant, uint32_t edition,
                       const struct hk_policy_cost *cost,
                       const struct hk_fact_policy_failed *failed)
{
    struct hk_use_row *use = hk__policies_use(engine, merchant);
    struct hk_policy_line *line = hk__policies_line(engine, merchant);
    note_cost(use, cost);
    if (failed)
        note_failure(engine, merchant, edition, failed);
    else
        use->overrun_count = 0;
    engine->stats.policy_calls++;
    engine->stats.policy_errors += failed != NULL;
    engine->stats.policy_cpu_us += cost->cpu_us;
    if (!line)
        return;
    line->calls++;
    line->errors += failed != NULL;
    line->cpu_us += cost->cpu_us;
}

uint32_t hk__policies_window(const struct hk_engine *engine, uint32_t merchant)
{
    const struct hk_use_row *use = use_of(engine, hk__merchant(engine, merchant));
    if (use && use->overrun_count > 0)
        return 1;
    if (!use || use->average_us == 0)
        return HK_POLICY_FIRST_RUNS; /* What one costs is not known yet. */
    uint32_t window = HK_POLICY_SLICE_US / use->average_us;
    if (window < 1)
        return 1;
    return window < HK_POLICY_MERCHANT_RUNS_MAX ? window : HK_POLICY_MERCHANT_RUNS_MAX;
}

const char *hk__policies_pause(struct hk_engine *engine, uint32_t merchant)
{
    resolve(engine, merchant);
    const struct hk_use_row *use = use_of(engine, hk__merchant(engine, merchant));
    if (!use)
        return NULL;
    if (use->is_suspended)
        return "suspended: it killed 3 workers within ten minutes; change it or retry it";
    if (use->overrun_count >= HK_POLICY_OVERRUNS_MAX && engine->now.mono.ns < use->resume_ns)
        return "paused: it spent its CPU budget several times in a row";
    return NULL;
}

void hk__policies_resume(struct hk_engine *engine, uint32_t merchant)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    struct hk_use_row *use = use_of(engine, row);
    if (!use)
        return;
    if (use->is_suspended && row->policy != HK_NONE)
        engine->policies.lines[row->policy].suspended--;
    use->is_suspended = false;
    use->kill_count = 0;
    use->overrun_count = 0;
    use->average_us = 0;
}

void hk__policies_leave(struct hk_engine *engine, uint32_t merchant)
{
    struct hk_merchant_row *row = hk__merchant(engine, merchant);
    struct hk_use_row *use = use_of(engine, row);
    if (!use)
        return;
    hk__edition_give_back(engine, use->edition);
    hk_body_unref(use->error);
    hk_slots_free(&engine->policies.uses, row->use);
    row->use = HK_NONE;
}

/* ---- answers ---- */

void hk__policies_show_use(struct hk_engine *engine, uint32_t merchant, struct hk_policy_use *shown)
{
    const struct hk_merchant_row *row = hk__merchant(engine, merchant);
    bool is_missing;
    const struct hk_policy *policy = hk__policies_of(engine, merchant, &is_missing);
    const struct hk_use_row *use = use_of(engine, row);
    shown->policy = policy ? hk_strdup_or_die(policy->name) : NULL;
    shown->generation = policy ? policy->generation : 0;
    shown->held = row->held.count;
    if (!use)
        return;
    shown->calls = use->calls;
    shown->errors = use->errors;
    shown->cpu_us = use->cpu_us;
    shown->memory_bytes = use->memory_bytes;
    shown->is_suspended = use->is_suspended;
    shown->error = use->error ? hk_slice_dup(hk_body_text(use->error)) : NULL;
}

void hk__policies_answer_list(struct hk_engine *engine, const struct hk_request *request)
{
    const struct hk_policies *policies = &engine->policies;
    struct hk_reply *reply = hk_reply_new(request, 0);
    uint32_t count = policies->set ? policies->set->count : 0;
    reply->policies = hk_alloc_zero_or_die(count + 1U, sizeof(*reply->policies));
    reply->count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct hk_policy *policy = &policies->set->items[i];
        struct hk_policy_line *line = &reply->policies[i];
        *line = policies->lines[i];
        line->policy = *policy;
        line->policy.name = hk_strdup_or_die(policy->name);
        line->policy.fault = policy->fault ? hk_strdup_or_die(policy->fault) : NULL;
    }
    hk__answers_send(engine, reply);
}

void hk__policies_answer_retry(struct hk_engine *engine, const struct hk_request *request)
{
    struct hk_policies *policies = &engine->policies;
    uint32_t place = place_of(policies->set, request->name);
    struct hk_reply *reply = hk_reply_new(request, place == HK_NONE ? HK_ENOTFOUND : 0);
    if (place != HK_NONE) {
        reply->total = policies->lines[place].held;
        policies->are_retried[place] = true;
        policies->cursor = 0;
        policies->is_telling = true;
    }
    hk__answers_send(engine, reply);
}
