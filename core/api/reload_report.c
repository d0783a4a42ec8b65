// SPDX-License-Identifier: Apache-2.0
#include "api/reload_report.h"

#include "base/alloc.h"

const char *hk_reload_what_word(enum hk_reload_what what)
{
    static const char *const words[] = { "kept", "swapped", "added", "removed", "refused" };
    return words[what];
}

const struct hk_reload_line *hk_reload_report_refused(const struct hk_reload_report *report)
{
    for (uint32_t i = 0; i < report->line_count; i++)
        if (report->lines[i].what == HK_RELOAD_REFUSED)
            return &report->lines[i];
    return NULL;
}

void hk_reload_report_free(struct hk_reload_report *report)
{
    if (report == NULL)
        return;
    for (uint32_t i = 0; i < report->line_count; i++) {
        hk_free(report->lines[i].name);
        hk_free(report->lines[i].fault);
    }
    hk_free(report->lines);
    hk_texts_fini(&report->applied);
    hk_texts_fini(&report->needs_restart);
    hk_free(report->fault);
    hk_free(report);
}
