// SPDX-License-Identifier: Apache-2.0
#include "deliver/headers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** Writes the linked lines one under another. */
static const char *print(struct hk_headers *headers, struct curl_slist *tail)
{
    static char text[8192];
    size_t at = 0;
    for (struct curl_slist *node = hk_headers_link(headers, tail); node != NULL;
         node = node->next) {
        size_t size = strlen(node->data);
        assert_true(at + size + 2 < sizeof(text));
        memcpy(text + at, node->data, size);
        at += size;
        text[at++] = '\n';
    }
    text[at] = '\0';
    return text;
}

static void test_names_are_tokens_and_values_have_no_control_characters(void **state)
{
    static const struct {
        const char *name, *value;
        int code;
    } cases[] = {
        { "X-A", "b", 0 },
        { "x!#$%&'*+-.^_`|~9", "b c\td", 0 },
        { "X-A", "caf\xc3\xa9", 0 },
        { "", "b", HK_EINVAL },
        { "X A", "b", HK_EINVAL },
        { "X-A:", "b", HK_EINVAL },
        { "X\r\nY", "b", HK_EINVAL },
        { "X\xc3\xa9", "b", HK_EINVAL },
        { "X-A", "b\r\nX-B: c", HK_EINVAL },
        { "X-A", "b\n", HK_EINVAL },
        { "X-A", "b\r", HK_EINVAL },
        { "X-A", "\x01", HK_EINVAL },
        { "X-A", "b\x7f", HK_EINVAL },
    };
    (void)state;
    struct hk_headers headers = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hk_headers_wipe(&headers);
        int code =
            hk_headers_add(&headers, hk_slice_of(cases[i].name), hk_slice_of(cases[i].value));
        if (code != cases[i].code || headers.count != (code == 0))
            fail_msg("%zu: %d", i, code);
    }
    assert_int_equal(hk_headers_add(&headers, HK_SLICE("X"), HK_SLICE("a\0b")), HK_EINVAL);
    hk_headers_fini(&headers);
}

static void test_an_empty_value_is_sent_empty(void **state)
{
    struct hk_headers headers = { 0 };
    (void)state;
    assert_int_equal(hk_headers_add(&headers, HK_SLICE("X-A"), HK_SLICE("")), 0);
    assert_string_equal(print(&headers, NULL), "X-A;\n"); // curl's word for it
    hk_headers_fini(&headers);
}

static void test_there_is_an_end_to_the_lines(void **state)
{
    struct hk_headers headers = { 0 };
    (void)state;
    for (int i = 0; i < HK_HEADERS_LINES_MAX; i++)
        assert_int_equal(hk_headers_add(&headers, HK_SLICE("X-A"), HK_SLICE("b")), 0);
    assert_int_equal(hk_headers_add(&headers, HK_SLICE("X-A"), HK_SLICE("b")), HK_ELIMIT);
    hk_headers_fini(&headers);
}

static void test_an_attempts_lines_stand_before_the_endpoints(void **state)
{
    struct hk_endpoint endpoint;
    struct hk_headers fixed = { 0 };
    struct hk_headers lines = { 0 };
    struct hk_uuid id;
    (void)state;
    hk_endpoint_init(&endpoint);
    hk_pairs_add(&endpoint.headers, HK_SLICE("X-Own"), HK_SLICE("1"));
    assert_int_equal(hk_uuid_parse(HK_SLICE("0190d6c8-1111-7222-8333-444455556666"), &id), 0);
    const struct hk_headers_attempt attempt = {
        .signer = &hk_signer_points,
        .signing = { .secret = HK_SLICE("s3cret"),
                     .secret_previous = HK_SLICE_EMPTY,
                     .event = &id,
                     .type = HK_SLICE("order.paid"),
                     .body = HK_SLICE("{}") },
        .authorization = HK_SLICE("Bearer t"),
        .attempt = 65535,
    };
    assert_int_equal(hk_headers_set_endpoint(&fixed, &endpoint, "hookd/1"), 0);
    assert_int_equal(hk_headers_set_attempt(&lines, &attempt), 0);
    assert_string_equal(print(&lines, hk_headers_link(&fixed, NULL)),
                        "X-Webhook-Secret: s3cret\n"
                        "X-Webhook-Event: order.paid\n"
                        "X-Webhook-Id: 0190d6c8-1111-7222-8333-444455556666\n"
                        "X-Webhook-Attempt: 65535\n"
                        "Authorization: Bearer t\n"
                        "Content-Type: application/json\n"
                        "User-Agent: hookd/1\n"
                        "Accept:\n"
                        "Expect:\n"
                        "X-Own: 1\n");
    hk_headers_fini(&lines);
    hk_headers_fini(&fixed);
    hk_endpoint_fini(&endpoint);
}

