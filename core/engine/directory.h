// SPDX-License-Identifier: Apache-2.0
/** Directory: merchants, their keys and their endpoints. Thread: the engine's. */
#pragma once
#include "engine/state.h"

/** Gets the slot of a merchant that is not deleted, or HK_NONE. */
uint32_t hk__directory_merchant(const struct hk_engine *engine, uint64_t merchant_id);

/** Gets the slot of an endpoint that is not deleted, or HK_NONE. */
uint32_t hk__directory_endpoint(const struct hk_engine *engine, const struct hk_uuid *uuid);
uint32_t hk__directory_key(const struct hk_engine *engine, const uint8_t digest[32]);

/** Tells why a deleted endpoint gets nothing: itself or its merchant was deleted first. */
enum hk_reason hk__directory_gone_reason(const struct hk_engine *engine, uint32_t endpoint);

/** Marks a row as deleted, with its reason; the rest of the deletion is the caller's. */
void hk__directory_endpoint_mark_deleted(struct hk_engine *engine, uint32_t endpoint);

/** Makes an empty row of a merchant that no table knows yet. */
uint32_t hk__directory_merchant_row(struct hk_engine *engine, uint64_t id);

/** The state changes themselves, the same from a request and from the log. `set` copies. */
uint32_t hk__directory_merchant_set(struct hk_engine *engine, const struct hk_merchant *value);
void hk__directory_merchant_delete(struct hk_engine *engine, uint32_t merchant);
uint32_t hk__directory_endpoint_set(struct hk_engine *engine, const struct hk_endpoint *value);
void hk__directory_endpoint_delete(struct hk_engine *engine, uint32_t endpoint);
void hk__directory_key_set(struct hk_engine *engine, const struct hk_key *value);
void hk__directory_key_delete(struct hk_engine *engine, uint32_t key);

/** Gets the value to change it. This step's commands may borrow what it says now: that lives until
 * the next step. */
struct hk_merchant *hk__directory_merchant_change(struct hk_engine *engine, uint32_t merchant);
struct hk_endpoint *hk__directory_endpoint_change(struct hk_engine *engine, uint32_t endpoint);

/** Gets the slot of a key by its id, or HK_NONE. */
uint32_t hk__directory_key_of(const struct hk_engine *engine, uint32_t merchant,
                              const struct hk_uuid *id);

/** Writes an endpoint down as it is now and tells its delivery thread. */
void hk__directory_endpoint_publish(struct hk_engine *engine, uint32_t endpoint);

/** Switches an endpoint off (410 Gone). */
void hk__directory_disable(struct hk_engine *engine, uint32_t endpoint);

/** Prepares the tables. */
void hk__directory_init(struct hk_engine *engine);
void hk__directory_fini(struct hk_engine *engine);
