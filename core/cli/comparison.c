// SPDX-License-Identifier: Apache-2.0
#include "cli/comparison.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json_diff.h"
#include "cli/diff_view.h"
#include "cli/view.h"
#include "model/delivery.h"

#include <stdlib.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_header(struct hk_texts *headers, struct hk_slice name, struct hk_slice value)
{
    struct hk_bytes line = { 0 };
    hk_assert(hk_bytes_append_format(&line, "%.*s: %.*s", (int)name.size, name.at, (int)value.size,
                                     value.at) == 0);
    hk_texts_add(headers, hk_bytes_slice(&line));
    hk_bytes_fini(&line);
}

static void sort_headers(struct hk_texts *headers)
{
    if (headers->count > 1)
        qsort(headers->items, headers->count, sizeof(headers->items[0]), compare_texts);
}

static bool is_in_shop(const struct hk_shop *shop, const struct hk_uuid *uuid)
{
    for (uint32_t i = 0; i < shop->count; i++)
        if (hk_uuid_is_equal(&shop->endpoints[i].uuid, uuid))
            return true;
    return false;
}

static struct hk_comparison_side *find(const struct hk_comparison_plan *plan,
                                       const struct hk_uuid *endpoint)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (hk_uuid_is_equal(&plan->sides[i].endpoint, endpoint))
            return &plan->sides[i];
    return NULL;
}

static struct hk_comparison_side *add_side(struct hk_comparison_plan *plan)
{
    plan->sides = hk_realloc_or_die(plan->sides, plan->count + 1, sizeof(*plan->sides));
    plan->sides[plan->count] = (struct hk_comparison_side){ 0 };
    return &plan->sides[plan->count++];
}

// ---- the recorded plan -----------------------------------------------------------------------

/** Adds a recorded delivery, unless it is one that no policy chooses or that is there already (a
 * resend). */
static int add_recorded(struct hk_comparison *comparison, const json_t *delivery,
                        struct hk_json_value text, const struct hk_shop *shop)
{
    struct hk_comparison_plan *plan = &comparison->recorded;
    struct hk_json_value diff;
    struct hk_uuid uuid;
    const char *name;
    json_t *value;
    if (hk_uuid_parse(hk_slice_of(hk_view_text(delivery, "webhook")), &uuid) < 0 ||
        !hk_json_find(text, "diff", &diff))
        return HK_EDAMAGED;
    bool is_chosen = strcmp(hk_view_text(delivery, "role"), hk_role_name(HK_ROLE_PRIMARY)) == 0;
    if (!is_chosen || !is_in_shop(shop, &uuid) || find(plan, &uuid))
        return 0;
    struct hk_comparison_side *side = add_side(plan);
    side->endpoint = uuid;
    side->is_skipped =
        strcmp(hk_view_text(delivery, "reason"), hk_reason_word(HK_REASON_SKIPPED_BY_POLICY)) == 0;
    comparison->is_unknown |= diff.type == HK_JSON_NULL;
    json_object_foreach(json_object_get(delivery, "headers"), name, value)
    {
        add_header(&side->headers, hk_slice_of(name), hk_slice_of(json_string_value(value)));
    }
    sort_headers(&side->headers);
    return hk_bytes_append(&side->diff, diff.text.at, diff.text.size);
}

static int read_recorded(struct hk_comparison *comparison, const struct hk_client_answer *why,
                         const struct hk_shop *shop)
{
    const json_t *data = json_object_get(why->root, "data");
    const json_t *dropped = json_object_get(data, "dropped");
    struct hk_json_value top, list;
    if (hk_json_scan(hk_bytes_slice(&why->text), &top, NULL) < 0 ||
        !hk_json_find_path(top, "data.deliveries", &list))
        return HK_EDAMAGED;
    bool is_decided = hk_view_text(data, "decided_by")[0] != '\0';
    comparison->recorded.state = json_is_object(dropped) ? "dropped"
                                 : is_decided            ? "planned"
                                                         : "held";
    int code =
        hk_bytes_append_text(&comparison->recorded.why, is_decided ? hk_view_text(dropped, "why")
                                                                   : hk_view_text(data, "error"));
    struct hk_json_walk walk = hk_json_walk_start(list);
    for (size_t i = 0; code == 0 && hk_json_walk_next(&walk); i++)
        code = add_recorded(comparison, json_array_get(json_object_get(data, "deliveries"), i),
                            walk.value, shop);
    return code;
}

// ---- the candidate's plan --------------------------------------------------------------------

static int add_candidate(struct hk_comparison_plan *plan, const struct hk_plan_view *view,
                         const struct hk_wire_delivery *delivery)
{
    struct hk_comparison_side *side = add_side(plan);
    struct hk_json_value from, to;
    bool is_truncated;
    side->endpoint = view->shop->endpoints[delivery->endpoint].uuid;
    side->is_skipped = delivery->reason != HK_REASON_NONE;
    for (uint32_t i = 0; i < delivery->header_count; i++)
        add_header(&side->headers, delivery->headers[(size_t)2 * i],
                   delivery->headers[(size_t)2 * i + 1]);
    sort_headers(&side->headers);
    if (!delivery->has_body)
        return hk_bytes_append_text(&side->diff, "[]");
    if (hk_json_scan(view->body, &from, NULL) < 0 || hk_json_scan(delivery->body, &to, NULL) < 0)
        return HK_EDAMAGED;
    return hk_json_diff_append(&side->diff, from, to, &is_truncated);
}

