// SPDX-License-Identifier: Apache-2.0
#include "support_folder.h"

#include "base/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_make(struct folder *folder)
{
    const char *text = "/tmp/hookd-policy-XXXXXX";
    memcpy(folder->path, text, strlen(text) + 1);
    hk_assert(mkdtemp(folder->path) != NULL);
}

static int remove_one(const char *path, const struct stat *status, int what, struct FTW *place)
{
    (void)status;
    (void)what;
    (void)place;
    return remove(path);
}

void folder_remove(struct folder *folder)
{
    (void)nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *folder_path(const struct folder *folder, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, name);
    return path;
}

const char *folder_write(const struct folder *folder, const char *name, struct hk_slice text)
{
    const char *path = folder_path(folder, name);
    const char *slash = strrchr(name, '/');
    if (slash != NULL) {
        char above[512];
        (void)snprintf(above, sizeof(above), "%s/%.*s", folder->path, (int)(slash - name), name);
        (void)mkdir(above, 0700);
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    hk_assert(file >= 0);
    hk_assert(write(file, text.at, text.size) == (ssize_t)text.size);
    hk_assert(close(file) == 0);
    return path;
}

const char *folder_write_text(const struct folder *folder, const char *name, const char *text)
{
    return folder_write(folder, name, hk_slice_of(text));
}

void folder_unlink(const struct folder *folder, const char *name)
{
    hk_assert(unlink(folder_path(folder, name)) == 0);
}
