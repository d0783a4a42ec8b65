// SPDX-License-Identifier: Apache-2.0
#include "support_life.h"

#include "base/alloc.h"
#include "support_cmocka.h"

#include <stdio.h>

static uint32_t draw(struct life *life, uint32_t bound)
{
    return (uint32_t)hk_prng_below(&life->prng, bound);
}

/* One that there is, one that there is not, or none. */
static void policy_draw(struct life *life, struct hk_request *request)
{
    static const char *const names[] = { "a", "a", "b", "gone", NULL, NULL, NULL, NULL };
    request->merchant.fields |= HK_MERCHANT_POLICY;
    request->merchant.value.policy = hk_strdup_or_die(names[draw(life, 8)]);
}

static void policies_change(struct life *life)
{
    const struct policy_line lines[] = {
        { "1", 1 + draw(life, 3), draw(life, 32), NULL },
        { "a", 1 + draw(life, 20), draw(life, 32) | HK_HOOK_ROUTE, NULL },
        { "b", draw(life, 4), HK_HOOK_RETRY, NULL },
    };
    uint32_t first = draw(life, 3);
    if (draw(life, 4))
        world_policies(life->world, lines + first, 3 - first);
    else
        world_policies_default(life->world, lines + first, 3 - first);
}

void life_mend(struct world *world)
{
    const struct policy_line lines[] = {
        { "a", 1000 + world->step_count, HK_HOOKS_PLANNING | HK_HOOK_RETRY, NULL },
        { "b", 1000 + world->step_count, HK_HOOK_RETRY, NULL },
        { "gone", 1000 + world->step_count, HK_HOOKS_PLANNING, NULL },
    };
    world_policies(world, lines, 3);
    world->policy_runs.hand = policy_hand_plan_all;
}

static void merchant_create(struct life *life, uint32_t place)
{
    struct hk_request *request = world_request(life->world, HK_REQUEST_MERCHANT_CREATE);
    uint64_t id = life->merchant_id_last + 1;
    if (hk_prng_chance(&life->prng, life->reuse_parts) && id > LIFE_MERCHANTS)
        id = place + 1;
    else
        life->merchant_id_last = id;
    life->merchants[place] = id;
    request->merchant_id = id;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die("Shop");
    policy_draw(life, request);
    (void)world_ask(life->world, request);
}

static void merchant_delete(struct life *life, uint32_t place)
{
    uint64_t id = life->merchants[place];
    struct hk_request *request = world_request(life->world, HK_REQUEST_MERCHANT_DELETE);
    request->merchant_id = id;
    (void)world_ask(life->world, request);
    life->merchants[place] = 0;
    for (uint32_t i = 0; i < LIFE_ENDPOINTS; i++)
        if (life->endpoints[i].merchant_id == id)
            life->endpoints[i].merchant_id = 0;
}

static void merchant_change(struct life *life, uint64_t id)
{
    char name[32];
    struct hk_request *request = world_request(life->world, HK_REQUEST_MERCHANT_UPDATE);
    (void)snprintf(name, sizeof(name), "Shop %u", draw(life, 1000));
    request->merchant_id = id;
    request->merchant.fields = HK_MERCHANT_NAME;
    request->merchant.value.name = hk_strdup_or_die(name);
    policy_draw(life, request);
    (void)world_ask(life->world, request);
}

static void key_create(struct life *life, uint64_t id)
{
    struct hk_request *request = world_request(life->world, HK_REQUEST_KEY_CREATE);
    const uint64_t random[2] = { hk_prng_next(&life->prng), hk_prng_next(&life->prng) };
    request->merchant_id = id;
    request->key.id = hk_uuid_make4(random);
    memcpy(request->key.digest, random, sizeof(random));
    (void)world_ask(life->world, request);
}

