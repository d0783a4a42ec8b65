// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify.h"

#include "support_config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** Binds a datagram socket to `name`, where '@' stands for an abstract one. */
static int listen_on(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = strlen(name);
    assert_true(size < sizeof(address.sun_path));
    memcpy(address.sun_path, name, size);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
                     0);
    return fd;
}

static void assert_told(const char *name)
{
    char got[64] = "";
    int fd = listen_on(name);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    assert_int_equal(hk_notify("READY=1"), 0);
    assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 7);
    assert_string_equal(got, "READY=1");
    close(fd);
}

static void test_a_socket_of_either_kind_is_told(void **state)
{
    struct config_case *made = *state;
    char name[96];
    (void)snprintf(name, sizeof(name), "%s/notify", made->folder);
    assert_told(name);
    (void)snprintf(name, sizeof(name), "@%s", made->folder + 1);
    assert_told(name);
}

static void test_without_a_manager_nothing_is_sent(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    assert_int_equal(hk_notify("READY=1"), 0);
    (void)setenv("NOTIFY_SOCKET", "", 1);
    assert_int_equal(hk_notify("READY=1"), 0);
}

static void test_a_name_that_is_none_is_refused(void **state)
{
    (void)state;
    char name[200];
    memset(name, 'a', sizeof(name));
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    (void)setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(hk_notify("READY=1"), HK_EINVAL);
    (void)setenv("NOTIFY_SOCKET", "relative", 1);
    assert_int_equal(hk_notify("READY=1"), HK_EINVAL);
    (void)setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    assert_int_equal(hk_notify("READY=1"), HK_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_socket_of_either_kind_is_told, config_case_open,
                                        config_case_close),
        cmocka_unit_test(test_without_a_manager_nothing_is_sent),
        cmocka_unit_test(test_a_name_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
