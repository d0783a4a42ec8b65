// SPDX-License-Identifier: Apache-2.0
/* The cage is played by this file: hk_offline_* stand here, so the real ones are not linked. A text
 * says what becomes of it: "BROKEN" does not load, "DIES" ends the worker, "needs NAME" requires a
 * library (which is broken, too, if its text says so), "route" has that hook. */
#include "policy/scripts.h"

#include "base/alloc.h"
#include "base/check.h"
#include "policy/offline.h"
#include "support_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct hk_offline {
    struct hk_wire_script told;
    struct hk_slice required[4];
    uint32_t told_count;
};

static uint32_t check_count;
static uint32_t start_count;
static bool no_worker;

int hk_offline_start(const struct hk_process_setup *setup, struct hk_offline **offline,
                     struct hk_fault *fault)
{
    assert_string_equal(setup->worker_path, "the worker");
    if (no_worker)
        return hk_fault_set(fault, HK_ESTART, "no policy worker");
    start_count++;
    *offline = hk_alloc_zero(1, sizeof(**offline));
    return *offline != NULL ? 0 : hk_fault_set(fault, HK_ENOMEM, "out of memory");
}

int hk_offline_tell(struct hk_offline *offline, const struct hk_wire_message *message,
                    struct hk_fault *fault)
{
    (void)fault;
    if (message->kind == HK_WIRE_SCRIPT) {
        offline->told = message->script;
        offline->told_count++;
    } else {
        assert_int_equal(message->kind, HK_WIRE_DROP);
        assert_int_equal(message->drop, offline->told.script);
    }
    return 0;
}

static bool says(struct hk_slice text, const char *word)
{
    return text.size != 0 && memmem(text.at, text.size, word, strlen(word)) != NULL;
}

int hk_offline_ask(struct hk_offline *offline, const struct hk_wire_message *message,
                   struct hk_wire_message *answer, struct hk_fault *fault)
{
    static char text[128];
    struct hk_slice source = offline->told.source.text;
    struct hk_wire_checked checked = { .run = message->check.run, .libraries = offline->required };
    assert_int_equal(message->kind, HK_WIRE_CHECK);
    assert_int_equal(message->check.script, offline->told.script);
    check_count++;
    bool is_broken = says(source, "BROKEN");
    for (uint32_t i = 0; i < offline->told.library_count; i++) {
        const struct hk_wire_source *library = &offline->told.libraries[i];
        (void)snprintf(text, sizeof(text), "needs %.*s", (int)library->name.size, library->name.at);
        if (!says(source, text))
            continue;
        offline->required[checked.library_count++] = library->name;
        is_broken |= says(library->text, "BROKEN");
    }
    if (says(source, "DIES"))
        return hk_fault_set(fault, HK_ESTART, "the policy worker was ended by SIGSEGV");
    if (is_broken) {
        (void)snprintf(text, sizeof(text), "%.*s.lua:3: it is broken",
                       (int)offline->told.source.name.size, offline->told.source.name.at);
        checked.fault = hk_slice_of(text);
    }
    checked.hooks = says(source, "route") ? HK_HOOK_ROUTE : 0;
    *answer = (struct hk_wire_message){ .kind = HK_WIRE_CHECKED, .checked = checked };
    return 0;
}

void hk_offline_end(struct hk_offline *offline)
{
    hk_free(offline);
}

// ---- the stage -------------------------------------------------------------------------------

struct stage {
    struct folder folder;
    struct hk_config config;
    char policies[128], libraries[128], tables[128], generations[128], normal[128];
    struct hk_scripts_setup setup;
    struct hk_scripts *scripts;
    struct hk_scripts_report report;
    struct hk_fault fault;
};

static int stage_up(void **state)
{
    struct stage *stage = hk_alloc_zero_or_die(1, sizeof(*stage));
    folder_make(&stage->folder);
    (void)snprintf(stage->policies, 128, "%s/policies", stage->folder.path);
    (void)snprintf(stage->libraries, 128, "%s/lib", stage->folder.path);
    (void)snprintf(stage->tables, 128, "%s/tables", stage->folder.path);
    (void)snprintf(stage->generations, 128, "%s/generations", stage->folder.path);
    (void)snprintf(stage->normal, 128, "%s/shipped.lua", stage->folder.path);
    stage->config = (struct hk_config){ .policy_dir = stage->policies,
                                        .lib_dir = stage->libraries,
                                        .tables_dir = stage->tables };
    stage->setup = (struct hk_scripts_setup){ .config = &stage->config,
                                              .worker_path = "the worker",
                                              .generations_path = stage->generations,
                                              .now = { 1000 } };
    check_count = 0;
    start_count = 0;
    no_worker = false;
    *state = stage;
    return 0;
}

