// SPDX-License-Identifier: Apache-2.0
#include "api/webhook_fields.h"

#include "api/guard.h"
#include "api/url.h"
#include "base/alloc.h"
#include "base/seal.h"
#include "model/event.h"
#include "model/header.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define SECRET_RANDOM_BYTES 45
#define SECRET_CHARS 60
#define DELAY_MS_MAX INT64_C(2592000000)
#define AUTH_CHARS_MAX 512

/** One reading under way. */
struct reader {
    struct hk_form *form;
    const struct hk_webhook_reading *reading;
    struct hk_endpoint *value;
};

typedef void (*read_fn)(struct reader *reader, const char *field, struct hk_json_value value);

static int64_t read_number(struct reader *reader, const char *field, struct hk_json_value value,
                           struct hk_range range)
{
    int64_t number = 0;
    return hk_form_integer(reader->form, field, value, range, &number) ? number : 0;
}

/** Reads a string that is one of `words` (ended by NULL); gets its place, or -1. */
static int read_word(struct reader *reader, const char *field, struct hk_json_value value,
                     const char *const *words)
{
    for (int i = 0; value.type == HK_JSON_STRING && words[i] != NULL; i++) {
        struct hk_slice raw = { value.text.at + 1, value.text.size - 2 };
        if (hk_json_is_text(raw, hk_slice_of(words[i])))
            return i;
    }
    hk_form_fail(reader->form, field, "The selected %s is invalid.", field);
    return -1;
}

static void read_name(struct reader *reader, const char *field, struct hk_json_value value)
{
    hk_form_text(reader->form, field, value, HK_NAME_CHARS_MAX, &reader->value->name);
}

static void read_url(struct reader *reader, const char *field, struct hk_json_value value)
{
    struct hk_bytes normal = { 0 };
    if (!hk_form_text(reader->form, field, value, HK_URL_CHARS_MAX, &reader->value->url))
        return;
    const char *fault =
        hk_url_check(reader->value->url, reader->reading->config->deliver.allow_http, &normal);
    if (fault != NULL)
        hk_form_fail(reader->form, field, "%s", fault);
    else
        reader->value->url_normal = hk_strdup_or_die(normal.at);
    hk_bytes_fini(&normal);
}

static void read_events(struct reader *reader, const char *field, struct hk_json_value value)
{
    const struct hk_config *config = reader->reading->config;
    char item[32];
    uint32_t count = 0;
    if (value.type != HK_JSON_ARRAY) {
        hk_form_fail(reader->form, field, "The %s must be a list of event types.", field);
        return;
    }
    reader->value->has_events = true;
    struct hk_json_walk walk = hk_json_walk_start(value);
    while (hk_json_walk_next(&walk)) {
        char *type = NULL;
        snprintf(item, sizeof(item), "%s.%u", field, count);
        if (++count > HK_SUBSCRIPTIONS_MAX) {
            hk_form_fail(reader->form, field, "The %s must not have more than %d items.", field,
                         HK_SUBSCRIPTIONS_MAX);
            return;
        }
        if (!hk_form_text(reader->form, item, walk.value, HK_EVENT_TYPE_BYTES_MAX, &type))
            continue;
        struct hk_slice slice = hk_slice_of(type);
        if (!hk_event_type_is_valid(slice))
            hk_form_fail(reader->form, item, "The %s must be of a-z 0-9 _ and dots.", item);
        else if (config->has_event_types && !hk_texts_has(&config->event_types, slice))
            hk_form_fail(reader->form, item, "The selected %s is invalid.", item);
        else if (!hk_texts_has(&reader->value->events, slice))
            hk_texts_add(&reader->value->events, slice);
        hk_free(type);
    }
}

static void read_enabled(struct reader *reader, const char *field, struct hk_json_value value)
{
    hk_form_bool(reader->form, field, value, &reader->value->enabled);
}

static void read_role(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const char *const words[] = { "primary", "audit", "dead_letter", NULL };
    int place = read_word(reader, field, value, words);
    reader->value->role = place < 0 ? HK_ROLE_PRIMARY : (enum hk_role)place;
}

