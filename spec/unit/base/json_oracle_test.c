// SPDX-License-Identifier: Apache-2.0
// Holds the scanner against jansson: tens of thousands of documents from a fixed seed, valid and
// damaged. Both must accept or refuse, and read the same values. Where the two differ by design:
// numbers beyond a double or an int64 (jansson refuses, we keep the text), zero bytes in keys
// (jansson cannot hold them), and a raw zero byte (jansson takes it for the end, we refuse it).
// Depth is not reached here; json_test holds the limit.
#include "base/json.h"

#include "base/alloc.h"
#include "base/prng.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DOCUMENTS 40000
#define DEPTH_MAX 7
#define JANSSON_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)

static struct hk_prng prng;

static uint64_t below(uint64_t bound)
{
    return hk_prng_below(&prng, bound);
}

static void put(struct hk_bytes *out, const char *text)
{
    assert_int_equal(hk_bytes_append_text(out, text), 0);
}

#define PICK(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

static void put_space(struct hk_bytes *out)
{
    static const char *const spaces[] = { "", "", "", "", "", " ", "\n", "\t", "\r\n", "  " };
    put(out, PICK(spaces));
}

static void put_number(struct hk_bytes *out)
{
    static const char *const numbers[] = { "0",      "-0",      "0.10",   "1e5",
                                           "1E+2",   "-1.5e-3", "100",    "9223372036854775807",
                                           "1e-400", "2.50",    "-12.00", "-9223372036854775808" };
    static const char *const huge[] = { "9223372036854775808", "-98765432109876543210", "1e400" };
    static const char *const wrong[] = { "01", "1.", ".5", "+1", "1e", "-", "0x10", "NaN", "1.e1" };
    uint64_t kind = below(1000);
    if (kind == 0)
        put(out, PICK(huge));
    else if (kind == 1)
        put(out, PICK(wrong));
    else if (kind < 500)
        put(out, PICK(numbers));
    else
        assert_int_equal(hk_bytes_append_format(out, "%lld", (long long)hk_prng_next(&prng)), 0);
}

static void put_string(struct hk_bytes *out)
{
    static const char *const pieces[] = { "a",
                                          "order",
                                          "0123456789abcdefghij",
                                          " ",
                                          "\\n",
                                          "\\\"",
                                          "\\\\",
                                          "\\/",
                                          "\\u00e9",
                                          "\\u20AC",
                                          "\\ud83d\\ude00",
                                          "\xC3\xA9",
                                          "\xE2\x82\xAC",
                                          "\xF0\x9F\x98\x80",
                                          "{[,:]}",
                                          "\x7F" };
    static const char *const wrong[] = { "\\ud800",  "\\udc00",        "\\ud800\\u0041",
                                         "\\x41",    "\\u12",          "\x80",
                                         "\xC0\x80", "\xED\xA0\x80",   "\xF4\x90\x80\x80",
                                         "\n",       "\x01",           "\xE2\x82",
                                         "\\U0041",  "\\ud83d\\ud83d", "\xFF" };
    put(out, "\"");
    for (uint64_t i = below(5); i > 0; i--)
        put(out, PICK(pieces));
    if (below(100) == 0)
        put(out, "\\u0000");
    if (below(500) == 0)
        put(out, PICK(wrong));
    put(out, "\"");
}

static void put_key(struct hk_bytes *out, uint64_t members)
{
    static const char *const keys[] = { "\"id\"",          "\"\\u0069d\"",   "\"\"",
                                        "\"caf\xC3\xA9\"", "\"caf\\u00e9\"", "\"a\\nb\"",
                                        "\"order\"" };
    // One draw a statement: the order of evaluation is the compiler's, the documents are not.
    uint64_t kind = below(1000);
    uint64_t number = below(members * 200 + 1);
    if (kind == 0)
        put(out, "\"x\\u0000\"");
    else if (kind < 84)
        put(out, PICK(keys));
    else
        assert_int_equal(hk_bytes_append_format(out, "\"%s%llu\"", kind % 9 == 0 ? "\\u006b" : "k",
                                                (unsigned long long)number),
                         0);
}

struct level {
    bool in_object;
    uint64_t members;
    uint64_t left;
};

static void put_scalar(struct hk_bytes *out)
{
    static const char *const words[] = { "null", "true", "false" };
    uint64_t kind = below(5);
    if (kind < 2)
        put_number(out);
    else if (kind < 4)
        put_string(out);
    else
        put(out, PICK(words));
}

