// SPDX-License-Identifier: Apache-2.0
#include "daemon/hands.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/seal.h"
#include "daemon/clock.h"
#include "daemon/script_places.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>

/** What the replay of the journal needs. */
struct replaying {
    struct hk_engine *engine;
    const uint8_t *secret_key;
    bool has_tried_key; /**< One endpoint answers for all: the key never changed before. */
};

/** Under another key no request can be signed, and every delivery would spend its attempts. */
static int try_key(struct replaying *replaying, const struct hk_endpoint *endpoint,
                   struct hk_fault *fault)
{
    struct hk_slice context = { (const char *)endpoint->uuid.bytes, sizeof(endpoint->uuid.bytes) };
    struct hk_bytes plain = { 0 };
    int code = hk_unseal(replaying->secret_key, context, hk_bytes_slice(&endpoint->secret), &plain);
    if (plain.at != NULL)
        hk_wipe(plain.at, plain.capacity);
    hk_bytes_fini(&plain);
    replaying->has_tried_key = true;
    if (code != 0)
        return hk_fault_set(fault, HK_EDENIED, "secret_key is not the one that sealed this state");
    return 0;
}

static int replay(void *arg, const struct hk_record *record, struct hk_location location,
                  bool is_row, struct hk_fault *fault)
{
    struct replaying *replaying = arg;
    if (record->type == HK_RECORD_ENDPOINT && !replaying->has_tried_key) {
        int code = try_key(replaying, record->endpoint, fault);
        if (code != 0)
            return code;
    }
    return hk_engine_replay(replaying->engine, record, location, is_row, fault);
}

static int journal_start(struct hk_hands *hands, const struct hk_hands_setup *setup,
                         uint64_t *lsn_last, struct hk_fault *fault)
{
    struct hk_journal_found found = { 0 };
    struct replaying replaying = { .engine = setup->engine,
                                   .secret_key = setup->config->secret_key };
    struct hk_journal_options options = {
        .segment_bytes = HK_SEGMENT_BYTES,
        .replay = replay,
        .replay_arg = &replaying,
    };
    if (hk_random_bytes(&options.salt_seed, sizeof(options.salt_seed)) != 0)
        return hk_fault_set(fault, HK_EIO, "no randomness from the system");
    int code = hk_disk_posix_open(setup->config->state_dir, &hands->disk, fault);
    if (code)
        return code;
    options.disk = hands->disk;
    code = hk_journal_open(&options, &hands->journal, &found, fault);
    if (code)
        return hk_fault_wrap(fault, "%s", setup->config->state_dir);
    hk_log_info("state recovered", HK_FI("snapshot_lsn", found.snapshot_lsn),
                HK_FI("lsn", found.lsn_last), HK_FI("records", found.record_count),
                HK_FI("segments", found.segment_count));
    if (found.torn_bytes)
        hk_log_warn("torn tail cut from the journal", HK_FI("bytes", found.torn_bytes),
                    HK_F("saved", found.torn_file));
    *lsn_last = found.lsn_last;
    return 0;
}

/** A script that does not load stops nobody: its merchants' events are held. */
static void say_refused(const struct hk_scripts_report *report)
{
    for (uint32_t i = 0; i < report->count; i++)
        if (report->lines[i].what == HK_SCRIPT_REFUSED)
            hk_log_error("refused", HK_F("name", report->lines[i].name),
                         HK_F("fault", report->lines[i].fault));
}

static int scripts_load(struct hk_hands *hands, const struct hk_hands_setup *setup,
                        struct hk_fault *fault)
{
    struct hk_scripts_report report = { 0 };
    const struct hk_script_load load = { .config = setup->config };
    int code = hk_script_places_load(&load, &hands->scripts, &report, fault);
    if (code)
        return code == HK_EIO || code == HK_ENOTFOUND ? fault->code = HK_EINVAL : code;
    say_refused(&report);
    hk_log_info("policies loaded", HK_FI("policies", hands->scripts->count),
                HK_FI("refused", report.refused_count));
    hk_scripts_report_fini(&report);
    return 0;
}