static void read_signature(struct reader *reader, const char *field, struct hk_json_value value)
{
    char *name = NULL;
    if (!hk_form_text(reader->form, field, value, HK_NAME_CHARS_MAX, &name))
        return;
    if (hk_signer_find(name) == NULL)
        hk_form_fail(reader->form, field, "The selected %s is invalid.", field);
    hk_free(reader->value->signature);
    reader->value->signature = name;
}

static void read_delays(struct reader *reader, const char *field, struct hk_json_value value)
{
    struct hk_schedule *schedule = &reader->value->schedule;
    char item[32];
    schedule->kind = HK_SCHEDULE_OWN;
    struct hk_json_walk walk = hk_json_walk_start(value);
    while (hk_json_walk_next(&walk)) {
        if (schedule->count == HK_SCHEDULE_MAX) {
            hk_form_fail(reader->form, field, "The %s must have 1 to %d items.", field,
                         HK_SCHEDULE_MAX);
            return;
        }
        snprintf(item, sizeof(item), "%s.%u", field, schedule->count);
        schedule->delays_ms[schedule->count++] =
            (uint32_t)read_number(reader, item, walk.value, (struct hk_range){ 0, DELAY_MS_MAX });
    }
    if (schedule->count == 0)
        hk_form_fail(reader->form, field, "The %s must have 1 to %d items.", field,
                     HK_SCHEDULE_MAX);
}

static void read_schedule(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const char *const words[] = { "points", "standard", NULL };
    if (value.type == HK_JSON_ARRAY) {
        read_delays(reader, field, value);
        return;
    }
    int place = read_word(reader, field, value, words);
    reader->value->schedule.kind = place == 1 ? HK_SCHEDULE_STANDARD : HK_SCHEDULE_POINTS;
}

static void read_attempts(struct reader *reader, const char *field, struct hk_json_value value)
{
    reader->value->attempts =
        (uint32_t)read_number(reader, field, value, (struct hk_range){ 1, HK_ATTEMPTS_MAX });
}

static void read_timeout(struct reader *reader, const char *field, struct hk_json_value value)
{
    reader->value->timeout_ms =
        (uint32_t)read_number(reader, field, value, (struct hk_range){ 1000, 30000 });
}

static void read_statuses(struct reader *reader, const char *field, struct hk_json_value value)
{
    uint16_t statuses[HK_STATUSES_MAX];
    uint32_t count = 0;
    char item[32];
    struct hk_json_walk walk = hk_json_walk_start(value);
    if (value.type != HK_JSON_ARRAY) {
        hk_form_fail(reader->form, field, "The %s must be a list of integers.", field);
        return;
    }
    while (hk_json_walk_next(&walk)) {
        snprintf(item, sizeof(item), "%s.%u", field, count);
        if (count == HK_STATUSES_MAX) {
            hk_form_fail(reader->form, field, "The %s must not have more than %d items.", field,
                         HK_STATUSES_MAX);
            return;
        }
        statuses[count++] =
            (uint16_t)read_number(reader, item, walk.value, (struct hk_range){ 400, 599 });
    }
    if (count == 0)
        return;
    reader->value->no_retry_statuses = hk_alloc_or_die(count * sizeof(statuses[0]));
    memcpy(reader->value->no_retry_statuses, statuses, count * sizeof(statuses[0]));
    reader->value->no_retry_status_count = count;
}

static void read_on_gone(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const char *const words[] = { "retry", "disable", NULL };
    int place = read_word(reader, field, value, words);
    reader->value->on_gone = place == 1 ? HK_ON_GONE_DISABLE : HK_ON_GONE_RETRY;
}

static void read_disable_after(struct reader *reader, const char *field, struct hk_json_value value)
{
    int64_t seconds = -1;
    bool is_integer = value.type == HK_JSON_NUMBER && hk_json_integer(value, &seconds) == 0;
    if (!is_integer || (seconds != 0 && (seconds < 3600 || seconds > 2592000)))
        hk_form_fail(reader->form, field, "The %s must be 0 or between 3600 and 2592000.", field);
    else
        reader->value->disable_after_s = (uint32_t)seconds;
}

