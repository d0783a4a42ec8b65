// SPDX-License-Identifier: Apache-2.0
#include "daemon/option_value.h"

#include "base/alloc.h"
#include "base/check.h"

/** Gets the bytes of a field that is a plain value; 0: it owns something. */
static size_t plain_bytes(enum hk_option_type type)
{
    switch (type) {
    case HK_OPTION_BOOL:
        return sizeof(bool);
    case HK_OPTION_UINT32:
    case HK_OPTION_BYTES32:
        return sizeof(uint32_t);
    case HK_OPTION_UINT64:
    case HK_OPTION_BYTES64:
        return sizeof(uint64_t);
    case HK_OPTION_SECONDS:
        return sizeof(int64_t);
    case HK_OPTION_WORD:
        return sizeof(enum hk_log_level);
    case HK_OPTION_SECRET:
        return sizeof(((struct hk_config *)NULL)->secret_key);
    default:
        return 0;
    }
}

static bool is_text(enum hk_option_type type)
{
    return type == HK_OPTION_PATH || type == HK_OPTION_FILE || type == HK_OPTION_URL;
}

static const void *field_of(const struct hk_option *option, const struct hk_config *config)
{
    return (const char *)config + option->offset;
}

static const struct hk_texts *texts_of(const struct hk_option *option,
                                       const struct hk_config *config)
{
    switch (option->type) {
    case HK_OPTION_TYPES:
        return &config->event_types;
    case HK_OPTION_PLUGINS:
        return &config->plugins;
    default:
        return field_of(option, config);
    }
}

/** Is the list there at all? Where it may be missing, that means another thing than an empty one.
 */
static bool has_list(const struct hk_option *option, const struct hk_config *config)
{
    if (option->type == HK_OPTION_TYPES)
        return config->has_event_types;
    return option->type != HK_OPTION_PLUGINS || config->has_plugins;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_list(const struct hk_texts *a, const struct hk_texts *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static bool is_same_ports(const struct hk_deliver_options *a, const struct hk_deliver_options *b)
{
    if (a->allow_ports == NULL || b->allow_ports == NULL)
        return a->allow_ports == b->allow_ports;
    return a->allow_port_count == b->allow_port_count &&
           memcmp(a->allow_ports, b->allow_ports, a->allow_port_count * sizeof(uint16_t)) == 0;
}

bool hk_option_is_equal(const struct hk_option *option, const struct hk_config *a,
                        const struct hk_config *b)
{
    size_t size = plain_bytes(option->type);
    if (size > 0)
        return memcmp(field_of(option, a), field_of(option, b), size) == 0;
    if (is_text(option->type))
        return is_same_text(*(char *const *)field_of(option, a),
                            *(char *const *)field_of(option, b));
    if (option->type == HK_OPTION_PORTS)
        return is_same_ports(&a->deliver, &b->deliver);
    return has_list(option, a) == has_list(option, b) &&
           is_same_list(texts_of(option, a), texts_of(option, b));
}

static void copy_ports(struct hk_deliver_options *to, const struct hk_deliver_options *from)
{
    hk_free(to->allow_ports);
    to->allow_ports = NULL;
    to->allow_port_count = from->allow_port_count;
    if (from->allow_ports == NULL)
        return;
    to->allow_ports = hk_alloc_zero_or_die(from->allow_port_count + 1, sizeof(uint16_t));
    memcpy(to->allow_ports, from->allow_ports, from->allow_port_count * sizeof(uint16_t));
}

static void copy_list(const struct hk_option *option, struct hk_config *to,
                      const struct hk_config *from)
{
    struct hk_texts *texts = (struct hk_texts *)(uintptr_t)texts_of(option, to);
    for (uint32_t i = 0; option->type == HK_OPTION_SECRETS && i < texts->count; i++)
        hk_wipe(texts->items[i], strlen(texts->items[i]));
    hk_texts_fini(texts);
    *texts = hk_texts_clone(texts_of(option, from));
    if (option->type == HK_OPTION_TYPES)
        to->has_event_types = from->has_event_types;
    if (option->type == HK_OPTION_PLUGINS)
        to->has_plugins = from->has_plugins;
}

void hk_option_copy(const struct hk_option *option, struct hk_config *to,
                    const struct hk_config *from)
{
    size_t size = plain_bytes(option->type);
    void *field = (char *)to + option->offset;
    if (size > 0) {
        memcpy(field, field_of(option, from), size);
    } else if (is_text(option->type)) {
        char **text = field;
        hk_free(*text);
        *text = hk_strdup_or_die(*(char *const *)field_of(option, from));
    } else if (option->type == HK_OPTION_PORTS) {
        copy_ports(&to->deliver, &from->deliver);
    } else {
        copy_list(option, to, from);
    }
}

struct hk_config *hk_config_clone(const struct hk_config *config)
{
    struct hk_config *copy = hk_alloc_zero_or_die(1, sizeof(*copy));
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    for (uint32_t i = 0; i < count; i++)
        hk_option_copy(&options[i], copy, config);
    copy->deliver.concurrency = config->deliver.concurrency;
    return copy;
}
