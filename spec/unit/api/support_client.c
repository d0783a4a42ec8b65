// SPDX-License-Identifier: Apache-2.0
#include "support_client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int connect_to(const struct sockaddr *address, socklen_t size)
{
    struct timeval patience = { .tv_sec = 20 };
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, address, size), 0);
    return fd;
}

int test_connect(const struct test_engine *engine)
{
    const struct hk_texts *addresses = hk_server_addresses(engine->server);
    struct sockaddr_in where = { .sin_family = AF_INET };
    const char *colon = strrchr(addresses->items[0], ':');
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return connect_to((const struct sockaddr *)&where, sizeof(where));
}

int test_connect_control(const struct test_engine *engine)
{
    struct sockaddr_un where = { .sun_family = AF_UNIX };
    memcpy(where.sun_path, engine->control_path, strlen(engine->control_path) + 1);
    return connect_to((const struct sockaddr *)&where, sizeof(where));
}

void test_send(int fd, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
}

void test_send_format(int fd, const char *format, ...)
{
    static char text[131072];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    assert_true(size > 0 && (size_t)size < sizeof(text));
    test_send(fd, text);
}

/** Reads one byte; false at the end. */
static bool read_byte(int fd, char *byte)
{
    errno = 0;
    ssize_t size = recv(fd, byte, 1, 0);
    return size == 1;
}

static bool read_head(int fd, struct test_answer *answer)
{
    size_t used = 0;
    while (used < sizeof(answer->head) - 1) {
        if (!read_byte(fd, &answer->head[used]))
            return false;
        used++;
        answer->head[used] = '\0';
        if (used >= 4 && strcmp(answer->head + used - 4, "\r\n\r\n") == 0)
            return true;
    }
    return false;
}

void test_receive(int fd, struct test_answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    if (!read_head(fd, answer)) {
        answer->is_closed = true;
        return;
    }
    answer->status = (unsigned)strtoul(answer->head + 9, NULL, 10);
    const char *length = strcasestr(answer->head, "Content-Length:");
    size_t size = length ? strtoul(length + 15, NULL, 10) : 0;
    assert_true(size < sizeof(answer->body));
    for (size_t i = 0; i < size; i++)
        assert_true(read_byte(fd, &answer->body[i]));
}

bool test_is_closed(int fd)
{
    char byte;
    while (read_byte(fd, &byte))
        continue;
    return errno != EAGAIN;
}

void test_receive_until(int fd, const char *wanted, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    while (strstr(out, wanted) == NULL) {
        assert_true(used + 1 < size);
        assert_true(read_byte(fd, &out[used]));
        out[++used] = '\0';
    }
}

static void ask(const struct test_engine *engine, const char *request_line, const char *credential,
                const char *body, struct test_answer *answer)
{
    int fd = test_connect(engine);
    test_send_format(fd, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", request_line, credential);
    if (body != NULL)
        test_send_format(fd,
                         "Content-Type: application/json; charset=utf-8\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         strlen(body), body);
    else
        test_send(fd, "\r\n");
    test_receive(fd, answer);
    close(fd);
}

void test_ask(const struct test_engine *engine, const char *method, const char *path,
              const char *body, struct test_answer *answer)
{
    char line[1024];
    snprintf(line, sizeof(line), "%s %s", method, path);
    ask(engine, line, "Authorization: Bearer " TEST_PLATFORM_KEY, body, answer);
}

void test_ask_as_merchant(const struct test_engine *engine, const char *method, const char *path,
                          const char *body, struct test_answer *answer)
{
    char line[1024];
    snprintf(line, sizeof(line), "%s %s", method, path);
    ask(engine, line, "x-API-key: " TEST_MERCHANT_KEY, body, answer);
}
