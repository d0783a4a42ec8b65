// SPDX-License-Identifier: Apache-2.0
/* An array beside the original one: which element is which.
 *
 * 1. Equal elements at the start and at the end are themselves.
 * 2. Of those between, each is looked for in the original from where the last one was found (those
 *    passed over were removed, or changed), then before it (it moved). The comparisons are bounded.
 * 3. Between two that were found, the others pair up in order: they were changed in place. Who is
 *    left over in the original was removed, who is left over in the value is new.
 * Ensures: each original element is used once at most, and kept ones stand in order. */
#include "worker/convert_place.h"
#include "worker/state.h"

/** Comparisons that looking for elements may take, an element and in all. */
#define TRIES_EACH 8
#define TRIES_LEAST 64

enum fate {
    FATE_NEW,     /**< Not of the original. */
    FATE_SAME,    /**< Equal to `item`, in its order. */
    FATE_CHANGED, /**< Stands for `item`, in its order. */
    FATE_MOVED,   /**< Equal to `item`, out of its order. */
};

struct element {
    lua_Integer item;
    enum fate fate;
};

/** An original element. */
struct item {
    const char *start;
    const char *end;
    bool is_used;
};

struct alignment {
    struct hk__convert_writer *writer;
    int array; /**< Stack index of the value. */
    const char *end;
    const char *open;
    const char *close;
    struct item *items;
    struct element *elements;
    lua_Integer item_count, element_count;
    lua_Integer tries;
};

/** Is element `element` (from 0) equal to item `item`? */
static bool is_same(struct alignment *alignment, lua_Integer element, lua_Integer item)
{
    lua_State *L = alignment->writer->L;
    struct hk_json_reader reader = { alignment->items[item].start, alignment->end };
    hk_state_charge(L, 4);
    lua_rawgeti(L, alignment->array, element + 1);
    bool is_equal = hk__convert_equal(alignment->writer, &reader);
    lua_settop(L, -2);
    return is_equal;
}

static void set(struct alignment *alignment, lua_Integer element, lua_Integer item, enum fate fate)
{
    alignment->elements[element] = (struct element){ item, fate };
    alignment->items[item].is_used = true;
}

/** Looks for an element in the items from `from` to before `to`; gets -1 when it is not there. */
static lua_Integer look_for(struct alignment *alignment, lua_Integer element, lua_Integer from,
                            lua_Integer to)
{
    for (lua_Integer item = from; item < to; item++) {
        // Its own place is always looked at.
        if (item != from && alignment->tries-- <= 0)
            return -1;
        if (!alignment->items[item].is_used && is_same(alignment, element, item))
            return item;
    }
    return -1;
}

/** Finds what is equal in the elements from `first` to before `element_end`, of the items from
 * `first` to before `item_end`. */
static void match_equal(struct alignment *alignment, lua_Integer first, lua_Integer element_end,
                        lua_Integer item_end)
{
    lua_Integer next = first;
    for (lua_Integer element = first; element < element_end; element++) {
        lua_Integer item = look_for(alignment, element, next, item_end);
        if (item >= 0) {
            set(alignment, element, item, FATE_SAME);
            next = item + 1;
            continue;
        }
        item = alignment->tries > 0 ? look_for(alignment, element, first, next) : -1;
        if (item >= 0)
            set(alignment, element, item, FATE_MOVED);
    }
}

/** Pairs what is left over between those that were found. */
static void match_changed(struct alignment *alignment)
{
    lua_Integer item = 0;
    lua_Integer gap_end = 0; // The next item that is the same.
    for (lua_Integer at = 0; at < alignment->element_count; at++) {
        struct element *element = &alignment->elements[at];
        if (element->fate == FATE_SAME) {
            item = element->item + 1;
            continue;
        }
        if (at == 0 || item > gap_end || alignment->elements[at - 1].fate == FATE_SAME) {
            lua_Integer same = at;
            while (same < alignment->element_count && alignment->elements[same].fate != FATE_SAME)
                same++;
            gap_end = same < alignment->element_count ? alignment->elements[same].item
                                                      : alignment->item_count;
        }
        while (item < gap_end && alignment->items[item].is_used)
            item++;
        if (element->fate == FATE_NEW && item < gap_end)
            set(alignment, at, item++, FATE_CHANGED);
    }
}

/** Matches from the ends, which is all there is to do when one thing was added or removed. */
static void match_all(struct alignment *alignment, lua_Integer same_count)
{
    lua_Integer element_end = alignment->element_count;
    lua_Integer item_end = alignment->item_count;
    for (lua_Integer i = 0; i < same_count; i++)
        set(alignment, i, i, FATE_SAME);
    while (element_end > same_count && item_end > same_count &&
           is_same(alignment, element_end - 1, item_end - 1)) {
        set(alignment, --element_end, --item_end, FATE_SAME);
    }
    alignment->tries =
        TRIES_LEAST + TRIES_EACH * (element_end - same_count + item_end - same_count);
    if (element_end > same_count && item_end > same_count)
        match_equal(alignment, same_count, element_end, item_end);
    match_changed(alignment);
}

