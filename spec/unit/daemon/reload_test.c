// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/** A loop with a reload of a config that is not there: each is refused, after a thread looked. */
struct world {
    uv_loop_t loop;
    struct hk_reload *reload;
    struct hk_config config;
    uint32_t begun, ended;
    uint64_t told[16];
    uint32_t told_count;
    uint32_t told_at[16];  /**< Which reload told it. */
    uint64_t ask_later[4]; /**< Asked for when the first one begins. */
    uint32_t ask_later_count;
    bool is_taking;
    struct hk_reload_report *taken;
};

static void on_begins(void *arg, struct hk_candidate_setup *setup)
{
    struct world *world = arg;
    *setup = (struct hk_candidate_setup){ .config_path = "/nonexistent/hookd.lua",
                                          .config = &world->config };
    if (++world->begun > 1)
        return;
    for (uint32_t i = 0; i < world->ask_later_count; i++)
        hk_reload_ask(world->reload, world->ask_later[i]);
}

static void on_ended(void *arg, struct hk_candidate *candidate, const uint64_t *tokens,
                     uint32_t count)
{
    struct world *world = arg;
    world->ended++;
    assert_null(candidate->config);
    assert_null(candidate->scripts);
    assert_non_null(strstr(candidate->report->fault, "/nonexistent/hookd.lua"));
    for (uint32_t i = 0; i < count; i++) {
        world->told[world->told_count] = tokens[i];
        world->told_at[world->told_count++] = world->ended;
    }
    if (world->is_taking) {
        world->taken = candidate->report;
        candidate->report = NULL;
    }
}

static void make_world(struct world *world)
{
    memset(world, 0, sizeof(*world));
    assert_int_equal(uv_loop_init(&world->loop), 0);
    const struct hk_reload_events events = { on_begins, on_ended, world };
    world->reload = hk_reload_new(&world->loop, &events);
}

static void run_until(struct world *world, uint32_t ended)
{
    while (world->ended < ended)
        uv_run(&world->loop, UV_RUN_ONCE);
}

static void end_world(struct world *world)
{
    hk_reload_stop(world->reload);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    hk_reload_free(world->reload);
}

static void test_who_asks_is_told(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    hk_reload_ask(world.reload, 7);
    run_until(&world, 1);
    hk_reload_ask(world.reload, HK_RELOAD_NOBODY);
    run_until(&world, 2);
    assert_int_equal(world.told_count, 1);
    assert_int_equal(world.told[0], 7);
    end_world(&world);
}

static void test_what_is_asked_meanwhile_is_one_more_reload(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    memcpy(world.ask_later, (uint64_t[]){ 2, HK_RELOAD_NOBODY, 3 }, 3 * sizeof(uint64_t));
    world.ask_later_count = 3;
    hk_reload_ask(world.reload, 1);
    run_until(&world, 2);
    uv_run(&world.loop, UV_RUN_NOWAIT);
    assert_int_equal(world.begun, 2);
    assert_int_equal(world.told_count, 3);
    assert_int_equal(world.told_at[0], 1);
    assert_int_equal(world.told[1], 2);
    assert_int_equal(world.told_at[1], 2);
    assert_int_equal(world.told[2], 3);
    assert_int_equal(world.told_at[2], 2);
    end_world(&world);
}

static void test_one_that_runs_at_the_end_tells_nobody(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    hk_reload_ask(world.reload, 1);
    while (world.begun == 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    hk_reload_ask(world.reload, 2);
    end_world(&world);
    assert_int_equal(world.ended, 0);
}

static void test_what_is_taken_stays(void **state)
{
    (void)state;
    struct world world;
    make_world(&world);
    world.is_taking = true;
    hk_reload_ask(world.reload, 1);
    run_until(&world, 1);
    end_world(&world);
    assert_non_null(world.taken->fault);
    hk_reload_say(world.taken);
    hk_reload_report_free(world.taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_asks_is_told),
        cmocka_unit_test(test_what_is_asked_meanwhile_is_one_more_reload),
        cmocka_unit_test(test_one_that_runs_at_the_end_tells_nobody),
        cmocka_unit_test(test_what_is_taken_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
