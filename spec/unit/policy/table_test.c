// SPDX-License-Identifier: Apache-2.0
#include "policy/table.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/json.h"
#include "support_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct folder folder;

static int folder_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int folder_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/** A compiled and mapped table. */
struct mapped {
    struct hk_table table;
    struct hk_table_view view;
};

static void map(struct mapped *mapped)
{
    struct stat status;
    assert_int_equal(fstat(mapped->table.fd, &status), 0);
    void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, mapped->table.fd, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    assert_int_equal(hk_table_view_init(&mapped->view, at, (size_t)status.st_size), 0);
}

static struct mapped compile_bytes(const char *name, struct hk_slice source)
{
    struct mapped mapped;
    struct hk_fault fault = { 0 };
    const char *path = folder_write(&folder, name, source);
    if (hk_table_compile(path, &mapped.table, &fault) != 0)
        fail_msg("%s", fault.text);
    map(&mapped);
    return mapped;
}

static struct mapped compile(const char *name, const char *source)
{
    return compile_bytes(name, hk_slice_of(source));
}

static void unmap(struct mapped *mapped)
{
    assert_int_equal(munmap((void *)(uintptr_t)mapped->view.at, mapped->view.size), 0);
    hk_table_fini(&mapped->table);
}

static void assert_finds(const struct mapped *mapped, const char *key, const char *value)
{
    struct hk_slice found;
    if (!hk_table_find(&mapped->view, hk_slice_of(key), &found))
        fail_msg("'%s' is not there", key);
    if (!hk_slice_is(found, value))
        fail_msg("'%s' is %.*s, not %s", key, (int)found.size, found.at, value);
}

static void assert_finds_not(const struct mapped *mapped, const char *key)
{
    struct hk_slice found;
    assert_false(hk_table_find(&mapped->view, hk_slice_of(key), &found));
}

static void test_a_json_object_is_key_and_value_with_its_text(void **state)
{
    struct mapped mapped = compile(
        "t.json", "{\"a\": 0.10, \"b\" : {\"c\":[1, null]}, \"\\u00e9\\n\":true, \"\": \"x\"}");
    (void)state;
    assert_string_equal(mapped.table.name, "t");
    assert_int_equal(mapped.view.count, 4);
    assert_finds(&mapped, "a", "0.10");
    assert_finds(&mapped, "b", "{\"c\":[1, null]}");
    assert_finds(&mapped, "\xC3\xA9\n", "true");
    assert_finds(&mapped, "", "\"x\"");
    assert_finds_not(&mapped, "c");
    unmap(&mapped);
}

static void test_a_json_array_and_ndjson_take_the_first_member_as_the_key(void **state)
{
    struct mapped array = compile("t.json", "[{\"id\":7,\"n\":1},\n {\"id\":\"x\\\"y\"}]");
    struct mapped lines = compile(
        "u.ndjson", "{\"id\":7,\"n\":1}\r\n\n  \n{\"id\":-1,\"n\":2}\n{\"k\":\"\",\"n\":3}");
    (void)state;
    assert_finds(&array, "7", "{\"id\":7,\"n\":1}");
    assert_finds(&array, "x\"y", "{\"id\":\"x\\\"y\"}");
    assert_finds(&lines, "7", "{\"id\":7,\"n\":1}");
    assert_finds(&lines, "-1", "{\"id\":-1,\"n\":2}");
    assert_finds(&lines, "", "{\"k\":\"\",\"n\":3}");
    assert_int_equal(lines.view.count, 3);
    unmap(&array);
    unmap(&lines);
}

static void test_csv_rows_are_objects_of_strings(void **state)
{
    struct mapped mapped = compile("branches.csv", "\xEF\xBB\xBFid,\"na\"\"me\",note\r\n"
                                                   "1,Riyadh,\"a, \"\"b\"\"\r\nc\"\r\n"
                                                   "02,\"\",\n"
                                                   "\"\",x,y");
    (void)state;
    assert_string_equal(mapped.table.name, "branches");
    assert_finds(&mapped, "1",
                 "{\"id\":\"1\",\"na\\\"me\":\"Riyadh\",\"note\":\"a, \\\"b\\\"\\r\\nc\"}");
    assert_finds(&mapped, "02", "{\"id\":\"02\",\"na\\\"me\":\"\",\"note\":\"\"}");
    assert_finds(&mapped, "", "{\"id\":\"\",\"na\\\"me\":\"x\",\"note\":\"y\"}");
    assert_int_equal(mapped.view.count, 3);
    unmap(&mapped);
}

