// SPDX-License-Identifier: Apache-2.0
/** What the files of convert share. Inside convert only. */
#pragma once
#include "base/json_reader.h"
#include "worker/convert.h"

/** Where in the value a walk is: a list up to the top, for messages. */
struct hk__convert_place {
    const struct hk__convert_place *parent; /**< NULL: the top value. */
    struct hk_slice key;                    /**< Member's name. */
    lua_Integer index;                      /**< Element's number; 0: it is a member. */
    uint32_t depth;                         /**< Of containers around it. */
};

/** A value on its way to text, beside an original one. */
struct hk__convert_writer {
    lua_State *L;
    struct hk_bytes *out;
    size_t out_size_max;
    struct hk_fault *fault;
    const char *copied;     /**< Original bytes before this are copied or left out. */
    const void *array_mark; /**< The metatables, to know them by. */
    const void *object_mark;
};

/** What a table is by its keys. */
enum hk__convert_kind { HK__CONVERT_EMPTY, HK__CONVERT_ARRAY, HK__CONVERT_OBJECT };

struct hk__convert_shape {
    enum hk__convert_kind kind;
    lua_Integer count;
};

/** How a list of members or elements is put out in place of an original one: what is kept is
 * copied with what stands around it, what is new gets a comma. Zero all but `open`. */
struct hk__convert_edit {
    const char *open;     /**< Behind the opening bracket. */
    const char *kept_end; /**< End of the last item kept; NULL: none yet. */
    const char *gap;      /**< Start of the first item left out since; NULL: none. */
    const char *gap_end;  /**< End of the last one. */
    bool is_inserting;    /**< Something new was put out since. */
    bool has_any;         /**< Some item was put out. */
};

HK_MUST_CHECK int hk__convert_put(struct hk__convert_writer *writer, const char *at, size_t size);

/** Copies the original up to `at`. */
HK_MUST_CHECK int hk__convert_copy(struct hk__convert_writer *writer, const char *at);

/** Goes on to an item that is kept (and maybe changed inside), from `start`. */
HK_MUST_CHECK int hk__convert_keep(struct hk__convert_writer *writer, struct hk__convert_edit *edit,
                                   const char *start);
void hk__convert_kept(struct hk__convert_edit *edit, const char *end);
void hk__convert_leave_out(struct hk__convert_writer *writer, struct hk__convert_edit *edit,
                           const char *start, const char *end);
/** Makes ready for a new item: the caller puts it. */
HK_MUST_CHECK int hk__convert_insert(struct hk__convert_writer *writer,
                                     struct hk__convert_edit *edit);
/** Ends the list whose original closing bracket is at `close`. */
HK_MUST_CHECK int hk__convert_close(struct hk__convert_writer *writer,
                                    const struct hk__convert_edit *edit, const char *close);

/** Fills the writer's fault with the place and what is wrong there; HK_EINVAL. */
HK_MUST_CHECK int hk__convert_refuse(struct hk__convert_writer *writer,
                                     const struct hk__convert_place *place, const char *what);

/** Pushes the text of a string, unescaped. Raises on lack of memory. */
void hk__convert_push_text(lua_State *L, struct hk_slice raw, bool has_escapes);

/** Finds what the table on the top is; refuses what is neither array nor object. */
HK_MUST_CHECK int hk__convert_shape(struct hk__convert_writer *writer,
                                    const struct hk__convert_place *place,
                                    struct hk__convert_shape *shape);

/** Is the value on the top equal to the one that is read next? Reads that to its end if so. */
bool hk__convert_equal(struct hk__convert_writer *writer, struct hk_json_reader *reader);

/** Puts out the value on the top compactly, without an original. */
HK_MUST_CHECK int hk__convert_fresh(struct hk__convert_writer *writer,
                                    const struct hk__convert_place *place);

/** Puts out the `count` members of the object on the top that `original` (NULL: nothing; else read
 * from its bracket) does not have, in order of bytes, at its end. */
HK_MUST_CHECK int hk__convert_new_members(struct hk__convert_writer *writer,
                                          const struct hk__convert_place *place,
                                          const struct hk_json_reader *original, lua_Integer count,
                                          struct hk__convert_edit *edit);

/** Puts out the value on the top beside the one that is read next. What is equal is not copied yet:
 * `writer->copied` says how far the copy goes. */
HK_MUST_CHECK int hk__convert_beside(struct hk__convert_writer *writer,
                                     const struct hk__convert_place *place,
                                     struct hk_json_reader *reader);

/** The same for an array of `count` elements beside an array. */
HK_MUST_CHECK int hk__convert_array_beside(struct hk__convert_writer *writer,
                                           const struct hk__convert_place *place,
                                           struct hk_json_reader *reader, lua_Integer count);
