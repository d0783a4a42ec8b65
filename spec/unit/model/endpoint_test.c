// SPDX-License-Identifier: Apache-2.0
/* Every field of an endpoint is cloned, freed, and changed by exactly one bit of a patch.
 *
 * `sample` names no fields, so a new field is a compile error here (-Wmissing-field-initializers):
 * give it two values there and a line in `members`. */
#include "model/endpoint.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char *text(const char *start, int which)
{
    char *copy = hk_strdup_or_die(start);
    copy[0] = (char)('0' + which);
    return copy;
}

static struct hk_bytes sealed(int which)
{
    struct hk_bytes bytes = { 0 };
    const char content[] = { (char)which, 0, 7, 0 };
    assert_int_equal(hk_bytes_append(&bytes, content, sizeof(content)), 0);
    return bytes;
}

static struct hk_texts texts(int which)
{
    struct hk_texts list = { 0 };
    for (int i = 0; i <= which; i++)
        hk_texts_add(&list, HK_SLICE("order.paid"));
    return list;
}

static struct hk_pairs pairs(int which)
{
    struct hk_pairs list = { 0 };
    for (int i = 0; i <= which; i++)
        hk_pairs_add(&list, HK_SLICE("X-Shop"), HK_SLICE("value"));
    return list;
}

static uint16_t *statuses(int which)
{
    uint16_t *list = hk_alloc_or_die(2 * sizeof(*list));
    list[0] = 404;
    list[1] = (uint16_t)(500 + which);
    return list;
}

/* Two of them, 1 and 2, that differ in every field. */
static struct hk_endpoint sample(int which)
{
    uint32_t n = (uint32_t)which;
    struct hk_endpoint endpoint = {
        { { (uint8_t)n } },
        n,
        text("_name", which),
        text("_url", which),
        text("_normal", which),
        sealed(which),
        sealed(which + 10),
        { 100 + which },
        { 200 + which },
        { 300 + which },
        texts(which),
        which == 1,
        which == 1,
        which == 1 ? HK_ROLE_AUDIT : HK_ROLE_DEAD_LETTER,
        text("_signature", which),
        { which == 1 ? HK_SCHEDULE_STANDARD : HK_SCHEDULE_OWN, n, { 5 * n, n } },
        n,
        1000 * n,
        statuses(which),
        n, /* Of the two statuses: the count counts. */
        which == 1 ? HK_ON_GONE_RETRY : HK_ON_GONE_DISABLE,
        4000 * n,
        500 * n,
        7 * n,
        which == 1 ? HK_ORDERING_NONE : HK_ORDERING_KEY,
        60 * n,
        pairs(which),
        { which == 1 ? HK_AUTH_BASIC : HK_AUTH_BEARER, text("_user", which), sealed(which + 20) },
        pairs(which + 1),
        text("_description", which),
    };
    return endpoint;
}

enum kind { PLAIN, TEXT, BYTES, TEXTS, PAIRS, STATUSES };

struct member {
    const char *name;
    enum kind kind;
    size_t offset, size;
    uint32_t field; /**< Of a patch; 0: no patch changes it. */
};

#define AT(member) \
#member, PLAIN, offsetof(struct hk_endpoint, member), sizeof(((struct hk_endpoint *)0)->member)
#define AS(member, kind) #member, kind, offsetof(struct hk_endpoint, member), 0

