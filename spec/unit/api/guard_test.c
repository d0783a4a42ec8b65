// SPDX-License-Identifier: Apache-2.0
#include "api/guard.h"

#include "model/bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct header {
    const char *name, *value;
};

struct guard_case {
    const char *version;
    struct header headers[5];
    unsigned status;
};

static unsigned check(const struct guard_case *each, size_t head_bytes, struct hk_head *head)
{
    *head = (struct hk_head){ .method = "POST", .path = "/", .version = each->version };
    for (int i = 0; each->headers[i].name != NULL; i++)
        hk_guard_add(head, hk_slice_of(each->headers[i].name), hk_slice_of(each->headers[i].value));
    return hk_guard_check(head, head_bytes);
}

static void test_heads_are_judged_as_the_table_says(void **state)
{
    (void)state;
    static const struct guard_case cases[] = {
        { "HTTP/1.1", { { "Host", "x" } }, 0 },
        { "HTTP/1.0", { { "Accept", "y" } }, 0 },
        { "HTTP/1.1", { { "Accept", "y" } }, 400 }, /* No Host. */
        { "HTTP/1.1", { { "Host", "x" }, { "host", "x" } }, 400 },
        { "HTTP/1.2", { { "Host", "x" } }, 400 },
        { "HTTP/2.0", { { "Host", "x" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "12" } }, 0 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "+1" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "1 " } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "0x1" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "1, 1" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Content-Length", "99999999999999999999" } }, 400 },
        { "HTTP/1.1",
          { { "Host", "x" }, { "Content-Length", "1" }, { "content-length", "1" } },
          400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", "chunked" } }, 0 },
        { "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", "Chunked" } }, 0 },
        { "HTTP/1.0", { { "Host", "x" }, { "Transfer-Encoding", "chunked" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", "xchunked" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", "chunked, gzip" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding", "identity" } }, 400 },
        { "HTTP/1.1",
          { { "Host", "x" }, { "Transfer-Encoding", "chunked" }, { "Content-Length", "1" } },
          400 },
        { "HTTP/1.1", { { "Host", "x" }, { "Transfer-Encoding ", "chunked" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "A b", "c" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "", "c" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "A\xc3\xa9", "c" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "A", "b\rc" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "A", "b\x01" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "A", "b\x7f" } }, 400 },
        { "HTTP/1.1", { { "Host", "x" }, { "A", "b\tc\xc3\xa9" } }, 0 },
        { "HTTP/1.1", { { "Host", "x" }, { "X-Other", "1" }, { "X-Other", "2" } }, 0 },
        { "HTTP/1.1", { { "Host", "x" }, { "x-api-key", "1" }, { "X-API-Key", "1" } }, 400 },
        { "HTTP/1.1",
          { { "Host", "x" }, { "Idempotency-Key", "" }, { "idempotency-key", "" } },
          400 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_head head;
        unsigned status = check(&cases[i], 100, &head);
        if (status != cases[i].status)
            fail_msg("case %zu: %u", i, status);
        assert_int_equal(head.fault != NULL, status == 400);
    }
}

static void test_a_head_may_have_16_kib(void **state)
{
    (void)state;
    static const struct guard_case good = { "HTTP/1.1", { { "Host", "x" } }, 0 };
    struct hk_head head;
    assert_int_equal(check(&good, HK_REQUEST_HEAD_BYTES_MAX, &head), 0);
    assert_int_equal(check(&good, HK_REQUEST_HEAD_BYTES_MAX + 1, &head), 431);
}

static void test_what_is_read_is_kept(void **state)
{
    (void)state;
    static const struct guard_case each = { "HTTP/1.1",
                                            { { "HOST", "x" },
                                              { "Content-Length", "0042" },
                                              { "Idempotency-Key", "" },
                                              { "X-API-KEY", "secret" } },
                                            0 };
    struct hk_head head;
    assert_int_equal(check(&each, 100, &head), 0);
    assert_int_equal(head.body_bytes, 42);
    assert_true(hk_slice_is(head.api_key, "secret"));
    assert_non_null(head.idempotency_key.at); /* Empty, but there. */
    assert_int_equal(head.idempotency_key.size, 0);
    assert_null(head.authorization.at);
}

static void test_json_is_known_by_its_media_type(void **state)
{
    (void)state;
    assert_true(hk_guard_is_json(HK_SLICE("application/json")));
    assert_true(hk_guard_is_json(HK_SLICE("Application/JSON; charset=utf-8")));
    assert_true(hk_guard_is_json(HK_SLICE("application/json ;x")));
    assert_false(hk_guard_is_json(HK_SLICE("application/jsonp")));
    assert_false(hk_guard_is_json(HK_SLICE("application/json x")));
    assert_false(hk_guard_is_json(HK_SLICE("text/json")));
    assert_false(hk_guard_is_json(HK_SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_are_judged_as_the_table_says),
        cmocka_unit_test(test_a_head_may_have_16_kib),
        cmocka_unit_test(test_what_is_read_is_kept),
        cmocka_unit_test(test_json_is_known_by_its_media_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
