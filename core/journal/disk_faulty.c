// SPDX-License-Identifier: Apache-2.0
#include "journal/disk_faulty.h"

#include "base/alloc.h"
#include "base/check.h"

#include <pthread.h>

struct faulty_disk {
    struct hk_disk disk; /**< First: the ops get a pointer to it. */
    struct hk_disk *inner;
    pthread_mutex_t lock;
    uint64_t count;
    uint64_t fail_at;
    bool is_for_ever;
    int sys;
};

struct faulty_file {
    struct hk_file file; /**< First. */
    struct faulty_disk *disk;
    struct hk_file *inner;
};

/** Counts a call; 0, or the code that it fails with. */
static int count_call(struct faulty_disk *disk, int *sys)
{
    pthread_mutex_lock(&disk->lock);
    disk->count++;
    bool is_failing = disk->fail_at != 0 && (disk->is_for_ever ? disk->count >= disk->fail_at
                                                               : disk->count == disk->fail_at);
    int found = disk->sys;
    pthread_mutex_unlock(&disk->lock);
    if (is_failing && sys != NULL)
        *sys = found;
    return is_failing ? hk_disk_code(found) : 0;
}

static struct faulty_disk *disk_of(struct hk_disk *disk)
{
    return (struct faulty_disk *)disk;
}

static struct faulty_file *file_of(struct hk_file *file)
{
    return (struct faulty_file *)file;
}

static struct hk_file *wrap(struct faulty_disk *disk, struct hk_file *inner)
{
    struct faulty_file *file = hk_alloc_or_die(sizeof(*file));
    *file = (struct faulty_file){ { disk->disk.ops }, disk, inner };
    return &file->file;
}

static int faulty_open(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    struct hk_file *opened = NULL;
    int code = count_call(disk_of(disk), sys);
    if (code == 0)
        code = inner->ops->open(inner, name, &opened, sys);
    if (code == 0)
        *file = wrap(disk_of(disk), opened);
    return code;
}

static int faulty_create(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    struct hk_file *opened = NULL;
    int code = count_call(disk_of(disk), sys);
    if (code == 0)
        code = inner->ops->create(inner, name, &opened, sys);
    if (code == 0)
        *file = wrap(disk_of(disk), opened);
    return code;
}

static int faulty_reopen(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    struct hk_file *opened = NULL;
    int code = count_call(disk_of(disk), sys);
    if (code == 0)
        code = inner->ops->reopen(inner, name, &opened, sys);
    if (code == 0)
        *file = wrap(disk_of(disk), opened);
    return code;
}

static void faulty_close(struct hk_file *file)
{
    struct hk_file *inner = file_of(file)->inner;
    inner->ops->close(inner);
    hk_free(file);
}

static int faulty_read(struct hk_file *file, uint64_t offset, void *data, size_t *size, int *sys)
{
    struct hk_file *inner = file_of(file)->inner;
    int code = count_call(file_of(file)->disk, sys);
    return code != 0 ? code : inner->ops->read(inner, offset, data, size, sys);
}

static int faulty_write(struct hk_file *file, uint64_t offset, const void *data, size_t size,
                        int *sys)
{
    struct hk_file *inner = file_of(file)->inner;
    int code = count_call(file_of(file)->disk, sys);
    if (code == 0)
        return inner->ops->write(inner, offset, data, size, sys);
    (void)inner->ops->write(inner, offset, data, size / 2, NULL);
    return code;
}

static int faulty_allocate(struct hk_file *file, uint64_t size, int *sys)
{
    struct hk_file *inner = file_of(file)->inner;
    int code = count_call(file_of(file)->disk, sys);
    return code != 0 ? code : inner->ops->allocate(inner, size, sys);
}

static int faulty_truncate(struct hk_file *file, uint64_t size, int *sys)
{
    struct hk_file *inner = file_of(file)->inner;
    int code = count_call(file_of(file)->disk, sys);
    return code != 0 ? code : inner->ops->truncate(inner, size, sys);
}

