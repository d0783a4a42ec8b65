// SPDX-License-Identifier: Apache-2.0
#include "deliver/target.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/seal.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool is_key(const void *owner, uint32_t value, const void *key)
{
    const struct hk_targets *targets = owner;
    const struct hk_target *target = hk_slots_row(&targets->slots, value);
    return strcmp(target->key, key) == 0;
}

static uint64_t hash_of(const struct hk_targets *targets, const char *key)
{
    return hk_hash64(&targets->hash_key, key, strlen(key));
}

/** A handle whose transfer fails before it does anything, but after it loaded its pins. */
static CURL *make_pinner(CURLSH *share)
{
    CURL *pinner = curl_easy_init();
    if (pinner == NULL)
        return NULL;
    curl_easy_setopt(pinner, CURLOPT_SHARE, share);
    curl_easy_setopt(pinner, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(pinner, CURLOPT_PROXY, "");
    curl_easy_setopt(pinner, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(pinner, CURLOPT_PROTOCOLS_STR, "https");
    if (curl_easy_setopt(pinner, CURLOPT_URL, "http://pin.invalid/") == CURLE_OK)
        return pinner;
    curl_easy_cleanup(pinner);
    return NULL;
}

int hk_targets_init(struct hk_targets *targets, const struct hk_guard *guard,
                    struct hk_resolver *resolver, hk_resolver_answered_fn answered, void *arg)
{
    *targets = (struct hk_targets){
        .guard = guard, .resolver = resolver, .answered = answered, .arg = arg
    };
    hk_slots_init(&targets->slots, sizeof(struct hk_target));
    hk_index_init(&targets->index, is_key, targets);
    if (hk_random_bytes(&targets->hash_key, sizeof(targets->hash_key)) != 0)
        return HK_EIO;
    targets->share = curl_share_init();
    if (targets->share != NULL &&
        curl_share_setopt(targets->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK)
        targets->pinner = make_pinner(targets->share);
    if (targets->pinner != NULL)
        return 0;
    hk_targets_fini(targets);
    return HK_ENOMEM;
}

static void target_free(struct hk_targets *targets, struct hk_target *target)
{
    hk_free(target->key);
    hk_free(target->host);
    hk_free(target->answer);
    hk_slots_free(&targets->slots, target->slot);
}

void hk_targets_fini(struct hk_targets *targets)
{
    hk_assert(targets->slots.count == 0);
    curl_easy_cleanup(targets->pinner);
    if (targets->share != NULL)
        hk_assert(curl_share_cleanup(targets->share) == CURLSHE_OK);
    hk_index_fini(&targets->index);
    hk_slots_fini(&targets->slots);
    targets->pinner = NULL;
    targets->share = NULL;
}

/** Loads one line of CURLOPT_RESOLVE into the share now. */
static bool load_pin(struct hk_targets *targets, const char *line)
{
    struct curl_slist node = { .data = (char *)(uintptr_t)line, .next = NULL };
    if (curl_easy_setopt(targets->pinner, CURLOPT_RESOLVE, &node) != CURLE_OK)
        return false;
    CURLcode code = curl_easy_perform(targets->pinner);
    curl_easy_setopt(targets->pinner, CURLOPT_RESOLVE, NULL);
    return code == CURLE_UNSUPPORTED_PROTOCOL;
}

static int write_pin(const struct hk_target *target, struct hk_bytes *line)
{
    int code = hk_bytes_append_format(line, "%s:", target->key);
    for (uint32_t i = 0; code == 0 && i < target->answer->count; i++) {
        const union hk_address *address = &target->answer->addresses[i];
        char text[INET6_ADDRSTRLEN];
        bool is_v6 = address->any.sa_family == AF_INET6;
        const void *bytes =
            is_v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
        if (inet_ntop(address->any.sa_family, bytes, text, sizeof(text)) == NULL)
            return HK_EINVAL;
        code = hk_bytes_append_format(line, is_v6 ? "%s[%s]" : "%s%s", i != 0 ? "," : "", text);
    }
    return code;
}

static bool pin(struct hk_targets *targets, struct hk_target *target)
{
    struct hk_bytes line = { 0 };
    bool is_good = write_pin(target, &line) == 0 && hk_bytes_append(&line, "", 1) == 0 &&
                   load_pin(targets, line.at);
    hk_bytes_fini(&line);
    target->is_pinned = target->is_pinned || is_good;
    return is_good;
}

static void unpin(struct hk_targets *targets, struct hk_target *target)
{
    struct hk_bytes line = { 0 };
    // Without memory the pin stays in the cache: unused, and pinned anew before it is used again.
    if (target->is_pinned && hk_bytes_append_format(&line, "-%s", target->key) == 0 &&
        hk_bytes_append(&line, "", 1) == 0)
        (void)load_pin(targets, line.at);
    hk_bytes_fini(&line);
    target->is_pinned = false;
}

/** Fills a new row; false when out of memory (what was made is the caller's to free). */
static bool fill(struct hk_targets *targets, struct hk_target *target, const char *key,
                 const char *host)
{
    target->key = hk_slice_dup(hk_slice_of(key));
    target->host = hk_slice_dup(hk_slice_of(host));
    struct hk_answer *answer = hk_resolver_look_up(targets->guard, host, target->port, true);
    if (target->key == NULL || target->host == NULL || answer == NULL) {
        hk_free(answer);
        return false;
    }
    target->is_literal = answer->count != 0;
    if (!target->is_literal) {
        hk_free(answer);
        return true;
    }
    target->answer = answer;
    target->refresh_at = target->expires_at = HK_MONO_NEVER;
    return true;
}

static struct hk_target *add(struct hk_targets *targets, const char *key, const char *host,
                             uint16_t port)
{
    uint32_t slot;
    if (hk_slots_take(&targets->slots, &slot) != 0)
        return NULL;
    struct hk_target *target = hk_slots_row(&targets->slots, slot);
    target->slot = slot;
    target->port = port;
    target->references = 1;
    if (fill(targets, target, key, host) &&
        hk_index_insert(&targets->index, hash_of(targets, key), slot) == 0)
        return target;
    target_free(targets, target);
    return NULL;
}

struct hk_target *hk_targets_take(struct hk_targets *targets, const char *host, uint16_t port)
{
    struct hk_bytes key = { 0 };
    struct hk_target *target = NULL;
    if (hk_bytes_append_format(&key, "%s:%u", host, (unsigned)port) == 0 &&
        hk_bytes_append(&key, "", 1) == 0) {
        uint32_t slot = hk_index_find(&targets->index, hash_of(targets, key.at), key.at);
        if (slot == HK_INDEX_NONE) {
            target = add(targets, key.at, host, port);
        } else {
            target = hk_slots_row(&targets->slots, slot);
            target->references++;
        }
    }
    hk_bytes_fini(&key);
    return target;
}

void hk_targets_release(struct hk_targets *targets, struct hk_target *target)
{
    hk_assert(target->references > 0);
    if (--target->references != 0)
        return;
    hk_assert(target->waiting == NULL);
    hk_assert(hk_index_remove(&targets->index, hash_of(targets, target->key), target->slot));
    unpin(targets, target);
    target_free(targets, target);
}

static bool ask(struct hk_targets *targets, struct hk_target *target)
{
    if (target->is_asked)
        return true;
    const struct hk_question question = {
        .host = target->host,
        .port = target->port,
        .is_slow = target->is_slow,
        .id = hk_slots_id(&targets->slots, target->slot),
        .answered = targets->answered,
        .arg = targets->arg,
    };
    target->is_asked = hk_resolver_ask(targets->resolver, &question) == 0;
    return target->is_asked;
}

static enum hk_target_state state_of(const struct hk_answer *answer)
{
    if (answer->count == 0)
        return HK_TARGET_UNKNOWN;
    return answer->is_denied ? HK_TARGET_DENIED : HK_TARGET_READY;
}

enum hk_target_state hk_target_look(struct hk_targets *targets, struct hk_target *target,
                                    struct hk_mono now)
{
    if (target->answer == NULL || hk_mono_is_reached(target->expires_at, now))
        return ask(targets, target) ? HK_TARGET_ASKED : HK_TARGET_BROKEN;
    // Asked ahead, so that no attempt waits; if that fails, the answer counts until it expires.
    if (hk_mono_is_reached(target->refresh_at, now))
        (void)ask(targets, target);
    return state_of(target->answer);
}

struct hk_target *hk_targets_answer(struct hk_targets *targets, uint64_t id,
                                    struct hk_answer *own_answer, struct hk_mono now,
                                    enum hk_target_state *state)
{
    uint32_t slot = hk_slots_find(&targets->slots, id);
    if (slot == HK_SLOT_NONE) {
        hk_free(own_answer);
        return NULL;
    }
    struct hk_target *target = hk_slots_row(&targets->slots, slot);
    target->is_asked = false;
    *state = own_answer != NULL ? state_of(own_answer) : HK_TARGET_BROKEN;
    if (own_answer != NULL)
        target->is_slow = own_answer->took_ms > HK_RESOLVER_SLOW_MS;
    if (*state == HK_TARGET_UNKNOWN || *state == HK_TARGET_BROKEN) {
        hk_free(own_answer);
        target->refresh_at = hk_mono_after_ms(now, HK_TARGET_AGAIN_MS);
        return target;
    }
    hk_free(target->answer);
    target->answer = own_answer;
    target->refresh_at = hk_mono_after_ms(now, HK_TARGET_REFRESH_MS);
    target->expires_at = hk_mono_after_ms(now, HK_TARGET_MS);
    if (*state == HK_TARGET_READY && !pin(targets, target)) {
        target->expires_at = now;
        *state = HK_TARGET_BROKEN;
    }
    return target;
}
