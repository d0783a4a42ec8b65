// SPDX-License-Identifier: Apache-2.0
/** Cursor: pulls MessagePack (msgpack.org specification, 2013) out of a frame, bounded.
 *
 * Why not msgpack-c's own unpacker: 4.0 reserves memory for whatever count a few hostile bytes
 * claim. This one allocates nothing: a claimed count or size is checked against the bytes that are
 * left, and depth is that of the caller's code, which knows the format. It takes what the wire
 * has, integers, booleans, arrays and bin, and nothing else.
 *
 * A fault sticks: from the first wrong byte on every call gives 0, false or empty, and the caller
 * asks once at the end (hk_cursor_is_done). Pure. Thread: the owner's. */
#pragma once
#include "base/bytes.h"

struct hk_cursor {
    const unsigned char *at;
    const unsigned char *end;
    bool is_bad;
};

static inline struct hk_cursor hk_cursor_of(struct hk_slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    return (struct hk_cursor){ at, at + bytes.size, false };
}

/** Was everything right so far, and is nothing left? */
bool hk_cursor_is_done(const struct hk_cursor *cursor);

/** Notes a fault that the caller found. */
void hk_cursor_refuse(struct hk_cursor *cursor);

/** Takes an integer from 0 to `max`. */
uint64_t hk_cursor_u64(struct hk_cursor *cursor, uint64_t max);
int64_t hk_cursor_i64(struct hk_cursor *cursor);
bool hk_cursor_bool(struct hk_cursor *cursor);

/** Takes the head of an array whose elements have at least `bytes_min` (>= 1) bytes each; gets
 * their count. */
uint32_t hk_cursor_array(struct hk_cursor *cursor, size_t bytes_min);

/** Takes the head of an array of exactly `count`. */
void hk_cursor_array_of(struct hk_cursor *cursor, uint32_t count);

/** Takes bytes, borrowed from the frame. */
struct hk_slice hk_cursor_bin(struct hk_cursor *cursor);

/** Takes `bin` of exactly `size` bytes to `data`; zeros on a fault. */
void hk_cursor_bytes(struct hk_cursor *cursor, void *data, size_t size);
