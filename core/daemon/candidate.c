// SPDX-License-Identifier: Apache-2.0
#include "daemon/candidate.h"

#include "base/alloc.h"
#include "daemon/config_file.h"
#include "daemon/option_value.h"
#include "daemon/script_places.h"

static void refuse(struct hk_candidate *candidate, const struct hk_fault *fault)
{
    struct hk_reload_report *report = candidate->report;
    report->fault = hk_strdup_or_die(fault->text);
    hk_texts_fini(&report->applied);
    hk_texts_fini(&report->needs_restart);
    if (candidate->config != NULL)
        hk_config_fini(candidate->config);
    hk_free(candidate->config);
    candidate->config = NULL;
}

/** Notes what changed; what only a restart can change becomes as it is in use. */
static void compare(struct hk_candidate *candidate, const struct hk_config *in_use)
{
    struct hk_reload_report *report = candidate->report;
    uint32_t count;
    const struct hk_option *options = hk_options(&count);
    for (uint32_t i = 0; i < count; i++) {
        const struct hk_option *option = &options[i];
        if (hk_option_is_equal(option, candidate->config, in_use))
            continue;
        hk_texts_add(option->can_reload ? &report->applied : &report->needs_restart,
                     hk_slice_of(option->path));
        if (!option->can_reload)
            hk_option_copy(option, candidate->config, in_use);
    }
}

static enum hk_reload_what what_of(const struct hk_scripts_line *line)
{
    switch (line->what) {
    case HK_SCRIPT_KEPT:
        return HK_RELOAD_KEPT;
    case HK_SCRIPT_SWAPPED:
        return HK_RELOAD_SWAPPED;
    case HK_SCRIPT_ADDED:
        return HK_RELOAD_ADDED;
    case HK_SCRIPT_REMOVED:
        return HK_RELOAD_REMOVED;
    case HK_SCRIPT_REFUSED:
        break;
    }
    return HK_RELOAD_REFUSED;
}

/** Moves the texts of the scripts' report into ours. */
static void take_lines(struct hk_reload_report *report, struct hk_scripts_report *scripts)
{
    report->lines = hk_alloc_zero_or_die(scripts->count + 1, sizeof(*report->lines));
    report->line_count = scripts->count;
    report->refused_count = scripts->refused_count;
    for (uint32_t i = 0; i < scripts->count; i++) {
        struct hk_scripts_line *line = &scripts->lines[i];
        report->lines[i] = (struct hk_reload_line){ .name = line->name,
                                                    .what = what_of(line),
                                                    .generation = line->generation,
                                                    .fault = line->fault };
        line->name = NULL;
        line->fault = NULL;
    }
}

void hk_candidate_make(struct hk_candidate *candidate, const struct hk_candidate_setup *setup)
{
    struct hk_fault fault = { 0 };
    struct hk_scripts_report scripts = { 0 };
    *candidate = (struct hk_candidate){ 0 };
    candidate->report = hk_alloc_zero_or_die(1, sizeof(*candidate->report));
    candidate->config = hk_alloc_zero_or_die(1, sizeof(*candidate->config));
    if (hk_config_load(setup->config_path, false, candidate->config, &fault) < 0) {
        refuse(candidate, &fault);
        return;
    }
    hk_script_places_mend(candidate->config);
    compare(candidate, setup->config);
    const struct hk_script_load load = { .config = candidate->config, .previous = setup->previous };
    if (hk_script_places_load(&load, &candidate->scripts, &scripts, &fault) < 0) {
        refuse(candidate, &fault);
        return;
    }
    take_lines(candidate->report, &scripts);
    hk_scripts_report_fini(&scripts);
}

void hk_candidate_fini(struct hk_candidate *candidate)
{
    if (candidate->config != NULL)
        hk_config_fini(candidate->config);
    hk_free(candidate->config);
    if (candidate->scripts != NULL)
        hk_scripts_unref(candidate->scripts);
    hk_reload_report_free(candidate->report);
    *candidate = (struct hk_candidate){ 0 };
}
