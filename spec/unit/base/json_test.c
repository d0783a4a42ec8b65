// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct hk_json_value scan(const char *text)
{
    struct hk_json_value top = { 0 };
    struct hk_json_fault fault = { 0 };
    if (hk_json_scan(hk_slice_of(text), &top, &fault) != 0)
        fail_msg("'%s' refused at %u:%u: %s", text, fault.line, fault.column, fault.reason);
    return top;
}

static void test_whole_documents_are_accepted_with_their_text(void **state)
{
    static const struct {
        const char *text;
        enum hk_json_type type;
        const char *top;
    } table[] = {
        { "null", HK_JSON_NULL, "null" },
        { " true\n", HK_JSON_BOOL, "true" },
        { "\t\r\nfalse ", HK_JSON_BOOL, "false" },
        { "0", HK_JSON_NUMBER, "0" },
        { "-0", HK_JSON_NUMBER, "-0" },
        { "0.10", HK_JSON_NUMBER, "0.10" },
        { " 123456789012345678901234567890 ", HK_JSON_NUMBER, "123456789012345678901234567890" },
        { "-1.50e+400", HK_JSON_NUMBER, "-1.50e+400" },
        { "1E5", HK_JSON_NUMBER, "1E5" },
        { "\"\"", HK_JSON_STRING, "\"\"" },
        { "\"\\u0000\\ud83d\\uDE00\\/\"", HK_JSON_STRING, "\"\\u0000\\ud83d\\uDE00\\/\"" },
        { "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 0123456789abcdef\"", HK_JSON_STRING,
          "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 0123456789abcdef\"" },
        { "[]", HK_JSON_ARRAY, "[]" },
        { " { } ", HK_JSON_OBJECT, "{ }" },
        { "{\"a\" : [1 , {}, \"\"] , \"\" : {\"a\":null}}", HK_JSON_OBJECT,
          "{\"a\" : [1 , {}, \"\"] , \"\" : {\"a\":null}}" },
        { "{\"a\":{\"b\":1,\"\\u0063\":2},\"b\":3,\"c\":4}", HK_JSON_OBJECT,
          "{\"a\":{\"b\":1,\"\\u0063\":2},\"b\":3,\"c\":4}" },
        { "{\"a\":{\"a\":{\"a\":1}}}", HK_JSON_OBJECT, "{\"a\":{\"a\":{\"a\":1}}}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hk_json_value top = scan(table[i].text);
        assert_int_equal(top.type, table[i].type);
        assert_true(hk_slice_is(top.text, table[i].top));
    }
}

struct refusal {
    const char *text;
    uint32_t line;
    uint32_t column;
    const char *reason;
};

static void assert_refused(struct hk_slice text, const struct refusal *expected)
{
    struct hk_json_value top;
    struct hk_json_fault fault = { 0 };
    // A copy of the exact size, so that the sanitizer sees a read beyond it.
    char *exact = hk_alloc_or_die(text.size);
    if (text.size != 0)
        memcpy(exact, text.at, text.size);
    int rc = hk_json_scan((struct hk_slice){ exact, text.size }, &top, &fault);
    if (rc != HK_ESYNTAX || fault.line != expected->line || fault.column != expected->column ||
        strcmp(fault.reason, expected->reason) != 0)
        fail_msg("'%s' gives %d at %u:%u: %s", expected->text, rc, fault.line, fault.column,
                 fault.reason);
    assert_int_equal(hk_json_scan((struct hk_slice){ exact, text.size }, &top, NULL), HK_ESYNTAX);
    hk_free(exact);
}

static const struct refusal refusals[] = {
    { "", 1, 1, "empty document" },
    { " \n ", 2, 2, "empty document" },
    { "\xEF\xBB\xBF{}", 1, 1, "byte order mark" },
    { "{} x", 1, 4, "text after the document" },
    { "[] []", 1, 4, "text after the document" },
    { "01", 1, 2, "text after the document" },
    { "0x1", 1, 2, "text after the document" },
    { "nul", 1, 1, "unexpected character" },
    { "True", 1, 1, "unexpected character" },
    { "nan", 1, 1, "unexpected character" },
    { "+1", 1, 1, "unexpected character" },
    { ".5", 1, 1, "unexpected character" },
    { "'a'", 1, 1, "unexpected character" },
    { "[1,]", 1, 4, "unexpected character" },
    { "[,1]", 1, 2, "unexpected character" },
    { "/**/1", 1, 1, "unexpected character" },
    { "\x01", 1, 1, "unexpected character" },
    { "[\xC2\xA0"
      "1]",
      1, 2, "unexpected character" },
    { "-", 1, 2, "invalid number" },
    { "[1.]", 1, 4, "invalid number" },
    { "1e", 1, 3, "invalid number" },
    { "1e+", 1, 4, "invalid number" },
    { "-a", 1, 2, "invalid number" },
    { "[1 2]", 1, 4, "expected ',' or ']'" },
    { "[1}", 1, 3, "expected ',' or ']'" },
    { "[1", 1, 3, "unexpected end" },
    { "[", 1, 2, "unexpected end" },
    { "[1,", 1, 4, "unexpected end" },
    { "{", 1, 2, "unexpected end" },
    { "{\"a\":1,", 1, 8, "unexpected end" },
    { "{\"a\":", 1, 6, "unexpected end" },
    { "{\n\"a\":1\n \"b\":2}", 3, 2, "expected ',' or '}'" },
    { "{\"a\":1]", 1, 7, "expected ',' or '}'" },
    { "{\"a\"}", 1, 5, "expected ':'" },
    { "{\"a\"", 1, 5, "expected ':'" },
    { "{\"a\" 1}", 1, 6, "expected ':'" },
    { "{a:1}", 1, 2, "a key must be a string" },
    { "{\"a\":1,}", 1, 8, "a key must be a string" },
    { "{1:1}", 1, 2, "a key must be a string" },
    { "\"a", 1, 3, "unterminated string" },
    { "\"0123456789abcdef", 1, 18, "unterminated string" },
    { "{\"a", 1, 4, "unterminated string" },
    { "\"a\nb\"", 1, 3, "control character in a string" },
    { "\"a\x1F\"", 1, 3, "control character in a string" },
    { "\"\\a\"", 1, 2, "invalid escape" },
    { "\"\\", 1, 2, "invalid escape" },
    { "\"\\'\"", 1, 2, "invalid escape" },
    { "\"\\u12\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"\\u12g4\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"x\\ud800\"", 1, 3, "invalid \\u escape or lone surrogate" },
    { "\"\\udc00\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"\\ud800\\u0041\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"\\ud800\\ud800\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"\\udc00\\udc00\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"\\ud800x\"", 1, 2, "invalid \\u escape or lone surrogate" },
    { "\"\x80\"", 1, 2, "invalid UTF-8" },
    { "\"\xC3\"", 1, 2, "invalid UTF-8" },
    { "\"\xC0\xAF\"", 1, 2, "invalid UTF-8" },
    { "\"\xE0\x80\x80\"", 1, 2, "invalid UTF-8" },
    { "\"\xED\xA0\x80\"", 1, 2, "invalid UTF-8" },
    { "\"\xF0\x80\x80\x80\"", 1, 2, "invalid UTF-8" },
    { "\"\xF4\x90\x80\x80\"", 1, 2, "invalid UTF-8" },
    { "\"\xF5\x80\x80\x80\"", 1, 2, "invalid UTF-8" },
    { "\"\xC3\xA9\xE2\x82", 1, 4, "invalid UTF-8" },
    { "{\"a\":1,\n  \"a\":2}", 2, 3, "duplicate key" },
    { "{\"a\":1,\"\\u0061\":2}", 1, 8, "duplicate key" },
    { "{\"\\u0061\":1,\"a\":2}", 1, 13, "duplicate key" },
    { "{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}", 1, 19, "duplicate key" },
    { "{\"\":1,\"\":2}", 1, 7, "duplicate key" },
    { "[{\"x\":{\"x\":1},\"y\":2,\"x\":3}]", 1, 21, "duplicate key" },
};

static void test_what_is_no_json_is_refused_where_it_goes_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        assert_refused(hk_slice_of(refusals[i].text), &refusals[i]);
    const struct refusal zero = { "zero byte", 1, 2, "control character in a string" };
    assert_refused(HK_SLICE("\"\0\""), &zero);
    const struct refusal tail = { "zero behind", 1, 2, "text after the document" };
    assert_refused(HK_SLICE("1\0"), &tail);
}

