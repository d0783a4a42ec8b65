// SPDX-License-Identifier: Apache-2.0
/* Random documents as trees of our own: written to text, decoded, changed in the tree and in Lua
 * alike, and what hk_convert_append writes held against the changed tree's text. */
#include "worker/convert.h"

#include "base/alloc.h"
#include "support_lua.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CHILDREN_MAX 6
#define NODES_MAX 600

/** A value: its text when it is a scalar, else its children. */
struct node {
    char type; /**< 's'calar, 'a'rray, 'o'bject. */
    const char *text;
    int count;
    int children[CHILDREN_MAX + 1];
    char keys[CHILDREN_MAX + 1][24]; /**< As they stand in the text. */
};

struct tree {
    struct hk_prng prng;
    int node_count;
    struct node nodes[NODES_MAX];
    bool has_space;
};

static const char *const scalars[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "7",
    "-7",
    "0.10",
    "1E2",
    "1e-7",
    "80.50",
    "1e999",
    "-1e999",
    "-0.0",
    "18446744073709551615",
    "9223372036854775807",
    "-9223372036854775808",
    "0.1000000000000000055511151231257827",
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
    "\"\"",
    "\"x\"",
    "\"\\u00e9\\/\"",
    "\"caf\xC3\xA9\"",
    "\"\\ud83d\\uDE00\\\"\\\\\\b\\f\\n\\r\\t\"",
    "\"\\u0000\"",
    "\"a longer text that is no short string of Lua's, because it is longer than forty bytes\"",
};

static uint64_t below(struct tree *tree, uint64_t bound)
{
    return hk_prng_below(&tree->prng, bound);
}

/** Grows a random value; gets its number. */
// NOLINTNEXTLINE(misc-no-recursion): of a depth that the test decides
static int grow(struct tree *tree, int depth)
{
    int number = tree->node_count++;
    struct node *node = &tree->nodes[number];
    uint64_t kind = below(tree, 10);
    node->type = depth == 0 || tree->node_count > NODES_MAX / 2 || kind < 4 ? 's'
                 : kind < 7                                                 ? 'o'
                                                                            : 'a';
    if (depth == 6)
        node->type = kind % 2 == 0 ? 'o' : 'a';
    node->count = 0;
    if (node->type == 's') {
        node->text = scalars[below(tree, sizeof(scalars) / sizeof(scalars[0]))];
        return number;
    }
    int count = (int)below(tree, CHILDREN_MAX + 1);
    for (int i = 0; i < count; i++) {
        static const char *const prefixes[] = { "k", "\\u0071", "\xC3\xA9", "\\/", "" };
        snprintf(node->keys[i], sizeof(node->keys[i]), "%s%d", prefixes[below(tree, 5)], i);
        node->children[i] = grow(tree, depth - 1);
        node->count++;
    }
    return number;
}

/** White space that depends on the place alone, so that a changed tree has the same. */
static void space(const struct tree *tree, int place, struct hk_bytes *out)
{
    static const char *const spaces[] = { "", " ", "\n  ", "\t", "\r\n" };
    if (tree->has_space)
        assert_int_equal(hk_bytes_append_text(out, spaces[place % 5]), 0);
}

// NOLINTNEXTLINE(misc-no-recursion): of a depth that the test decides
static void put(const struct tree *tree, int number, struct hk_bytes *out)
{
    const struct node *node = &tree->nodes[number];
    if (node->type == 's') {
        assert_int_equal(hk_bytes_append_text(out, node->text), 0);
        return;
    }
    assert_int_equal(hk_bytes_append_text(out, node->type == 'o' ? "{" : "["), 0);
    space(tree, number, out);
    for (int i = 0; i < node->count; i++) {
        if (i > 0) {
            space(tree, number + i, out);
            assert_int_equal(hk_bytes_append_text(out, ","), 0);
            space(tree, number + i + 1, out);
        }
        if (node->type == 'o') {
            assert_int_equal(hk_bytes_append_format(out, "\"%s\"", node->keys[i]), 0);
            space(tree, number + i + 2, out);
            assert_int_equal(hk_bytes_append_text(out, ":"), 0);
            space(tree, number + i + 3, out);
        }
        put(tree, node->children[i], out);
    }
    space(tree, number + 4, out);
    assert_int_equal(hk_bytes_append_text(out, node->type == 'o' ? "}" : "]"), 0);
}

static struct hk_json_value scan(const struct hk_bytes *text)
{
    struct hk_json_value top = { 0 };
    struct hk_json_fault fault = { 0 };
    if (hk_json_scan(hk_bytes_slice(text), &top, &fault) != 0)
        fail_msg("%.*s: %u: %s", (int)text->size, text->at, fault.column, fault.reason);
    return top;
}

/** Leaves out the white space between the parts. */
static void squeeze(struct hk_bytes *text)
{
    size_t size = 0;
    bool in_string = false;
    for (size_t i = 0; i < text->size; i++) {
        char byte = text->at[i];
        if (in_string && byte == '\\') {
            text->at[size++] = byte;
            byte = text->at[++i];
        } else if (byte == '"') {
            in_string = !in_string;
        } else if (!in_string && strchr(" \t\r\n", byte) != NULL) {
            continue;
        }
        text->at[size++] = byte;
    }
    text->size = size;
}