static void read_rate_limit(struct reader *reader, const char *field, struct hk_json_value value)
{
    char text[64];
    double rate = -1;
    if (value.type == HK_JSON_NUMBER && value.text.size < sizeof(text)) {
        memcpy(text, value.text.at, value.text.size);
        text[value.text.size] = '\0';
        rate = strtod(text, NULL);
    }
    if (!(rate >= 0.1 && rate <= 10000))
        hk_form_fail(reader->form, field, "The %s must be between 0.1 and 10000.", field);
    else
        reader->value->rate_limit_milli = (uint32_t)(rate * 1000 + 0.5);
}

static void read_concurrency(struct reader *reader, const char *field, struct hk_json_value value)
{
    reader->value->concurrency =
        (uint32_t)read_number(reader, field, value, (struct hk_range){ 1, 256 });
}

static void read_ordering(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const char *const words[] = { "none", "key", NULL };
    int place = read_word(reader, field, value, words);
    reader->value->ordering = place == 1 ? HK_ORDERING_KEY : HK_ORDERING_NONE;
}

static void read_ordering_skip(struct reader *reader, const char *field, struct hk_json_value value)
{
    reader->value->ordering_skip_s =
        (uint32_t)read_number(reader, field, value, (struct hk_range){ 0, 604800 });
}

/** What the two kinds of pairs want of their entries. */
struct pair_rules {
    uint32_t count_max;
    size_t name_bytes_max;
    size_t value_bytes_max;
    const char *(*check)(const struct reader *reader, struct hk_slice name, struct hk_slice value);
};

static bool has_pair(const struct hk_pairs *pairs, struct hk_slice name)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (strcasecmp(pairs->items[i].name, name.at) == 0)
            return true;
    }
    return false;
}

static const char *check_header(const struct reader *reader, struct hk_slice name,
                                struct hk_slice value)
{
    if (!hk_guard_is_token(name))
        return "is not the name of a header";
    if (!hk_guard_is_value(value) || memchr(value.at, '\t', value.size) != NULL)
        return "must not contain control characters";
    if (hk_header_is_reserved(name, hk_signer_find(reader->value->signature)))
        return "is set by hookd";
    if (has_pair(&reader->value->headers, name))
        return "stands there twice";
    return NULL;
}

/** Reads one pair; both texts come terminated. */
static void read_pair(struct reader *reader, const char *field, const struct hk_json_walk *walk,
                      const struct pair_rules *rules, struct hk_pairs *pairs)
{
    struct hk_bytes name = { 0 }, text = { 0 };
    struct hk_json_value key = { HK_JSON_STRING, { walk->key.at - 1, walk->key.size + 2 } };
    const char *fault = "could not be read";
    bool is_read = hk_json_string(key, &name) == 0 && hk_bytes_append(&name, "", 1) == 0;
    if (is_read && walk->value.type == HK_JSON_STRING)
        is_read = hk_json_string(walk->value, &text) == 0 && hk_bytes_append(&text, "", 1) == 0;
    if (is_read) {
        struct hk_slice a = { name.at, name.size - 1 };
        struct hk_slice b = { text.at, text.size - (text.size > 0) };
        if (walk->value.type != HK_JSON_STRING)
            fault = "must be a string";
        else if (a.size == 0 || a.size > rules->name_bytes_max || b.size > rules->value_bytes_max)
            fault = "is too long, or its name is empty";
        else if (strlen(a.at) != a.size || strlen(b.at) != b.size)
            fault = "must not contain zero bytes";
        else
            fault = rules->check != NULL ? rules->check(reader, a, b) : NULL;
        if (fault == NULL)
            hk_pairs_add(pairs, a, b);
    }
    if (fault != NULL) {
        char item[160];
        struct hk_slice shown = hk_slice_cut(hk_slice_of(name.at), HK_HEADER_NAME_BYTES_MAX);
        snprintf(item, sizeof(item), "%s.%.*s", field, (int)shown.size, shown.at);
        hk_form_fail(reader->form, item, "The %s %s.", item, fault);
    }
    hk_bytes_fini(&name);
    hk_bytes_fini(&text);
}

static void read_pairs(struct reader *reader, const char *field, struct hk_json_value value,
                       const struct pair_rules *rules, struct hk_pairs *pairs)
{
    uint32_t count = 0;
    if (value.type != HK_JSON_OBJECT) {
        hk_form_fail(reader->form, field, "The %s must be an object of strings.", field);
        return;
    }
    struct hk_json_walk walk = hk_json_walk_start(value);
    while (hk_json_walk_next(&walk)) {
        if (++count > rules->count_max) {
            hk_form_fail(reader->form, field, "The %s must not have more than %u items.", field,
                         rules->count_max);
            return;
        }
        read_pair(reader, field, &walk, rules, pairs);
    }
}