static void test_a_list_is_linked_over_another_without_its_names(void **state)
{
    struct hk_headers over = { 0 }, under = { 0 };
    struct curl_slist nodes[HK_HEADERS_LINES_MAX];
    struct hk_bytes text = { 0 };
    (void)state;
    assert_int_equal(hk_headers_add(&under, HK_SLICE("X-A"), HK_SLICE("1")), 0);
    assert_int_equal(hk_headers_add(&under, HK_SLICE("X-AB"), HK_SLICE("2")), 0);
    assert_int_equal(hk_headers_add(&under, HK_SLICE("X-Empty"), HK_SLICE_EMPTY), 0);
    assert_int_equal(hk_headers_add(&over, HK_SLICE("x-a"), HK_SLICE("3")), 0);
    assert_int_equal(hk_headers_add(&over, HK_SLICE("x-empty"), HK_SLICE("4")), 0);
    for (struct curl_slist *node = hk_headers_link_over(&over, &under, nodes); node != NULL;
         node = node->next)
        assert_int_equal(hk_bytes_append_format(&text, "%s\n", node->data), 0);
    assert_true(hk_slice_is(hk_bytes_slice(&text), "x-a: 3\nx-empty: 4\nX-AB: 2\n"));
    hk_bytes_fini(&text);
    assert_string_equal(print(&under, NULL), "X-A: 1\nX-AB: 2\nX-Empty;\n");
    hk_headers_fini(&over);
    hk_headers_fini(&under);
}

static void test_no_line_stands_twice(void **state)
{
    struct hk_endpoint endpoint;
    struct hk_headers headers = { 0 };
    (void)state;
    hk_endpoint_init(&endpoint);
    hk_pairs_add(&endpoint.headers, HK_SLICE("user-agent"), HK_SLICE("mine"));
    hk_pairs_add(&endpoint.headers, HK_SLICE("authorization"), HK_SLICE("own"));
    assert_int_equal(hk_headers_set_endpoint(&headers, &endpoint, "hookd/1"), 0);
    assert_string_equal(print(&headers, NULL), "Content-Type: application/json\nAccept:\nExpect:\n"
                                               "user-agent: mine\nauthorization: own\n");
    endpoint.auth.type = HK_AUTH_BEARER;
    assert_int_equal(hk_headers_set_endpoint(&headers, &endpoint, "hookd/1"), 0);
    assert_string_equal(print(&headers, NULL),
                        "Content-Type: application/json\nAccept:\nExpect:\nuser-agent: mine\n");
    hk_headers_fini(&headers);
    hk_endpoint_fini(&endpoint);
}

static void test_what_was_written_is_wiped(void **state)
{
    struct hk_headers headers = { 0 };
    (void)state;
    assert_int_equal(hk_headers_add(&headers, HK_SLICE("X-A"), HK_SLICE("s3cret")), 0);
    const char *text = headers.text.at;
    size_t size = headers.text.size;
    hk_headers_wipe(&headers);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(text[i], 0);
    assert_null(hk_headers_link(&headers, NULL));
    hk_headers_fini(&headers);
}

static int refuse(const struct hk_signing *signing, hk_signer_header_fn header, void *request)
{
    (void)signing;
    (void)header;
    (void)request;
    return HK_EIO;
}

static int split(const struct hk_signing *signing, hk_signer_header_fn header, void *request)
{
    (void)signing;
    return header(request, HK_SLICE("X-Signature"), HK_SLICE("a\r\nb"));
}

static void test_a_signer_that_cannot_sign_or_splits_lines_stops_the_request(void **state)
{
    static const struct hk_signer signers[] = { { .name = "refuse", .sign = refuse },
                                                { .name = "split", .sign = split } };
    struct hk_headers headers = { 0 };
    struct hk_uuid id = { { 1 } };
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct hk_headers_attempt attempt = {
            .signer = &signers[i],
            .signing = { .secret = HK_SLICE("s"), .event = &id, .type = HK_SLICE("a") },
            .authorization = HK_SLICE_EMPTY,
        };
        assert_int_equal(hk_headers_set_attempt(&headers, &attempt), i == 0 ? HK_EIO : HK_EINVAL);
    }
    hk_headers_fini(&headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_tokens_and_values_have_no_control_characters),
        cmocka_unit_test(test_an_empty_value_is_sent_empty),
        cmocka_unit_test(test_there_is_an_end_to_the_lines),
        cmocka_unit_test(test_an_attempts_lines_stand_before_the_endpoints),
        cmocka_unit_test(test_a_list_is_linked_over_another_without_its_names),
        cmocka_unit_test(test_no_line_stands_twice),
        cmocka_unit_test(test_what_was_written_is_wiped),
        cmocka_unit_test(test_a_signer_that_cannot_sign_or_splits_lines_stops_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