static int faulty_sync(struct hk_file *file, int *sys)
{
    struct hk_file *inner = file_of(file)->inner;
    int code = count_call(file_of(file)->disk, sys);
    return code != 0 ? code : inner->ops->sync(inner, sys);
}

static int faulty_size(struct hk_file *file, uint64_t *size, int *sys)
{
    struct hk_file *inner = file_of(file)->inner;
    int code = count_call(file_of(file)->disk, sys);
    return code != 0 ? code : inner->ops->size(inner, size, sys);
}

static int faulty_sync_folder(struct hk_disk *disk, const char *folder, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    int code = count_call(disk_of(disk), sys);
    return code != 0 ? code : inner->ops->sync_folder(inner, folder, sys);
}

static int faulty_make_folder(struct hk_disk *disk, const char *folder, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    int code = count_call(disk_of(disk), sys);
    return code != 0 ? code : inner->ops->make_folder(inner, folder, sys);
}

static int faulty_rename(struct hk_disk *disk, const char *from, const char *to, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    int code = count_call(disk_of(disk), sys);
    return code != 0 ? code : inner->ops->rename(inner, from, to, sys);
}

static int faulty_unlink(struct hk_disk *disk, const char *name, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    int code = count_call(disk_of(disk), sys);
    return code != 0 ? code : inner->ops->unlink(inner, name, sys);
}

static int faulty_list(struct hk_disk *disk, const char *folder, hk_disk_name_fn each, void *arg,
                       int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    int code = count_call(disk_of(disk), sys);
    return code != 0 ? code : inner->ops->list(inner, folder, each, arg, sys);
}

static int faulty_lock(struct hk_disk *disk, int *sys)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    int code = count_call(disk_of(disk), sys);
    return code != 0 ? code : inner->ops->lock(inner, sys);
}

static void faulty_unlock(struct hk_disk *disk)
{
    struct hk_disk *inner = disk_of(disk)->inner;
    inner->ops->unlock(inner);
}

struct hk_disk *hk_disk_faulty_new(struct hk_disk *inner)
{
    static const struct hk_disk_ops ops = {
        .open = faulty_open,
        .create = faulty_create,
        .reopen = faulty_reopen,
        .close = faulty_close,
        .read = faulty_read,
        .write = faulty_write,
        .allocate = faulty_allocate,
        .truncate = faulty_truncate,
        .sync = faulty_sync,
        .size = faulty_size,
        .sync_folder = faulty_sync_folder,
        .make_folder = faulty_make_folder,
        .rename = faulty_rename,
        .unlink = faulty_unlink,
        .list = faulty_list,
        .lock = faulty_lock,
        .unlock = faulty_unlock,
    };
    struct faulty_disk *disk = hk_alloc_zero_or_die(1, sizeof(*disk));
    disk->disk.ops = &ops;
    disk->inner = inner;
    hk_assert(pthread_mutex_init(&disk->lock, NULL) == 0);
    return &disk->disk;
}

void hk_disk_faulty_free(struct hk_disk *disk)
{
    if (disk == NULL)
        return;
    pthread_mutex_destroy(&disk_of(disk)->lock);
    hk_free(disk);
}

void hk_disk_faulty_fail_at(struct hk_disk *disk, uint64_t nth, bool for_ever, int sys)
{
    struct faulty_disk *faulty = disk_of(disk);
    pthread_mutex_lock(&faulty->lock);
    faulty->count = 0;
    faulty->fail_at = nth;
    faulty->is_for_ever = for_ever;
    faulty->sys = sys;
    pthread_mutex_unlock(&faulty->lock);
}

uint64_t hk_disk_faulty_count(struct hk_disk *disk)
{
    pthread_mutex_lock(&disk_of(disk)->lock);
    uint64_t count = disk_of(disk)->count;
    pthread_mutex_unlock(&disk_of(disk)->lock);
    return count;
}