/** Makes "[[[...]]]" or {"a":{"a":...}} of `depth` levels. */
static void make_deep(struct hk_bytes *out, int depth, const char *open, const char *close)
{
    hk_bytes_clear(out);
    for (int i = 0; i < depth; i++)
        assert_int_equal(hk_bytes_append_text(out, open), 0);
    assert_int_equal(hk_bytes_append_text(out, *open == '{' ? "1" : ""), 0);
    for (int i = 0; i < depth; i++)
        assert_int_equal(hk_bytes_append_text(out, close), 0);
}

static void test_64_levels_are_accepted_and_65_are_not(void **state)
{
    struct hk_bytes text = { 0 };
    struct hk_json_value top;
    struct hk_json_fault fault;
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        make_deep(&text, 64, kind == 0 ? "[" : "{\"a\":", kind == 0 ? "]" : "}");
        assert_int_equal(hk_json_scan(hk_bytes_slice(&text), &top, &fault), 0);
        make_deep(&text, 65, kind == 0 ? "[" : "{\"a\":", kind == 0 ? "]" : "}");
        assert_int_equal(hk_json_scan(hk_bytes_slice(&text), &top, &fault), HK_ESYNTAX);
        assert_string_equal(fault.reason, "nested too deep");
        assert_int_equal(fault.column, kind == 0 ? 65 : 64 * 5 + 1);
    }
    hk_bytes_fini(&text);
}

