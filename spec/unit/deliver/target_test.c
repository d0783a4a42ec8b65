// SPDX-License-Identifier: Apache-2.0
#include "deliver/target.h"

#include "support_names.h"
#include "support_sender.h"

#include "base/alloc.h"
#include "base/mailbox.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAIT_MS = 60000 };

struct note {
    uint64_t id;
    struct hk_answer *own_answer;
};

struct desk {
    struct hk_guard guard;
    struct hk_resolver *resolver;
    struct hk_mailbox notes;
    struct hk_targets targets;
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
    assert_int_equal(
        hk_targets_init(&desk->targets, &desk->guard, desk->resolver, on_answered, desk), 0);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    hk_resolver_free(desk->resolver);
    names_stop();
    hk_targets_fini(&desk->targets);
    hk_mailbox_fini(&desk->notes);
    free(desk);
    return 0;
}

static struct hk_mono at_ms(int64_t ms)
{
    return hk_mono_after_ms((struct hk_mono){ 0 }, ms);
}

/** Waits for the resolver's answer and takes it in at `ms`. */
static enum hk_target_state take_answer(struct desk *desk, struct hk_target *target, int64_t ms)
{
    enum hk_target_state state = HK_TARGET_BROKEN;
    void *items;
    assert_int_equal(hk_mailbox_wait(&desk->notes, WAIT_MS, &items), 1);
    struct note *note = items;
    assert_ptr_equal(
        hk_targets_answer(&desk->targets, note->id, note->own_answer, at_ms(ms), &state), target);
    return state;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct hk_bytes *seen = arg;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->addr;
    (void)purpose;
    assert_int_equal(
        hk_bytes_append_format(seen, "%d:%08x ", address->family == AF_INET6 ? 6 : 4,
                               address->family == AF_INET6 ? 0 : ntohl(v4->sin_addr.s_addr)),
        0);
    return CURL_SOCKET_BAD;
}

/** What a handle of the thread would dial for `url`. */
static const char *dialled(struct desk *desk, const char *url)
{
    static char text[256];
    struct hk_bytes seen = { 0 };
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_SHARE, desk->targets.share);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &seen);
    assert_int_not_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    (void)snprintf(text, sizeof(text), "%.*s", (int)seen.size, seen.at != NULL ? seen.at : "");
    hk_bytes_fini(&seen);
    return text;
}

static void test_a_name_is_asked_once_and_curl_dials_the_answer(void **state)
{
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8 2606:4700::1111");
    struct hk_target *target = hk_targets_take(&desk->targets, "good.test", 443);
    assert_ptr_equal(hk_targets_take(&desk->targets, "good.test", 443), target);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(0)), HK_TARGET_ASKED);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(0)), HK_TARGET_ASKED);
    assert_int_equal(take_answer(desk, target, 0), HK_TARGET_READY);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(1)), HK_TARGET_READY);
    assert_int_equal(names_count(), 1);
    assert_string_equal(dialled(desk, "http://good.test:443/"), "4:08080808 6:00000000 ");
    assert_string_equal(dialled(desk, "http://GOOD.test:443/"), "4:08080808 6:00000000 ");
    hk_targets_release(&desk->targets, target);
    assert_string_equal(dialled(desk, "http://good.test:443/"), "4:08080808 6:00000000 ");
    hk_targets_release(&desk->targets, target); // the last one
    assert_string_equal(dialled(desk, "http://good.test:443/"), "");
}

static void test_an_answer_is_renewed_before_it_expires(void **state)
{
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8");
    struct hk_target *target = hk_targets_take(&desk->targets, "good.test", 80);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(0)), HK_TARGET_ASKED);
    assert_int_equal(take_answer(desk, target, 0), HK_TARGET_READY);
    names_set("good.test", "1.1.1.1");
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_REFRESH_MS - 1)),
                     HK_TARGET_READY);
    assert_int_equal(names_count(), 1);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_REFRESH_MS)),
                     HK_TARGET_READY);
    assert_int_equal(take_answer(desk, target, HK_TARGET_REFRESH_MS), HK_TARGET_READY);
    assert_string_equal(dialled(desk, "http://good.test/"), "4:01010101 ");
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_MS + 1)),
                     HK_TARGET_READY);
    // Nobody looked for long: the answer is too old to be used.
    assert_int_equal(
        hk_target_look(&desk->targets, target, at_ms(HK_TARGET_REFRESH_MS + HK_TARGET_MS)),
        HK_TARGET_ASKED);
    assert_int_equal(take_answer(desk, target, 200000), HK_TARGET_READY);
    hk_targets_release(&desk->targets, target);
}