/** Picks a container on a random way down, with the Lua table of it pushed in its place. */
static int descend(struct tree *tree, lua_State *L)
{
    int number = 0;
    for (;;) {
        const struct node *node = &tree->nodes[number];
        if (node->count == 0 || below(tree, 3) == 0)
            return number;
        int child = (int)below(tree, (uint64_t)node->count);
        if (tree->nodes[node->children[child]].type == 's')
            return number;
        if (node->type == 'a') {
            lua_rawgeti(L, -1, child + 1);
        } else {
            char key[24];
            struct hk_slice raw = hk_slice_of(node->keys[child]);
            lua_pushlstring(L, key, hk_json_unescape(raw, key));
            lua_rawget(L, -2);
        }
        lua_remove(L, -2);
        number = node->children[child];
    }
}

/** Pops a value and sets it at a child of the table on the top. */
static void set(lua_State *L, const struct node *node, int child)
{
    char key[24];
    if (node->type == 'a') {
        lua_rawseti(L, -2, child + 1);
        return;
    }
    struct hk_slice raw = hk_slice_of(node->keys[child]);
    lua_pushlstring(L, key, hk_json_unescape(raw, key));
    lua_insert(L, -2);
    lua_rawset(L, -3);
}

static const char new_text[] = "\"what was not there before\"";

static int new_node(struct tree *tree)
{
    int number = tree->node_count++;
    tree->nodes[number] = (struct node){ .type = 's', .text = new_text };
    return number;
}

static void push_new(lua_State *L)
{
    lua_pushlstring(L, new_text + 1, sizeof(new_text) - 3);
}

/** Moves the elements of the array on the top from `from` on by one, up or down. */
static void shift(lua_State *L, int from, int count, bool is_up)
{
    for (int i = is_up ? count : from; is_up ? i >= from : i <= count; i += is_up ? -1 : 1) {
        lua_rawgeti(L, -1, is_up ? i : i + 1);
        lua_rawseti(L, -2, is_up ? i + 1 : i);
    }
}

/** Changes one thing in the tree and in the table on the top. Gets whether white space may differ.
 */
static bool change(struct tree *tree, lua_State *L, const char **what)
{
    struct node *node = &tree->nodes[descend(tree, L)];
    uint64_t kind = node->count == 0 ? 2 : below(tree, 3);
    int child = node->count == 0 ? 0 : (int)below(tree, (uint64_t)node->count);
    int moved = node->count - child;
    if (kind == 0) {
        *what = "replace";
        node->children[child] = new_node(tree);
        push_new(L);
        set(L, node, child);
        return false;
    }
    if (kind == 1) {
        *what = "remove";
        if (node->type == 'a') {
            shift(L, child + 1, node->count, false);
        } else {
            lua_pushnil(L);
            set(L, node, child);
        }
        node->count--;
        memmove(&node->children[child], &node->children[child + 1],
                (size_t)(moved - 1) * sizeof(node->children[0]));
        memmove(node->keys[child], node->keys[child + 1],
                (size_t)(moved - 1) * sizeof(node->keys[0]));
        return true;
    }
    *what = "insert";
    if (node->type == 'o') {
        child = node->count;
        snprintf(node->keys[child], sizeof(node->keys[0]), "something new");
    } else {
        shift(L, child + 1, node->count, true);
        memmove(&node->children[child + 1], &node->children[child],
                (size_t)moved * sizeof(node->children[0]));
    }
    node->count++;
    node->children[child] = new_node(tree);
    push_new(L);
    set(L, node, child);
    return true;
}

static struct tree *tree_new(uint64_t seed, bool has_space, struct hk_bytes *text)
{
    struct tree *tree = hk_alloc_zero_or_die(1, sizeof(*tree));
    hk_prng_init(&tree->prng, seed);
    tree->has_space = has_space;
    grow(tree, 6);
    put(tree, 0, text);
    return tree;
}

static void append(lua_State *L, struct hk_json_value top, struct hk_bytes *out)
{
    struct hk_fault fault;
    if (hk_convert_append(L, top, 1 << 20, out, &fault) != 0)
        fail_msg("%.*s: %s", (int)top.text.size, top.text.at, fault.text);
}

static void test_what_nobody_changed_keeps_its_bytes(void **state)
{
    (void)state;
    struct support_lua *lua = support_lua_new();
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct hk_bytes text = { 0 }, out = { 0 };
        struct tree *tree = tree_new(seed, seed % 2 == 0, &text);
        struct hk_json_value top = scan(&text);
        hk_convert_push(lua->L, top);
        assert_true(hk_convert_is_equal(lua->L, -1, top));
        append(lua->L, top, &out);
        if (!hk_slice_is_equal(hk_bytes_slice(&out), top.text))
            fail_msg("seed %d: %.*s\ngives %.*s", (int)seed, (int)text.size, text.at, (int)out.size,
                     out.at);
        lua_settop(lua->L, 0);
        hk_bytes_fini(&text);
        hk_bytes_fini(&out);
        hk_free(tree);
    }
    support_lua_free(lua);
}

