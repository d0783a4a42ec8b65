// SPDX-License-Identifier: Apache-2.0
#include "base/json_diff.h"

#include "base/alloc.h"

#include <stdlib.h>

/** Bytes of containers that one comparison walks, every level counted again. */
#define WORK_BYTES_MAX (UINT64_C(128) << 20)

/** One comparison. With `take` NULL it only looks whether there is any difference. */
struct differ {
    hk_json_diff_fn take;
    void *arg;
    struct hk_bytes path;
    uint32_t count;
    uint64_t *work;
    bool is_over; /**< There is more than may be told, or than was asked for. */
};

/** A member or an element. */
struct item {
    struct hk_slice key; /**< Unescaped; empty in an array. */
    struct hk_json_value value;
    bool is_met;
};

struct items {
    struct item *at;
    size_t count, capacity;
    struct hk_bytes keys;  /**< Of keys that have escapes. */
    struct item **by_name; /**< Made when it is needed. */
    size_t next;           /**< Where the member after the last one that was found stands. */
};

const char *hk_json_diff_op_word(enum hk_json_diff_op op)
{
    static const char *const words[] = { "add", "remove", "replace" };
    return words[op];
}

/* Items of a container. */

static void items_fini(struct items *items)
{
    hk_free(items->at);
    hk_free(items->by_name);
    hk_bytes_fini(&items->keys);
}

/** Unescapes into memory that does not move: all keys of `text` have room in it. */
static int key_unescape(struct items *items, struct hk_slice text, struct hk_slice *key)
{
    if (memchr(key->at, '\\', key->size) == NULL)
        return 0;
    if (items->keys.capacity == 0 && hk_bytes_reserve(&items->keys, text.size) < 0)
        return HK_ENOMEM;
    size_t start = items->keys.size;
    struct hk_json_value quoted = { HK_JSON_STRING, { key->at - 1, key->size + 2 } };
    if (hk_json_string(quoted, &items->keys) < 0)
        return HK_ENOMEM;
    *key = (struct hk_slice){ items->keys.at + start, items->keys.size - start };
    return 0;
}

static int items_read(struct items *items, struct hk_json_value container)
{
    struct hk_json_walk walk = hk_json_walk_start(container);
    while (hk_json_walk_next(&walk)) {
        if (items->count == items->capacity) {
            size_t capacity = items->capacity > 0 ? items->capacity * 2 : 16;
            struct item *grown = hk_realloc(items->at, capacity, sizeof(*grown));
            if (grown == NULL)
                return HK_ENOMEM;
            items->at = grown;
            items->capacity = capacity;
        }
        struct item *item = &items->at[items->count++];
        *item = (struct item){ .key = walk.key, .value = walk.value };
        if (key_unescape(items, container.text, &item->key) < 0)
            return HK_ENOMEM;
    }
    return 0;
}

static int key_compare(struct hk_slice a, struct hk_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.at, b.at, size) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_key(const void *a, const void *b)
{
    return key_compare((*(struct item *const *)a)->key, (*(struct item *const *)b)->key);
}

static int items_sort(struct items *items)
{
    items->by_name = hk_alloc_zero(items->count, sizeof(struct item *));
    if (items->by_name == NULL)
        return HK_ENOMEM;
    for (size_t i = 0; i < items->count; i++)
        items->by_name[i] = &items->at[i];
    qsort(items->by_name, items->count, sizeof(struct item *), by_key);
    return 0;
}

/** Finds a member: mostly the one behind the last. `found` NULL: there is none. */
static int items_find(struct items *items, struct hk_slice key, struct item **found)
{
    *found = NULL;
    if (items->count == 0)
        return 0;
    if (items->next < items->count && hk_slice_is_equal(items->at[items->next].key, key)) {
        *found = &items->at[items->next++];
        return 0;
    }
    if (items->by_name == NULL && items_sort(items) < 0)
        return HK_ENOMEM;
    struct item wanted = { .key = key };
    const struct item *at = &wanted;
    struct item **place = bsearch(&at, items->by_name, items->count, sizeof(at), by_key);
    if (place != NULL) {
        *found = *place;
        items->next = (size_t)(*place - items->at) + 1;
    }
    return 0;
}

/* The path. */

