// SPDX-License-Identifier: Apache-2.0
#include "daemon/credential.h"

#include "base/alloc.h"
#include "base/seal.h"
#include "daemon/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECRET_BYTES_MAX = 65536,
    RANDOM_BYTES = 32,
    NAME_BYTES_MAX = 64,
    STATE_DIR_BYTES_MAX = PATH_MAX - 128, /**< Leaves room for "/keys/" and a draft's name. */
};

/** Where a missing secret is made. */
struct birth {
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char draft[PATH_MAX]; /**< Written first, linked to `path` when it is whole. */
};

bool hk_credential_is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t size = strlen(name);
    return size >= 1 && size <= NAME_BYTES_MAX && name[0] != '.' && strspn(name, allowed) == size;
}

static int folder_make(const char *path, struct hk_fault *fault)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return hk_fault_set_sys(fault, HK_EIO, errno, "cannot create the folder %s", path);
    return 0;
}

static int write_random(int fd, const char *path, struct hk_fault *fault)
{
    uint8_t random[RANDOM_BYTES];
    char line[RANDOM_BYTES * 2 + 2];
    int code = hk_random_bytes(random, sizeof(random));
    if (code < 0)
        return hk_fault_set(fault, code, "no random bytes for %s", path);
    for (size_t i = 0; i < sizeof(random); i++)
        (void)snprintf(line + i * 2, 3, "%02x", random[i]);
    line[sizeof(line) - 2] = '\n';
    bool is_written = write(fd, line, sizeof(line) - 1) == (ssize_t)sizeof(line) - 1;
    if (!is_written || fsync(fd) < 0)
        code = hk_fault_set_sys(fault, HK_EIO, errno, "cannot write %s", path);
    hk_wipe(random, sizeof(random));
    hk_wipe(line, sizeof(line));
    return code;
}

static int folder_sync(const char *path, struct hk_fault *fault)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int sys = errno;
    if (fd >= 0)
        close(fd);
    return is_synced ? 0 : hk_fault_set_sys(fault, HK_EIO, sys, "cannot sync %s", path);
}

/** Writes the draft and links it into place; one that came in between stays. */
static int draft_place(const struct birth *birth, struct hk_fault *fault)
{
    (void)unlink(birth->draft);
    int fd = open(birth->draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hk_fault_set_sys(fault, HK_EIO, errno, "cannot create %s", birth->draft);
    int code = write_random(fd, birth->draft, fault);
    close(fd);
    if (code == 0 && link(birth->draft, birth->path) < 0 && errno != EEXIST)
        code = hk_fault_set_sys(fault, HK_EIO, errno, "cannot create %s", birth->path);
    (void)unlink(birth->draft);
    return code < 0 ? code : folder_sync(birth->folder, fault);
}

static int birth_fill(struct birth *birth, const char *state_dir, const char *name,
                      struct hk_fault *fault)
{
    if (strlen(state_dir) > STATE_DIR_BYTES_MAX)
        return hk_fault_set(fault, HK_EINVAL, "state_dir is too long");
    int dir_bytes = STATE_DIR_BYTES_MAX;
    (void)snprintf(birth->folder, PATH_MAX, "%.*s/keys", dir_bytes, state_dir);
    (void)snprintf(birth->path, PATH_MAX, "%.*s/keys/%s", dir_bytes, state_dir, name);
    (void)snprintf(birth->draft, PATH_MAX, "%.*s/keys/.%s.%ld", dir_bytes, state_dir, name,
                   (long)getpid());
    return 0;
}

static int load_or_create(const struct hk_credential_places *places, const char *name,
                          struct hk_bytes *secret, struct hk_fault *fault)
{
    struct birth birth;
    int code = birth_fill(&birth, places->state_dir, name, fault);
    if (code == 0)
        code = hk_text_file_read(birth.path, SECRET_BYTES_MAX, secret, fault);
    if (code != HK_ENOTFOUND || !places->can_create)
        return code;
    code = folder_make(places->state_dir, fault);
    if (code == 0)
        code = folder_make(birth.folder, fault);
    if (code == 0)
        code = draft_place(&birth, fault);
    return code < 0 ? code : hk_text_file_read(birth.path, SECRET_BYTES_MAX, secret, fault);
}

int hk_credential_load(const struct hk_credential_places *places, const char *name,
                       struct hk_bytes *secret, struct hk_fault *fault)
{
    char path[PATH_MAX];
    int code = HK_ENOTFOUND;
    if (places->credentials_dir) {
        int size = snprintf(path, sizeof(path), "%s/%s", places->credentials_dir, name);
        if (size > 0 && (size_t)size < sizeof(path))
            code = hk_text_file_read(path, SECRET_BYTES_MAX, secret, fault);
    }
    if (code == HK_ENOTFOUND)
        code = load_or_create(places, name, secret, fault);
    if (code == 0)
        hk_text_drop_newline(secret);
    return code;
}