static void change_one(struct support_lua *lua, uint64_t seed)
{
    struct hk_bytes text = { 0 }, out = { 0 }, expected = { 0 };
    struct tree *tree = tree_new(seed, seed % 2 == 0, &text);
    struct hk_json_value top = scan(&text);
    const char *what = "";
    hk_convert_push(lua->L, top);
    lua_pushvalue(lua->L, 1);
    bool may_space_differ = change(tree, lua->L, &what);
    put(tree, 0, &expected);
    lua_pushvalue(lua->L, 1);
    append(lua->L, top, &out);
    assert_false(hk_convert_is_equal(lua->L, 1, top));
    if (may_space_differ) {
        scan(&out);
        squeeze(&out);
        squeeze(&expected);
    }
    if (!hk_slice_is_equal(hk_bytes_slice(&out), hk_bytes_slice(&expected)))
        fail_msg("seed %d: %s in %.*s\ngives    %.*s\nexpected %.*s", (int)seed, what,
                 (int)text.size, text.at, (int)out.size, out.at, (int)expected.size, expected.at);
    lua_settop(lua->L, 0);
    hk_bytes_fini(&text);
    hk_bytes_fini(&out);
    hk_bytes_fini(&expected);
    hk_free(tree);
}

static void test_one_change_changes_nothing_else(void **state)
{
    (void)state;
    struct support_lua *lua = support_lua_new();
    for (uint64_t seed = 10000; seed < 16000; seed++)
        change_one(lua, seed);
    support_lua_free(lua);
}

/** Is the value equal to itself after it went through text without an original? */
static void test_what_is_written_reads_as_the_same(void **state)
{
    (void)state;
    struct support_lua *lua = support_lua_new();
    for (uint64_t seed = 20000; seed < 22000; seed++) {
        struct hk_json_value none = { HK_JSON_NULL, HK_SLICE_EMPTY };
        struct hk_bytes text = { 0 }, out = { 0 };
        struct hk_fault fault;
        struct tree *tree = tree_new(seed, true, &text);
        hk_convert_push(lua->L, scan(&text));
        int rc = hk_convert_append(lua->L, none, 1 << 20, &out, &fault);
        // Infinities cannot be written.
        if (rc == 0)
            assert_true(hk_convert_is_equal(lua->L, -1, scan(&out)));
        else
            assert_non_null(strstr(fault.text, "an infinity cannot be JSON"));
        lua_settop(lua->L, 0);
        hk_bytes_fini(&text);
        hk_bytes_fini(&out);
        hk_free(tree);
    }
    support_lua_free(lua);
}

/** Permuted, thinned and extended arrays of distinct numbers keep the text of all that are left. */
static void test_elements_keep_their_text_wherever_they_go(void **state)
{
    struct hk_prng prng;
    (void)state;
    struct support_lua *lua = support_lua_new();
    hk_prng_init(&prng, 3);
    for (int round = 0; round < 2000; round++) {
        int values[12], count = 1 + (int)hk_prng_below(&prng, 12);
        struct hk_bytes text = { 0 }, out = { 0 }, expected = { 0 };
        for (int i = 0; i < count; i++) {
            values[i] = i;
            assert_int_equal(hk_bytes_append_format(&text, "%s%d.50", i > 0 ? "," : "[", i), 0);
        }
        assert_int_equal(hk_bytes_append_text(&text, "]"), 0);
        for (int i = 0; i < count && round % 2 == 0; i++) {
            int other = (int)hk_prng_below(&prng, (uint64_t)count), value = values[i];
            values[i] = values[other];
            values[other] = value;
        }
        lua_createtable(lua->L, count, 0);
        hk_convert_mark_array(lua->L, -1, true);
        int kept = 0;
        assert_int_equal(hk_bytes_append_text(&expected, "["), 0);
        for (int i = 0; i < count; i++) {
            if (hk_prng_chance(&prng, 200000))
                continue;
            lua_pushnumber(lua->L, values[i] + 0.5);
            lua_rawseti(lua->L, -2, ++kept);
            assert_int_equal(
                hk_bytes_append_format(&expected, "%s%d.50", kept > 1 ? "," : "", values[i]), 0);
        }
        assert_int_equal(hk_bytes_append_text(&expected, "]"), 0);
        append(lua->L, scan(&text), &out);
        if (!hk_slice_is_equal(hk_bytes_slice(&out), hk_bytes_slice(&expected)))
            fail_msg("%.*s\ngives    %.*s\nexpected %.*s", (int)text.size, text.at, (int)out.size,
                     out.at, (int)expected.size, expected.at);
        lua_settop(lua->L, 0);
        hk_bytes_fini(&text);
        hk_bytes_fini(&out);
        hk_bytes_fini(&expected);
    }
    support_lua_free(lua);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_nobody_changed_keeps_its_bytes),
        cmocka_unit_test(test_one_change_changes_nothing_else),
        cmocka_unit_test(test_what_is_written_reads_as_the_same),
        cmocka_unit_test(test_elements_keep_their_text_wherever_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