static void read_headers(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const struct pair_rules rules = { HK_HEADERS_MAX, HK_HEADER_NAME_BYTES_MAX,
                                             HK_HEADER_VALUE_BYTES_MAX, check_header };
    read_pairs(reader, field, value, &rules, &reader->value->headers);
}

static void read_labels(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const struct pair_rules rules = { HK_LABELS_MAX, HK_LABEL_BYTES_MAX, HK_LABEL_BYTES_MAX,
                                             NULL };
    read_pairs(reader, field, value, &rules, &reader->value->labels);
}

static int seal(const struct hk_webhook_reading *reading, struct hk_slice plain,
                struct hk_bytes *sealed)
{
    struct hk_slice context = { (const char *)reading->uuid->bytes, sizeof(reading->uuid->bytes) };
    return hk_seal(reading->config->secret_key, context, plain, sealed);
}

/** Reads one string of `auth`; gets NULL when something is wrong with it. */
static char *read_auth_part(struct reader *reader, struct hk_json_value auth, const char *name)
{
    struct hk_json_value value;
    char field[32], *text = NULL;
    snprintf(field, sizeof(field), "auth.%s", name);
    if (!hk_json_find(auth, name, &value)) {
        hk_form_fail(reader->form, field, "The %s field is required.", field);
        return NULL;
    }
    if (!hk_form_text(reader->form, field, value, AUTH_CHARS_MAX, &text))
        return NULL;
    if (hk_guard_is_value(hk_slice_of(text)))
        return text;
    hk_form_fail(reader->form, field, "The %s must not contain control characters.", field);
    hk_free(text);
    return NULL;
}

static void seal_auth(struct reader *reader, struct hk_bytes *header)
{
    if (seal(reader->reading, hk_bytes_slice(header), &reader->value->auth.sealed) < 0)
        hk_form_fail(reader->form, "auth", "The auth could not be sealed.");
    hk_wipe(header->at, header->size);
    hk_bytes_fini(header);
}

static void free_secret(char *text)
{
    if (text != NULL)
        hk_wipe(text, strlen(text));
    hk_free(text);
}

static void read_basic(struct reader *reader, struct hk_json_value value)
{
    struct hk_bytes pair = { 0 }, header = { 0 };
    char *user = read_auth_part(reader, value, "user");
    char *password = read_auth_part(reader, value, "password");
    if (user != NULL && strchr(user, ':') != NULL)
        hk_form_fail(reader->form, "auth.user", "The auth.user must not contain a colon.");
    if (user != NULL && password != NULL &&
        hk_bytes_append_format(&pair, "%s:%s", user, password) == 0 &&
        hk_bytes_append_text(&header, "Basic ") == 0 &&
        hk_bytes_reserve(&header, pair.size / 3 * 4 + 8) == 0) {
        int size = EVP_EncodeBlock((unsigned char *)header.at + header.size,
                                   (const unsigned char *)pair.at, (int)pair.size);
        header.size += (size_t)size;
        reader->value->auth.user = user;
        user = NULL;
        seal_auth(reader, &header);
    }
    if (pair.at != NULL)
        hk_wipe(pair.at, pair.size);
    hk_bytes_fini(&pair);
    hk_bytes_fini(&header);
    hk_free(user);
    free_secret(password);
}

static void read_bearer(struct reader *reader, struct hk_json_value value)
{
    struct hk_bytes header = { 0 };
    char *token = read_auth_part(reader, value, "token");
    if (token != NULL && hk_bytes_append_format(&header, "Bearer %s", token) == 0)
        seal_auth(reader, &header);
    hk_bytes_fini(&header);
    free_secret(token);
}