static int pool_start(struct hk_hands *hands, const struct hk_hands_setup *setup,
                      struct hk_fault *fault)
{
    struct hk_script_places places;
    hk_script_places_init(&places, setup->config);
    const struct hk_pool_options options = {
        .worker_path = places.worker_path,
        .policy = setup->config->policy,
        .plan_bytes_max = setup->config->plan_bytes_max,
        .scripts = hands->scripts,
        .facts = setup->events.facts,
        .arg = setup->events.arg,
    };
    int code = hk_pool_start(&options, &hands->pool, fault);
    hk_script_places_fini(&places);
    return code;
}

static int server_start(struct hk_hands *hands, const struct hk_hands_setup *setup,
                        struct hk_fault *fault)
{
    static const char label[] = "hookd idempotency keys";
    uint8_t digest[32];
    char keyed[sizeof(label) + HK_SEAL_KEY_BYTES];
    memcpy(keyed, label, sizeof(label));
    memcpy(keyed + sizeof(label), setup->config->secret_key, HK_SEAL_KEY_BYTES);
    hk_sha256((struct hk_slice){ keyed, sizeof(keyed) }, digest);
    hk_wipe(keyed, sizeof(keyed));
    struct hk_server_options options = {
        .config = setup->config,
        .control_path = hk_run_folder_control_path(hands->run_folder),
        .version = hk_version(),
        .clock = hk_clock_now,
        .submit = setup->events.facts,
        .reload = setup->events.reload,
        .workers = setup->events.workers,
        .arg = setup->events.arg,
    };
    memcpy(&options.hash_key, digest, sizeof(options.hash_key));
    return hk_server_new(&options, &hands->server, fault);
}

static int sender_start(struct hk_hands *hands, const struct hk_hands_setup *setup,
                        struct hk_fault *fault)
{
    const struct hk_texts *addresses = hk_server_addresses(hands->server);
    uint16_t *ports = hk_alloc_zero_or_die(addresses->count + 1, sizeof(*ports));
    for (uint32_t i = 0; i < addresses->count; i++) {
        const char *colon = strrchr(addresses->items[i], ':');
        ports[i] = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
    }
    char user_agent[64];
    (void)snprintf(user_agent, sizeof(user_agent), "hookd/%s", hk_version());
    struct hk_sender_options options = {
        .deliver = &setup->config->deliver,
        .secret_key = setup->config->secret_key,
        .own_ports = ports,
        .own_port_count = addresses->count,
        .user_agent = user_agent,
        .clock = hk_clock_now,
        .ended = setup->events.facts,
        .arg = setup->events.arg,
    };
    int code = hk_sender_new(&options, &hands->sender, fault);
    hk_free(ports);
    return code;
}

int hk_hands_start(struct hk_hands *hands, const struct hk_hands_setup *setup, uint64_t *lsn_last,
                   struct hk_fault *fault)
{
    int code = journal_start(hands, setup, lsn_last, fault);
    if (!code)
        code = hk_run_folder_open(setup->config->run_dir, &hands->run_folder, fault);
    if (!code)
        code = scripts_load(hands, setup, fault);
    if (!code)
        code = pool_start(hands, setup, fault);
    if (!code)
        code = server_start(hands, setup, fault);
    if (!code)
        code = sender_start(hands, setup, fault);
    if (!code)
        code =
            hk_committer_start(hands->journal, &setup->events.committer, &hands->committer, fault);
    return code;
}

void hk_hands_stop_outer(struct hk_hands *hands)
{
    if (hands->server)
        hk_server_free(hands->server);
    if (hands->pool)
        hk_pool_stop(hands->pool);
    if (hands->sender)
        hk_sender_free(hands->sender);
    hands->server = NULL;
    hands->pool = NULL;
    hands->sender = NULL;
}

int hk_hands_stop(struct hk_hands *hands, struct hk_fault *fault)
{
    int code = 0;
    hk_hands_stop_outer(hands);
    if (hands->committer)
        code = hk_committer_stop(hands->committer, fault);
    hk_journal_close(hands->journal);
    if (hands->disk)
        hk_disk_posix_close(hands->disk);
    hk_run_folder_close(hands->run_folder);
    if (hands->scripts)
        hk_scripts_unref(hands->scripts);
    *hands = (struct hk_hands){ 0 };
    return code;
}