static int stage_down(void **state)
{
    struct stage *stage = *state;
    hk_scripts_report_fini(&stage->report);
    hk_scripts_unref(stage->scripts);
    folder_remove(&stage->folder);
    hk_free(stage);
    return 0;
}

static void file(struct stage *stage, const char *name, const char *text)
{
    (void)folder_write_text(&stage->folder, name, text);
}

static int try_load(struct stage *stage)
{
    struct hk_scripts *scripts = NULL;
    stage->setup.previous = stage->scripts;
    stage->setup.now.ms++;
    hk_scripts_report_fini(&stage->report);
    int rc = hk_scripts_load(&stage->setup, &scripts, &stage->report, &stage->fault);
    if (rc == 0) {
        hk_scripts_unref(stage->scripts);
        stage->scripts = scripts;
    }
    return rc;
}

static void load(struct stage *stage)
{
    if (try_load(stage) != 0)
        fail_msg("%s", stage->fault.text);
}

static void restart(struct stage *stage)
{
    hk_scripts_unref(stage->scripts);
    stage->scripts = NULL;
    load(stage);
}

static const struct hk_script *script(const struct stage *stage, const char *name)
{
    const struct hk_script *found = hk_scripts_find(stage->scripts, name);
    if (found == NULL)
        fail_msg("no script %s", name);
    return found;
}

static void assert_text(const struct stage *stage, const char *name, const char *text)
{
    struct hk_slice there = hk_bytes_slice(&script(stage, name)->text);
    if (!hk_slice_is(there, text))
        fail_msg("%s is '%.*s', not '%s'", name, (int)there.size, there.at, text);
}

/** Writes the report as one text: "+a:1 =b:2 ~c:3 -d:1 !e:0". */
static const char *report_of(const struct stage *stage)
{
    static char text[1024];
    size_t size = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < stage->report.count; i++) {
        const struct hk_scripts_line *line = &stage->report.lines[i];
        const char *slash = strrchr(line->name, '/');
        assert_int_equal(line->fault != NULL, line->what == HK_SCRIPT_REFUSED);
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%c%s:%u", i == 0 ? "" : " ",
                                 "=~+-!"[line->what], slash != NULL ? slash + 1 : line->name,
                                 line->generation);
    }
    return text;
}

static const char *fault_of(const struct stage *stage, const char *name)
{
    for (uint32_t i = 0; i < stage->report.count; i++) {
        const struct hk_scripts_line *line = &stage->report.lines[i];
        const char *slash = strrchr(line->name, '/');
        if (line->what == HK_SCRIPT_REFUSED &&
            strcmp(slash != NULL ? slash + 1 : line->name, name) == 0)
            return line->fault;
    }
    fail_msg("%s was not refused", name);
    return "";
}

// ---- policies --------------------------------------------------------------------------------

static void test_scripts_are_added_kept_swapped_and_removed(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/b.lua", "route 1");
    file(stage, "policies/a.lua", "nothing");
    file(stage, "policies/a-1.lua", "nothing");
    load(stage);
    assert_string_equal(report_of(stage), "+a-1:1 +a:1 +b:1");
    assert_int_equal(check_count, 3);
    assert_int_equal(start_count, 1);
    assert_int_equal(script(stage, "b")->hooks, HK_HOOK_ROUTE);
    assert_int_equal(script(stage, "a")->hooks, 0);
    assert_int_equal(script(stage, "b")->loaded_at.ms, 1001);
    assert_string_equal(stage->scripts->items[0].name, "a");
    file(stage, "policies/b.lua", "route 2");
    folder_unlink(&stage->folder, "policies/a.lua");
    file(stage, "policies/c.lua", "route");
    load(stage);
    assert_string_equal(report_of(stage), "=a-1:1 ~b:2 +c:1 -a:1");
    assert_int_equal(check_count, 5);
    assert_int_equal(script(stage, "b")->loaded_at.ms, 1002);
    assert_int_equal(script(stage, "a-1")->loaded_at.ms, 1001);
    assert_null(hk_scripts_find(stage->scripts, "a"));
    load(stage);
    assert_string_equal(report_of(stage), "=a-1:1 =b:2 =c:1");
    assert_int_equal(check_count, 5);
    assert_int_equal(start_count, 2);
}

