// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/check.h"
#include "journal/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "lock"

struct posix_disk {
    struct hk_disk disk; /**< First: the ops get a pointer to it. */
    int folder;
    int lock; /**< -1 unless it is held. */
};

struct posix_file {
    struct hk_file file; /**< First. */
    int fd;
};

int hk_disk_code(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
        return HK_ENOSPC;
    case ENOENT:
        return HK_ENOTFOUND;
    case EEXIST:
        return HK_EEXISTS;
    case ENOMEM:
        return HK_ENOMEM;
    default:
        return HK_EIO;
    }
}

/** Ends an operation by what errno says. */
static int fail(int *sys)
{
    int found = errno;
    if (sys != NULL)
        *sys = found;
    return hk_disk_code(found);
}

static int fd_of(const struct hk_file *file)
{
    return ((const struct posix_file *)file)->fd;
}

static int folder_of(const struct hk_disk *disk)
{
    return ((const struct posix_disk *)disk)->folder;
}

static int open_as(struct hk_disk *disk, const char *name, int flags, struct hk_file **file,
                   int *sys)
{
    int fd = openat(folder_of(disk), name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(sys);
    struct posix_file *opened = hk_alloc(sizeof(*opened));
    if (opened == NULL) {
        (void)close(fd);
        errno = ENOMEM;
        return fail(sys);
    }
    *opened = (struct posix_file){ { disk->ops }, fd };
    *file = &opened->file;
    return 0;
}

static int posix_open(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    return open_as(disk, name, O_RDONLY, file, sys);
}

static int posix_create(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    return open_as(disk, name, O_RDWR | O_CREAT | O_EXCL, file, sys);
}

static int posix_reopen(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    return open_as(disk, name, O_RDWR, file, sys);
}

/* What had to be durable was synced before, so that close has nothing to say. */
static void posix_close(struct hk_file *file)
{
    struct posix_file *posix = (struct posix_file *)file;
    (void)close(posix->fd);
    hk_free(posix);
}

static int posix_read(struct hk_file *file, uint64_t offset, void *data, size_t *size, int *sys)
{
    size_t done = 0;
    while (done < *size) {
        ssize_t got = pread(fd_of(file), (char *)data + done, *size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(sys);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *size = done;
    return 0;
}

static int posix_write(struct hk_file *file, uint64_t offset, const void *data, size_t size,
                       int *sys)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put =
            pwrite(fd_of(file), (const char *)data + done, size - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail(sys);
        done += (size_t)put;
    }
    return 0;
}

/** Zeros to the end by hand, for file systems that cannot reserve. */
static int extend(struct hk_file *file, uint64_t size, int *sys)
{
    struct stat about;
    if (fstat(fd_of(file), &about) != 0)
        return fail(sys);
    if ((uint64_t)about.st_size >= size)
        return 0;
    return ftruncate(fd_of(file), (off_t)size) != 0 ? fail(sys) : 0;
}

static int posix_allocate(struct hk_file *file, uint64_t size, int *sys)
{
    int code;
    do
        code = fallocate(fd_of(file), 0, 0, (off_t)size);
    while (code != 0 && errno == EINTR);
    if (code == 0)
        return 0;
    return errno == EOPNOTSUPP ? extend(file, size, sys) : fail(sys);
}

static int posix_truncate(struct hk_file *file, uint64_t size, int *sys)
{
    return ftruncate(fd_of(file), (off_t)size) != 0 ? fail(sys) : 0;
}

/* Never tried again: after a failure the kernel may have dropped the pages and call it done the
 * second time. */
static int posix_sync(struct hk_file *file, int *sys)
{
    return fdatasync(fd_of(file)) != 0 ? fail(sys) : 0;
}

static int posix_size(struct hk_file *file, uint64_t *size, int *sys)
{
    struct stat about;
    if (fstat(fd_of(file), &about) != 0)
        return fail(sys);
    *size = (uint64_t)about.st_size;
    return 0;
}

static int open_folder(struct hk_disk *disk, const char *folder)
{
    return openat(folder_of(disk), *folder != '\0' ? folder : ".",
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int posix_sync_folder(struct hk_disk *disk, const char *folder, int *sys)
{
    int fd = open_folder(disk, folder);
    if (fd < 0)
        return fail(sys);
    int code = fsync(fd) != 0 ? fail(sys) : 0;
    (void)close(fd);
    return code;
}

static int posix_make_folder(struct hk_disk *disk, const char *folder, int *sys)
{
    if (mkdirat(folder_of(disk), folder, 0700) != 0 && errno != EEXIST)
        return fail(sys);
    return 0;
}

static int posix_rename(struct hk_disk *disk, const char *from, const char *to, int *sys)
{
    return renameat(folder_of(disk), from, folder_of(disk), to) != 0 ? fail(sys) : 0;
}

static int posix_unlink(struct hk_disk *disk, const char *name, int *sys)
{
    return unlinkat(folder_of(disk), name, 0) != 0 ? fail(sys) : 0;
}

static int posix_list(struct hk_disk *disk, const char *folder, hk_disk_name_fn each, void *arg,
                      int *sys)
{
    int fd = open_folder(disk, folder);
    if (fd < 0)
        return fail(sys);
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        int code = fail(sys);
        (void)close(fd);
        return code;
    }
    const struct dirent *entry;
    int code = 0;
    while (errno = 0, (entry = readdir(entries)) != NULL) {
        struct stat about;
        if (fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode))
            each(arg, entry->d_name, (uint64_t)about.st_size);
    }
    if (errno != 0)
        code = fail(sys);
    (void)closedir(entries);
    return code;
}

static int posix_lock(struct hk_disk *disk, int *sys)
{
    struct posix_disk *posix = (struct posix_disk *)disk;
    if (posix->lock >= 0)
        return HK_ELOCKED;
    int fd = openat(posix->folder, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(sys);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int code = errno == EWOULDBLOCK ? HK_ELOCKED : fail(sys);
        (void)close(fd);
        return code;
    }
    posix->lock = fd;
    return 0;
}

static void posix_unlock(struct hk_disk *disk)
{
    struct posix_disk *posix = (struct posix_disk *)disk;
    if (posix->lock >= 0)
        (void)close(posix->lock);
    posix->lock = -1;
}

/** Makes the folder's own name durable, as far as the folder above may be read. */
static int sync_parent(int folder)
{
    int parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return errno == EACCES ? 0 : -1;
    int code = fsync(parent);
    int found = errno;
    (void)close(parent);
    errno = found;
    return code;
}

int hk_disk_posix_open(const char *path, struct hk_disk **disk, struct hk_fault *fault)
{
    static const struct hk_disk_ops ops = {
        .open = posix_open,
        .create = posix_create,
        .reopen = posix_reopen,
        .close = posix_close,
        .read = posix_read,
        .write = posix_write,
        .allocate = posix_allocate,
        .truncate = posix_truncate,
        .sync = posix_sync,
        .size = posix_size,
        .sync_folder = posix_sync_folder,
        .make_folder = posix_make_folder,
        .rename = posix_rename,
        .unlink = posix_unlink,
        .list = posix_list,
        .lock = posix_lock,
        .unlock = posix_unlock,
    };
    *disk = NULL;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return hk_fault_set_sys(fault, hk_disk_code(errno), errno, "creating %s", path);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return hk_fault_set_sys(fault, hk_disk_code(errno), errno, "opening %s", path);
    if (sync_parent(folder) != 0) {
        int sys = errno;
        (void)close(folder);
        return hk_fault_set_sys(fault, hk_disk_code(sys), sys, "syncing the folder of %s", path);
    }
    struct posix_disk *opened = hk_alloc(sizeof(*opened));
    if (opened == NULL) {
        (void)close(folder);
        return hk_fault_set(fault, HK_ENOMEM, "no memory for the disk");
    }
    *opened = (struct posix_disk){ { &ops }, folder, -1 };
    *disk = &opened->disk;
    return 0;
}

void hk_disk_posix_close(struct hk_disk *disk)
{
    if (disk == NULL)
        return;
    posix_unlock(disk);
    (void)close(folder_of(disk));
    hk_free(disk);
}