/** Appends `count` members "k0".."kN", every third key written with an escape. */
static void append_members(struct hk_bytes *out, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(hk_bytes_append_format(out, "%s\"%s%d\":%d", i == 0 ? "" : ",",
                                                i % 3 == 0 ? "\\u006b" : "k", i, i),
                         0);
}

static int scan_bytes(const struct hk_bytes *bytes)
{
    struct hk_json_value top;
    return hk_json_scan(hk_bytes_slice(bytes), &top, NULL);
}

static void test_a_duplicate_is_found_in_objects_of_every_size(void **state)
{
    struct hk_bytes text = { 0 };
    (void)state;
    for (int count = 1; count < 400; count = count < 80 ? count + 1 : count * 2) {
        for (int duplicate = -1; duplicate < count; duplicate += 1 + count / 7) {
            hk_bytes_clear(&text);
            assert_int_equal(hk_bytes_append_text(&text, "[{"), 0);
            append_members(&text, count);
            if (duplicate >= 0)
                assert_int_equal(hk_bytes_append_format(&text, ",\"k%d\":0", duplicate), 0);
            assert_int_equal(hk_bytes_append_text(&text, "}]"), 0);
            assert_int_equal(scan_bytes(&text), duplicate >= 0 ? HK_ESYNTAX : 0);
        }
    }
    hk_bytes_fini(&text);
}

static void test_large_objects_inside_large_objects_keep_their_keys_apart(void **state)
{
    struct hk_bytes text = { 0 };
    (void)state;
    // Outer members, then inner objects of the same keys, then more outer members.
    for (int duplicate = 0; duplicate < 2; duplicate++) {
        hk_bytes_clear(&text);
        assert_int_equal(hk_bytes_append_text(&text, "{"), 0);
        append_members(&text, 500);
        for (int inner = 0; inner < 40; inner++) {
            assert_int_equal(hk_bytes_append_format(&text, ",\"inner%d\":{", inner), 0);
            append_members(&text, inner * 13);
            assert_int_equal(hk_bytes_append_text(&text, inner > 0 ? ",\"deep\":{" : "\"deep\":{"),
                             0);
            append_members(&text, 60);
            assert_int_equal(hk_bytes_append_text(&text, "}}"), 0);
        }
        assert_int_equal(hk_bytes_append_format(&text, ",\"k%d\":0}", duplicate != 0 ? 499 : 500),
                         0);
        assert_int_equal(scan_bytes(&text), duplicate != 0 ? HK_ESYNTAX : 0);
    }
    hk_bytes_fini(&text);
}

static void test_an_object_of_a_hundred_thousand_members_is_scanned(void **state)
{
    struct hk_bytes text = { 0 };
    (void)state;
    assert_int_equal(hk_bytes_append_text(&text, "{"), 0);
    append_members(&text, 100000);
    assert_int_equal(hk_bytes_append_text(&text, "}"), 0);
    assert_int_equal(scan_bytes(&text), 0);
    text.size--;
    assert_int_equal(hk_bytes_append_text(&text, ",\"k77777\":1}"), 0);
    assert_int_equal(scan_bytes(&text), HK_ESYNTAX);
    hk_bytes_fini(&text);
}