static void test_a_broken_script_keeps_what_loaded_before(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "route good");
    file(stage, "policies/b.lua", "BROKEN");
    load(stage);
    assert_string_equal(report_of(stage), "+a:1 !b:0");
    assert_int_equal(script(stage, "b")->generation, 0);
    assert_int_equal(script(stage, "b")->text.size, 0);
    file(stage, "policies/a.lua", "BROKEN");
    load(stage);
    assert_string_equal(report_of(stage), "!a:1 !b:0");
    assert_int_equal(stage->report.refused_count, 2);
    assert_text(stage, "a", "route good");
    assert_int_equal(script(stage, "a")->hooks, HK_HOOK_ROUTE);
    assert_int_equal(script(stage, "a")->loaded_at.ms, 1001);
    char fault[256];
    (void)snprintf(fault, sizeof(fault), "%s/a.lua:3: it is broken", stage->policies);
    assert_string_equal(script(stage, "a")->fault, fault);
    assert_string_equal(fault_of(stage, "a"), fault);
    struct hk_policy_set *set = hk_scripts_policies(stage->scripts);
    assert_int_equal(set->count, 2);
    assert_string_equal(set->items[0].name, "a");
    assert_string_equal(set->items[0].fault, fault);
    assert_int_equal(set->items[0].generation, 1);
    assert_int_equal(set->items[0].hooks, HK_HOOK_ROUTE);
    assert_int_equal(set->items[0].loaded_at.ms, 1001);
    hk_policy_set_free(set);
    file(stage, "policies/a.lua", "route better");
    load(stage);
    assert_string_equal(report_of(stage), "~a:2 !b:0");
    assert_null(script(stage, "a")->fault);
    file(stage, "policies/a.lua", "BROKEN again");
    load(stage);
    file(stage, "policies/a.lua", "route better");
    load(stage);
    assert_string_equal(report_of(stage), "=a:2 !b:0");
}

static void test_a_script_that_ends_the_worker_is_refused_and_the_others_are_not(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "DIES");
    file(stage, "policies/b.lua", "route");
    load(stage);
    assert_string_equal(report_of(stage), "!a:0 +b:1");
    assert_non_null(strstr(fault_of(stage, "a"), "a.lua: the policy worker was ended by SIGSEGV"));
}

static void test_what_cannot_be_a_text_is_refused(void **state)
{
    struct stage *stage = *state;
    static const char zero[] = "route\nx\0y";
    file(stage, "policies/utf8.lua", "route\n\n\xFF\n");
    file(stage, "policies/mark.lua", "route");
    (void)folder_write(&stage->folder, "policies/zero.lua",
                       (struct hk_slice){ zero, sizeof(zero) - 1 });
    (void)mkdir(folder_path(&stage->folder, "policies/folder.lua"), 0700);
    (void)symlink("nowhere", folder_path(&stage->folder, "policies/gone.lua"));
    (void)symlink("mark.lua", folder_path(&stage->folder, "policies/link.lua"));
    struct hk_bytes large = { 0 };
    assert_int_equal(hk_bytes_reserve(&large, HK_SCRIPT_BYTES_MAX + 1), 0);
    memset(large.at, ' ', HK_SCRIPT_BYTES_MAX + 1);
    large.size = HK_SCRIPT_BYTES_MAX + 1;
    (void)folder_write(&stage->folder, "policies/large.lua", hk_bytes_slice(&large));
    large.size = HK_SCRIPT_BYTES_MAX;
    (void)folder_write(&stage->folder, "policies/largest.lua", hk_bytes_slice(&large));
    hk_bytes_fini(&large);
    load(stage);
    assert_string_equal(report_of(stage), "!folder:0 !gone:0 !large:0 +largest:1 +link:1 +mark:1 "
                                          "!utf8:0 !zero:0");
    assert_non_null(strstr(fault_of(stage, "utf8"), "utf8.lua:3: not UTF-8"));
    assert_non_null(strstr(fault_of(stage, "zero"), "zero.lua:2: not UTF-8"));
    assert_non_null(strstr(fault_of(stage, "folder"), "folder.lua: not a regular file"));
}