/** Puts the opening of a container; gets the level it makes. */
static struct level put_open(struct hk_bytes *out)
{
    struct level level = { .in_object = below(3) != 0 };
    level.members = below(6);
    if (below(40) == 0)
        level.members = below(200);
    level.left = level.members;
    put(out, level.in_object ? "{" : "[");
    return level;
}

static void make_document(struct hk_bytes *out)
{
    struct level levels[DEPTH_MAX];
    size_t depth = 0;
    hk_bytes_clear(out);
    for (;;) {
        put_space(out);
        if (depth < DEPTH_MAX && below(depth + 2) == 0)
            levels[depth++] = put_open(out);
        else
            put_scalar(out);
        put_space(out);
        while (depth > 0 && levels[depth - 1].left == 0)
            put(out, levels[--depth].in_object ? "}" : "]");
        if (depth == 0)
            return;
        struct level *level = &levels[depth - 1];
        if (level->left-- < level->members)
            put(out, ",");
        if (level->in_object) {
            put_space(out);
            put_key(out, level->members);
            put_space(out);
            put(out, ":");
        }
    }
}

/** Changes, cuts, doubles or inserts a few bytes. */
static void damage(struct hk_bytes *text)
{
    static const char bytes[] = "{}[]\",:\\/u0123456789eE+-. \n\ttfn\x80\xC3\xA9\x00\x01\xFF";
    for (uint64_t i = 1 + below(3); i > 0 && text->size > 0; i--) {
        size_t at = below(text->size);
        size_t size = 1 + below(text->size - at < 8 ? text->size - at : 8);
        char byte = bytes[below(sizeof(bytes) - 1)];
        switch (below(5)) {
        case 0:
            text->at[at] = byte;
            break;
        case 1:
            text->size = at;
            break;
        case 2:
            memmove(text->at + at, text->at + at + size, text->size - at - size);
            text->size -= size;
            break;
        case 3:
            assert_int_equal(hk_bytes_reserve(text, size), 0);
            memmove(text->at + at + size, text->at + at, text->size - at);
            text->size += size;
            break;
        default:
            assert_int_equal(hk_bytes_reserve(text, 1), 0);
            memmove(text->at + at + 1, text->at + at, text->size - at);
            text->at[at] = byte;
            text->size++;
            break;
        }
    }
}

static void assert_same_number(struct hk_json_value value, const json_t *other)
{
    int64_t integer;
    char text[512];
    int rc = hk_json_integer(value, &integer);
    if (json_is_integer(other)) {
        assert_int_equal(rc, 0);
        assert_true(integer == json_integer_value(other));
        return;
    }
    assert_true(json_is_real(other));
    assert_int_not_equal(rc, 0);
    assert_true(value.text.size < sizeof(text));
    memcpy(text, value.text.at, value.text.size);
    text[value.text.size] = '\0';
    assert_true(strtod(text, NULL) == json_real_value(other));
}

static void assert_same_string(struct hk_json_value value, const json_t *other)
{
    struct hk_bytes text = { 0 };
    assert_true(json_is_string(other));
    assert_int_equal(hk_json_string(value, &text), 0);
    assert_true(
        hk_slice_is_equal(hk_bytes_slice(&text), (struct hk_slice){ json_string_value(other),
                                                                    json_string_length(other) }));
    hk_bytes_fini(&text);
}

/** Compares two values; of containers the kind and the emptiness only. */
static void assert_same_value(struct hk_json_value value, const json_t *other)
{
    switch (value.type) {
    case HK_JSON_NULL:
        assert_true(json_is_null(other));
        break;
    case HK_JSON_BOOL:
        assert_true(json_is_boolean(other));
        assert_int_equal(value.text.at[0] == 't', json_is_true(other));
        break;
    case HK_JSON_NUMBER:
        assert_same_number(value, other);
        break;
    case HK_JSON_STRING:
        assert_same_string(value, other);
        break;
    case HK_JSON_ARRAY:
        assert_true(json_is_array(other));
        break;
    case HK_JSON_OBJECT:
        assert_true(json_is_object(other));
        break;
    }
}

/** Both walks through one container. */
struct pair {
    struct hk_json_value value;
    struct hk_json_walk walk;
    json_t *other;
    size_t count;
};

static struct pair pair_of(struct hk_json_value value, json_t *other)
{
    return (struct pair){ value, hk_json_walk_start(value), other, 0 };
}

