// SPDX-License-Identifier: Apache-2.0
#include "daemon/space.h"

#include <sys/statvfs.h>

int hk_space_free(const char *path, uint64_t *bytes)
{
    struct statvfs found;
    if (statvfs(path, &found) != 0)
        return HK_EIO;
    *bytes = (uint64_t)found.f_bavail * found.f_frsize;
    return 0;
}
