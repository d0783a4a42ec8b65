// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

#include "base/alloc.h"
#include "model/bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_head(struct hk_slice type, struct hk_slice key, struct hk_slice text)
{
    struct hk_body *body = hk_event_body_new(type, key, text);
    assert_true(hk_slice_is_equal(hk_event_body_type(body), type));
    assert_true(hk_slice_is_equal(hk_event_body_key(body), key));
    assert_true(hk_slice_is_equal(hk_body_text(body), text));
    hk_body_unref(body);
}

static void test_type_and_key_come_back_as_they_were_given(void **state)
{
    (void)state;
    char type[HK_EVENT_TYPE_BYTES_MAX];
    char key[HK_ORDER_KEY_BYTES_MAX];
    memset(type, 'a', sizeof(type));
    memset(key, 'k', sizeof(key));
    assert_head(HK_SLICE("x"), HK_SLICE_EMPTY, HK_SLICE("{}"));
    assert_head(HK_SLICE("order.paid"), HK_SLICE("1"), HK_SLICE_EMPTY);
    assert_head(HK_SLICE("order.paid"), HK_SLICE("zero \0 inside"), HK_SLICE("{}"));
    assert_head((struct hk_slice){ type, sizeof(type) }, (struct hk_slice){ key, sizeof(key) },
                HK_SLICE("{\"a\":1}"));
}

/* Bodies come back from disk; a head that is none must not be read beyond its end. */
static void test_a_broken_head_is_empty(void **state)
{
    (void)state;
    static const struct hk_slice heads[] = { HK_SLICE_EMPTY,
                                             HK_SLICE("\x05"
                                                      "abcd"),
                                             HK_SLICE("\xff"), HK_SLICE("\x01") };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct hk_body *body = hk_body_new(heads[i], HK_SLICE("{}"));
        assert_int_equal(hk_event_body_type(body).size, 0);
        assert_true(hk_event_body_key(body).size < heads[i].size + 1);
        hk_body_unref(body);
    }
}

static void test_only_valid_types_are_valid(void **state)
{
    (void)state;
    char type[HK_EVENT_TYPE_BYTES_MAX + 1];
    memset(type, 'z', sizeof(type));
    assert_true(hk_event_type_is_valid((struct hk_slice){ type, HK_EVENT_TYPE_BYTES_MAX }));
    assert_false(hk_event_type_is_valid((struct hk_slice){ type, HK_EVENT_TYPE_BYTES_MAX + 1 }));
    assert_false(hk_event_type_is_valid(HK_SLICE_EMPTY));
    for (int c = 0; c < 256; c++) {
        const char one = (char)c;
        bool wanted = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        assert_int_equal(hk_event_type_is_valid((struct hk_slice){ &one, 1 }), wanted);
    }
}

static void test_states_have_the_words_of_the_design(void **state)
{
    (void)state;
    assert_string_equal(hk_event_state_word(HK_EVENT_PLANNING), "planning");
    assert_string_equal(hk_event_state_word(HK_EVENT_HELD), "held");
    assert_string_equal(hk_event_state_word(HK_EVENT_PLANNED), "planned");
    assert_string_equal(hk_event_state_word(HK_EVENT_DROPPED), "dropped");
    assert_string_equal(hk_event_state_word(HK_EVENT_FINISHED), "finished");
    assert_string_equal(hk_event_state_word((enum hk_event_state)99), "");
}

static void test_an_event_gives_back_all_that_it_holds(void **state)
{
    (void)state;
    struct hk_event *event = hk_alloc_zero_or_die(1, sizeof(*event) + sizeof(struct hk_delivery) +
                                                         sizeof(struct hk_attempt));
    event->deliveries = (struct hk_delivery *)(event + 1);
    event->delivery_count = 1;
    event->deliveries->attempts = (struct hk_attempt *)(event->deliveries + 1);
    event->deliveries->kept_count = 1;
    event->deliveries->attempts->detail = hk_body_new(HK_SLICE("why"), HK_SLICE("said"));
    event->deliveries->url = hk_strdup_or_die("https://shop.example/");
    event->body = hk_event_body_new(HK_SLICE("x"), HK_SLICE_EMPTY, HK_SLICE("{}"));
    hk_event_free(event); /* The leak checker sees what is forgotten. */
    hk_event_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type_and_key_come_back_as_they_were_given),
        cmocka_unit_test(test_a_broken_head_is_empty),
        cmocka_unit_test(test_only_valid_types_are_valid),
        cmocka_unit_test(test_states_have_the_words_of_the_design),
        cmocka_unit_test(test_an_event_gives_back_all_that_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