/** Gets jansson's counterpart of the member that the walk has come to. */
static json_t *counterpart(const struct pair *pair)
{
    struct hk_json_value quoted = { HK_JSON_STRING,
                                    { pair->walk.key.at - 1, pair->walk.key.size + 2 } };
    struct hk_bytes name = { 0 };
    struct hk_json_value found;
    if (!pair->walk.in_object)
        return json_array_get(pair->other, pair->count);
    assert_int_equal(hk_json_string(quoted, &name), 0);
    assert_int_equal(hk_bytes_append(&name, "", 1), 0);
    assert_true(hk_json_find(pair->value, name.at, &found));
    assert_ptr_equal(found.text.at, pair->walk.value.text.at);
    json_t *other = json_object_get(pair->other, name.at);
    hk_bytes_fini(&name);
    return other;
}

static void assert_same_tree(struct hk_json_value top, json_t *other)
{
    static struct pair pairs[HK_JSON_DEPTH_MAX + 1];
    size_t depth = 1;
    assert_same_value(top, other);
    pairs[0] = pair_of(top, other);
    while (depth > 0) {
        struct pair *pair = &pairs[depth - 1];
        if (hk_json_walk_next(&pair->walk)) {
            json_t *member = counterpart(pair);
            assert_non_null(member);
            assert_same_value(pair->walk.value, member);
            pair->count++;
            pairs[depth++] = pair_of(pair->walk.value, member);
            continue;
        }
        size_t size = json_is_object(pair->other)  ? json_object_size(pair->other)
                      : json_is_array(pair->other) ? json_array_size(pair->other)
                                                   : 0;
        assert_int_equal(pair->count, size);
        depth--;
    }
}

struct tally {
    int accepted;
    int refused;
    int beyond;
};

static void hold_against_jansson(struct hk_slice text, int number, struct tally *tally)
{
    struct hk_json_value top;
    struct hk_json_fault fault = { 0 };
    json_error_t error;
    int rc = hk_json_scan(text, &top, &fault);
    if (memchr(text.at, '\0', text.size) != NULL) {
        assert_int_equal(rc, HK_ESYNTAX);
        tally->beyond++;
        return;
    }
    json_t *other = json_loadb(text.at, text.size, JANSSON_FLAGS, &error);
    if (other == NULL && (json_error_code(&error) == json_error_numeric_overflow ||
                          json_error_code(&error) == json_error_null_byte_in_key)) {
        tally->beyond++;
        return;
    }
    if ((rc == 0) != (other != NULL))
        fail_msg("document %d: '%.*s': we say %d (%u:%u %s), jansson says %s", number,
                 (int)text.size, text.at, rc, fault.line, fault.column, rc != 0 ? fault.reason : "",
                 other != NULL ? "yes" : error.text);
    if (rc == 0) {
        tally->accepted++;
        assert_same_tree(top, other);
    } else {
        tally->refused++;
        assert_int_equal(rc, HK_ESYNTAX);
        assert_true(fault.line >= 1 && fault.column >= 1);
    }
    json_decref(other);
}

static void test_the_scanner_agrees_with_jansson(void **state)
{
    struct hk_bytes text = { 0 };
    struct tally tally = { 0 };
    (void)state;
    hk_prng_init(&prng, UINT64_C(0x5EED));
    json_object_seed(1);
    for (int number = 0; number < DOCUMENTS; number++) {
        make_document(&text);
        if (below(2) == 0)
            damage(&text);
        // At its exact size, so that the sanitizer sees a read beyond the end.
        char *exact = hk_alloc_or_die(text.size);
        if (text.size != 0)
            memcpy(exact, text.at, text.size);
        hold_against_jansson((struct hk_slice){ exact, text.size }, number, &tally);
        hk_free(exact);
    }
    hk_bytes_fini(&text);
    print_message("%d accepted, %d refused, %d beyond jansson\n", tally.accepted, tally.refused,
                  tally.beyond);
    // The comparison is worth something only when all kinds occur.
    assert_true(tally.accepted > DOCUMENTS / 4);
    assert_true(tally.refused > DOCUMENTS / 10);
    assert_true(tally.beyond < DOCUMENTS / 20);
}

static void test_we_accept_what_only_jansson_cannot_hold(void **state)
{
    static const char *const texts[] = { "9223372036854775808", "1e400", "[-1E+999]",
                                         "{\"a\\u0000\":1}", "{\"a\\u0000\":1,\"a\":2}" };
    struct hk_json_value top;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_null(json_loads(texts[i], JANSSON_FLAGS, NULL));
        assert_int_equal(hk_json_scan(hk_slice_of(texts[i]), &top, NULL), 0);
    }
    assert_int_equal(hk_json_scan(HK_SLICE("{\"a\\u0000\":1,\"a\\u0000\":2}"), &top, NULL),
                     HK_ESYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_scanner_agrees_with_jansson),
        cmocka_unit_test(test_we_accept_what_only_jansson_cannot_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
