// SPDX-License-Identifier: Apache-2.0
#include "cli/shop.h"

#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static int read_shop(struct hk_shop *shop, const char *text, struct hk_fault *fault)
{
    char path[128];
    file_write(path, "shop.json", text);
    int code = hk_shop_read(shop, path, HK_SLICE("approved"), fault);
    file_remove(path);
    return code;
}

static void test_an_endpoint_has_what_the_file_says_and_defaults(void **state)
{
    (void)state;
    struct hk_shop shop;
    struct hk_fault fault;
    assert_int_equal(read_shop(&shop,
                               "{\"id\":9,\"name\":\"Ü\",\"endpoints\":[{\"name\":\"a\"},{\"name\":"
                               "\"b\",\"url\":\"https://b/\",\"labels\":{\"x\":\"1\",\"y\":\"2\"},"
                               "\"uuid\":\"c1b7f1de-94d0-4c52-8a55-0e6a4e0c7a11\"}]}",
                               &fault),
                     0);
    assert_int_equal(shop.id, 9);
    assert_true(hk_slice_is(shop.name, "Ü"));
    assert_int_equal(shop.count, 2);
    assert_true(hk_slice_is(shop.endpoints[0].url, "https://receiver.example/"));
    assert_false(hk_uuid_is_zero(&shop.endpoints[0].uuid));
    assert_int_equal(shop.endpoints[1].label_count, 2);
    assert_true(hk_slice_is(shop.endpoints[1].labels[2], "y"));
    assert_true(hk_slice_is(shop.endpoints[1].labels[3], "2"));
    assert_int_equal(shop.endpoints[1].uuid.bytes[0], 0xc1);
    hk_shop_fini(&shop);
}

static void test_a_policy_is_shown_only_what_the_event_may_go_to(void **state)
{
    (void)state;
    struct hk_shop shop;
    struct hk_fault fault;
    assert_int_equal(read_shop(&shop,
                               "{\"endpoints\":[{\"name\":\"a\",\"role\":\"audit\"},"
                               "{\"name\":\"b\",\"enabled\":false,\"labels\":{\"x\":\"1\"}},"
                               "{\"name\":\"c\",\"events\":[\"refunded\"]},"
                               "{\"name\":\"d\",\"events\":[\"refunded\",\"approved\"]},"
                               "{\"name\":\"e\",\"events\":null}]}",
                               &fault),
                     0);
    assert_int_equal(shop.count, 2);
    assert_int_equal(shop.left_out, 3);
    assert_true(hk_slice_is(shop.endpoints[0].name, "d"));
    hk_shop_fini(&shop);
}

static void test_what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text, *said;
    } lines[] = {
        { "{\"id\":1,\n\"id\":2}", "shop.json:2:1: " },
        { "[]", "a merchant is an object" },
        { "{}", "\"endpoints\" is a list" },
        { "{\"nam\":\"x\",\"endpoints\":[]}",
          "a merchant has no \"nam\"; the nearest is \"name\"" },
        { "{\"endpoints\":[{\"name\":\"a\"},{\"name\":\"b\",\"lables\":{}}]}",
          "endpoint 2: an endpoint has no \"lables\"; the nearest is \"labels\"" },
        { "{\"endpoints\":[{}]}", "endpoint 1: it has no \"name\"" },
        { "{\"endpoints\":[{\"name\":\"a\",\"role\":\"x\"}]}", "primary, audit or dead_letter" },
        { "{\"endpoints\":[{\"name\":\"a\",\"labels\":{\"x\":1}}]}", "label \"x\" is a string" },
        { "{\"endpoints\":[{\"name\":\"a\",\"labels\":[]}]}", "\"labels\" is an object" },
        { "{\"endpoints\":[{\"name\":\"a\",\"uuid\":\"x\"}]}", "\"uuid\" is no UUID" },
        { "{\"id\":\"9\",\"endpoints\":[]}", "\"id\" is a whole number" },
        { "{\"endpoints\":[3]}", "endpoint 1: an endpoint is an object" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct hk_shop shop;
        struct hk_fault fault = { 0 };
        assert_true(read_shop(&shop, lines[i].text, &fault) < 0);
        assert_has(fault.text, lines[i].said);
        assert_has(fault.text, "shop.json:");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_endpoint_has_what_the_file_says_and_defaults),
        cmocka_unit_test(test_a_policy_is_shown_only_what_the_event_may_go_to),
        cmocka_unit_test(test_what_is_wrong_is_told_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