static int path_push(struct differ *differ, struct hk_slice name)
{
    struct hk_bytes *path = &differ->path;
    if (differ->take == NULL)
        return 0;
    if (path->size + name.size >= HK_JSON_DIFF_PATH_BYTES_MAX)
        name = HK_SLICE("...");
    int code = hk_bytes_append(path, "/", 1);
    for (size_t i = 0; i < name.size && code == 0; i++) {
        const char *escape = name.at[i] == '~' ? "~0" : name.at[i] == '/' ? "~1" : NULL;
        code = escape != NULL ? hk_bytes_append(path, escape, 2)
                              : hk_bytes_append(path, name.at + i, 1);
    }
    return code;
}

static int path_push_index(struct differ *differ, size_t index)
{
    char text[24];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    return path_push(differ, (struct hk_slice){ text + at, sizeof(text) - at });
}

static void path_pop(struct differ *differ, size_t size)
{
    differ->path.size = size;
}

/* The comparison. It goes as deep as scanned documents do: HK_JSON_DEPTH_MAX. */

// NOLINTBEGIN(misc-no-recursion): a walker with a depth limit

static int tell(struct differ *differ, enum hk_json_diff_op op, const struct hk_json_value *from,
                const struct hk_json_value *to)
{
    if (differ->take == NULL || differ->count == HK_JSON_DIFF_ENTRIES_MAX) {
        differ->is_over = true;
        return 0;
    }
    differ->count++;
    struct hk_json_diff_entry entry = { .op = op,
                                        .path = hk_bytes_slice(&differ->path),
                                        .from = from ? from->text : HK_SLICE_EMPTY,
                                        .to = to ? to->text : HK_SLICE_EMPTY };
    return differ->take(differ->arg, &entry);
}

static int compare(struct differ *differ, struct hk_json_value original,
                   struct hk_json_value changed);

/** Looks whether two values are the same, whatever their spaces. */
static int is_same(struct differ *differ, struct hk_json_value a, struct hk_json_value b,
                   bool *is_equal)
{
    struct differ looking = { .work = differ->work };
    int code = compare(&looking, a, b);
    *is_equal = !looking.is_over;
    return code;
}

static int compare_string(struct differ *differ, struct hk_json_value original,
                          struct hk_json_value changed)
{
    struct hk_bytes text = { 0 };
    struct hk_slice raw = { changed.text.at + 1, changed.text.size - 2 };
    int code = hk_json_string(original, &text);
    if (code == 0 && !hk_json_is_text(raw, hk_bytes_slice(&text)))
        code = tell(differ, HK_JSON_DIFF_REPLACE, &original, &changed);
    hk_bytes_fini(&text);
    return code;
}

static int compare_member(struct differ *differ, const struct item *item, struct items *changed)
{
    struct item *found;
    size_t size = differ->path.size;
    int code = items_find(changed, item->key, &found);
    if (code == 0)
        code = path_push(differ, item->key);
    if (code == 0 && found == NULL) {
        code = tell(differ, HK_JSON_DIFF_REMOVE, &item->value, NULL);
    } else if (code == 0) {
        found->is_met = true;
        code = compare(differ, item->value, found->value);
    }
    path_pop(differ, size);
    return code;
}

static int compare_objects(struct differ *differ, const struct items *original,
                           struct items *changed)
{
    int code = 0;
    for (size_t i = 0; i < original->count && code == 0 && !differ->is_over; i++)
        code = compare_member(differ, &original->at[i], changed);
    for (size_t i = 0; i < changed->count && code == 0 && !differ->is_over; i++) {
        const struct item *item = &changed->at[i];
        size_t size = differ->path.size;
        if (item->is_met)
            continue;
        code = path_push(differ, item->key);
        if (code == 0)
            code = tell(differ, HK_JSON_DIFF_ADD, NULL, &item->value);
        path_pop(differ, size);
    }
    return code;
}

/** One place of an array; NULL: there is none on that side. */
static int compare_place(struct differ *differ, size_t index, const struct item *original,
                         const struct item *changed)
{
    size_t size = differ->path.size;
    int code = path_push_index(differ, index);
    if (code == 0 && original != NULL && changed != NULL)
        code = compare(differ, original->value, changed->value);
    else if (code == 0 && original != NULL)
        code = tell(differ, HK_JSON_DIFF_REMOVE, &original->value, NULL);
    else if (code == 0)
        code = tell(differ, HK_JSON_DIFF_ADD, NULL, &changed->value);
    path_pop(differ, size);
    return code;
}