static int read_candidate(struct hk_comparison_plan *plan, const struct hk_plan_view *view)
{
    const struct hk_wire_message *message = &view->trial->message;
    if (message->kind != HK_WIRE_PLANNED) {
        plan->state = "failed";
        return hk_cage_append_error(view->cage, view->source, message->failed.text, &plan->why);
    }
    const struct hk_wire_planned *planned = &message->planned;
    plan->state = planned->reason == HK_REASON_NONE ? "planned" : "dropped";
    int code = hk_bytes_append(&plan->why, planned->why.at, planned->why.size);
    for (uint32_t i = 0; code == 0 && i < planned->delivery_count; i++)
        code = add_candidate(plan, view, &planned->deliveries[i]);
    return code;
}

// ---- both ------------------------------------------------------------------------------------

static bool is_same_content(const struct hk_comparison_side *a, const struct hk_comparison_side *b)
{
    if (a->is_skipped || b->is_skipped)
        return a->is_skipped == b->is_skipped;
    bool is_same = a->headers.count == b->headers.count &&
                   hk_slice_is_equal(hk_bytes_slice(&a->diff), hk_bytes_slice(&b->diff));
    for (uint32_t i = 0; is_same && i < a->headers.count; i++)
        is_same = strcmp(a->headers.items[i], b->headers.items[i]) == 0;
    return is_same;
}

static bool is_same_plan(const struct hk_comparison_plan *a, const struct hk_comparison_plan *b)
{
    if (strcmp(a->state, b->state) != 0 || a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct hk_comparison_side *other = find(b, &a->sides[i].endpoint);
        if (other == NULL || !is_same_content(&a->sides[i], other))
            return false;
    }
    return true;
}

int hk_comparison_make(struct hk_comparison *comparison, const struct hk_client_answer *why,
                       const struct hk_plan_view *candidate)
{
    *comparison = (struct hk_comparison){ 0 };
    int code = read_recorded(comparison, why, candidate->shop);
    if (code == 0)
        code = read_candidate(&comparison->candidate, candidate);
    if (code < 0) {
        hk_comparison_fini(comparison);
        return code;
    }
    comparison->is_same = is_same_plan(&comparison->recorded, &comparison->candidate);
    return 0;
}

static void plan_fini(struct hk_comparison_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        hk_bytes_fini(&plan->sides[i].diff);
        hk_texts_fini(&plan->sides[i].headers);
    }
    hk_free(plan->sides);
    hk_bytes_fini(&plan->why);
}

void hk_comparison_fini(struct hk_comparison *comparison)
{
    plan_fini(&comparison->recorded);
    plan_fini(&comparison->candidate);
    *comparison = (struct hk_comparison){ 0 };
}

// ---- what a person sees ----------------------------------------------------------------------

static void print_state(const struct hk_screen *screen, char sign,
                        const struct hk_comparison_plan *plan)
{
    hk_screen_print(screen, "  %c %s", sign, plan->state);
    hk_screen_print(screen, plan->why.size > 0 ? ": " : "");
    hk_screen_text(screen, hk_bytes_slice(&plan->why));
    hk_screen_print(screen, "\n");
}

/** Prints what one of the two does for an endpoint. */
static void print_side(const struct hk_screen *screen, char sign,
                       const struct hk_wire_endpoint *endpoint,
                       const struct hk_comparison_side *side)
{
    struct hk_json_value diff;
    hk_screen_print(screen, "  %c ", sign);
    hk_screen_text(screen, endpoint->name);
    if (side == NULL) {
        hk_screen_print(screen, ": nothing\n");
        return;
    }
    bool is_changed = side->headers.count > 0 || side->diff.size > 2;
    hk_screen_print(screen, side->is_skipped ? ": skipped\n"
                            : is_changed     ? ": gets\n"
                                             : ": gets it as it came in\n");
    for (uint32_t i = 0; i < side->headers.count; i++) {
        hk_screen_print(screen, "    + header ");
        hk_screen_text(screen, hk_slice_of(side->headers.items[i]));
        hk_screen_print(screen, "\n");
    }
    if (hk_json_scan(hk_bytes_slice(&side->diff), &diff, NULL) == 0)
        hk_diff_view_list(screen, diff);
}

void hk_comparison_print(const struct hk_comparison *comparison, const struct hk_shop *shop,
                         const struct hk_screen *screen)
{
    const struct hk_comparison_plan *recorded = &comparison->recorded;
    const struct hk_comparison_plan *candidate = &comparison->candidate;
    if (strcmp(recorded->state, candidate->state) != 0) {
        print_state(screen, '-', recorded);
        print_state(screen, '+', candidate);
    }
    for (uint32_t i = 0; i < shop->count; i++) {
        const struct hk_comparison_side *before = find(recorded, &shop->endpoints[i].uuid);
        const struct hk_comparison_side *after = find(candidate, &shop->endpoints[i].uuid);
        if ((before == NULL && after == NULL) ||
            (before && after && is_same_content(before, after)))
            continue;
        print_side(screen, '-', &shop->endpoints[i], before);
        print_side(screen, '+', &shop->endpoints[i], after);
    }
}