static void test_messagepack_values_become_exact_json(void **state)
{
    static const char source[] = "\xDE\x00\x0A"
                                 "\xA1u\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                                 "\xA1i\xD3\x80\x00\x00\x00\x00\x00\x00\x00"
                                 "\xA1s\xD9\x03x\"y"
                                 "\xA1"
                                 "f\xCA\x3D\xCC\xCC\xCD"
                                 "\xA1"
                                 "d\xCB\x3F\xB9\x99\x99\x99\x99\x99\x9A"
                                 "\xA1"
                                 "w\xCB\x40\x08\x00\x00\x00\x00\x00\x00"
                                 "\x07\x93\xC0\xC2\xC3"
                                 "\xD1\xFF\x00\x82\x01\x90\xA1k\x80"
                                 "\xFF\xD0\x80"
                                 "\xA1m\x91\x82\xA1"
                                 "a\x81\xA1z\x05\xA1"
                                 "b\xDC\x00\x01\xE0";
    struct mapped mapped =
        compile_bytes("t.msgpack", (struct hk_slice){ source, sizeof(source) - 1 });
    (void)state;
    assert_finds(&mapped, "u", "18446744073709551615");
    assert_finds(&mapped, "i", "-9223372036854775808");
    assert_finds(&mapped, "s", "\"x\\\"y\"");
    assert_finds(&mapped, "f", "0.1");
    assert_finds(&mapped, "d", "0.1");
    assert_finds(&mapped, "w", "3.0");
    assert_finds(&mapped, "7", "[null,false,true]");
    assert_finds(&mapped, "-256", "{\"1\":[],\"k\":{}}");
    assert_finds(&mapped, "-1", "-128");
    assert_finds(&mapped, "m", "[{\"a\":{\"z\":5},\"b\":[-32]}]");
    unmap(&mapped);
}

static void refuse_bytes(const char *name, struct hk_slice source, const char *reason)
{
    struct hk_table table;
    struct hk_fault fault = { 0 };
    const char *path = folder_write(&folder, name, source);
    int rc = hk_table_compile(path, &table, &fault);
    if (rc != HK_ESYNTAX)
        fail_msg("%s of '%.*s' gives %d", name, (int)source.size, source.at, rc);
    assert_int_equal(table.fd, -1);
    assert_null(table.name);
    assert_memory_equal(fault.text, path, strlen(path));
    if (strcmp(fault.text + strlen(path), reason) != 0)
        fail_msg("%s of '%.*s' says '%s'", name, (int)source.size, source.at,
                 fault.text + strlen(path));
}

