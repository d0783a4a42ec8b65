// SPDX-License-Identifier: Apache-2.0
/** Config: the options of interface.md section 2 as plain data, checked and with defaults filled
 * in. daemon/config_file makes it from the Lua table. The holder owns strings and lists. */
#pragma once
#include "base/log.h"
#include "model/texts.h"

enum hk_schedule_preset { HK_PRESET_POINTS, HK_PRESET_STANDARD };

/** What the engine needs to know of the config. */
struct hk_engine_options {
    uint32_t attempts;
    enum hk_schedule_preset schedule;
    uint32_t timeout_ms;
    uint32_t concurrency;          /**< Attempts at once, in all. */
    uint32_t endpoint_concurrency; /**< ...and of one endpoint. */
    int64_t retry_after_max_ms;
    uint64_t pending_max; /**< Deliveries that are not finished. */
    uint64_t merchant_pending_max;
    uint32_t merchant_endpoints_max;
    uint64_t body_cache_bytes_max;
};

/** What the delivery threads need to know. */
struct hk_deliver_options {
    bool allow_http;
    struct hk_texts allow_networks; /**< CIDR. */
    uint16_t *allow_ports;          /**< NULL: all. */
    uint32_t allow_port_count;
    char *ca_file;    /**< NULL: the system's bundle. */
    char *proxy;      /**< NULL: none; the environment is ignored. */
    uint32_t threads; /**< 0: by the number of processors. */
    uint32_t concurrency;
    uint32_t connections_max;
    uint32_t response_bytes_max;
};

enum hk_policy_on_error { HK_POLICY_HOLD, HK_POLICY_DEFAULT };

/** What the policy workers need to know. */
struct hk_policy_options {
    uint32_t time_ms_max;      /**< CPU of all hooks of a phase, for one event. */
    uint32_t memory_bytes_max; /**< Of one state. */
    uint32_t kill_ms;
    enum hk_policy_on_error on_error;
    uint32_t workers; /**< 0: by the number of processors. */
};

struct hk_config {
    char *state_dir, *run_dir, *policy_dir, *lib_dir, *tables_dir, *plugin_dir;
    struct hk_texts listen; /**< "address:port"; port 0: any free one. */
    bool listen_plain;
    char *public_url;
    struct hk_texts platform_keys;
    uint8_t secret_key[32];
    struct hk_engine_options engine;
    struct hk_deliver_options deliver;
    struct hk_policy_options policy;
    uint32_t body_bytes_max;
    uint64_t plan_bytes_max;
    uint32_t history_days, history_bodies_days;
    uint64_t history_bytes_max;
    struct hk_texts event_types;
    bool has_event_types;
    uint32_t shutdown_ms;
    enum hk_log_level log_level;
    enum hk_log_format log_format;
    struct hk_texts plugins; /**< Names; meaningful when has_plugins. */
    bool has_plugins;        /**< False: the signers that ship. */
};

/** Frees what it owns, wipes the keys. */
void hk_config_fini(struct hk_config *config);
