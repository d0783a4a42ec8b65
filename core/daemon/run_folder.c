// SPDX-License-Identifier: Apache-2.0
#include "daemon/run_folder.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct hk_run_folder {
    char *control_path;
    char *listen_path;
    char *listen_new_path;
    int lock; /**< Held as long as it is open. */
};

static char *path_join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = hk_alloc_or_die(size);
    (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

int hk_run_folder_open(const char *path, struct hk_run_folder **folder, struct hk_fault *fault)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "run_dir %s: cannot make it", path);
    char *lock_path = path_join(path, "lock");
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int sys = lock < 0 ? errno : 0;
    hk_free(lock_path);
    if (sys)
        return hk_fault_set_sys(fault, HK_ESTART, sys, "run_dir %s: cannot lock it", path);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        (void)close(lock);
        return hk_fault_set(fault, HK_ELOCKED, "run_dir %s: another hookd uses it", path);
    }
    *folder = hk_alloc_zero_or_die(1, sizeof(**folder));
    (*folder)->lock = lock;
    (*folder)->control_path = path_join(path, "control.sock");
    (*folder)->listen_path = path_join(path, "listen");
    (*folder)->listen_new_path = path_join(path, "listen.new");
    return 0;
}

void hk_run_folder_close(struct hk_run_folder *folder)
{
    if (!folder)
        return;
    (void)unlink(folder->listen_path);
    (void)close(folder->lock);
    hk_free(folder->control_path);
    hk_free(folder->listen_path);
    hk_free(folder->listen_new_path);
    hk_free(folder);
}

const char *hk_run_folder_control_path(const struct hk_run_folder *folder)
{
    return folder->control_path;
}

static int file_write(const char *path, struct hk_slice text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0)
        return errno;
    ssize_t written = write(file, text.at, text.size);
    int sys = written == (ssize_t)text.size ? 0 : errno ? errno : EIO;
    (void)close(file);
    return sys;
}

int hk_run_folder_announce(struct hk_run_folder *folder, const struct hk_texts *addresses,
                           struct hk_fault *fault)
{
    struct hk_bytes text = { 0 };
    int code = 0;
    for (uint32_t i = 0; i < addresses->count && !code; i++)
        code = hk_bytes_append_format(&text, "%s\n", addresses->items[i]);
    int sys = code ? ENOMEM : file_write(folder->listen_new_path, hk_bytes_slice(&text));
    hk_bytes_fini(&text);
    if (!sys && rename(folder->listen_new_path, folder->listen_path) != 0)
        sys = errno;
    if (sys)
        return hk_fault_set_sys(fault, HK_ESTART, sys, "%s: cannot write it", folder->listen_path);
    return 0;
}
