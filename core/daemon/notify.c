// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** Fills the address for `name`; gets its size, or 0 when it is none. */
static socklen_t address_fill(struct sockaddr_un *address, const char *name)
{
    size_t size = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || size < 2 || size >= sizeof(address->sun_path))
        return 0;
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(address->sun_path, name, size);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    else
        size++;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

int hk_notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == '\0')
        return 0;
    struct sockaddr_un address;
    socklen_t address_size = address_fill(&address, name);
    if (address_size == 0)
        return HK_EINVAL;
    int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_fd < 0)
        return HK_EIO;
    ssize_t sent = sendto(socket_fd, state, strlen(state), MSG_NOSIGNAL,
                          (const struct sockaddr *)&address, address_size);
    close(socket_fd);
    return sent < 0 ? HK_EIO : 0;
}
