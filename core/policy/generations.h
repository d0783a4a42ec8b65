// SPDX-License-Identifier: Apache-2.0
/** Generations: which number each text of each policy got, over reloads and restarts.
 *
 * A policy's number grows with each change of its text (or of a library it requires) and never
 * comes back for another text, also when the policy goes for a while. The same text after a restart
 * has the same number. Kept as a small text file:
 *
 *     hookd generations 1 above FLOOR
 *     NAME GENERATION DIGEST      (64 hex digits; one line a policy, by name)
 *     end COUNT
 *
 * A file that is not exactly so is damaged: its entries are not trusted, and all numbers go on
 * above the highest that can be read in it. Inside policy only. Thread: the owner's. */
#pragma once
#include "base/bytes.h"

#define HK__GENERATION_MAX (UINT32_MAX / 2)

struct hk__generation {
    char *name;
    uint32_t generation;
    uint8_t digest[32];
};

/** All zero: nothing was ever known. */
struct hk__generations {
    struct hk__generation *items; /**< By name. */
    uint32_t count, capacity;
    uint32_t floor; /**< No number of a new text is this or below. */
};

void hk__generations_fini(struct hk__generations *generations);

/** Reads the file; one that is not there is an empty one. 0; HK_EDAMAGED, with `floor` set and no
 * entries; HK_EIO (not readable), HK_ENOMEM. */
HK_MUST_CHECK int hk__generations_load(struct hk__generations *generations, const char *path,
                                       struct hk_fault *fault);

/** Writes the file anew: a temporary one beside it, fsync, rename, fsync of the folder. HK_EIO,
 * HK_ENOMEM. */
HK_MUST_CHECK int hk__generations_save(const struct hk__generations *generations, const char *path,
                                       struct hk_fault *fault);

HK_MUST_CHECK int hk__generations_copy(const struct hk__generations *from,
                                       struct hk__generations *to);

/** Gets the number of this text of `name`, and remembers it; a new one if the last text of that
 * name was another. HK_ENOMEM. */
HK_MUST_CHECK int hk__generations_take(struct hk__generations *generations, const char *name,
                                       const uint8_t digest[32], uint32_t *generation);

/** Do they remember the same? */
bool hk__generations_are_equal(const struct hk__generations *a, const struct hk__generations *b);