static void test_other_files_are_ignored_and_mistaken_names_are_told(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/README.md", "x");
    file(stage, "policies/a.lua.bak", "x");
    file(stage, "policies/.hidden.lua", "x");
    file(stage, "policies/a_spec.lua", "x");
    file(stage, "policies/a.lua", "x");
    file(stage, "policies/a b.lua", "x");
    file(stage, "policies/B.LUA", "x");
    load(stage);
    assert_string_equal(report_of(stage), "!B.LUA:0 !a b.lua:0 +a:1");
    assert_int_equal(stage->scripts->count, 1);
}

static void test_the_default_that_ships_stands_in_until_there_is_another(void **state)
{
    struct stage *stage = *state;
    stage->setup.default_path = stage->normal;
    file(stage, "shipped.lua", "shipped");
    load(stage);
    assert_string_equal(report_of(stage), "+default:1");
    assert_text(stage, "default", "shipped");
    file(stage, "policies/default.lua", "route own");
    load(stage);
    assert_string_equal(report_of(stage), "~default:2");
    assert_text(stage, "default", "route own");
}

static void test_folders_that_are_not_there_are_empty(void **state)
{
    struct stage *stage = *state;
    load(stage);
    assert_int_equal(stage->scripts->count, 0);
    assert_int_equal(start_count, 0);
    stage->config.policy_dir = NULL;
    stage->config.lib_dir = NULL;
    stage->config.tables_dir = NULL;
    load(stage);
}

static void test_there_is_no_next_set_without_a_worker_or_with_a_folder_that_is_none(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "route");
    load(stage);
    no_worker = true;
    file(stage, "policies/a.lua", "route 2");
    assert_int_equal(try_load(stage), HK_ESTART);
    assert_null(stage->report.lines);
    assert_text(stage, "a", "route");
    file(stage, "policies/a.lua", "route");
    // What did not change needs no worker.
    load(stage);
    assert_string_equal(report_of(stage), "=a:1");
    file(stage, "plain", "");
    stage->config.policy_dir = stage->policies;
    (void)snprintf(stage->policies, 128, "%s/plain", stage->folder.path);
    assert_int_equal(try_load(stage), HK_EIO);
}

static void test_the_first_set_without_a_worker_has_no_script_in_use_and_says_why(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "route");
    file(stage, "policies/b.lua", "route");
    no_worker = true;
    load(stage);
    assert_true(stage->scripts->is_unchecked);
    assert_string_equal(report_of(stage), "!a:0 !b:0");
    assert_non_null(strstr(fault_of(stage, "b"), "b.lua: not checked: no policy worker"));
    assert_int_equal(script(stage, "a")->text.size, 0);
    assert_int_equal(try_load(stage), HK_ESTART);
    no_worker = false;
    load(stage);
    assert_false(stage->scripts->is_unchecked);
    assert_string_equal(report_of(stage), "+a:1 +b:1");
}

// ---- generations -----------------------------------------------------------------------------

static void test_generations_outlive_a_restart(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "1");
    file(stage, "policies/b.lua", "1");
    load(stage);
    file(stage, "policies/a.lua", "2");
    load(stage);
    folder_unlink(&stage->folder, "policies/b.lua");
    restart(stage);
    assert_string_equal(report_of(stage), "+a:2");
    file(stage, "policies/a.lua", "3");
    file(stage, "policies/b.lua", "2");
    restart(stage);
    assert_string_equal(report_of(stage), "+a:3 +b:2");
    // It never loaded in this process, but its number is still known.
    file(stage, "policies/a.lua", "BROKEN");
    restart(stage);
    assert_string_equal(report_of(stage), "!a:0 +b:2");
    file(stage, "policies/a.lua", "3");
    load(stage);
    assert_string_equal(report_of(stage), "+a:3 =b:2");
    file(stage, "generations", "rubbish 17 x\n");
    restart(stage);
    assert_string_equal(report_of(stage), "+a:18 +b:18");
}

static void test_a_removed_script_comes_back_with_a_higher_number(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "1");
    load(stage);
    folder_unlink(&stage->folder, "policies/a.lua");
    load(stage);
    load(stage);
    file(stage, "policies/a.lua", "2");
    load(stage);
    assert_string_equal(report_of(stage), "+a:2");
}

