// SPDX-License-Identifier: Apache-2.0
/** Segment: the bytes of a file of the journal. Pure: no I/O.
 *
 * All numbers are little-endian. The file is `journal/<first lsn, 20 digits>.log`, preallocated:
 *
 * ```
 * header, 64 bytes                              frame, 16 bytes + payload + padding
 *  0  8  "hookd\r\n\x1a"                         0 4  length of the payload, >= 1; 0: end of the
 * data 8  4  format (HK_RECORD_FORMAT)               4 4  crc 12  4  0 8 4  crc of the frame
 * before, or of the header 16  8  salt, random                           12 4  frames before it in
 * its batch 24  8  first lsn                              16    payload: one record
 * (journal/record.h) 32  8  lsn of the last record before it             zeros to a multiple of 8
 * 40 20  0
 * 60  4  crc32c of bytes 0 to 59
 * ```
 *
 * A frame's crc is crc32c over salt, lsn, the fields at 8 and 12, length, payload. lsns rise by one
 * from frame to frame. The salt keeps out bytes of another file; the stored crc of the frame before
 * lets one frame be checked alone, as loading a body and looking behind a damaged frame must.
 *
 * A batch is what one sync made durable. The frames of a batch may reach the disk in any order, and
 * the batch after it is begun only when it is durable: so a good frame behind a bad one shows
 * damage if its batch began behind the bad one, and an unfinished write if it did not
 * (journal/tail.h).
 *
 * Thread: any. */
#pragma once
#include "base/bytes.h"
#include "journal/record.h"

#define HK_SEGMENT_HEADER_BYTES 64u
#define HK_FRAME_HEADER_BYTES 16u
#define HK_SEGMENT_NAME_MAX 48

/** Where the segment that is next is made ready before it gets its name. */
#define HK_SEGMENT_NEXT_NAME "journal/next.tmp"

struct hk_segment_header {
    uint64_t salt;
    uint64_t first_lsn;
    uint64_t before_lsn; /**< first_lsn - 1, or less when a torn tail was cut. */
    uint32_t crc;        /**< Set by encode and decode. */
};

/** Writes "journal/<first lsn>.log"; returns `name`. */
const char *hk_segment_name(uint64_t first_lsn, char name[HK_SEGMENT_NAME_MAX]);

/** Reads <lsn> from "<lsn><suffix>"; false when the name is no such one. */
bool hk_segment_parse_name(const char *name, const char *suffix, uint64_t *lsn);

void hk_segment_header_encode(struct hk_segment_header *header,
                              unsigned char bytes[HK_SEGMENT_HEADER_BYTES]);

/** 0, HK_EDAMAGED, HK_EVERSION (`*version` says which). */
HK_MUST_CHECK int hk_segment_header_decode(const unsigned char bytes[HK_SEGMENT_HEADER_BYTES],
                                           struct hk_segment_header *header, uint32_t *version);

struct hk_frame {
    uint32_t length;
    uint32_t crc;
    uint32_t crc_before;
    uint32_t batch_index;
};

/** Gets the bytes that a frame with a payload of `length` takes. */
static inline uint64_t hk_frame_bytes(uint32_t length)
{
    return (HK_FRAME_HEADER_BYTES + (uint64_t)length + 7) & ~UINT64_C(7);
}

void hk_frame_encode(const struct hk_frame *frame, unsigned char bytes[HK_FRAME_HEADER_BYTES]);
struct hk_frame hk_frame_decode(const unsigned char bytes[HK_FRAME_HEADER_BYTES]);

/** Computes what `frame->crc` has to be; does not look at it. */
uint32_t hk_frame_crc(const struct hk_frame *frame, uint64_t salt, uint64_t lsn,
                      const void *payload);
