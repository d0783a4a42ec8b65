// SPDX-License-Identifier: Apache-2.0
/* Decodes any bytes as a frame of the wire, as hookd does with what a worker says. What is accepted
 * has one canonical form, which decodes to the same again. The first byte is not of the frame: with
 * an even one the length is made right, so that the fuzzer need not find it. */
#include "base/check.h"
#include "policy/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(struct hk_slice bytes)
{
    struct hk_wire_scratch scratch = { 0 };
    struct hk_bytes canonical = { 0 }, again = { 0 };
    struct hk_wire_message message;
    size_t size;
    int code = hk_wire_frame(bytes, &size);
    hk_assert(code == 0 || code == HK_ELIMIT);
    hk_assert(size == 0 || (size >= 4 && size <= bytes.size));
    if (code == 0 && size > 0) {
        code = hk_wire_decode((struct hk_slice){ bytes.at, size }, &scratch, &message);
        hk_assert(code == 0 || code == HK_EDAMAGED);
        if (code == 0) {
            hk_assert(hk_wire_encode(&message, &canonical) == 0);
            hk_assert(canonical.size <= size);
            hk_assert(hk_wire_decode(hk_bytes_slice(&canonical), &scratch, &message) == 0);
            hk_assert(hk_wire_encode(&message, &again) == 0);
            hk_assert(hk_slice_is_equal(hk_bytes_slice(&canonical), hk_bytes_slice(&again)));
        }
    }
    hk_bytes_fini(&canonical);
    hk_bytes_fini(&again);
    hk_wire_scratch_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hk_bytes frame = { 0 };
    if (size == 0)
        return 0;
    if (data[0] % 2 != 0) {
        check_frame((struct hk_slice){ (const char *)data + 1, size - 1 });
        return 0;
    }
    const unsigned char length[] = { (unsigned char)(size - 1), (unsigned char)((size - 1) >> 8),
                                     (unsigned char)((size - 1) >> 16),
                                     (unsigned char)((size - 1) >> 24) };
    hk_assert(hk_bytes_append(&frame, length, sizeof(length)) == 0);
    hk_assert(hk_bytes_append(&frame, data + 1, size - 1) == 0);
    check_frame(hk_bytes_slice(&frame));
    hk_bytes_fini(&frame);
    return 0;
}
