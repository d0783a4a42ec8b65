// SPDX-License-Identifier: Apache-2.0
#include "daemon/credential.h"

#include "support_config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_names_cannot_leave_their_folder(void **state)
{
    (void)state;
    assert_true(hk_credential_is_name("platform.key"));
    assert_true(hk_credential_is_name("A-b_9"));
    static const char *const bad[] = { "",     ".",   "..",   ".hidden", "a/b",
                                       "../a", "a b", "a\nb", "\xc3\xa9" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hk_credential_is_name(bad[i]));
    char name[66];
    memset(name, 'a', sizeof(name));
    name[64] = '\0';
    assert_true(hk_credential_is_name(name));
    name[64] = 'a';
    name[65] = '\0';
    assert_false(hk_credential_is_name(name));
}

static void test_a_missing_one_is_made_only_when_allowed(void **state)
{
    struct config_case *made = *state;
    struct hk_credential_places places = { .state_dir = made->folder };
    struct hk_bytes secret = { 0 }, again = { 0 };
    struct hk_fault fault;
    assert_int_equal(hk_credential_load(&places, "x", &secret, &fault), HK_ENOTFOUND);
    places.can_create = true;
    assert_int_equal(hk_credential_load(&places, "x", &secret, &fault), 0);
    assert_int_equal(secret.size, 64);
    assert_int_equal(hk_credential_load(&places, "x", &again, &fault), 0);
    assert_true(hk_slice_is_equal(hk_bytes_slice(&secret), hk_bytes_slice(&again)));
    hk_bytes_clear(&again);
    assert_int_equal(hk_credential_load(&places, "y", &again, &fault), 0);
    assert_false(hk_slice_is_equal(hk_bytes_slice(&secret), hk_bytes_slice(&again)));
    hk_bytes_fini(&secret);
    hk_bytes_fini(&again);
}

static void test_no_draft_is_left_behind(void **state)
{
    struct config_case *made = *state;
    struct hk_credential_places places = { .state_dir = made->folder, .can_create = true };
    struct hk_bytes secret = { 0 };
    char path[128];
    uint32_t count = 0;
    assert_int_equal(hk_credential_load(&places, "x", &secret, NULL), 0);
    (void)snprintf(path, sizeof(path), "%s/keys", made->folder);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count++;
    (void)closedir(folder);
    assert_int_equal(count, 3); // ".", ".." and "x"
    hk_bytes_fini(&secret);
}

static void test_systemd_comes_before_the_state_folder(void **state)
{
    struct config_case *made = *state;
    char given[128];
    (void)snprintf(given, sizeof(given), "%s/given", made->folder);
    assert_int_equal(mkdir(given, 0700), 0);
    config_case_write(made, "given/x", "from systemd\r\n", 14);
    struct hk_credential_places places = { .credentials_dir = given,
                                           .state_dir = made->folder,
                                           .can_create = true };
    struct hk_bytes secret = { 0 };
    assert_int_equal(hk_credential_load(&places, "x", &secret, NULL), 0);
    assert_true(hk_slice_is(hk_bytes_slice(&secret), "from systemd"));
    hk_bytes_clear(&secret);
    assert_int_equal(hk_credential_load(&places, "y", &secret, NULL), 0);
    assert_int_equal(secret.size, 64);
    hk_bytes_fini(&secret);
}

static void test_a_state_folder_that_cannot_be_made_is_a_fault(void **state)
{
    struct config_case *made = *state;
    char path[128];
    struct hk_bytes secret = { 0 };
    struct hk_fault fault;
    (void)snprintf(path, sizeof(path), "%s/a/b", made->folder);
    struct hk_credential_places places = { .state_dir = path, .can_create = true };
    assert_int_equal(hk_credential_load(&places, "x", &secret, &fault), HK_EIO);
    assert_non_null(strstr(fault.text, path));
    hk_bytes_fini(&secret);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, config_case_open, config_case_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_cannot_leave_their_folder),
        TEST(test_a_missing_one_is_made_only_when_allowed),
        TEST(test_no_draft_is_left_behind),
        TEST(test_systemd_comes_before_the_state_folder),
        TEST(test_a_state_folder_that_cannot_be_made_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
