// SPDX-License-Identifier: Apache-2.0
#include "journal/segment.h"

#include "base/check.h"
#include "base/crc32c.h"

#include <inttypes.h>
#include <stdio.h>

/** With line ends and a control-Z, so that a transfer as text is seen at once. */
static const unsigned char MAGIC[8] = { 'h', 'o', 'o', 'k', 'd', '\r', '\n', 0x1A };

enum { LSN_DIGITS = 20 };

static void put_little(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_little(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | at[i - 1];
    return value;
}

const char *hk_segment_name(uint64_t first_lsn, char name[HK_SEGMENT_NAME_MAX])
{
    int size = snprintf(name, HK_SEGMENT_NAME_MAX, "journal/%020" PRIu64 ".log", first_lsn);
    hk_assert(size > 0 && size < HK_SEGMENT_NAME_MAX);
    return name;
}

bool hk_segment_parse_name(const char *name, const char *suffix, uint64_t *lsn)
{
    if (strlen(name) <= LSN_DIGITS || strcmp(name + LSN_DIGITS, suffix) != 0)
        return false;
    return hk_slice_parse_u64((struct hk_slice){ name, LSN_DIGITS }, UINT64_MAX, lsn) == 0;
}

void hk_segment_header_encode(struct hk_segment_header *header,
                              unsigned char bytes[HK_SEGMENT_HEADER_BYTES])
{
    memset(bytes, 0, HK_SEGMENT_HEADER_BYTES);
    memcpy(bytes, MAGIC, sizeof(MAGIC));
    put_little(bytes + 8, HK_RECORD_FORMAT, 4);
    put_little(bytes + 16, header->salt, 8);
    put_little(bytes + 24, header->first_lsn, 8);
    put_little(bytes + 32, header->before_lsn, 8);
    header->crc = hk_crc32c(0, bytes, 60);
    put_little(bytes + 60, header->crc, 4);
}

int hk_segment_header_decode(const unsigned char bytes[HK_SEGMENT_HEADER_BYTES],
                             struct hk_segment_header *header, uint32_t *version)
{
    header->crc = (uint32_t)get_little(bytes + 60, 4);
    if (memcmp(bytes, MAGIC, sizeof(MAGIC)) != 0 || header->crc != hk_crc32c(0, bytes, 60))
        return HK_EDAMAGED;
    *version = (uint32_t)get_little(bytes + 8, 4);
    if (*version != HK_RECORD_FORMAT)
        return HK_EVERSION;
    header->salt = get_little(bytes + 16, 8);
    header->first_lsn = get_little(bytes + 24, 8);
    header->before_lsn = get_little(bytes + 32, 8);
    return header->before_lsn < header->first_lsn ? 0 : HK_EDAMAGED;
}

void hk_frame_encode(const struct hk_frame *frame, unsigned char bytes[HK_FRAME_HEADER_BYTES])
{
    put_little(bytes, frame->length, 4);
    put_little(bytes + 4, frame->crc, 4);
    put_little(bytes + 8, frame->crc_before, 4);
    put_little(bytes + 12, frame->batch_index, 4);
}

struct hk_frame hk_frame_decode(const unsigned char bytes[HK_FRAME_HEADER_BYTES])
{
    return (struct hk_frame){
        .length = (uint32_t)get_little(bytes, 4),
        .crc = (uint32_t)get_little(bytes + 4, 4),
        .crc_before = (uint32_t)get_little(bytes + 8, 4),
        .batch_index = (uint32_t)get_little(bytes + 12, 4),
    };
}

uint32_t hk_frame_crc(const struct hk_frame *frame, uint64_t salt, uint64_t lsn,
                      const void *payload)
{
    unsigned char front[28];
    put_little(front, salt, 8);
    put_little(front + 8, lsn, 8);
    put_little(front + 16, frame->crc_before, 4);
    put_little(front + 20, frame->batch_index, 4);
    put_little(front + 24, frame->length, 4);
    return hk_crc32c(hk_crc32c(0, front, sizeof(front)), payload, frame->length);
}
