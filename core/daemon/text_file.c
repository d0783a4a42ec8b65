// SPDX-License-Identifier: Apache-2.0
#include "daemon/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { READ_BYTES = 4096 };

static int code_of(int sys)
{
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
        return HK_ENOTFOUND;
    case EACCES:
    case EPERM:
        return HK_EDENIED;
    default:
        return HK_EIO;
    }
}

static int read_all(int fd, const char *path, size_t bytes_max, struct hk_bytes *text,
                    struct hk_fault *fault)
{
    size_t start = text->size;
    for (;;) {
        if (hk_bytes_reserve(text, READ_BYTES) < 0)
            return hk_fault_set(fault, HK_ENOMEM, "%s: out of memory", path);
        ssize_t got = read(fd, text->at + text->size, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hk_fault_set_sys(fault, code_of(errno), errno, "%s", path);
        if (got == 0)
            return 0;
        text->size += (size_t)got;
        if (text->size - start > bytes_max)
            return hk_fault_set(fault, HK_ELIMIT, "%s: longer than %zu bytes", path, bytes_max);
    }
}

int hk_text_file_read(const char *path, size_t bytes_max, struct hk_bytes *text,
                      struct hk_fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return hk_fault_set_sys(fault, code_of(errno), errno, "%s", path);
    int code = read_all(fd, path, bytes_max, text, fault);
    close(fd);
    return code;
}

void hk_text_drop_newline(struct hk_bytes *text)
{
    if (text->size > 0 && text->at[text->size - 1] == '\n')
        text->size--;
    if (text->size > 0 && text->at[text->size - 1] == '\r')
        text->size--;
}
