// SPDX-License-Identifier: Apache-2.0
#include "model/request.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_a_request_gives_back_what_its_changes_hold(void **state)
{
    (void)state;
    struct hk_request *request = hk_request_new(HK_REQUEST_ENDPOINT_UPDATE, 42);
    assert_int_equal(request->kind, HK_REQUEST_ENDPOINT_UPDATE);
    assert_int_equal(request->token, 42);
    assert_int_equal(request->merchant_id, 0);
    request->merchant.value.name = hk_strdup_or_die("Shop");
    request->endpoint.value.url = hk_strdup_or_die("https://shop.example/");
    hk_texts_add(&request->endpoint.value.events, HK_SLICE("order.paid"));
    hk_request_free(request); /* The leak checker sees what is forgotten. */
    hk_request_free(NULL);
}

static void test_a_reply_answers_its_request(void **state)
{
    (void)state;
    struct hk_request *request = hk_request_new(HK_REQUEST_STATS, 7);
    struct hk_reply *reply = hk_reply_new(request, HK_ELIMIT);
    hk_request_free(request);
    assert_int_equal(reply->kind, HK_REQUEST_STATS);
    assert_int_equal(reply->token, 7);
    assert_int_equal(reply->code, HK_ELIMIT);
    assert_int_equal(reply->count, 0);
    hk_reply_free(reply);
    hk_reply_free(NULL);
}

static void test_a_reply_gives_back_every_kind_of_list(void **state)
{
    (void)state;
    struct hk_request *request = hk_request_new(HK_REQUEST_MERCHANT_LIST, 1);
    struct hk_reply *replies[5];
    for (int i = 0; i < 5; i++) {
        replies[i] = hk_reply_new(request, 0);
        replies[i]->count = i < 3 ? 2 : 0;
    }
    replies[0]->merchants = hk_alloc_zero_or_die(2, sizeof(struct hk_merchant));
    replies[0]->merchants[1].name = hk_strdup_or_die("Shop");
    replies[1]->endpoints = hk_alloc_zero_or_die(2, sizeof(struct hk_endpoint));
    replies[1]->endpoints[1].url = hk_strdup_or_die("https://shop.example/");
    replies[2]->keys = hk_alloc_zero_or_die(2, sizeof(struct hk_key));
    replies[3]->event = hk_alloc_zero_or_die(1, sizeof(struct hk_event));
    replies[4]->stats = hk_alloc_zero_or_die(1, sizeof(struct hk_stats));
    for (int i = 0; i < 5; i++)
        hk_reply_free(replies[i]);
    hk_request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_gives_back_what_its_changes_hold),
        cmocka_unit_test(test_a_reply_answers_its_request),
        cmocka_unit_test(test_a_reply_gives_back_every_kind_of_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