static const struct member members[] = {
    { AT(uuid), 0 },
    { AT(merchant_id), 0 },
    { AS(name, TEXT), HK_ENDPOINT_NAME },
    { AS(url, TEXT), HK_ENDPOINT_URL },
    { AS(url_normal, TEXT), HK_ENDPOINT_URL },
    { AS(secret, BYTES), HK_ENDPOINT_SECRET },
    { AS(secret_previous, BYTES), HK_ENDPOINT_SECRET },
    { AT(secret_previous_until), HK_ENDPOINT_SECRET },
    { AT(created_at), 0 },
    { AT(updated_at), 0 },
    { AS(events, TEXTS), HK_ENDPOINT_EVENTS },
    { AT(has_events), HK_ENDPOINT_EVENTS },
    { AT(enabled), HK_ENDPOINT_ENABLED },
    { AT(role), HK_ENDPOINT_ROLE },
    { AS(signature, TEXT), HK_ENDPOINT_SIGNATURE },
    { AT(schedule), HK_ENDPOINT_SCHEDULE },
    { AT(attempts), HK_ENDPOINT_ATTEMPTS },
    { AT(timeout_ms), HK_ENDPOINT_TIMEOUT },
    { AS(no_retry_statuses, STATUSES), HK_ENDPOINT_NO_RETRY_STATUSES },
    { AT(no_retry_status_count), HK_ENDPOINT_NO_RETRY_STATUSES },
    { AT(on_gone), HK_ENDPOINT_ON_GONE },
    { AT(disable_after_s), HK_ENDPOINT_DISABLE_AFTER },
    { AT(rate_limit_milli), HK_ENDPOINT_RATE_LIMIT },
    { AT(concurrency), HK_ENDPOINT_CONCURRENCY },
    { AT(ordering), HK_ENDPOINT_ORDERING },
    { AT(ordering_skip_s), HK_ENDPOINT_ORDERING_SKIP },
    { AS(headers, PAIRS), HK_ENDPOINT_HEADERS },
    { AT(auth.type), HK_ENDPOINT_AUTH },
    { AS(auth.user, TEXT), HK_ENDPOINT_AUTH },
    { AS(auth.sealed, BYTES), HK_ENDPOINT_AUTH },
    { AS(labels, PAIRS), HK_ENDPOINT_LABELS },
    { AS(description, TEXT), HK_ENDPOINT_DESCRIPTION },
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static bool are_same_texts(const struct hk_texts *a, const struct hk_texts *b)
{
    bool is_same = a->count == b->count && a->items != b->items;
    for (uint32_t i = 0; is_same && i < a->count; i++)
        is_same = a->items[i] != b->items[i] && strcmp(a->items[i], b->items[i]) == 0;
    return is_same;
}

static bool are_same_pairs(const struct hk_pairs *a, const struct hk_pairs *b)
{
    bool is_same = a->count == b->count && a->items != b->items;
    for (uint32_t i = 0; is_same && i < a->count; i++)
        is_same = strcmp(a->items[i].name, b->items[i].name) == 0 &&
                  strcmp(a->items[i].value, b->items[i].value) == 0;
    return is_same;
}

/* Equal, and, where it is owned, not the same memory. */
static bool is_copy(const struct member *member, const struct hk_endpoint *one,
                    const struct hk_endpoint *other)
{
    const void *a = (const char *)one + member->offset;
    const void *b = (const char *)other + member->offset;
    const char *text_a = NULL;
    const char *text_b = NULL;
    const struct hk_bytes *bytes_a = a;
    const struct hk_bytes *bytes_b = b;
    switch (member->kind) {
    case PLAIN:
        return memcmp(a, b, member->size) == 0;
    case TEXT:
        memcpy(&text_a, a, sizeof(text_a));
        memcpy(&text_b, b, sizeof(text_b));
        return text_a != text_b && strcmp(text_a, text_b) == 0;
    case BYTES:
        return bytes_a->at != bytes_b->at &&
               hk_slice_is_equal(hk_bytes_slice(bytes_a), hk_bytes_slice(bytes_b));
    case TEXTS:
        return are_same_texts(a, b);
    case PAIRS:
        return are_same_pairs(a, b);
    case STATUSES:
        return one->no_retry_statuses != other->no_retry_statuses &&
               one->no_retry_status_count == other->no_retry_status_count &&
               memcmp(one->no_retry_statuses, other->no_retry_statuses,
                      one->no_retry_status_count * sizeof(uint16_t)) == 0;
    }
    return false;
}

static void test_the_samples_differ_in_every_field(void **state)
{
    (void)state;
    struct hk_endpoint one = sample(1);
    struct hk_endpoint two = sample(2);
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (is_copy(&members[i], &one, &two))
            fail_msg("%s is the same in both samples", members[i].name);
    hk_endpoint_fini(&one);
    hk_endpoint_fini(&two);
}

static void test_a_clone_has_every_field_and_is_its_own(void **state)
{
    (void)state;
    for (int which = 1; which <= 2; which++) {
        struct hk_endpoint endpoint = sample(which);
        struct hk_endpoint copy;
        hk_endpoint_clone(&copy, &endpoint);
        for (size_t i = 0; i < MEMBER_COUNT; i++)
            if (!is_copy(&members[i], &endpoint, &copy))
                fail_msg("%s is not cloned", members[i].name);
        hk_endpoint_fini(&endpoint);
        hk_endpoint_fini(&copy);
    }
}

static void test_a_clone_of_an_empty_endpoint_is_empty(void **state)
{
    (void)state;
    struct hk_endpoint endpoint = { 0 };
    struct hk_endpoint copy;
    static const struct hk_endpoint zero;
    hk_endpoint_clone(&copy, &endpoint);
    assert_memory_equal(&copy, &zero, sizeof(zero));
    hk_endpoint_fini(&copy);
}

/* What a patch of these fields makes of sample 1. */
static void assert_applied(uint32_t fields)
{
    struct hk_endpoint endpoint = sample(1);
    struct hk_endpoint one = sample(1);
    struct hk_endpoint two = sample(2);
    struct hk_endpoint_patch patch = { fields, sample(2) };
    hk_endpoint_apply(&endpoint, &patch);
    assert_int_equal(patch.fields, 0);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        bool is_changed = (members[i].field & fields) != 0;
        if (!is_copy(&members[i], &endpoint, is_changed ? &two : &one))
            fail_msg("fields %#x: %s should%s have changed", (unsigned)fields, members[i].name,
                     is_changed ? "" : " not");
    }
    hk_endpoint_fini(&endpoint);
    hk_endpoint_fini(&one);
    hk_endpoint_fini(&two);
    hk_endpoint_fini(&patch.value);
}

