// SPDX-License-Identifier: Apache-2.0
#include "support_server.h"

#include "base/alloc.h"
#include "cli/hookctl.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WORDS_MAX = 32 };

/** Is the request in `text` whole: its head, and as much body as the head says? */
static bool is_whole(const char *text, size_t size)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "content-length:");
    if (end == NULL)
        return false;
    size_t wanted = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    return size >= (size_t)(end - text) + 4 + wanted;
}

static void serve_one(struct fake_server *server, int peer)
{
    size_t size = 0;
    char head[160];
    while (!is_whole(server->request, size) && size < sizeof(server->request) - 1) {
        ssize_t got = recv(peer, server->request + size, sizeof(server->request) - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        server->request[size] = '\0';
    }
    int head_size = snprintf(head, sizeof(head),
                             "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                             server->status, strlen(server->answer));
    (void)send(peer, head, (size_t)head_size, MSG_NOSIGNAL);
    (void)send(peer, server->answer, strlen(server->answer), MSG_NOSIGNAL);
}

static void *serve(void *arg)
{
    struct fake_server *server = arg;
    for (;;) {
        int peer = accept(server->listener, NULL, NULL);
        if (peer < 0)
            return NULL;
        server->request[0] = '\0';
        serve_one(server, peer);
        close(peer);
    }
}

int fake_server_open(void **state)
{
    struct fake_server *server = hk_alloc_zero_or_die(1, sizeof(*server));
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    (void)snprintf(server->folder, sizeof(server->folder), "/tmp/hk_cli_XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    (void)snprintf(server->path, sizeof(server->path), "%s/control.sock", server->folder);
    memcpy(address.sun_path, server->path, strlen(server->path));
    server->status = "200 OK";
    server->answer = "{\"status\":true,\"data\":{}}";
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    *state = server;
    return 0;
}

int fake_server_close(void **state)
{
    struct fake_server *server = *state;
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    close(server->listener);
    (void)unlink(server->path);
    (void)rmdir(server->folder);
    hk_free(server);
    return 0;
}

struct hookctl_said hookctl_run(struct fake_server *server, const char *const *words)
{
    struct hookctl_said said = { 0 };
    char *argv[WORDS_MAX] = { (char *)(uintptr_t) "hookctl" };
    int argc = 1;
    size_t out_size, err_size;
    for (; words[argc - 1] && argc < WORDS_MAX - 1; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    FILE *out = open_memstream(&said.out, &out_size);
    FILE *err = open_memstream(&said.err, &err_size);
    assert_non_null(out);
    assert_non_null(err);
    struct hk_hookctl_surroundings surroundings = { .socket_path = server ? server->path : NULL,
                                                    .out = out,
                                                    .err = err };
    said.code = hk_hookctl_run(argc, argv, &surroundings);
    (void)fclose(out);
    (void)fclose(err);
    return said;
}

void hookctl_said_fini(struct hookctl_said *said)
{
    // open_memstream's, not ours.
    free(said->out);
    free(said->err);
    *said = (struct hookctl_said){ 0 };
}
