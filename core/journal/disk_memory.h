// SPDX-License-Identifier: Apache-2.0
/** A disk in memory that can crash: for the simulator and for tests.
 *
 * It knows what a power cut may take: bytes that were not synced, sector by sector of 512, and
 * names that came, went or changed since the folder was last synced (those go in order: a later
 * change of a folder is never kept without the earlier ones). Thread: any. */
#pragma once
#include "base/prng.h"
#include "journal/disk.h"

/** Makes an empty disk; ends the process when out of memory, as all of its calls do. */
struct hk_disk *hk_disk_memory_new(void);

/** Frees the disk; its files are closed before. */
void hk_disk_memory_free(struct hk_disk *disk);

/** Makes a copy of what is there now, all of it synced, not locked. */
struct hk_disk *hk_disk_memory_clone(struct hk_disk *disk);

/** Cuts the power: keeps what is synced, and of the rest what `prng` draws: each sector old, new
 * or torn between the two, sizes old or new, of each folder's changes of names the first few.
 * Files that are open now give HK_EIO for ever and are still to be closed; the lock is free. */
void hk_disk_memory_crash(struct hk_disk *disk, struct hk_prng *prng);
