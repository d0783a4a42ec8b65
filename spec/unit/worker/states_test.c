// SPDX-License-Identifier: Apache-2.0
#include "worker/states.h"

#include "worker/plan.h"
#include "worker/scripts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hk_state_world world = { .time_ms_max = 100,
                                             .memory_bytes_max = 8u << 20,
                                             .plan_bytes_max = 4u << 20 };
/* Tells by what it changes whether a state was used before: something no policy should do. */
static const struct hk_wire_script counting = {
    .script = 7,
    .source = { HK_SLICE("counting"), HK_SLICE("local count = 0\n"
                                               "return { api = 1, filter = function()\n"
                                               "  count = count + 1\n"
                                               "  return false, 'run ' .. count\n"
                                               "end }\n") },
};

struct shelf {
    struct hk_states states;
    struct hk_plan_draft draft;
};

static void shelf_init(struct shelf *shelf, uint32_t idle_ms)
{
    *shelf = (struct shelf){ 0 };
    hk_states_init(&shelf->states, &world, idle_ms);
}

static void shelf_fini(struct shelf *shelf)
{
    hk_states_drop_script(&shelf->states, counting.script);
    assert_int_equal(shelf->states.rows.count, 0);
    assert_int_equal(shelf->states.bytes, 0);
    hk_slots_fini(&shelf->states.rows);
    hk_index_fini(&shelf->states.index);
    hk_plan_draft_fini(&shelf->draft);
}

/* Runs the merchant's script and asserts which run of its state that was. */
static void run_is(struct shelf *shelf, uint64_t merchant_id, const char *why, bool is_spoilt)
{
    struct hk_wire_run run = { .run = 1, .merchant_id = merchant_id, .body = HK_SLICE("{}") };
    struct hk_wire_message answer = { 0 };
    struct hk_fault fault = { 0 };
    struct hk_state *state;
    assert_int_equal(hk_states_get(&shelf->states, merchant_id, &counting, &state, &fault), 0);
    run.merchant_name = HK_SLICE("Shop");
    run.event_type = HK_SLICE("approved");
    hk_plan_run(state, &run, &shelf->draft, &answer);
    assert_int_equal(answer.kind, HK_WIRE_PLANNED);
    assert_true(hk_slice_is(answer.planned.why, why));
    hk_states_rest(&shelf->states, is_spoilt);
}

static void test_each_merchant_has_a_state_of_its_own(void **unused)
{
    (void)unused;
    struct shelf shelf;
    shelf_init(&shelf, 60000);
    run_is(&shelf, 1, "run 1", false);
    run_is(&shelf, 2, "run 1", false);
    run_is(&shelf, 1, "run 2", false);
    assert_int_equal(shelf.states.rows.count, 2);
    assert_true(shelf.states.bytes > 10000);
    shelf_fini(&shelf);
}

static void test_a_failed_state_is_not_used_again(void **unused)
{
    (void)unused;
    struct shelf shelf;
    shelf_init(&shelf, 60000);
    run_is(&shelf, 1, "run 1", true);
    assert_int_equal(shelf.states.rows.count, 0);
    run_is(&shelf, 1, "run 1", false);
    shelf_fini(&shelf);
}

static void test_idle_states_are_dropped_the_oldest_first(void **unused)
{
    (void)unused;
    struct shelf shelf;
    shelf_init(&shelf, 60000);
    run_is(&shelf, 1, "run 1", false);
    run_is(&shelf, 2, "run 1", false);
    hk_states_drop_idle(&shelf.states);
    assert_int_equal(shelf.states.rows.count, 2);
    shelf.states.idle_ms = 0;
    while (shelf.states.rows.count > 0)
        hk_states_drop_idle(&shelf.states);
    shelf.states.idle_ms = 60000;
    run_is(&shelf, 1, "run 1", false);
    shelf_fini(&shelf);
}

static void test_a_script_that_does_not_load_makes_no_state(void **unused)
{
    (void)unused;
    const struct hk_wire_script broken = { .script = 9,
                                           .source = { HK_SLICE("broken"), HK_SLICE("retur") } };
    struct shelf shelf;
    struct hk_fault fault = { 0 };
    struct hk_state *state;
    shelf_init(&shelf, 60000);
    assert_int_equal(hk_states_get(&shelf.states, 1, &broken, &state, &fault), HK_ESYNTAX);
    assert_non_null(strstr(fault.text, "broken.lua:1:"));
    assert_int_equal(shelf.states.rows.count, 0);
    shelf_fini(&shelf);
}

static void test_scripts_are_copies_and_are_replaced_by_number(void **unused)
{
    (void)unused;
    struct hk_worker_scripts scripts = { 0 };
    char text[] = "return 1";
    struct hk_wire_source library = { HK_SLICE("lib"), HK_SLICE("return {}") };
    struct hk_wire_script script = { .script = 3,
                                     .source = { HK_SLICE("one"), { text, 8 } },
                                     .libraries = &library,
                                     .library_count = 1 };
    hk_worker_scripts_put(&scripts, &script);
    text[7] = '2';
    const struct hk_wire_script *kept = hk_worker_scripts_get(&scripts, 3);
    assert_true(hk_slice_is(kept->source.text, "return 1"));
    assert_true(hk_slice_is(kept->libraries[0].name, "lib"));
    hk_worker_scripts_put(&scripts, &script);
    assert_true(hk_slice_is(hk_worker_scripts_get(&scripts, 3)->source.text, "return 2"));
    assert_int_equal(scripts.count, 1);
    assert_null(hk_worker_scripts_get(&scripts, 4));
    hk_worker_scripts_drop(&scripts, 3);
    assert_null(hk_worker_scripts_get(&scripts, 3));
    hk_worker_scripts_fini(&scripts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_merchant_has_a_state_of_its_own),
        cmocka_unit_test(test_a_failed_state_is_not_used_again),
        cmocka_unit_test(test_idle_states_are_dropped_the_oldest_first),
        cmocka_unit_test(test_a_script_that_does_not_load_makes_no_state),
        cmocka_unit_test(test_scripts_are_copies_and_are_replaced_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
