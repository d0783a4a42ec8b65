// SPDX-License-Identifier: Apache-2.0
/** Disk: the few things that the journal does to a folder of files, as a table of functions.
 *
 * disk_posix is the real one; disk_memory keeps everything in memory, tells synced from unsynced
 * bytes and can crash (the simulator, unit tests); disk_faulty wraps another and fails the Nth
 * call. Names are relative to the disk's folder, with at most one '/'. All functions return 0 or a
 * negative HK_E*, and set `*sys` to errno where there was one (`sys` may be NULL).
 * Thread: calls on different files may run side by side. */
#pragma once
#include "base/bytes.h"

struct hk_disk;
struct hk_file;

typedef void (*hk_disk_name_fn)(void *arg, const char *name, uint64_t size);

struct hk_disk_ops {
    /** Opens for reading; HK_ENOTFOUND. */
    int (*open)(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys);
    /** Creates for reading and writing; HK_EEXISTS. */
    int (*create)(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys);
    /** Opens an existing file for reading and writing. */
    int (*reopen)(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys);
    void (*close)(struct hk_file *file);
    /** Reads up to `*size` bytes at `offset` and says in `*size` how many there were; fewer only
     * at the end of the file. */
    int (*read)(struct hk_file *file, uint64_t offset, void *data, size_t *size, int *sys);
    /** Writes all of `size` bytes at `offset`. HK_ENOSPC (also EDQUOT), HK_EIO. */
    int (*write)(struct hk_file *file, uint64_t offset, const void *data, size_t size, int *sys);
    /** Reserves space up to `size`; the new bytes read as zeros. HK_ENOSPC. */
    int (*allocate)(struct hk_file *file, uint64_t size, int *sys);
    int (*truncate)(struct hk_file *file, uint64_t size, int *sys);
    /** fdatasync. */
    int (*sync)(struct hk_file *file, int *sys);
    int (*size)(struct hk_file *file, uint64_t *size, int *sys);
    /** fsync of a folder ("journal", "snapshot", or "" for the top). */
    int (*sync_folder)(struct hk_disk *disk, const char *folder, int *sys);
    /** Makes a folder; fine when it is there. */
    int (*make_folder)(struct hk_disk *disk, const char *folder, int *sys);
    /** Renames within one folder; what had the new name is gone. */
    int (*rename)(struct hk_disk *disk, const char *from, const char *to, int *sys);
    int (*unlink)(struct hk_disk *disk, const char *name, int *sys);
    /** Calls `each` for every file of a folder, in no order. */
    int (*list)(struct hk_disk *disk, const char *folder, hk_disk_name_fn each, void *arg,
                int *sys);
    /** Takes the lock of the whole folder; HK_ELOCKED when anybody has it, this disk included. */
    int (*lock)(struct hk_disk *disk, int *sys);
    void (*unlock)(struct hk_disk *disk);
};

struct hk_disk {
    const struct hk_disk_ops *ops;
};

struct hk_file {
    const struct hk_disk_ops *ops;
};

/** Gets the code for an errno: HK_ENOSPC, HK_ENOTFOUND, HK_EEXISTS, HK_ENOMEM, else HK_EIO. */
int hk_disk_code(int sys);

/** Opens the real disk on `path` (created 0700 when missing). */
HK_MUST_CHECK int hk_disk_posix_open(const char *path, struct hk_disk **disk,
                                     struct hk_fault *fault);
void hk_disk_posix_close(struct hk_disk *disk);
