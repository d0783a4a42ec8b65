// SPDX-License-Identifier: Apache-2.0
#include "policy/cursor.h"

/* First bytes of the MessagePack specification. */
enum {
    FIXARRAY = 0x90,
    FALSE = 0xC2,
    TRUE = 0xC3,
    BIN8 = 0xC4,
    BIN32 = 0xC6,
    UINT8 = 0xCC,
    UINT64 = 0xCF,
    INT8 = 0xD0,
    INT64 = 0xD3,
    ARRAY16 = 0xDC,
    ARRAY32 = 0xDD,
    NEGATIVE_FIXINT = 0xE0,
};

static size_t left(const struct hk_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

bool hk_cursor_is_done(const struct hk_cursor *cursor)
{
    return !cursor->is_bad && cursor->at == cursor->end;
}

void hk_cursor_refuse(struct hk_cursor *cursor)
{
    cursor->is_bad = true;
    cursor->at = cursor->end;
}

/** Takes `size` (1, 2, 4, 8) bytes, most significant first. */
static uint64_t take_number(struct hk_cursor *cursor, size_t size)
{
    uint64_t number = 0;
    if (left(cursor) < size) {
        hk_cursor_refuse(cursor);
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number = number << 8 | cursor->at[i];
    cursor->at += size;
    return number;
}

uint64_t hk_cursor_u64(struct hk_cursor *cursor, uint64_t max)
{
    unsigned first = (unsigned)take_number(cursor, 1);
    uint64_t number = first;
    if (first >= UINT8 && first <= UINT64)
        number = take_number(cursor, (size_t)1 << (first - UINT8));
    else if (first >= 0x80)
        hk_cursor_refuse(cursor);
    if (number > max)
        hk_cursor_refuse(cursor);
    return cursor->is_bad ? 0 : number;
}

int64_t hk_cursor_i64(struct hk_cursor *cursor)
{
    if (left(cursor) == 0 || *cursor->at < INT8)
        return (int64_t)hk_cursor_u64(cursor, INT64_MAX);
    unsigned first = (unsigned)take_number(cursor, 1);
    if (first >= NEGATIVE_FIXINT)
        return (int64_t)first - 0x100;
    if (first > INT64) {
        hk_cursor_refuse(cursor);
        return 0;
    }
    size_t size = (size_t)1 << (first - INT8);
    uint64_t number = take_number(cursor, size);
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    // Extends the sign; the conversion is the two's complement that gcc and clang promise.
    return cursor->is_bad ? 0 : (int64_t)((number ^ sign) - sign);
}

bool hk_cursor_bool(struct hk_cursor *cursor)
{
    unsigned first = (unsigned)take_number(cursor, 1);
    if (first != TRUE && first != FALSE)
        hk_cursor_refuse(cursor);
    return first == TRUE;
}

uint32_t hk_cursor_array(struct hk_cursor *cursor, size_t bytes_min)
{
    unsigned first = (unsigned)take_number(cursor, 1);
    uint64_t count = first & 0x0F;
    if (first == ARRAY16 || first == ARRAY32)
        count = take_number(cursor, first == ARRAY16 ? 2 : 4);
    else if ((first & 0xF0) != FIXARRAY)
        hk_cursor_refuse(cursor);
    if (count > left(cursor) / bytes_min)
        hk_cursor_refuse(cursor);
    return cursor->is_bad ? 0 : (uint32_t)count;
}

void hk_cursor_array_of(struct hk_cursor *cursor, uint32_t count)
{
    if (hk_cursor_array(cursor, 1) != count)
        hk_cursor_refuse(cursor);
}

struct hk_slice hk_cursor_bin(struct hk_cursor *cursor)
{
    unsigned first = (unsigned)take_number(cursor, 1);
    if (first < BIN8 || first > BIN32) {
        hk_cursor_refuse(cursor);
        return HK_SLICE_EMPTY;
    }
    uint64_t size = take_number(cursor, (size_t)1 << (first - BIN8));
    if (cursor->is_bad || size > left(cursor)) {
        hk_cursor_refuse(cursor);
        return HK_SLICE_EMPTY;
    }
    struct hk_slice bytes = { (const char *)cursor->at, (size_t)size };
    cursor->at += size;
    return bytes;
}

void hk_cursor_bytes(struct hk_cursor *cursor, void *data, size_t size)
{
    struct hk_slice bytes = hk_cursor_bin(cursor);
    if (bytes.size == size && !cursor->is_bad) {
        memcpy(data, bytes.at, size);
        return;
    }
    memset(data, 0, size);
    hk_cursor_refuse(cursor);
}
