// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#define UUID_MS_MAX ((INT64_C(1) << 48) - 1)
#define UUID_HIGH_MAX ((UINT64_C(1) << 12) - 1)
#define UUID_LOW_MAX ((UINT64_C(1) << 62) - 1)

static void store_big_endian(uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

static void maker_restart(struct hk_uuid_maker *maker, int64_t ms, const uint64_t random[2])
{
    maker->last_ms = ms;
    maker->high = random[0] & UUID_HIGH_MAX;
    maker->low = random[1] & UUID_LOW_MAX;
}

/** Counts the 74 random bits up by 1 to 2^32, so that the next id cannot be guessed. */
static void maker_count_up(struct hk_uuid_maker *maker, const uint64_t random[2])
{
    maker->low += (random[1] & UINT32_MAX) + 1;
    if (maker->low <= UUID_LOW_MAX)
        return;
    maker->low &= UUID_LOW_MAX;
    maker->high++;
    if (maker->high <= UUID_HIGH_MAX)
        return;
    // All used up: borrow from the next millisecond.
    maker_restart(maker, maker->last_ms + 1, random);
}

struct hk_uuid hk_uuid_make7(struct hk_uuid_maker *maker, struct hk_wall now,
                             const uint64_t random[2])
{
    int64_t ms = now.ms < UUID_MS_MAX ? now.ms : UUID_MS_MAX;
    if (ms > maker->last_ms)
        maker_restart(maker, ms, random);
    else
        maker_count_up(maker, random);
    struct hk_uuid uuid;
    store_big_endian(uuid.bytes, (uint64_t)maker->last_ms << 16 | 0x7000 | maker->high);
    store_big_endian(uuid.bytes + 8, UINT64_C(2) << 62 | maker->low);
    return uuid;
}

struct hk_uuid hk_uuid_make4(const uint64_t random[2])
{
    struct hk_uuid uuid;
    store_big_endian(uuid.bytes, (random[0] & ~UINT64_C(0xF000)) | 0x4000);
    store_big_endian(uuid.bytes + 8, UINT64_C(2) << 62 | (random[1] & UUID_LOW_MAX));
    return uuid;
}

struct hk_wall hk_uuid_wall(const struct hk_uuid *uuid)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | uuid->bytes[i];
    return (struct hk_wall){ ms };
}

/** Does a hyphen stand at this place of the text? */
static bool is_hyphen_place(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

const char *hk_uuid_format(const struct hk_uuid *uuid, char text[HK_UUID_TEXT_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t place = 0;
    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        if (is_hyphen_place(place))
            text[place++] = '-';
        text[place++] = digits[uuid->bytes[i] >> 4];
        text[place++] = digits[uuid->bytes[i] & 15];
    }
    text[place] = '\0';
    return text;
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

int hk_uuid_parse(struct hk_slice text, struct hk_uuid *uuid)
{
    struct hk_uuid read;
    size_t place = 0;
    if (text.size != HK_UUID_TEXT_SIZE)
        return HK_ESYNTAX;
    for (size_t i = 0; i < sizeof(read.bytes); i++) {
        if (is_hyphen_place(place) && text.at[place++] != '-')
            return HK_ESYNTAX;
        int high = hex_digit(text.at[place]);
        int low = hex_digit(text.at[place + 1]);
        if (high < 0 || low < 0)
            return HK_ESYNTAX;
        read.bytes[i] = (uint8_t)(high << 4 | low);
        place += 2;
    }
    *uuid = read;
    return 0;
}
