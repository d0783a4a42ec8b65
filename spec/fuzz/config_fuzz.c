// SPDX-License-Identifier: Apache-2.0
/* Any text as a config: it must end, stay in its cage, and give a config or faults with lines that
 * the text has. */
#include "daemon/config_cage.h"
#include "daemon/config_faults.h"
#include "daemon/config_reader.h"

#include <stdlib.h>

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/** At most as many as Lua counts, for which a carriage return ends a line too. */
static uint32_t line_count(struct hk_slice text)
{
    uint32_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += text.at[i] == '\n' || text.at[i] == '\r';
    return count;
}

static void check_faults(const struct hk_config_faults *faults, struct hk_slice text)
{
    for (uint32_t i = 0; i < faults->count; i++)
        if (faults->items[i].line < 1 || faults->items[i].line > line_count(text))
            abort();
}

static void read_config(struct hk_config_cage *cage, struct hk_slice text)
{
    struct hk_config config = { 0 };
    struct hk_config_faults faults = { 0 };
    struct hk_config_reader reader = {
        .cage = cage, .text = text, .config = &config, .faults = &faults
    };
    hk_config_reader_read(&reader);
    // What is read without a complaint is whole.
    if (faults.wrong_count == 0 && (config.listen.count == 0 || config.engine.attempts == 0))
        abort();
    check_faults(&faults, text);
    hk_config_faults_fini(&faults);
    hk_config_fini(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    struct hk_slice text = { (const char *)data, data_bytes };
    struct hk_config_cage cage;
    struct hk_fault fault;
    uint32_t line;
    if (data_bytes > 65536 || hk_config_cage_init(&cage, no_environment, "/nowhere") < 0)
        return 0;
    if (hk_config_cage_run(&cage, text, &line, &fault) == 0)
        read_config(&cage, text);
    else if (line < 1 || line > line_count(text))
        abort();
    hk_config_cage_fini(&cage);
    return 0;
}