static void test_a_name_that_turns_bad_is_denied_from_then_on(void **state)
{
    struct desk *desk = *state;
    names_set("rebind.test", "8.8.8.8");
    struct hk_target *target = hk_targets_take(&desk->targets, "rebind.test", 80);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(0)), HK_TARGET_ASKED);
    assert_int_equal(take_answer(desk, target, 0), HK_TARGET_READY);
    names_set("rebind.test", "127.0.0.1");
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_REFRESH_MS)),
                     HK_TARGET_READY);
    assert_int_equal(take_answer(desk, target, HK_TARGET_REFRESH_MS), HK_TARGET_DENIED);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_REFRESH_MS)),
                     HK_TARGET_DENIED);
    assert_string_equal(dialled(desk, "http://rebind.test/"), "4:08080808 "); // never the bad one
    hk_targets_release(&desk->targets, target);
}

static void test_a_failed_renewal_leaves_the_answer_until_it_expires(void **state)
{
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8");
    struct hk_target *target = hk_targets_take(&desk->targets, "good.test", 80);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(0)), HK_TARGET_ASKED);
    assert_int_equal(take_answer(desk, target, 0), HK_TARGET_READY);
    names_set("good.test", "");
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_REFRESH_MS)),
                     HK_TARGET_READY);
    assert_int_equal(take_answer(desk, target, HK_TARGET_REFRESH_MS), HK_TARGET_UNKNOWN);
    assert_int_equal(hk_target_look(&desk->targets, target,
                                    at_ms(HK_TARGET_REFRESH_MS + HK_TARGET_AGAIN_MS - 1)),
                     HK_TARGET_READY);
    assert_int_equal(names_count(), 2);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_MS - 1)),
                     HK_TARGET_READY);
    assert_int_equal(take_answer(desk, target, HK_TARGET_MS - 1), HK_TARGET_UNKNOWN);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(HK_TARGET_MS)), HK_TARGET_ASKED);
    assert_int_equal(take_answer(desk, target, HK_TARGET_MS), HK_TARGET_UNKNOWN);
    hk_targets_release(&desk->targets, target);
}

static void test_addresses_are_judged_without_asking(void **state)
{
    struct desk *desk = *state;
    struct hk_target *open = hk_targets_take(&desk->targets, "8.8.8.8", 443);
    struct hk_target *closed = hk_targets_take(&desk->targets, "::1", 443);
    assert_int_equal(hk_target_look(&desk->targets, open, at_ms(INT64_C(1) << 40)),
                     HK_TARGET_READY);
    assert_int_equal(hk_target_look(&desk->targets, closed, at_ms(0)), HK_TARGET_DENIED);
    assert_int_equal(names_count(), 0);
    hk_targets_release(&desk->targets, open);
    hk_targets_release(&desk->targets, closed);
}

static void test_an_answer_for_a_target_that_is_gone_is_dropped(void **state)
{
    struct desk *desk = *state;
    names_set("good.test", "8.8.8.8");
    struct hk_target *target = hk_targets_take(&desk->targets, "good.test", 80);
    assert_int_equal(hk_target_look(&desk->targets, target, at_ms(0)), HK_TARGET_ASKED);
    hk_targets_release(&desk->targets, target);
    target = hk_targets_take(&desk->targets, "other.test", 80); // in the same place
    (void)take_answer(desk, NULL, 0);
    hk_targets_release(&desk->targets, target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_name_is_asked_once_and_curl_dials_the_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_is_renewed_before_it_expires, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_name_that_turns_bad_is_denied_from_then_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_renewal_leaves_the_answer_until_it_expires,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_addresses_are_judged_without_asking, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_for_a_target_that_is_gone_is_dropped, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