static void test_a_walk_meets_every_member_in_order(void **state)
{
    static const struct {
        const char *key;
        const char *text;
        enum hk_json_type type;
    } members[] = {
        { "a", "1", HK_JSON_NUMBER },
        { "b", "{\"x\":[1,2,{}], \"y\":\"}\"}", HK_JSON_OBJECT },
        { "", "\"\\\"]\\\\\"", HK_JSON_STRING },
        { "\\u0063", "[ ]", HK_JSON_ARRAY },
        { "d,", "false", HK_JSON_BOOL },
        { "e\xC3\xA9:", "null", HK_JSON_NULL },
        { "f", "-1.5e3", HK_JSON_NUMBER },
    };
    (void)state;
    struct hk_json_value top = scan("{ \"a\" : 1 ,\"b\":{\"x\":[1,2,{}], \"y\":\"}\"},"
                                    "\"\":\"\\\"]\\\\\", \"\\u0063\" : [ ], \"d,\":false,"
                                    "\"e\xC3\xA9:\":null ,\n\"f\":-1.5e3\n}");
    struct hk_json_walk walk = hk_json_walk_start(top);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        assert_true(hk_json_walk_next(&walk));
        assert_true(hk_slice_is(walk.key, members[i].key));
        assert_true(hk_slice_is(walk.value.text, members[i].text));
        assert_int_equal(walk.value.type, members[i].type);
    }
    assert_false(hk_json_walk_next(&walk));
    assert_false(hk_json_walk_next(&walk));
}

static void test_a_walk_meets_every_element_and_nothing_in_scalars(void **state)
{
    static const char *const elements[] = { "1", "[2, [3]]", "\"a,b\"", "{}", "true" };
    (void)state;
    struct hk_json_walk walk = hk_json_walk_start(scan("[1 ,[2, [3]],\"a,b\", {} ,true ]"));
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
        assert_true(hk_json_walk_next(&walk));
        assert_int_equal(walk.key.size, 0);
        assert_true(hk_slice_is(walk.value.text, elements[i]));
    }
    assert_false(hk_json_walk_next(&walk));
    static const char *const empty[] = { "[]", "{ }", "1", "\"abc\"", "null" };
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        walk = hk_json_walk_start(scan(empty[i]));
        assert_false(hk_json_walk_next(&walk));
    }
}

static void test_members_are_found_by_name_and_by_path(void **state)
{
    struct hk_json_value found = { 0 };
    (void)state;
    struct hk_json_value top =
        scan("{\"order\":{\"id\":\"ord_1\",\"\\u0069tem\":{\"x\":7}},\"a.b\":1,\"\":{\"\":2}}");
    assert_true(hk_json_find_path(top, "order.id", &found));
    assert_true(hk_slice_is(found.text, "\"ord_1\""));
    assert_true(hk_json_find_path(top, "order.item.x", &found));
    assert_true(hk_slice_is(found.text, "7"));
    assert_true(hk_json_find_path(top, ".", &found));
    assert_true(hk_slice_is(found.text, "2"));
    assert_true(hk_json_find(top, "a.b", &found));
    assert_false(hk_json_find_path(top, "a.b", &found));
    assert_false(hk_json_find_path(top, "order.id.x", &found));
    assert_false(hk_json_find_path(top, "order.", &found));
    assert_false(hk_json_find(top, "orde", &found));
    assert_false(hk_json_find(top, "order2", &found));
    assert_true(hk_slice_is(found.text, "1"));
    assert_false(hk_json_find(scan("[1]"), "a", &found));
}

static void test_strings_are_unescaped(void **state)
{
    struct hk_bytes out = { 0 };
    (void)state;
    assert_int_equal(hk_json_string(scan("\"\""), &out), 0);
    assert_int_equal(out.size, 0);
    assert_int_equal(hk_bytes_append_text(&out, "<"), 0);
    assert_int_equal(hk_json_string(scan("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\u20AC"
                                         "\\ud83d\\ude00z\xC3\xA9\""),
                                    &out),
                     0);
    assert_true(hk_slice_is_equal(hk_bytes_slice(&out),
                                  HK_SLICE("<a\"\\/\b\f\n\r\t\0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"
                                           "z\xC3\xA9")));
    hk_bytes_fini(&out);
}

