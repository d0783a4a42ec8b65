// SPDX-License-Identifier: Apache-2.0
#include "api/reload.h"

#include "base/alloc.h"
#include "support_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENT_MS 60000

static struct test_engine engine;
static struct test_answer answer;

static int start(void **state)
{
    (void)state;
    test_engine_start(&engine, PATIENT_MS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_engine_stop(&engine);
    return 0;
}

static void test_a_reload_tells_what_it_did(void **state)
{
    (void)state;
    test_ask(&engine, "POST", "/api/v1/reload", NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(
        answer.body,
        "{\"status\":true,\"message\":\"\",\"appended_data\":{},\"data\":{\"config\":{"
        "\"applied\":[\"log.level\"],\"needs_restart\":[\"listen\"],\"fault\":null},"
        "\"policies\":[{\"name\":\"a\",\"what\":\"swapped\",\"generation\":2,\"fault\":null},"
        "{\"name\":\"b\",\"what\":\"kept\",\"generation\":7,\"fault\":null}],\"refused\":0,\"pause_"
        "ms\":1.5}}");
}

static void test_what_was_refused_is_422_with_the_same_data(void **state)
{
    (void)state;
    atomic_store(&engine.is_reload_refused, true);
    test_ask(&engine, "POST", "/api/v1/reload", NULL, &answer);
    atomic_store(&engine.is_reload_refused, false);
    assert_int_equal(answer.status, 422);
    assert_non_null(strstr(answer.body, "\"message\":\"1 refused, the rest is in use: "
                                        "/p/b.lua:2: no\""));
    assert_non_null(strstr(answer.body, "{\"name\":\"b\",\"what\":\"refused\",\"generation\":7,"
                                        "\"fault\":\"/p/b.lua:2: no\"}"));
}

static void test_all_who_ask_get_the_answer(void **state)
{
    (void)state;
    int fds[3];
    atomic_store(&engine.is_reload_waiting, true);
    for (int i = 0; i < 3; i++) {
        fds[i] = test_connect_control(&engine);
        test_send(fds[i], "POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        test_wait_for(&engine.reload_count, (unsigned)i + 1);
    }
    close(fds[1]); /* Who left gets none, and nothing comes of it. */
    atomic_store(&engine.is_reload_waiting, false);
    for (int i = 0; i < 3; i += 2) {
        test_receive(fds[i], &answer);
        assert_int_equal(answer.status, 200);
        close(fds[i]);
    }
}

static void test_one_who_waits_is_told_when_the_service_stops(void **state)
{
    (void)state;
    struct test_engine other;
    atomic_store(&engine.is_reload_waiting, false);
    test_engine_start(&other, PATIENT_MS);
    atomic_store(&other.is_reload_waiting, true);
    int fd = test_connect(&other);
    test_send(fd, "POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                  "Authorization: Bearer " TEST_PLATFORM_KEY "\r\n\r\n");
    test_wait_for(&other.reload_count, 1);
    test_engine_stop(&other);
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 503);
    close(fd);
}

static void test_a_config_takes_the_place_of_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct hk_config *config = hk_alloc_zero_or_die(1, sizeof(*config));
        config->body_bytes_max = 20;
        config->public_url = hk_strdup_or_die("http://other.example");
        hk_texts_add(&config->platform_keys, HK_SLICE("a key that nobody here will ever present"));
        memcpy(config->secret_key, engine.config.secret_key, sizeof(config->secret_key));
        hk_server_configure(engine.server, config);
        hk_server_flush(engine.server);
    }
    /* The key of the first config is no key any more... */
    do {
        test_ask(&engine, "GET", "/api/v1/merchants", NULL, &answer);
    } while (answer.status == 200);
    assert_int_equal(answer.status, 401);
    /* ...and who needs none finds the new limits and links. */
    int fd = test_connect_control(&engine);
    test_send(fd, "GET /api/v1/merchants HTTP/1.1\r\nHost: x\r\n\r\n");
    test_receive(fd, &answer);
    assert_non_null(strstr(answer.body, "http://other.example/api/v1/merchants?page=1"));
    test_send(fd, "POST /api/v1/merchants HTTP/1.1\r\nHost: x\r\nContent-Length: 21\r\n"
                  "Content-Type: application/json\r\n\r\n{\"name\":\"0123456789\"}");
    test_receive(fd, &answer);
    assert_int_equal(answer.status, 413);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reload_tells_what_it_did),
        cmocka_unit_test(test_what_was_refused_is_422_with_the_same_data),
        cmocka_unit_test(test_all_who_ask_get_the_answer),
        cmocka_unit_test(test_a_config_takes_the_place_of_the_other),
        cmocka_unit_test(test_one_who_waits_is_told_when_the_service_stops),
    };
    return cmocka_run_group_tests(tests, start, end);
}
