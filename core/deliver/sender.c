// SPDX-License-Identifier: Apache-2.0
#include "deliver/sender.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/log.h"
#include "base/slots.h"
#include "deliver/thread.h"

#include <curl/curl.h>

#include <sys/resource.h>
#include <unistd.h>

#define SENDER_MAGIC 0x4E50DE4Du

/** Threads when the config names no number: beyond these the engine is the limit. */
#define THREADS_DEFAULT_MAX 4

/** What was asked for since the last flush, of one thread. */
struct outbox {
    struct hk_thread *thread;
    struct hk_thread_message *messages;
    size_t count, capacity;
};

struct hk_sender {
    uint32_t magic;
    uint32_t started_count; /**< Of threads. */
    struct hk_settings settings;
    struct outbox *outboxes; /**< One a thread. */
};

/** Where distributions keep the system's CA bundle. */
static const char *const ca_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora 43
    "/etc/ssl/ca-bundle.pem",                            // openSUSE
    "/etc/ssl/cert.pem",                                 // Alpine
};

static int find_ca(struct hk_settings *settings, const char *wanted, struct hk_fault *fault)
{
    if (wanted != NULL) {
        if (access(wanted, R_OK) != 0)
            return hk_fault_set(fault, HK_EINVAL, "deliver.ca_file: cannot read \"%s\"", wanted);
        settings->ca_file = hk_strdup_or_die(wanted);
        return 0;
    }
    for (size_t i = 0; i < sizeof(ca_bundles) / sizeof(ca_bundles[0]); i++) {
        if (access(ca_bundles[i], R_OK) == 0) {
            settings->ca_file = hk_strdup_or_die(ca_bundles[i]);
            return 0;
        }
    }
    hk_log_warn("no CA bundle found: no https endpoint can be reached; set deliver.ca_file");
    return 0;
}

static uint32_t count_threads(uint32_t wanted)
{
    if (wanted != 0)
        return wanted;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 2)
        return 1;
    return processors / 2 < THREADS_DEFAULT_MAX ? (uint32_t)processors / 2 : THREADS_DEFAULT_MAX;
}

/** Connections that one thread keeps: too few cost four times the CPU (limits.md section 2), more
 * than half of the descriptors would starve the rest. */
static uint32_t count_connections(uint32_t wanted, uint32_t thread_count)
{
    struct rlimit limit;
    uint64_t most = wanted;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < most)
        most = limit.rlim_cur / 2;
    most /= thread_count;
    return most != 0 ? (uint32_t)most : 1;
}

static int fill_settings(struct hk_settings *settings, const struct hk_sender_options *options,
                         struct hk_fault *fault)
{
    const struct hk_deliver_options *deliver = options->deliver;
    settings->allow_http = deliver->allow_http;
    settings->response_bytes_max = deliver->response_bytes_max;
    settings->thread_count = count_threads(deliver->threads);
    settings->connections_max = count_connections(deliver->connections_max, settings->thread_count);
    settings->user_agent = hk_strdup_or_die(options->user_agent);
    settings->proxy = hk_strdup_or_die(deliver->proxy);
    settings->clock = options->clock;
    settings->ended = options->ended;
    settings->arg = options->arg;
    memcpy(settings->secret_key, options->secret_key, sizeof(settings->secret_key));
    int code = hk_guard_init(&settings->guard, deliver, options->own_ports, options->own_port_count,
                             fault);
    if (code == 0)
        code = find_ca(settings, deliver->ca_file, fault);
    if (code != 0)
        return code;
    code = hk_resolver_new(&settings->guard, settings->clock, &settings->resolver);
    return code == 0 ? 0 : hk_fault_set(fault, code, "cannot start the resolver");
}

static int start_threads(struct hk_sender *sender, struct hk_fault *fault)
{
    uint32_t count = sender->settings.thread_count;
    sender->outboxes = hk_alloc_zero_or_die(count, sizeof(*sender->outboxes));
    for (uint32_t i = 0; i < count; i++) {
        int code = hk_thread_start(&sender->settings, i, &sender->outboxes[i].thread);
        if (code != 0)
            return hk_fault_set(fault, code, "cannot start delivery thread %u of %u", i + 1, count);
        sender->started_count++;
    }
    return 0;
}

