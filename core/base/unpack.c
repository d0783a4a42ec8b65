// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.h"

/* First bytes of the MessagePack specification. */
enum {
    FIXARRAY = 0x90,
    FIXSTR = 0xA0,
    NIL = 0xC0,
    FALSE = 0xC2,
    TRUE = 0xC3,
    BIN8 = 0xC4,
    UINT8 = 0xCC,
    UINT64 = 0xCF,
    INT8 = 0xD0,
    INT64 = 0xD3,
    STR8 = 0xD9,
    ARRAY16 = 0xDC,
    ARRAY32 = 0xDD,
    NEGATIVE_FIXINT = 0xE0,
};

static size_t left(const struct hk_unpack *unpack)
{
    return (size_t)(unpack->end - unpack->at);
}

bool hk_unpack_is_done(const struct hk_unpack *unpack)
{
    return !unpack->is_bad && unpack->at == unpack->end;
}

void hk_unpack_refuse(struct hk_unpack *unpack)
{
    unpack->is_bad = true;
    unpack->at = unpack->end;
}

/** Takes `size` (1, 2, 4, 8) bytes, most significant first. */
static uint64_t take_number(struct hk_unpack *unpack, size_t size)
{
    uint64_t number = 0;
    if (left(unpack) < size) {
        hk_unpack_refuse(unpack);
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number = number << 8 | unpack->at[i];
    unpack->at += size;
    return number;
}

static unsigned take_first(struct hk_unpack *unpack)
{
    return (unsigned)take_number(unpack, 1);
}

uint64_t hk_unpack_u64(struct hk_unpack *unpack, uint64_t max)
{
    unsigned first = take_first(unpack);
    uint64_t number = first;
    if (first >= UINT8 && first <= UINT64)
        number = take_number(unpack, (size_t)1 << (first - UINT8));
    else if (first >= 0x80)
        hk_unpack_refuse(unpack);
    if (number > max)
        hk_unpack_refuse(unpack);
    return unpack->is_bad ? 0 : number;
}

uint32_t hk_unpack_u32(struct hk_unpack *unpack)
{
    return (uint32_t)hk_unpack_u64(unpack, UINT32_MAX);
}

uint16_t hk_unpack_u16(struct hk_unpack *unpack)
{
    return (uint16_t)hk_unpack_u64(unpack, UINT16_MAX);
}

int64_t hk_unpack_i64(struct hk_unpack *unpack)
{
    if (left(unpack) == 0 || *unpack->at < INT8)
        return (int64_t)hk_unpack_u64(unpack, INT64_MAX);
    unsigned first = take_first(unpack);
    if (first >= NEGATIVE_FIXINT)
        return (int64_t)first - 0x100;
    if (first > INT64) {
        hk_unpack_refuse(unpack);
        return 0;
    }
    size_t size = (size_t)1 << (first - INT8);
    uint64_t number = take_number(unpack, size);
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    // Extends the sign; the conversion is the two's complement that gcc and clang promise.
    return (int64_t)((number ^ sign) - sign);
}

bool hk_unpack_bool(struct hk_unpack *unpack)
{
    unsigned first = take_first(unpack);
    if (first != TRUE && first != FALSE)
        hk_unpack_refuse(unpack);
    return first == TRUE;
}

bool hk_unpack_nil(struct hk_unpack *unpack)
{
    if (left(unpack) == 0 || *unpack->at != NIL)
        return false;
    unpack->at++;
    return true;
}

uint32_t hk_unpack_array(struct hk_unpack *unpack, size_t bytes_min)
{
    unsigned first = take_first(unpack);
    uint64_t count = first & 0x0F;
    if (first == ARRAY16 || first == ARRAY32)
        count = take_number(unpack, first == ARRAY16 ? 2 : 4);
    else if ((first & 0xF0) != FIXARRAY)
        hk_unpack_refuse(unpack);
    if (count > left(unpack) / bytes_min)
        hk_unpack_refuse(unpack);
    return unpack->is_bad ? 0 : (uint32_t)count;
}

void hk_unpack_array_of(struct hk_unpack *unpack, uint32_t count)
{
    if (hk_unpack_array(unpack, 1) != count)
        hk_unpack_refuse(unpack);
}

/** Takes `size` bytes as they are. */
static struct hk_slice take_bytes(struct hk_unpack *unpack, uint64_t size)
{
    if (unpack->is_bad || size > left(unpack)) {
        hk_unpack_refuse(unpack);
        return HK_SLICE_EMPTY;
    }
    struct hk_slice bytes = { (const char *)unpack->at, (size_t)size };
    unpack->at += size;
    return bytes;
}

/** Takes a size of 1, 2 or 4 bytes that follows one of three first bytes in a row. */
static uint64_t take_size(struct hk_unpack *unpack, unsigned first, unsigned first_of_three)
{
    if (first < first_of_three || first > first_of_three + 2) {
        hk_unpack_refuse(unpack);
        return 0;
    }
    return take_number(unpack, (size_t)1 << (first - first_of_three));
}

struct hk_slice hk_unpack_bin(struct hk_unpack *unpack)
{
    unsigned first = take_first(unpack);
    return take_bytes(unpack, take_size(unpack, first, BIN8));
}

struct hk_slice hk_unpack_text(struct hk_unpack *unpack)
{
    unsigned first = take_first(unpack);
    bool is_short = (first & 0xE0) == FIXSTR;
    uint64_t size = is_short ? first & 0x1F : take_size(unpack, first, STR8);
    struct hk_slice text = take_bytes(unpack, size);
    if (memchr(text.at, 0, text.size) != NULL)
        hk_unpack_refuse(unpack);
    return unpack->is_bad ? HK_SLICE_EMPTY : text;
}

void hk_unpack_bytes(struct hk_unpack *unpack, void *data, size_t size)
{
    struct hk_slice bytes = hk_unpack_bin(unpack);
    if (bytes.size == size && !unpack->is_bad) {
        memcpy(data, bytes.at, size);
        return;
    }
    hk_unpack_refuse(unpack);
    memset(data, 0, size);
}