static void test_what_does_not_parse_is_refused_by_file_and_line(void **state)
{
    static const struct {
        const char *name, *source, *reason;
    } table[] = {
        { "t.json", "{\"a\":1,\n\"b\":2,\n\"a\":3}", ":3: duplicate key (column 1)" },
        { "t.json", "{\"a\":\n1,}", NULL },
        { "t.json", "", NULL },
        { "t.json", "7", ":1: an object (key: value), or an array of objects, is expected" },
        { "t.json", "[{\"a\":1},\n\n7]", ":3: an object is expected" },
        { "t.json", "[\n{}]", ":2: an empty object has no key" },
        { "t.json", "[{\"a\":1},\n{\"b\":\"1\"}]", ":2: the key '1' stands there twice" },
        { "t.ndjson", "{\"a\":1}\n\n{\"a\":true}",
          ":3: the first member is the key: text or a number" },
        { "t.ndjson", "{\"a\":1}\n{\"a\":2}\n{\"a\":1}\n", ":3: the key '1' stands there twice" },
        { "t.ndjson", "{\"a\":1}\n[]", ":2: an object is expected" },
        { "t.csv", "", ":1: a header line is expected" },
        { "t.csv", "a,b\n1,2\n3\n", ":3: 1 fields, but the header has 2" },
        { "t.csv", "a,b\n1,\"2\n\n\"\n3,4,5\n", ":5: 3 fields, but the header has 2" },
        { "t.csv", "a,b\n1,\"2", ":2: a quoted field does not end" },
        { "t.csv", "a,b\n1,\"2\"x\n", ":2: text after the quotes of a field" },
        { "t.csv", "a,b\n1,x\"2\"\n", ":2: a quote inside a field that is not quoted" },
        { "t.csv", "a,b\n1,2\r3,4\n", ":2: a carriage return that ends no line" },
        { "t.csv", "a,b\n1,2\n\n3,4\n", ":3: an empty line" },
        { "t.csv", "a,\n", ":1: a column without a name" },
        { "t.csv", "a,b,a\n", ":1: two columns of the same name" },
        { "t.csv", "a,b\n1,2\n\xFF,3\n", ":3: not UTF-8" },
        { "t.csv", "a,b\n1,2\n3,4\n1,5\n", ":4: the key '1' stands there twice" },
        { "t.msgpack", "", ": byte 0: a map (key: value) is expected" },
        { "t.msgpack", "\x93\x01\x02\x03", ": byte 0: a map (key: value) is expected" },
        { "t.msgpack", "\x81\xA1x", ": byte 3: the file ends inside a value" },
        { "t.msgpack", "\xDF\xFF\xFF\xFF\xFF\x01", ": byte 0: a map (key: value) is expected" },
        { "t.msgpack", "\x81\xA1x\xC4\x01y",
          ": byte 3: binary data and extension types cannot "
          "be JSON" },
        { "t.msgpack", "\x81\xA1x\xC7\x01yz",
          ": byte 3: binary data and extension types cannot "
          "be JSON" },
        { "t.msgpack", "\x81\xA1x\xCA\x7F\x80\x80\x80",
          ": byte 8: a number that is not finite cannot be JSON" },
        { "t.msgpack", "\x81\xA1x\xA1\xFF", ": byte 5: text that is not UTF-8" },
        { "t.msgpack", "\x81\xC3\x01", ": byte 2: a key of a map is text or an integer" },
        { "t.msgpack", "\x82\xA1x\x01\xA1x\x02", ": byte 4: the key 'x' stands there twice" },
        { "t.msgpack",
          "\x82\xA1"
          "7\x01\x07\x02",
          ": byte 4: the key '7' stands there twice" },
        { "t.msgpack", "\x81\xA1x\x82\xA1y\x01\xA1y\x02", ": byte 1: in the value: duplicate key" },
        { "t.msgpack", "\x81\x01\x02\x03", ": byte 3: something stands behind the map" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hk_table compiled;
        struct hk_fault fault = { 0 };
        if (table[i].reason != NULL) {
            refuse_bytes(table[i].name, hk_slice_of(table[i].source), table[i].reason);
            continue;
        }
        const char *path = folder_write_text(&folder, table[i].name, table[i].source);
        assert_int_equal(hk_table_compile(path, &compiled, &fault), HK_ESYNTAX);
        assert_memory_equal(fault.text, path, strlen(path));
    }
}

static void test_messagepack_has_at_most_64_levels(void **state)
{
    char source[3 + 66] = "\x81\xA1x";
    (void)state;
    memset(source + 3, 0x91, 64);
    source[3 + 63] = (char)0x90;
    struct mapped mapped = compile_bytes("t.msgpack", (struct hk_slice){ source, 3 + 64 });
    unmap(&mapped);
    source[3 + 63] = (char)0x91;
    source[3 + 64] = (char)0x90;
    refuse_bytes("t.msgpack", (struct hk_slice){ source, 3 + 65 },
                 ": byte 68: more than 64 levels");
}

static void test_the_block_cannot_be_changed(void **state)
{
    struct mapped mapped = compile("t.json", "{\"a\":1}");
    (void)state;
    int seals = fcntl(mapped.table.fd, F_GET_SEALS);
    assert_int_equal(seals, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    assert_int_equal(write(mapped.table.fd, "x", 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(mapped.table.fd, 0), -1);
    unmap(&mapped);
}

static void test_many_keys_are_all_found(void **state)
{
    struct hk_bytes source = { 0 };
    char key[32];
    char value[32];
    (void)state;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(hk_bytes_append_format(&source, "%s\"k%d\":%d", i == 0 ? "{" : ",", i, i),
                         0);
    assert_int_equal(hk_bytes_append_text(&source, "}"), 0);
    struct mapped mapped = compile_bytes("t.json", hk_bytes_slice(&source));
    assert_int_equal(mapped.view.count, 20000);
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        (void)snprintf(value, sizeof(value), "%d", i);
        assert_finds(&mapped, key, value);
        (void)snprintf(key, sizeof(key), "n%d", i);
        assert_finds_not(&mapped, key);
    }
    unmap(&mapped);
    hk_bytes_fini(&source);
}

static void test_an_empty_table_has_no_key(void **state)
{
    static const char *const files[] = { "t.json", "t.ndjson", "t.csv", "t.msgpack" };
    static const char *const sources[] = { "{}", "", "id,name\n", "\x80" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct mapped mapped = compile(files[i], sources[i]);
        assert_int_equal(mapped.view.count, 0);
        assert_finds_not(&mapped, "");
        unmap(&mapped);
    }
}

static void test_a_source_that_did_not_change_shares_its_block(void **state)
{
    struct mapped first = compile("t.json", "{\"a\":1}");
    struct hk_fault fault;
    struct hk_table again, other;
    struct stat one, two;
    (void)state;
    const char *path = folder_path(&folder, "t.json");
    assert_int_equal(hk_table_renew(path, &first.table, &again, &fault), 0);
    assert_int_equal(fstat(first.table.fd, &one), 0);
    assert_int_equal(fstat(again.fd, &two), 0);
    assert_int_equal(one.st_ino, two.st_ino);
    assert_int_not_equal(first.table.fd, again.fd);
    assert_memory_equal(first.table.digest, again.digest, 32);
    (void)folder_write_text(&folder, "t.json", "{\"a\":2}");
    assert_int_equal(hk_table_renew(path, &first.table, &other, &fault), 0);
    assert_int_equal(fstat(other.fd, &two), 0);
    assert_int_not_equal(one.st_ino, two.st_ino);
    assert_memory_not_equal(first.table.digest, other.digest, 32);
    hk_table_fini(&again);
    hk_table_fini(&other);
    // The same bytes under another ending are another table.
    struct mapped csv = compile("t.csv", "id\n");
    path = folder_write_text(&folder, "t.ndjson", "id\n");
    assert_int_equal(hk_table_renew(path, &csv.table, &other, &fault), HK_ESYNTAX);
    unmap(&csv);
    unmap(&first);
}

static void test_names_of_tables(void **state)
{
    char name[128];
    (void)state;
    assert_int_equal(hk_table_name_size("a.json"), 1);
    assert_int_equal(hk_table_name_size("a-b_c.d.csv"), 7);
    assert_int_equal(hk_table_name_size("x.ndjson"), 1);
    assert_int_equal(hk_table_name_size("x.msgpack"), 1);
    assert_int_equal(hk_table_name_size(".json"), 0);
    assert_int_equal(hk_table_name_size(".a.json"), 0);
    assert_int_equal(hk_table_name_size("a b.json"), 0);
    assert_int_equal(hk_table_name_size("a.txt"), 0);
    assert_int_equal(hk_table_name_size("json"), 0);
    memset(name, 'n', sizeof(name));
    memcpy(name + 100, ".csv", 5);
    assert_int_equal(hk_table_name_size(name), 100);
    memcpy(name + 101, ".csv", 5);
    name[100] = 'n';
    assert_int_equal(hk_table_name_size(name), 0);
}

static void test_what_is_no_file_is_refused(void **state)
{
    struct hk_table table;
    struct hk_fault fault;
    (void)state;
    assert_int_equal(hk_table_compile(folder_path(&folder, "no.json"), &table, &fault), HK_EIO);
    assert_int_equal(hk_table_compile(folder_path(&folder, "no.txt"), &table, &fault), HK_EINVAL);
    assert_int_equal(mkdir(folder_path(&folder, "d.json"), 0700), 0);
    assert_int_equal(hk_table_compile(folder_path(&folder, "d.json"), &table, &fault), HK_EINVAL);
    assert_int_equal(mkfifo(folder_path(&folder, "p.json"), 0600), 0);
    assert_int_equal(hk_table_compile(folder_path(&folder, "p.json"), &table, &fault), HK_EINVAL);
    assert_int_equal(
        truncate(folder_write_text(&folder, "big.csv", "id\n"), (off_t)HK_TABLE_BYTES_MAX + 1), 0);
    assert_int_equal(hk_table_compile(folder_path(&folder, "big.csv"), &table, &fault), HK_ELIMIT);
}

#ifdef HK_FAULTS
static void test_lack_of_memory_is_an_error_at_each_allocation(void **state)
{
    static const char *const files[] = { "t.json", "t.ndjson", "t.csv", "t.msgpack" };
    static const char *const sources[] = { "{\"a\\n\":1,\"b\":[{}]}", "{\"a\":1}\n{\"a\":\"\\n\"}",
                                           "id,name\n1,\"\"\"\"\n2,y\n",
                                           "\x82\x01\x92\xC0\x03\x02\x81\xA1x\x80" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *path = folder_write_text(&folder, files[i], sources[i]);
        int rc = HK_ENOMEM;
        for (uint64_t nth = 1; rc != 0 && nth < 100; nth++) {
            struct hk_table table;
            struct hk_fault fault = { 0 };
            hk_alloc_fail_at(nth, false);
            rc = hk_table_compile(path, &table, &fault);
            hk_alloc_fail_at(0, false);
            if (rc == 0)
                hk_table_fini(&table);
            else
                assert_int_equal(rc, HK_ENOMEM);
        }
        assert_int_equal(rc, 0);
    }
}
#endif

static void test_a_damaged_block_is_refused_or_has_no_key(void **state)
{
    struct mapped mapped = compile("t.json", "{\"a\":1,\"b\":2}");
    struct hk_table_view view;
    struct hk_slice value;
    (void)state;
    unsigned char copy[4096];
    size_t size = mapped.view.size;
    assert_true(size < sizeof(copy));
    for (size_t cut = 0; cut < 32 + mapped.view.slots * 4 + 48; cut++)
        assert_int_equal(hk_table_view_init(&view, mapped.view.at, cut), HK_EDAMAGED);
    for (size_t i = 0; i < size; i++) {
        memcpy(copy, mapped.view.at, size);
        copy[i] ^= 0xFF;
        if (hk_table_view_init(&view, copy, size) == 0 &&
            hk_table_find(&view, HK_SLICE("a"), &value))
            assert_true(value.at >= (const char *)copy &&
                        value.at + value.size <= (const char *)copy + size);
    }
    unmap(&mapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_json_object_is_key_and_value_with_its_text),
        cmocka_unit_test(test_a_json_array_and_ndjson_take_the_first_member_as_the_key),
        cmocka_unit_test(test_csv_rows_are_objects_of_strings),
        cmocka_unit_test(test_messagepack_values_become_exact_json),
        cmocka_unit_test(test_what_does_not_parse_is_refused_by_file_and_line),
        cmocka_unit_test(test_messagepack_has_at_most_64_levels),
        cmocka_unit_test(test_the_block_cannot_be_changed),
        cmocka_unit_test(test_many_keys_are_all_found),
        cmocka_unit_test(test_an_empty_table_has_no_key),
        cmocka_unit_test(test_a_source_that_did_not_change_shares_its_block),
        cmocka_unit_test(test_names_of_tables),
        cmocka_unit_test(test_what_is_no_file_is_refused),
#ifdef HK_FAULTS
        cmocka_unit_test(test_lack_of_memory_is_an_error_at_each_allocation),
#endif
        cmocka_unit_test(test_a_damaged_block_is_refused_or_has_no_key),
    };
    return cmocka_run_group_tests(tests, folder_up, folder_down);
}