static void read_auth(struct reader *reader, const char *field, struct hk_json_value value)
{
    static const char *const words[] = { "basic", "bearer", NULL };
    struct hk_json_value type;
    if (value.type != HK_JSON_OBJECT || !hk_json_find(value, "type", &type)) {
        hk_form_fail(reader->form, field, "The %s must be an object with a type.", field);
        return;
    }
    int place = read_word(reader, "auth.type", type, words);
    if (place < 0)
        return;
    reader->value->auth.type = place == 0 ? HK_AUTH_BASIC : HK_AUTH_BEARER;
    if (place == 0)
        read_basic(reader, value);
    else
        read_bearer(reader, value);
}

static void read_description(struct reader *reader, const char *field, struct hk_json_value value)
{
    hk_form_text(reader->form, field, value, HK_DESCRIPTION_CHARS_MAX, &reader->value->description);
}

/** Every field. `signature` stands before `headers`, which depend on it. */
static const struct {
    const char *name;
    enum hk_endpoint_field bit;
    bool is_required; /**< null is no value for it; for the others it is their default. */
    read_fn read;
} fields[] = {
    { "name", HK_ENDPOINT_NAME, true, read_name },
    { "url", HK_ENDPOINT_URL, true, read_url },
    { "events", HK_ENDPOINT_EVENTS, false, read_events },
    { "enabled", HK_ENDPOINT_ENABLED, false, read_enabled },
    { "role", HK_ENDPOINT_ROLE, false, read_role },
    { "signature", HK_ENDPOINT_SIGNATURE, false, read_signature },
    { "schedule", HK_ENDPOINT_SCHEDULE, false, read_schedule },
    { "attempts", HK_ENDPOINT_ATTEMPTS, false, read_attempts },
    { "timeout_ms", HK_ENDPOINT_TIMEOUT, false, read_timeout },
    { "no_retry_statuses", HK_ENDPOINT_NO_RETRY_STATUSES, false, read_statuses },
    { "on_gone", HK_ENDPOINT_ON_GONE, false, read_on_gone },
    { "disable_after_s", HK_ENDPOINT_DISABLE_AFTER, false, read_disable_after },
    { "rate_limit", HK_ENDPOINT_RATE_LIMIT, false, read_rate_limit },
    { "concurrency", HK_ENDPOINT_CONCURRENCY, false, read_concurrency },
    { "ordering", HK_ENDPOINT_ORDERING, false, read_ordering },
    { "ordering_skip_s", HK_ENDPOINT_ORDERING_SKIP, false, read_ordering_skip },
    { "headers", HK_ENDPOINT_HEADERS, false, read_headers },
    { "auth", HK_ENDPOINT_AUTH, false, read_auth },
    { "labels", HK_ENDPOINT_LABELS, false, read_labels },
    { "description", HK_ENDPOINT_DESCRIPTION, false, read_description },
};

void hk_webhook_fields_read(struct hk_form *form, const struct hk_webhook_reading *reading,
                            struct hk_endpoint_patch *patch)
{
    struct reader reader = { form, reading, &patch->value };
    hk_endpoint_init(&patch->value);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct hk_json_value value;
        if (!hk_form_find(form, fields[i].name, &value)) {
            if (fields[i].is_required && reading->is_new)
                hk_form_fail(form, fields[i].name, "The %s field is required.", fields[i].name);
            continue;
        }
        patch->fields |= fields[i].bit;
        if (value.type != HK_JSON_NULL)
            fields[i].read(&reader, fields[i].name, value);
        else if (fields[i].is_required)
            hk_form_fail(form, fields[i].name, "The %s field is required.", fields[i].name);
    }
    if (patch->fields == 0 && !reading->is_new) {
        hk_form_fail(form, "name", "The name field is required when nothing else is given.");
        hk_form_fail(form, "url", "The url field is required when nothing else is given.");
    }
}

int hk_webhook_fields_make_secret(const struct hk_webhook_reading *reading,
                                  struct hk_endpoint_patch *patch)
{
    unsigned char random[SECRET_RANDOM_BYTES];
    unsigned char text[SECRET_CHARS + 1];
    int code = hk_random_bytes(random, sizeof(random));
    if (code == 0) {
        EVP_EncodeBlock(text, random, sizeof(random));
        code = seal(reading, (struct hk_slice){ (const char *)text, SECRET_CHARS },
                    &patch->value.secret);
    }
    hk_wipe(random, sizeof(random));
    hk_wipe(text, sizeof(text));
    patch->fields |= HK_ENDPOINT_SECRET;
    return code;
}
