// SPDX-License-Identifier: Apache-2.0
#include "api/state.h"

#include "api/exchange.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/seal.h"

/** Platform keys are compared as digests first. */
static void take_keys(struct hk_api *api)
{
    const struct hk_texts *keys = &api->config->platform_keys;
    hk_free(api->platform_keys);
    api->platform_keys = NULL;
    if (keys->count > 0)
        api->platform_keys = hk_alloc_zero_or_die(keys->count, sizeof(*api->platform_keys));
    for (uint32_t i = 0; i < keys->count; i++) {
        struct hk_slice text = hk_slice_of(keys->items[i]);
        api->platform_keys[i] =
            (struct hk_platform_key){ .text = text,
                                      .digest = hk_hash128(&api->digest_key, text.at, text.size) };
    }
    api->platform_key_count = keys->count;
}

int hk_api_init(struct hk_api *api, const struct hk_server_options *options)
{
    *api = (struct hk_api){ .magic = HK_API_MAGIC,
                            .options = *options,
                            .config = options->config,
                            .random_used = HK_RANDOM_BLOCK_BYTES };
    int code = hk_random_bytes(&api->digest_key, sizeof(api->digest_key));
    if (code < 0)
        return code;
    take_keys(api);
    hk_slots_init(&api->peers, sizeof(struct hk_peer));
    return 0;
}
static void drop_config(struct hk_api *api)
{
    if (api->own_config == NULL)
        return;
    hk_config_fini(api->own_config);
    hk_free(api->own_config);
}

void hk_api_fini(struct hk_api *api)
{
    hk_assert(api->peers.count == 0);
    hk_slots_fini(&api->peers);
    hk_free(api->facts);
    hk_free(api->platform_keys);
    drop_config(api);
    hk_wipe(api, sizeof(*api));
}

void hk_api_configure(struct hk_api *api, struct hk_config *own_config)
{
    api->config = own_config;
    take_keys(api);
    drop_config(api);
    api->own_config = own_config;
}

struct hk_now hk_api_now(struct hk_api *api)
{
    if (!api->now_is_fresh) {
        api->now = api->options.clock();
        api->now_is_fresh = true;
    }
    return api->now;
}

struct hk_fact *hk_api_add_fact(struct hk_api *api, enum hk_fact_kind kind)
{
    if (api->fact_count == api->fact_capacity) {
        uint32_t capacity = api->fact_capacity ? api->fact_capacity * 2 : 64;
        api->facts = hk_realloc_or_die(api->facts, capacity, sizeof(*api->facts));
        api->fact_capacity = capacity;
    }
    struct hk_fact *fact = &api->facts[api->fact_count++];
    *fact = (struct hk_fact){ .kind = kind };
    return fact;
}

void hk_api_flush(struct hk_api *api)
{
    api->now_is_fresh = false;
    if (api->fact_count == 0)
        return;
    uint32_t count = api->fact_count;
    api->fact_count = 0;
    api->options.submit(api->options.arg, api->facts, count);
}

int hk_api_random(struct hk_api *api, void *data, size_t size)
{
    hk_assert(size <= sizeof(api->random));
    if (size > sizeof(api->random) - api->random_used) {
        int code = hk_random_bytes(api->random, sizeof(api->random));
        if (code < 0)
            return code;
        api->random_used = 0;
    }
    memcpy(data, api->random + api->random_used, size);
    hk_wipe(api->random + api->random_used, size);
    api->random_used += size;
    return 0;
}

int hk_api_make_event_id(struct hk_api *api, struct hk_uuid *id)
{
    uint64_t random[2];
    int code = hk_api_random(api, random, sizeof(random));
    if (code == 0)
        *id = hk_uuid_make7(&api->uuids, hk_api_now(api).wall, random);
    return code;
}

int hk_api_make_id(struct hk_api *api, struct hk_uuid *id)
{
    uint64_t random[2];
    int code = hk_api_random(api, random, sizeof(random));
    if (code == 0)
        *id = hk_uuid_make4(random);
    return code;
}