static void endpoint_create(struct life *life, struct life_endpoint *endpoint, uint64_t merchant)
{
    char url[64];
    uint32_t number = ++life->world->endpoint_number;
    struct hk_request *request = world_request(life->world, HK_REQUEST_ENDPOINT_CREATE);
    request->merchant_id = merchant;
    request->uuid.bytes[0] = 0xee;
    memcpy(&request->uuid.bytes[12], &number, sizeof(number));
    (void)snprintf(url, sizeof(url), "https://shop.example/%u", number);
    struct hk_endpoint_patch *patch = &request->endpoint;
    patch->fields = HK_ENDPOINT_URL | HK_ENDPOINT_ROLE | HK_ENDPOINT_CONCURRENCY |
                    HK_ENDPOINT_ON_GONE | HK_ENDPOINT_ATTEMPTS;
    patch->value.url = hk_strdup_or_die(url);
    patch->value.url_normal = hk_strdup_or_die(url);
    patch->value.role = draw(life, 4) ? HK_ROLE_PRIMARY : HK_ROLE_AUDIT;
    patch->value.concurrency = 1 + draw(life, 8);
    patch->value.attempts = 1 + draw(life, 4);
    patch->value.on_gone = draw(life, 2) ? HK_ON_GONE_RETRY : HK_ON_GONE_DISABLE;
    *endpoint = (struct life_endpoint){ request->uuid, merchant };
    (void)world_ask(life->world, request);
}

static void endpoint_delete(struct life *life, struct life_endpoint *endpoint)
{
    struct hk_request *request = world_request(life->world, HK_REQUEST_ENDPOINT_DELETE);
    request->merchant_id = endpoint->merchant_id;
    request->uuid = endpoint->uuid;
    endpoint->merchant_id = 0;
    (void)world_ask(life->world, request);
}

static void endpoint_switch(struct life *life, const struct life_endpoint *endpoint)
{
    struct hk_request *request = world_request(life->world, HK_REQUEST_ENDPOINT_UPDATE);
    request->merchant_id = endpoint->merchant_id;
    request->uuid = endpoint->uuid;
    request->endpoint.fields = HK_ENDPOINT_ENABLED;
    request->endpoint.value.enabled = draw(life, 3) > 0;
    (void)world_ask(life->world, request);
}

static void change_directory(struct life *life)
{
    uint32_t place = draw(life, LIFE_MERCHANTS);
    uint64_t merchant = life->merchants[place];
    struct life_endpoint *endpoint = &life->endpoints[draw(life, LIFE_ENDPOINTS)];
    if (merchant == 0)
        merchant_create(life, place);
    else if (draw(life, 12) == 0)
        merchant_delete(life, place);
    else if (draw(life, 6) == 0)
        merchant_change(life, merchant);
    else if (draw(life, 6) == 0)
        key_create(life, merchant);
    else if (endpoint->merchant_id == 0)
        endpoint_create(life, endpoint, merchant);
    else if (draw(life, 3) == 0)
        endpoint_delete(life, endpoint);
    else
        endpoint_switch(life, endpoint);
}

static void accept_one(struct life *life)
{
    uint64_t merchant = life->merchants[draw(life, LIFE_MERCHANTS)];
    (void)world_accept(life->world, merchant ? merchant : 1);
    struct hk_fact_accept *accept = world_accept_fact(life->world);
    if (draw(life, 8) == 0)
        accept->deliver_before.ms = life->world->now.wall.ms + draw(life, 60000);
    if (draw(life, 4) == 0) {
        accept->has_idempotency = true;
        accept->idempotency_key[0] = draw(life, 200);
        accept->idempotency_key[1] = 5;
        accept->idempotency_body = draw(life, 8) ? 1 : 2;
    }
}

static void end_one(struct life *life)
{
    static const uint16_t statuses[] = { 200, 204, 200, 500, 503, 410, 404, 0 };
    if (life->world->run_count == 0)
        return;
    uint32_t place = draw(life, life->world->run_count);
    world_end(life->world, place, world_outcome(life->world, statuses[draw(life, 8)]));
}