static void test_raw_text_is_compared_unescaped(void **state)
{
    (void)state;
    assert_true(hk_json_is_text(HK_SLICE("abc"), HK_SLICE("abc")));
    assert_true(hk_json_is_text(HK_SLICE("\\u0061b\\u0063"), HK_SLICE("abc")));
    assert_true(hk_json_is_text(HK_SLICE("\\ud83d\\ude00"), HK_SLICE("\xF0\x9F\x98\x80")));
    assert_true(hk_json_is_text(HK_SLICE("\\u0000"), HK_SLICE("\0")));
    assert_true(hk_json_is_text(HK_SLICE_EMPTY, HK_SLICE_EMPTY));
    assert_false(hk_json_is_text(HK_SLICE("\\u0061b"), HK_SLICE("abc")));
    assert_false(hk_json_is_text(HK_SLICE("\\u0061bc"), HK_SLICE("ab")));
    assert_false(hk_json_is_text(HK_SLICE("\\u0061bd"), HK_SLICE("abc")));
    assert_false(hk_json_is_text(HK_SLICE("\\ud83d\\ude00"), HK_SLICE("\xF0\x9F")));
    assert_false(hk_json_is_text(HK_SLICE("a"), HK_SLICE("")));
    assert_false(hk_json_is_text(HK_SLICE("\\n"), HK_SLICE("\\n")));
}

