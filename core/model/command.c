// SPDX-License-Identifier: Apache-2.0
#include "model/command.h"

#include "base/alloc.h"

struct hk_command *hk_commands_add(struct hk_commands *commands, enum hk_command_kind kind)
{
    if (commands->count == commands->capacity) {
        commands->capacity = commands->capacity ? commands->capacity * 2 : 256;
        commands->items =
            hk_realloc_or_die(commands->items, commands->capacity, sizeof(*commands->items));
    }
    struct hk_command *command = &commands->items[commands->count++];
    memset(command, 0, sizeof(*command));
    command->kind = kind;
    return command;
}

void hk_commands_fini(struct hk_commands *commands)
{
    hk_free(commands->items);
    *commands = (struct hk_commands){ 0 };
}
