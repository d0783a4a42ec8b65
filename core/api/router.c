// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include "model/merchant.h"

#include <stdio.h>

/** Cuts the next "/segment" off `path`; false at its end. */
static bool next_segment(const char **path, struct hk_slice *segment)
{
    if (**path != '/')
        return false;
    const char *start = *path + 1;
    size_t size = strcspn(start, "/");
    *segment = (struct hk_slice){ start, size };
    *path = start + size;
    return true;
}

bool hk_router_is_policy_name(struct hk_slice name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    if (name.size == 0 || name.size > HK_POLICY_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (memchr(allowed, name.at[i], sizeof(allowed) - 1) == NULL)
            return false;
    bool has_suffix = name.size >= 4 && memcmp(name.at + name.size - 4, ".lua", 4) == 0;
    return name.at[0] != '.' && name.at[0] != '-' && !has_suffix;
}

static bool take_name(struct hk_slice given, struct hk_match *match)
{
    if (!hk_router_is_policy_name(given))
        return false;
    memcpy(match->name, given.at, given.size);
    match->name[given.size] = '\0';
    return true;
}

static bool take_segment(struct hk_slice wanted, struct hk_slice given, struct hk_match *match)
{
    if (hk_slice_is(wanted, "{merchant}")) {
        match->has_merchant = true;
        bool is_canonical = given.size == 1 || (given.size > 1 && given.at[0] != '0');
        return is_canonical &&
               hk_slice_parse_u64(given, HK_MERCHANT_ID_MAX, &match->merchant_id) == 0;
    }
    if (hk_slice_is(wanted, "{uuid}"))
        return hk_uuid_parse(given, &match->uuid) == 0;
    if (hk_slice_is(wanted, "{name}"))
        return take_name(given, match);
    return hk_slice_is_equal(wanted, given);
}

static bool is_path(const char *pattern, const char *path, struct hk_match *match)
{
    struct hk_slice wanted, given;
    while (next_segment(&pattern, &wanted)) {
        if (!next_segment(&path, &given) || !take_segment(wanted, given, match))
            return false;
    }
    return *path == '\0';
}

static const struct hk_action *find_action(const struct hk_route *route, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (const struct hk_action *action = route->actions; action->method != NULL; action++) {
        if (strcmp(action->method, wanted) == 0)
            return action;
    }
    return NULL;
}

int hk_router_find(const char *method, const char *path, struct hk_match *match)
{
    for (const struct hk_route *route = hk_routes; route->pattern != NULL; route++) {
        *match = (struct hk_match){ .route = route };
        if (!is_path(route->pattern, path, match))
            continue;
        match->action = find_action(route, method);
        return match->action != NULL ? 0 : HK_EINVAL;
    }
    *match = (struct hk_match){ 0 };
    return HK_ENOTFOUND;
}

const char *hk_router_allow(const struct hk_route *route, char text[HK_ALLOW_TEXT_MAX])
{
    size_t used = 0;
    text[0] = '\0';
    for (const struct hk_action *action = route->actions; action->method != NULL; action++) {
        const char *also = strcmp(action->method, "GET") == 0 ? ", HEAD" : "";
        int added = snprintf(text + used, HK_ALLOW_TEXT_MAX - used, "%s%s%s", used ? ", " : "",
                             action->method, also);
        used += (size_t)added;
    }
    return text;
}