static void test_each_bit_of_a_patch_changes_its_fields_and_no_other(void **state)
{
    (void)state;
    uint32_t all = 0;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        all |= members[i].field;
    assert_int_equal(all, (HK_ENDPOINT_DESCRIPTION << 1) - 1); /* The last bit is the last. */
    assert_applied(0);
    assert_applied(all);
    for (uint32_t field = 1; field <= HK_ENDPOINT_DESCRIPTION; field <<= 1)
        assert_applied(field);
}

static void test_a_new_endpoint_has_the_defaults_of_the_interface(void **state)
{
    (void)state;
    struct hk_endpoint endpoint;
    hk_endpoint_init(&endpoint);
    assert_true(endpoint.enabled);
    assert_false(endpoint.has_events);
    assert_int_equal(endpoint.role, HK_ROLE_PRIMARY);
    assert_int_equal(endpoint.schedule.kind, HK_SCHEDULE_CONFIG);
    assert_int_equal(endpoint.on_gone, HK_ON_GONE_DEFAULT);
    assert_int_equal(endpoint.attempts, 0);
    assert_int_equal(endpoint.disable_after_s, HK_SECONDS_UNSET);
    assert_int_equal(endpoint.ordering_skip_s, HK_SECONDS_UNSET);
    assert_null(endpoint.signature);
    hk_endpoint_fini(&endpoint);
}

static void test_an_endpoint_wants_what_it_subscribed_to(void **state)
{
    (void)state;
    struct hk_endpoint endpoint;
    hk_endpoint_init(&endpoint);
    assert_true(hk_endpoint_wants(&endpoint, HK_SLICE("order.paid")));
    endpoint.has_events = true;
    assert_false(hk_endpoint_wants(&endpoint, HK_SLICE("order.paid")));
    hk_texts_add(&endpoint.events, HK_SLICE("order.paid"));
    assert_true(hk_endpoint_wants(&endpoint, HK_SLICE("order.paid")));
    assert_false(hk_endpoint_wants(&endpoint, HK_SLICE("order")));
    endpoint.role = HK_ROLE_AUDIT;
    assert_true(hk_endpoint_wants(&endpoint, HK_SLICE("order")));
    hk_endpoint_fini(&endpoint);
}

static void test_roles_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(hk_role_name(HK_ROLE_PRIMARY), "primary");
    assert_string_equal(hk_role_name(HK_ROLE_AUDIT), "audit");
    assert_string_equal(hk_role_name(HK_ROLE_DEAD_LETTER), "dead_letter");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_samples_differ_in_every_field),
        cmocka_unit_test(test_a_clone_has_every_field_and_is_its_own),
        cmocka_unit_test(test_a_clone_of_an_empty_endpoint_is_empty),
        cmocka_unit_test(test_each_bit_of_a_patch_changes_its_fields_and_no_other),
        cmocka_unit_test(test_a_new_endpoint_has_the_defaults_of_the_interface),
        cmocka_unit_test(test_an_endpoint_wants_what_it_subscribed_to),
        cmocka_unit_test(test_roles_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
