// SPDX-License-Identifier: Apache-2.0
#include "model/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_commands_are_zeroed_and_keep_their_order(void **state)
{
    (void)state;
    struct hk_commands commands = { 0 };
    for (uint64_t i = 0; i < 1000; i++) {
        struct hk_command *command = hk_commands_add(&commands, HK_COMMAND_ACK);
        assert_int_equal(command->kind, HK_COMMAND_ACK);
        assert_int_equal(command->ack.token, 0);
        assert_false(command->ack.is_replayed);
        command->ack.token = i;
    }
    assert_int_equal(commands.count, 1000);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(commands.items[i].ack.token, i);
    hk_commands_fini(&commands);
    assert_int_equal(commands.count, 0);
    assert_null(commands.items);
}

/* The list is used again step after step: what was there must not shine through. */
static void test_a_list_that_is_used_again_is_clean(void **state)
{
    (void)state;
    struct hk_commands commands = { 0 };
    struct hk_command *command = hk_commands_add(&commands, HK_COMMAND_TRACE);
    memset(&command->trace, 0xff, sizeof(command->trace));
    uint32_t capacity = commands.capacity;
    commands.count = 0;
    command = hk_commands_add(&commands, HK_COMMAND_START_ATTEMPT);
    assert_null(command->start_attempt.body);
    assert_int_equal(command->start_attempt.delivery, 0);
    assert_int_equal(commands.capacity, capacity);
    hk_commands_fini(&commands);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_are_zeroed_and_keep_their_order),
        cmocka_unit_test(test_a_list_that_is_used_again_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