// ---- libraries -------------------------------------------------------------------------------

static void test_a_changed_library_makes_new_generations_of_what_requires_it(void **state)
{
    struct stage *stage = *state;
    file(stage, "lib/money.lua", "1");
    file(stage, "lib/other.lua", "1");
    file(stage, "policies/a.lua", "needs money");
    file(stage, "policies/b.lua", "needs nothing");
    load(stage);
    assert_int_equal(script(stage, "a")->library_count, 1);
    assert_int_equal(script(stage, "b")->library_count, 0);
    assert_int_equal(stage->scripts->library_count, 2);
    file(stage, "lib/other.lua", "2");
    load(stage);
    assert_string_equal(report_of(stage), "=a:1 =b:1");
    file(stage, "lib/money.lua", "2");
    load(stage);
    assert_string_equal(report_of(stage), "~a:2 =b:1");
    restart(stage);
    assert_string_equal(report_of(stage), "+a:2 +b:1");
}

static void test_a_library_that_breaks_a_script_leaves_it_with_the_one_before(void **state)
{
    struct stage *stage = *state;
    file(stage, "lib/money.lua", "good");
    file(stage, "policies/a.lua", "needs money");
    load(stage);
    file(stage, "lib/money.lua", "BROKEN");
    load(stage);
    assert_string_equal(report_of(stage), "!a:1");
    struct hk_library *library = script(stage, "a")->libraries[0];
    assert_true(hk_slice_is(hk_bytes_slice(&library->text), "good"));
    assert_true(hk_slice_is(hk_bytes_slice(&stage->scripts->libraries[0]->text), "BROKEN"));
    folder_unlink(&stage->folder, "lib/money.lua");
    file(stage, "policies/a.lua", "needs money, BROKEN");
    load(stage);
    assert_string_equal(report_of(stage), "!a:1");
    assert_string_equal(script(stage, "a")->libraries[0]->name, "money");
}

static void test_a_library_that_cannot_be_read_stays_as_it_was(void **state)
{
    struct stage *stage = *state;
    file(stage, "lib/money.lua", "good");
    file(stage, "policies/a.lua", "needs money");
    load(stage);
    file(stage, "lib/money.lua", "\xFF");
    file(stage, "lib/Bad Name.lua", "");
    file(stage, "lib/never.lua", "\n\xFF");
    load(stage);
    assert_string_equal(report_of(stage), "!Bad Name.lua:0 !money.lua:0 !never.lua:0 =a:1");
    assert_non_null(strstr(fault_of(stage, "never.lua"), "never.lua:2: not UTF-8"));
    assert_int_equal(stage->scripts->library_count, 1);
}

// ---- tables ----------------------------------------------------------------------------------

static ino_t table_inode(const struct stage *stage, uint32_t place)
{
    struct stat status;
    assert_int_equal(fstat(stage->scripts->tables[place].fd, &status), 0);
    return status.st_ino;
}

static void test_tables_are_compiled_again_only_when_they_change(void **state)
{
    struct stage *stage = *state;
    file(stage, "tables/a.json", "{\"a\":1}");
    file(stage, "tables/a-1.csv", "id\n");
    file(stage, "tables/README", "x");
    load(stage);
    assert_string_equal(report_of(stage), "");
    assert_int_equal(stage->scripts->table_count, 2);
    assert_string_equal(stage->scripts->tables[0].name, "a");
    assert_false(stage->scripts->tables_changed);
    ino_t a = table_inode(stage, 0);
    ino_t a1 = table_inode(stage, 1);
    load(stage);
    assert_false(stage->scripts->tables_changed);
    assert_int_equal(table_inode(stage, 0), a);
    file(stage, "tables/a.json", "{\"a\":2}");
    load(stage);
    assert_true(stage->scripts->tables_changed);
    assert_int_not_equal(table_inode(stage, 0), a);
    assert_int_equal(table_inode(stage, 1), a1);
    folder_unlink(&stage->folder, "tables/a-1.csv");
    load(stage);
    assert_true(stage->scripts->tables_changed);
    assert_int_equal(stage->scripts->table_count, 1);
    load(stage);
    assert_false(stage->scripts->tables_changed);
}