/** Counts what arrays of different lengths have in common at their start and end. */
static int common_ends(struct differ *differ, const struct items *a, const struct items *b,
                       size_t *head, size_t *tail)
{
    size_t least = a->count < b->count ? a->count : b->count;
    bool is_equal = true;
    int code = 0;
    *head = *tail = 0;
    for (; *head < least && code == 0; ++*head) {
        code = is_same(differ, a->at[*head].value, b->at[*head].value, &is_equal);
        if (!is_equal)
            break;
    }
    for (; *tail < least - *head && code == 0; ++*tail) {
        code = is_same(differ, a->at[a->count - 1 - *tail].value, b->at[b->count - 1 - *tail].value,
                       &is_equal);
        if (!is_equal)
            break;
    }
    return code;
}

static int compare_arrays(struct differ *differ, const struct items *original,
                          const struct items *changed)
{
    size_t head = 0, tail = 0;
    int code = 0;
    if (original->count != changed->count) {
        differ->is_over = differ->take == NULL;
        if (!differ->is_over)
            code = common_ends(differ, original, changed, &head, &tail);
    }
    size_t original_end = original->count - tail, changed_end = changed->count - tail;
    size_t end = original_end > changed_end ? original_end : changed_end;
    for (size_t i = head; i < end && code == 0 && !differ->is_over; i++)
        code = compare_place(differ, i, i < original_end ? &original->at[i] : NULL,
                             i < changed_end ? &changed->at[i] : NULL);
    return code;
}

static int compare_containers(struct differ *differ, struct hk_json_value original,
                              struct hk_json_value changed)
{
    struct items a = { 0 }, b = { 0 };
    *differ->work += original.text.size + changed.text.size;
    int code = items_read(&a, original);
    if (code == 0)
        code = items_read(&b, changed);
    if (code == 0)
        code = original.type == HK_JSON_OBJECT ? compare_objects(differ, &a, &b)
                                               : compare_arrays(differ, &a, &b);
    items_fini(&a);
    items_fini(&b);
    return code;
}

static int compare(struct differ *differ, struct hk_json_value original,
                   struct hk_json_value changed)
{
    if (hk_slice_is_equal(original.text, changed.text))
        return 0;
    bool is_container = original.type == HK_JSON_OBJECT || original.type == HK_JSON_ARRAY;
    if (original.type == changed.type && is_container && *differ->work < WORK_BYTES_MAX)
        return compare_containers(differ, original, changed);
    if (original.type == changed.type && original.type == HK_JSON_STRING)
        return compare_string(differ, original, changed);
    return tell(differ, HK_JSON_DIFF_REPLACE, &original, &changed);
}

// NOLINTEND(misc-no-recursion)

int hk_json_diff(struct hk_json_value original, struct hk_json_value changed, hk_json_diff_fn take,
                 void *arg, bool *is_truncated)
{
    uint64_t work = 0;
    struct differ differ = { .take = take, .arg = arg, .work = &work };
    int code = compare(&differ, original, changed);
    *is_truncated = differ.is_over;
    hk_bytes_fini(&differ.path);
    return code;
}

/* As text. */

struct listing {
    struct hk_bytes *out;
    bool has_some;
};

static int list_value(struct hk_bytes *out, const char *name, struct hk_slice value)
{
    if (value.size == 0)
        return 0;
    int code = hk_bytes_append_text(out, name);
    return code < 0 ? code : hk_bytes_append(out, value.at, value.size);
}

static int list_entry(void *arg, const struct hk_json_diff_entry *entry)
{
    struct listing *listing = arg;
    struct hk_bytes *out = listing->out;
    int code =
        hk_bytes_append_format(out, "%s{\"op\":\"%s\",\"path\":", listing->has_some ? "," : "",
                               hk_json_diff_op_word(entry->op));
    listing->has_some = true;
    if (code == 0)
        code = hk_json_append_string(out, entry->path);
    if (code == 0)
        code = list_value(out, ",\"from\":", entry->from);
    if (code == 0)
        code = list_value(out, ",\"to\":", entry->to);
    return code < 0 ? code : hk_bytes_append_text(out, "}");
}

int hk_json_diff_append(struct hk_bytes *out, struct hk_json_value original,
                        struct hk_json_value changed, bool *is_truncated)
{
    struct listing listing = { .out = out };
    int code = hk_bytes_append_text(out, "[");
    if (code == 0)
        code = hk_json_diff(original, changed, list_entry, &listing, is_truncated);
    return code < 0 ? code : hk_bytes_append_text(out, "]");
}
