// SPDX-License-Identifier: Apache-2.0
#include "policy/scripts_load.h"

#include "base/alloc.h"

int hk__scripts_no_memory(struct hk__scripts_load *load)
{
    return hk_fault_set(load->fault, HK_ENOMEM, "policies: out of memory");
}

int hk__scripts_say(struct hk__scripts_load *load, enum hk_script_change what, const char *name,
                    uint32_t generation, const char *why)
{
    struct hk_scripts_report *report = load->report;
    // Doubles at each power of two.
    if ((report->count & (report->count - 1)) == 0) {
        uint32_t capacity = report->count == 0 ? 1 : report->count * 2;
        struct hk_scripts_line *lines = hk_realloc(report->lines, capacity, sizeof(*lines));
        if (lines == NULL)
            return hk__scripts_no_memory(load);
        report->lines = lines;
    }
    struct hk_scripts_line *line = &report->lines[report->count];
    line->what = what;
    line->generation = generation;
    line->name = hk_slice_dup(hk_slice_of(name));
    line->fault = why != NULL ? hk_slice_dup(hk_slice_of(why)) : NULL;
    if (line->name == NULL || (why != NULL && line->fault == NULL)) {
        hk_free(line->name);
        hk_free(line->fault);
        return hk__scripts_no_memory(load);
    }
    report->count++;
    report->refused_count += what == HK_SCRIPT_REFUSED;
    return 0;
}

void hk_scripts_report_fini(struct hk_scripts_report *report)
{
    for (uint32_t i = 0; i < report->count; i++) {
        hk_free(report->lines[i].name);
        hk_free(report->lines[i].fault);
    }
    hk_free(report->lines);
    *report = (struct hk_scripts_report){ 0 };
}