static void load_one(struct life *life)
{
    struct world *world = life->world;
    if (world->load_count == 0)
        return;
    world->is_loading_broken = draw(life, 10) == 0;
    world_load(world, draw(life, world->load_count));
    world->is_loading_broken = false;
}

static void plan_one(struct life *life, uint32_t place)
{
    const struct policy_run *run = &life->world->policy_runs.items[place];
    struct hk_plan_delivery deliveries[POLICY_SHOWN_MAX] = { 0 };
    struct hk_plan plan = { .deliveries = deliveries };
    if (draw(life, 8) == 0)
        plan.reason = HK_REASON_FILTERED;
    for (uint32_t i = 0; !plan.reason && i < run->shown_count; i++) {
        if (draw(life, 4) == 0)
            continue;
        struct hk_plan_delivery *delivery = &deliveries[plan.delivery_count++];
        delivery->endpoint = run->shown[i];
        if (draw(life, 6) == 0)
            delivery->reason = HK_REASON_SKIPPED_BY_POLICY;
        else if (draw(life, 2))
            delivery->own = policy_payload(draw(life, 3) ? "{}" : NULL, "x-tier", "gold");
    }
    world_planned(life->world, place, &plan);
    for (uint32_t i = 0; i < plan.delivery_count; i++)
        hk_body_unref(deliveries[i].own);
}

static void policy_one(struct life *life)
{
    struct world *world = life->world;
    if (world->policy_runs.count == 0)
        return;
    uint32_t place = draw(life, world->policy_runs.count);
    if (draw(life, 5) == 0)
        world_policy_failed(world, place, (enum hk_policy_failure)draw(life, 6));
    else if (world->policy_runs.items[place].phase == HK_PHASE_PLAN)
        plan_one(life, place);
    else
        world_decided(world, place, (enum hk_retry_verdict)draw(life, 4), draw(life, 20000));
}

static void disk_one(struct life *life)
{
    struct world *world = life->world;
    uint64_t behind = world->watch.lsn_last - world->lsn_durable;
    if (behind > 0)
        world_disk(world, world->lsn_durable + 1 + draw(life, (uint32_t)behind));
}

void life_init(struct life *life, struct world *world, uint64_t seed)
{
    *life = (struct life){ .world = world, .reuse_parts = 500000 };
    hk_prng_init(&life->prng, seed);
    world->is_disk_slow = true;
    policies_change(life);
    for (uint32_t place = 0; place < LIFE_MERCHANTS; place++) {
        merchant_create(life, place);
        for (uint32_t i = 0; i < 4; i++)
            endpoint_create(life, &life->endpoints[4 * place + i], life->merchants[place]);
    }
}

void life_go(struct life *life, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t what = draw(life, 100);
        load_one(life);
        if (draw(life, 3) > 0)
            policy_one(life);
        if (draw(life, 100) == 0)
            policies_change(life);
        if (what < 30)
            accept_one(life);
        else if (what < 60)
            end_one(life);
        else if (what < 85)
            disk_one(life);
        else if (what < 90)
            world_advance(life->world, draw(life, 8000));
        else if (what < 96)
            change_directory(life);
        if (draw(life, 3) > 0)
            world_step(life->world);
    }
}

void life_rest(struct life *life)
{
    struct world *world = life->world;
    world->is_disk_slow = false;
    life_mend(world);
    while (world->policy_runs.count > 0)
        policy_hand_plan_all(world, 0);
    while (world->run_count > 0 || world->load_count > 0 || world->fact_count > 0 ||
           world->watch.lsn_last > world->lsn_durable) {
        if (world->watch.lsn_last > world->lsn_durable)
            world_disk(world, world->watch.lsn_last);
        world_settle(world);
        while (world->run_count > 0)
            end_one(life);
        while (world->load_count > 0)
            load_one(life);
    }
    world_settle(world);
    world->is_disk_slow = true;
    world->policy_runs.hand = NULL;
}