static void test_every_character_can_be_written_and_read_back(void **state)
{
    struct hk_bytes json = { 0 }, back = { 0 };
    (void)state;
    for (uint32_t point = 0; point < 0x110000; point += point < 0x3000 ? 1 : 97) {
        char text[4];
        size_t size = 1;
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        hk_bytes_clear(&json);
        hk_bytes_clear(&back);
        // The oracle of the encoding is the escape, written by its definition.
        if (point < 0x10000)
            assert_int_equal(hk_bytes_append_format(&json, "\"\\u%04x\"", point), 0);
        else
            assert_int_equal(hk_bytes_append_format(&json, "\"\\u%04x\\u%04x\"",
                                                    0xD800 + ((point - 0x10000) >> 10),
                                                    0xDC00 + ((point - 0x10000) & 0x3FF)),
                             0);
        struct hk_json_value string = { HK_JSON_STRING, hk_bytes_slice(&json) };
        assert_int_equal(hk_json_string(string, &back), 0);
        size = back.size;
        memcpy(text, back.at, size);
        assert_true(hk_utf8_is_valid((struct hk_slice){ text, size }));
        assert_int_equal(hk_utf8_count((struct hk_slice){ text, size }), 1);
        assert_int_equal(size, point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
        hk_bytes_clear(&json);
        hk_bytes_clear(&back);
        assert_int_equal(hk_json_append_string(&json, (struct hk_slice){ text, size }), 0);
        struct hk_json_value top;
        assert_int_equal(hk_json_scan(hk_bytes_slice(&json), &top, NULL), 0);
        assert_int_equal(hk_json_string(top, &back), 0);
        assert_true(hk_slice_is_equal(hk_bytes_slice(&back), (struct hk_slice){ text, size }));
    }
    hk_bytes_fini(&json);
    hk_bytes_fini(&back);
}

static void test_written_strings_escape_what_they_must(void **state)
{
    struct hk_bytes out = { 0 };
    (void)state;
    assert_int_equal(hk_json_append_string(&out, HK_SLICE("a\"\\/\b\f\n\r\t\x01\0\x7F"
                                                          "caf\xC3\xA9 0123456789abcdef\"")),
                     0);
    assert_true(hk_slice_is_equal(hk_bytes_slice(&out),
                                  HK_SLICE("\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u0000\x7F"
                                           "caf\xC3\xA9 0123456789abcdef\\\"\"")));
    hk_bytes_fini(&out);
}

static void test_integers_are_read_exactly_or_not_at_all(void **state)
{
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } table[] = {
        { "0", 0, 0 },
        { "-0", 0, 0 },
        { "42", 0, 42 },
        { "-7", 0, -7 },
        { "9223372036854775807", 0, INT64_MAX },
        { "-9223372036854775808", 0, INT64_MIN },
        { "9223372036854775808", HK_ELIMIT, 0 },
        { "-9223372036854775809", HK_ELIMIT, 0 },
        { "1.0", HK_EINVAL, 0 },
        { "1e2", HK_EINVAL, 0 },
        { "\"1\"", HK_EINVAL, 0 },
        { "null", HK_EINVAL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int64_t value = 5;
        assert_int_equal(hk_json_integer(scan(table[i].text), &value), table[i].rc);
        assert_true(value == (table[i].rc == 0 ? table[i].value : 5));
    }
}

static void test_utf_8_is_checked_strictly_and_counted(void **state)
{
    static const char *const invalid[] = { "\x80",
                                           "\xBF",
                                           "\xC0\x80",
                                           "\xC1\xBF",
                                           "\xC2",
                                           "\xC2\x41",
                                           "\xE0\x9F\xBF",
                                           "\xE1\x80",
                                           "\xED\xA0\x80",
                                           "\xED\xBF\xBF",
                                           "\xEF\xBF",
                                           "\xE1\x80\xC0",
                                           "\xF0\x8F\xBF\xBF",
                                           "\xF0\x90\x80",
                                           "\xF4\x90\x80\x80",
                                           "\xF5\x80\x80",
                                           "\xFE",
                                           "\xFF",
                                           "\xF1\x80\x80\x41",
                                           "a\xC3" };
    (void)state;
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        assert_false(hk_utf8_is_valid(hk_slice_of(invalid[i])));
    assert_true(hk_utf8_is_valid(HK_SLICE_EMPTY));
    assert_true(hk_utf8_is_valid(HK_SLICE("a\0b")));
    assert_int_equal(hk_utf8_count(HK_SLICE("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
    assert_int_equal(hk_utf8_count(HK_SLICE_EMPTY), 0);
}

#if HK_FAULTS
static void test_small_documents_need_no_memory(void **state)
{
    (void)state;
    hk_alloc_fail_at(1, true);
    scan("{\"a\":{\"b\":[1,2,{\"c\":\"\\n\"}]},\"d\":1,\"e\":2,\"f\":3,\"g\":4,\"h\":5,\"i\":6}");
    uint64_t count = hk_alloc_count();
    hk_alloc_fail_at(0, false);
    assert_int_equal(count, 0);
}

static void test_no_memory_is_told_wherever_it_strikes(void **state)
{
    struct hk_bytes text = { 0 }, out = { 0 };
    struct hk_json_value top;
    struct hk_json_fault fault;
    uint64_t failures = 0;
    int rc = HK_ENOMEM;
    (void)state;
    assert_int_equal(hk_bytes_append_text(&text, "{"), 0);
    append_members(&text, 300);
    assert_int_equal(hk_bytes_append_text(&text, "}"), 0);
    while (rc != 0) {
        hk_alloc_fail_at(++failures, false);
        rc = hk_json_scan(hk_bytes_slice(&text), &top, &fault);
        hk_alloc_fail_at(0, false);
        assert_true(rc == 0 || rc == HK_ENOMEM);
        if (rc != 0)
            assert_string_equal(fault.reason, "out of memory");
    }
    assert_true(failures > 5);
    hk_alloc_fail_at(1, true);
    assert_int_equal(hk_json_string(scan("\"abc\""), &out), HK_ENOMEM);
    assert_int_equal(hk_json_append_string(&out, HK_SLICE("abc")), HK_ENOMEM);
    hk_alloc_fail_at(2, true);
    assert_int_equal(hk_json_append_string(&out, hk_bytes_slice(&text)), HK_ENOMEM);
    hk_alloc_fail_at(0, false);
    assert_int_equal(out.size, 0);
    hk_bytes_fini(&text);
    hk_bytes_fini(&out);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_documents_are_accepted_with_their_text),
        cmocka_unit_test(test_what_is_no_json_is_refused_where_it_goes_wrong),
        cmocka_unit_test(test_64_levels_are_accepted_and_65_are_not),
        cmocka_unit_test(test_a_duplicate_is_found_in_objects_of_every_size),
        cmocka_unit_test(test_large_objects_inside_large_objects_keep_their_keys_apart),
        cmocka_unit_test(test_an_object_of_a_hundred_thousand_members_is_scanned),
        cmocka_unit_test(test_a_walk_meets_every_member_in_order),
        cmocka_unit_test(test_a_walk_meets_every_element_and_nothing_in_scalars),
        cmocka_unit_test(test_members_are_found_by_name_and_by_path),
        cmocka_unit_test(test_strings_are_unescaped),
        cmocka_unit_test(test_raw_text_is_compared_unescaped),
        cmocka_unit_test(test_every_character_can_be_written_and_read_back),
        cmocka_unit_test(test_written_strings_escape_what_they_must),
        cmocka_unit_test(test_integers_are_read_exactly_or_not_at_all),
        cmocka_unit_test(test_utf_8_is_checked_strictly_and_counted),
#if HK_FAULTS
        cmocka_unit_test(test_small_documents_need_no_memory),
        cmocka_unit_test(test_no_memory_is_told_wherever_it_strikes),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