static int put_kept(struct alignment *alignment, struct hk__convert_edit *edit,
                    const struct hk__convert_place *place, bool is_same)
{
    struct hk__convert_writer *writer = alignment->writer;
    const struct item *item = &alignment->items[alignment->elements[place->index - 1].item];
    struct hk_json_reader reader = { item->start, alignment->end };
    int rc = hk__convert_keep(writer, edit, item->start);
    if (rc == 0 && !is_same) {
        lua_rawgeti(writer->L, alignment->array, place->index);
        rc = hk__convert_beside(writer, place, &reader);
        lua_pop(writer->L, 1);
    }
    hk__convert_kept(edit, item->end);
    return rc;
}

static int put_new(struct alignment *alignment, struct hk__convert_edit *edit,
                   const struct hk__convert_place *place)
{
    struct hk__convert_writer *writer = alignment->writer;
    const struct element *element = &alignment->elements[place->index - 1];
    int rc = hk__convert_insert(writer, edit);
    if (rc == 0 && element->fate == FATE_MOVED) {
        const struct item *item = &alignment->items[element->item];
        return hk__convert_put(writer, item->start, (size_t)(item->end - item->start));
    }
    if (rc == 0) {
        lua_rawgeti(writer->L, alignment->array, place->index);
        rc = hk__convert_fresh(writer, place);
        lua_pop(writer->L, 1);
    }
    return rc;
}

static int put_all(struct alignment *alignment, const struct hk__convert_place *place)
{
    struct hk__convert_writer *writer = alignment->writer;
    struct hk__convert_edit edit = { .open = alignment->open };
    struct hk__convert_place at = { .parent = place, .depth = place->depth + 1 };
    lua_Integer next = 0;
    int rc = 0;
    for (lua_Integer i = 0; rc == 0 && i < alignment->element_count; i++) {
        enum fate fate = alignment->elements[i].fate;
        at.index = i + 1;
        if (fate == FATE_NEW || fate == FATE_MOVED) {
            rc = put_new(alignment, &edit, &at);
            continue;
        }
        for (; next < alignment->elements[i].item; next++)
            hk__convert_leave_out(writer, &edit, alignment->items[next].start,
                                  alignment->items[next].end);
        next++;
        rc = put_kept(alignment, &edit, &at, fate == FATE_SAME);
    }
    for (; next < alignment->item_count; next++)
        hk__convert_leave_out(writer, &edit, alignment->items[next].start,
                              alignment->items[next].end);
    return rc != 0 ? rc : hk__convert_close(writer, &edit, alignment->close);
}

/** Reads where the items are; the reader stands at the array, and behind it then. */
static void read_items(struct alignment *alignment, struct hk_json_reader *reader)
{
    lua_State *L = alignment->writer->L;
    struct hk_json_reader counting = *reader;
    hk_json_reader_enter(&counting);
    while (hk_json_reader_next(&counting)) {
        hk_json_reader_skip(&counting);
        alignment->item_count++;
    }
    hk_state_charge(L, (uint32_t)((counting.at - reader->at) / 4));
    alignment->items =
        lua_newuserdatauv(L, (size_t)alignment->item_count * sizeof(struct item) + 1, 0);
    alignment->elements =
        lua_newuserdatauv(L, (size_t)alignment->element_count * sizeof(struct element) + 1, 0);
    for (lua_Integer i = 0; i < alignment->element_count; i++)
        alignment->elements[i] = (struct element){ -1, FATE_NEW };
    hk_json_reader_enter(reader);
    alignment->open = reader->at;
    for (struct item *item = alignment->items; hk_json_reader_next(reader); item++) {
        struct hk_slice text = hk_json_reader_skip(reader).text;
        *item = (struct item){ text.at, text.at + text.size, false };
    }
    alignment->close = reader->at - 1;
}

/** Counts the elements that are equal to the items at the start; `is_whole` when that is all of
 * both, and the reader then is behind the array. */
static lua_Integer count_same(struct hk__convert_writer *writer, struct hk_json_reader *reader,
                              lua_Integer element_count, bool *is_whole)
{
    lua_State *L = writer->L;
    lua_Integer count = 0;
    hk_json_reader_enter(reader);
    while (hk_json_reader_next(reader)) {
        hk_state_charge(L, 2);
        if (count == element_count) {
            *is_whole = false;
            return count;
        }
        lua_rawgeti(L, -1, count + 1);
        bool is_equal = hk__convert_equal(writer, reader);
        lua_settop(L, -2);
        if (!is_equal) {
            *is_whole = false;
            return count;
        }
        count++;
    }
    *is_whole = count == element_count;
    return count;
}

int hk__convert_array_beside(struct hk__convert_writer *writer,
                             const struct hk__convert_place *place, struct hk_json_reader *reader,
                             lua_Integer count)
{
    lua_State *L = writer->L;
    struct hk_json_reader start = *reader;
    bool is_whole;
    int stack_top = lua_gettop(L);
    lua_Integer same_count = count_same(writer, reader, count, &is_whole);
    if (is_whole)
        return 0;
    *reader = start;
    struct alignment alignment = {
        .writer = writer, .array = stack_top, .end = reader->end, .element_count = count
    };
    read_items(&alignment, reader);
    match_all(&alignment, same_count);
    int rc = put_all(&alignment, place);
    lua_settop(L, stack_top);
    return rc;
}
