// SPDX-License-Identifier: Apache-2.0
/** Unpack: a bounded cursor over MessagePack (msgpack.org specification, 2013) that is pulled.
 *
 * Why not msgpack-c's own: 4.0 reserves memory for whatever count five hostile bytes claim, refuses
 * depth over 32 as "no memory", and fills a zone for each record (reliability.md section 1.5). This
 * one allocates nothing: a claimed count or size is checked against the bytes that are left, and
 * depth is that of the caller's code, which knows the format (spec/formats.md: at most 8).
 *
 * A fault sticks: from the first wrong byte on every call gives 0, empty or false, and the caller
 * asks once at the end (hk_unpack_is_done). Thread: the owner's. */
#pragma once
#include "base/bytes.h"

struct hk_unpack {
    const unsigned char *at;
    const unsigned char *end;
    bool is_bad;
};

static inline struct hk_unpack hk_unpack_of(struct hk_slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    return (struct hk_unpack){ at, at + bytes.size, false };
}

/** Was everything right so far, and is nothing left? */
bool hk_unpack_is_done(const struct hk_unpack *unpack);

/** Notes a fault that the caller found. */
void hk_unpack_refuse(struct hk_unpack *unpack);

/** Takes an integer from 0 to `max`. */
uint64_t hk_unpack_u64(struct hk_unpack *unpack, uint64_t max);
uint32_t hk_unpack_u32(struct hk_unpack *unpack);
uint16_t hk_unpack_u16(struct hk_unpack *unpack);
int64_t hk_unpack_i64(struct hk_unpack *unpack);
bool hk_unpack_bool(struct hk_unpack *unpack);

/** Takes a nil if one comes next; false leaves everything as it is. */
bool hk_unpack_nil(struct hk_unpack *unpack);

/** Takes the head of an array whose elements have at least `bytes_min` (>= 1) bytes each; gets
 * their count. */
uint32_t hk_unpack_array(struct hk_unpack *unpack, size_t bytes_min);

/** Takes the head of an array of exactly `count`. */
void hk_unpack_array_of(struct hk_unpack *unpack, uint32_t count);

/** Take bytes or text, borrowed from what is unpacked. Text has no zero byte. */
struct hk_slice hk_unpack_bin(struct hk_unpack *unpack);
struct hk_slice hk_unpack_text(struct hk_unpack *unpack);

/** Takes `bin` of exactly `size` bytes to `data`; zeros on a fault. */
void hk_unpack_bytes(struct hk_unpack *unpack, void *data, size_t size);
