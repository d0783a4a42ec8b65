// SPDX-License-Identifier: Apache-2.0
/** A disk that fails when it is told to, around another one: for tests.
 * Thread: any. */
#pragma once
#include "journal/disk.h"

#include <stdbool.h>

/** Makes a disk that passes all calls on to `inner` (borrowed); ends the process when out of
 * memory. */
struct hk_disk *hk_disk_faulty_new(struct hk_disk *inner);
void hk_disk_faulty_free(struct hk_disk *disk);

/** Makes the `nth` (1-based) call from now on fail with errno `sys`, and with `for_ever` all after
 * it too; 0 switches the fault off. Every call counts but close and unlock, which cannot fail. A
 * write that fails has written its first half. */
void hk_disk_faulty_fail_at(struct hk_disk *disk, uint64_t nth, bool for_ever, int sys);

/** Gets how many calls there were since the last hk_disk_faulty_fail_at. */
uint64_t hk_disk_faulty_count(struct hk_disk *disk);
