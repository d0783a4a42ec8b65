// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_faults.h"

#include "base/alloc.h"

static void add(struct hk_config_faults *faults, struct hk_config_fault fault)
{
    faults->wrong_count += !fault.is_note;
    if (faults->count >= HK_CONFIG_FAULTS_MAX)
        return;
    fault.text = hk_strdup_or_die(fault.text);
    faults->items = hk_realloc_or_die(faults->items, faults->count + 1, sizeof(fault));
    faults->items[faults->count++] = fault;
}

void hk_config_faults_add(struct hk_config_faults *faults, uint32_t line, const char *text)
{
    add(faults, (struct hk_config_fault){ line, false, (char *)(uintptr_t)text });
}

void hk_config_faults_note(struct hk_config_faults *faults, uint32_t line, const char *text)
{
    add(faults, (struct hk_config_fault){ line, true, (char *)(uintptr_t)text });
}

void hk_config_faults_sort(struct hk_config_faults *faults)
{
    // Insertion: there are few, and equal lines must keep their order.
    for (uint32_t i = 1; i < faults->count; i++) {
        struct hk_config_fault moving = faults->items[i];
        uint32_t place = i;
        for (; place > 0 && faults->items[place - 1].line > moving.line; place--)
            faults->items[place] = faults->items[place - 1];
        faults->items[place] = moving;
    }
}

void hk_config_faults_fini(struct hk_config_faults *faults)
{
    for (uint32_t i = 0; i < faults->count; i++)
        hk_free(faults->items[i].text);
    hk_free(faults->items);
    *faults = (struct hk_config_faults){ 0 };
}