static void test_a_table_that_does_not_parse_stays_as_it_was(void **state)
{
    struct stage *stage = *state;
    file(stage, "tables/a.json", "{\"a\":1}");
    file(stage, "tables/b.ndjson", "{");
    load(stage);
    assert_string_equal(report_of(stage), "!b.ndjson:0");
    ino_t a = table_inode(stage, 0);
    file(stage, "tables/a.json", "{\"a\":1,\n}");
    load(stage);
    assert_string_equal(report_of(stage), "!a.json:0 !b.ndjson:0");
    assert_non_null(strstr(fault_of(stage, "a.json"), "tables/a.json:2: "));
    assert_false(stage->scripts->tables_changed);
    assert_int_equal(table_inode(stage, 0), a);
}

static void test_a_table_that_is_there_twice_is_refused(void **state)
{
    struct stage *stage = *state;
    file(stage, "tables/a.csv", "id\n");
    file(stage, "tables/a.json", "{}");
    file(stage, "tables/B.JSON", "{}");
    load(stage);
    assert_string_equal(report_of(stage), "!B.JSON:0 !a.json:0");
    assert_non_null(strstr(fault_of(stage, "a.json"), "is there with another ending"));
    assert_int_equal(stage->scripts->table_count, 1);
}

static void test_a_set_is_freed_with_its_last_reference(void **state)
{
    struct stage *stage = *state;
    file(stage, "policies/a.lua", "route");
    load(stage);
    struct hk_scripts *again = hk_scripts_ref(stage->scripts);
    hk_scripts_unref(stage->scripts);
    assert_string_equal(again->items[0].name, "a");
}

#ifdef HK_FAULTS
static void test_lack_of_memory_leaves_the_set_before(void **state)
{
    struct stage *stage = *state;
    file(stage, "lib/money.lua", "1");
    file(stage, "tables/a.json", "{\"a\":1}");
    file(stage, "tables/b.json", "{");
    file(stage, "policies/a.lua", "needs money");
    file(stage, "policies/b.lua", "BROKEN");
    file(stage, "policies/c.lua", "route");
    file(stage, "policies/d.lua", "route");
    load(stage);
    file(stage, "policies/c.lua", "route 2");
    file(stage, "policies/d.lua", "BROKEN");
    file(stage, "lib/money.lua", "2");
    int rc = HK_ENOMEM;
    uint64_t nth = 1;
    for (; rc != 0 && nth < 1000; nth++) {
        hk_alloc_fail_at(nth, false);
        rc = try_load(stage);
        hk_alloc_fail_at(0, false);
        assert_true(rc == 0 || rc == HK_ENOMEM);
    }
    assert_int_equal(rc, 0);
    assert_true(nth > 50);
    assert_string_equal(report_of(stage), "!b.json:0 ~a:2 !b:0 ~c:2 !d:1");
}
#endif

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_scripts_are_added_kept_swapped_and_removed),
        STAGED(test_a_broken_script_keeps_what_loaded_before),
        STAGED(test_a_script_that_ends_the_worker_is_refused_and_the_others_are_not),
        STAGED(test_what_cannot_be_a_text_is_refused),
        STAGED(test_other_files_are_ignored_and_mistaken_names_are_told),
        STAGED(test_the_default_that_ships_stands_in_until_there_is_another),
        STAGED(test_folders_that_are_not_there_are_empty),
        STAGED(test_there_is_no_next_set_without_a_worker_or_with_a_folder_that_is_none),
        STAGED(test_the_first_set_without_a_worker_has_no_script_in_use_and_says_why),
        STAGED(test_generations_outlive_a_restart),
        STAGED(test_a_removed_script_comes_back_with_a_higher_number),
        STAGED(test_a_changed_library_makes_new_generations_of_what_requires_it),
        STAGED(test_a_library_that_breaks_a_script_leaves_it_with_the_one_before),
        STAGED(test_a_library_that_cannot_be_read_stays_as_it_was),
        STAGED(test_tables_are_compiled_again_only_when_they_change),
        STAGED(test_a_table_that_does_not_parse_stays_as_it_was),
        STAGED(test_a_table_that_is_there_twice_is_refused),
        STAGED(test_a_set_is_freed_with_its_last_reference),
#ifdef HK_FAULTS
        STAGED(test_lack_of_memory_leaves_the_set_before),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