int hk_sender_new(const struct hk_sender_options *options, struct hk_sender **made,
                  struct hk_fault *fault)
{
    struct hk_sender *sender = hk_alloc_zero(1, sizeof(*sender));
    if (sender == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "no memory for the sender");
    sender->magic = SENDER_MAGIC;
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        hk_free(sender);
        return hk_fault_set(fault, HK_ENOMEM, "libcurl cannot be prepared");
    }
    int code = fill_settings(&sender->settings, options, fault);
    if (code == 0)
        code = start_threads(sender, fault);
    if (code != 0) {
        hk_sender_free(sender);
        return code;
    }
    *made = sender;
    return 0;
}

/** Adds a message for the thread of `endpoint`. */
static struct hk_thread_message *add(struct hk_sender *sender, uint64_t endpoint,
                                     enum hk_thread_message_kind kind)
{
    HK_CHECK(sender, SENDER_MAGIC);
    struct outbox *box = &sender->outboxes[hk_id_slot(endpoint) % sender->settings.thread_count];
    if (box->count == box->capacity) {
        size_t capacity = box->capacity != 0 ? box->capacity * 2 : 64;
        box->messages = hk_realloc_or_die(box->messages, capacity, sizeof(*box->messages));
        box->capacity = capacity;
    }
    struct hk_thread_message *message = &box->messages[box->count++];
    message->kind = kind;
    message->id = endpoint;
    return message;
}

void hk_sender_endpoint_set(struct hk_sender *sender, uint64_t endpoint,
                            const struct hk_endpoint *value)
{
    struct hk_thread_message *message = add(sender, endpoint, HK_THREAD_ENDPOINT_SET);
    message->own_endpoint = hk_alloc_or_die(sizeof(*message->own_endpoint));
    hk_endpoint_clone(message->own_endpoint, value);
}

void hk_sender_endpoint_drop(struct hk_sender *sender, uint64_t endpoint)
{
    (void)add(sender, endpoint, HK_THREAD_ENDPOINT_DROP);
}

void hk_sender_start(struct hk_sender *sender, const struct hk_command_start_attempt *start)
{
    struct hk_thread_message *message = add(sender, start->endpoint, HK_THREAD_START);
    message->start = *start;
    (void)hk_body_ref(message->start.body);
    if (message->start.own != NULL)
        (void)hk_body_ref(message->start.own);
}

void hk_sender_flush(struct hk_sender *sender)
{
    HK_CHECK(sender, SENDER_MAGIC);
    for (uint32_t i = 0; i < sender->settings.thread_count; i++) {
        struct outbox *box = &sender->outboxes[i];
        hk_thread_push(box->thread, box->messages, box->count);
        box->count = 0;
    }
}

static void settings_fini(struct hk_settings *settings)
{
    hk_guard_fini(&settings->guard);
    hk_free(settings->user_agent);
    hk_free(settings->ca_file);
    hk_free(settings->proxy);
    hk_wipe(settings->secret_key, sizeof(settings->secret_key));
}

void hk_sender_free(struct hk_sender *sender)
{
    if (sender == NULL)
        return;
    HK_CHECK(sender, SENDER_MAGIC);
    // No answers any more, but threads that run may still ask.
    hk_resolver_close(sender->settings.resolver);
    for (uint32_t i = 0; i < sender->started_count; i++) {
        struct outbox *box = &sender->outboxes[i];
        hk_thread_stop(box->thread);
        for (size_t at = 0; at < box->count; at++)
            hk_thread_message_fini(&box->messages[at]);
        hk_free(box->messages);
    }
    hk_resolver_free(sender->settings.resolver);
    hk_free(sender->outboxes);
    settings_fini(&sender->settings);
    curl_global_cleanup();
    sender->magic = 0;
    hk_free(sender);
}
