// SPDX-License-Identifier: Apache-2.0
#include "api/binding.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_host(const char *host, uint16_t port, union any_address *out, socklen_t *size)
{
    *out = (union any_address){ 0 };
    size_t length = strlen(host);
    char bare[64];
    if (length >= 2 && length < sizeof(bare) && host[0] == '[' && host[length - 1] == ']') {
        memcpy(bare, host + 1, length - 2);
        bare[length - 2] = '\0';
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        *size = sizeof(out->v6);
        return inet_pton(AF_INET6, bare, &out->v6.sin6_addr) == 1 ? 0 : HK_EINVAL;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(port);
    *size = sizeof(out->v4);
    return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? 0 : HK_EINVAL;
}

static int parse_address(const char *text, union any_address *out, socklen_t *size)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    uint64_t port;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) || colon[1] == '\0' ||
        hk_slice_parse_u64(hk_slice_of(colon + 1), UINT16_MAX, &port) < 0)
        return HK_EINVAL;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    return parse_host(host, (uint16_t)port, out, size);
}

static void add_bound(int socket, struct hk_texts *bound)
{
    union any_address address = { 0 };
    socklen_t size = sizeof(address);
    char host[INET6_ADDRSTRLEN] = "", text[INET6_ADDRSTRLEN + 16];
    if (getsockname(socket, &address.any, &size) < 0)
        return;
    if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
        snprintf(text, sizeof(text), "[%s]:%u", host, ntohs(address.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
        snprintf(text, sizeof(text), "%s:%u", host, ntohs(address.v4.sin_port));
    }
    hk_texts_add(bound, hk_slice_of(text));
}

int hk_binding_open(const char *address, int *out, struct hk_texts *bound, struct hk_fault *fault)
{
    union any_address where;
    socklen_t size;
    const int yes = 1;
    if (parse_address(address, &where, &size) < 0)
        return hk_fault_set(fault, HK_EINVAL, "listen: '%s' is not ADDRESS:PORT", address);
    int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "listen: '%s'", address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (where.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    if (bind(fd, &where.any, size) < 0 || listen(fd, BACKLOG) < 0) {
        int sys = errno;
        close(fd);
        return hk_fault_set_sys(fault, HK_ESTART, sys, "listen: '%s'", address);
    }
    add_bound(fd, bound);
    *out = fd;
    return 0;
}

/** Nobody can connect before listen(), so the mode is right before the first peer comes. */
static int bind_control(int fd, const struct sockaddr_un *where)
{
    struct stat stat_before;
    if (lstat(where->sun_path, &stat_before) == 0 && S_ISSOCK(stat_before.st_mode))
        unlink(where->sun_path);
    if (bind(fd, (const struct sockaddr *)where, sizeof(*where)) < 0)
        return -1;
    if (chmod(where->sun_path, 0660) < 0)
        return -1;
    return listen(fd, BACKLOG);
}

int hk_binding_open_control(const char *path, int *out, struct hk_fault *fault)
{
    struct sockaddr_un where = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(where.sun_path))
        return hk_fault_set(fault, HK_EINVAL, "control socket: '%s' is longer than %zu bytes", path,
                            sizeof(where.sun_path) - 1);
    memcpy(where.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "control socket: '%s'", path);
    if (bind_control(fd, &where) < 0) {
        int sys = errno;
        close(fd);
        return hk_fault_set_sys(fault, HK_ESTART, sys, "control socket: '%s'", path);
    }
    *out = fd;
    return 0;
}
