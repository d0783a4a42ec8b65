// SPDX-License-Identifier: Apache-2.0
#include "deliver/resolver.h"

#include "support_names.h"
#include "support_sender.h"

#include "base/alloc.h"
#include "base/mailbox.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAIT_MS = 60000, PORT = 443 };

struct note {
    uint64_t id;
    struct hk_answer *own_answer;
};

struct desk {
    struct hk_guard guard;
    struct hk_resolver *resolver;
    struct hk_mailbox notes;
};

static void on_answered(void *arg, uint64_t id, struct hk_answer *own_answer)
{
    struct desk *desk = arg;
    const struct note note = { id, own_answer };
    hk_mailbox_push(&desk->notes, &note, 1);
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    names_start();
    hk_mailbox_init(&desk->notes, sizeof(struct note), NULL, NULL);
    assert_int_equal(hk_resolver_new(&desk->guard, fixture_clock, &desk->resolver), 0);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    hk_resolver_free(desk->resolver);
    names_stop();
    hk_mailbox_fini(&desk->notes);
    free(desk);
    return 0;
}

static void ask(struct desk *desk, const char *host, uint64_t id, bool is_slow)
{
    const struct hk_question question = {
        .host = host,
        .port = PORT,
        .is_slow = is_slow,
        .id = id,
        .answered = on_answered,
        .arg = desk,
    };
    assert_int_equal(hk_resolver_ask(desk->resolver, &question), 0);
}

static struct hk_answer *wait_for(struct desk *desk, uint64_t id)
{
    void *items;
    assert_int_equal(hk_mailbox_wait(&desk->notes, WAIT_MS, &items), 1);
    struct note *note = items;
    assert_int_equal(note->id, id);
    assert_non_null(note->own_answer);
    return note->own_answer;
}

static void test_a_name_is_answered_in_order_and_with_its_port(void **state)
{
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8 2606:4700::1111 1.1.1.1");
    ask(desk, "good.test", 7, false);
    struct hk_answer *answer = wait_for(desk, 7);
    assert_int_equal(answer->count, 3);
    assert_false(answer->is_denied);
    assert_int_equal(answer->addresses[0].any.sa_family, AF_INET);
    assert_int_equal(answer->addresses[0].v4.sin_port, htons(PORT));
    assert_int_equal(answer->addresses[0].v4.sin_addr.s_addr, htonl(0x08080808));
    assert_int_equal(answer->addresses[1].any.sa_family, AF_INET6);
    assert_int_equal(answer->addresses[2].v4.sin_addr.s_addr, htonl(0x01010101));
    hk_free(answer);
}

static void test_one_bad_address_denies_the_name_wherever_it_stands(void **state)
{
    static const char *const mixes[] = {
        "10.0.0.1",
        "10.0.0.1 8.8.8.8",
        "8.8.8.8 10.0.0.1",
        "8.8.8.8 1.1.1.1 ::1",
        "8.8.8.8 64:ff9b::808:808",
        "2606:4700::1111 ::ffff:8.8.8.8",
        // beyond those that are kept
        ("8.8.8.1 8.8.8.2 8.8.8.3 8.8.8.4 8.8.8.5 8.8.8.6 8.8.8.7 8.8.8.8 8.8.8.9 8.8.8.10 "
         "8.8.8.11 8.8.8.12 8.8.8.13 8.8.8.14 8.8.8.15 8.8.8.16 127.0.0.1"),
    };
    struct desk *desk = *state;
    for (uint64_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
        names_set("mixed.test", mixes[i]);
        ask(desk, "mixed.test", i, false);
        struct hk_answer *answer = wait_for(desk, i);
        if (!answer->is_denied || answer->count == 0)
            fail_msg("%s is allowed", mixes[i]);
        hk_free(answer);
    }
}

static void test_a_name_that_does_not_resolve_has_no_addresses(void **state)
{
    struct desk *desk = *state;
    ask(desk, "nobody.test", 1, false);
    struct hk_answer *answer = wait_for(desk, 1);
    assert_int_equal(answer->count, 0);
    assert_false(answer->is_denied);
    hk_free(answer);
}

static void test_slow_names_do_not_hold_the_others_up(void **state)
{
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8");
    names_block("tarpit.test");
    for (uint64_t i = 0; i < 20; i++)
        ask(desk, "tarpit.test", 100 + i, true);
    ask(desk, "good.test", 1, false);
    hk_free(wait_for(desk, 1));
    names_release();
    for (uint64_t i = 0; i < 20;) {
        void *items;
        size_t count = hk_mailbox_wait(&desk->notes, WAIT_MS, &items);
        assert_true(count > 0);
        for (size_t at = 0; at < count; at++, i++) {
            struct note *note = (struct note *)items + at;
            assert_int_equal(note->id, 100 + i);
            hk_free(note->own_answer);
        }
    }
}

static void test_after_the_close_nothing_is_answered(void **state)
{
    struct desk *desk = *state;
    void *items;
    names_block("tarpit.test");
    ask(desk, "tarpit.test", 1, false);
    while (names_count() == 0)
        (void)sched_yield();
    ask(desk, "tarpit.test", 2, true);
    hk_resolver_close(desk->resolver);
    ask(desk, "tarpit.test", 3, false);
    names_release();
    hk_resolver_free(desk->resolver);
    desk->resolver = NULL;
    assert_int_equal(hk_mailbox_take(&desk->notes, &items), 0);
}

static void test_numbers_are_read_in_every_spelling_and_names_are_not_asked(void **state)
{
    static const struct {
        const char *host;
        uint32_t count;
    } cases[] = {
        { "127.0.0.1", 1 }, { "2130706433", 1 }, { "0x7f.1", 1 }, { "0177.0.0.1", 1 },
        { "::1", 1 },       { "good.test", 0 },  { "", 0 },       { "127.0.0.1.", 0 },
    };
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hk_answer *answer = hk_resolver_look_up(&desk->guard, cases[i].host, PORT, true);
        if (answer->count != cases[i].count || answer->is_denied != (cases[i].count != 0))
            fail_msg("%s: %u", cases[i].host, answer->count);
        hk_free(answer);
    }
    assert_int_equal(names_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_name_is_answered_in_order_and_with_its_port, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_one_bad_address_denies_the_name_wherever_it_stands,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_name_that_does_not_resolve_has_no_addresses, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_slow_names_do_not_hold_the_others_up, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_after_the_close_nothing_is_answered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_numbers_are_read_in_every_spelling_and_names_are_not_asked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
