// SPDX-License-Identifier: Apache-2.0
#include "api/reload.h"

#include <stdio.h>

void hk_reload_want(struct hk_exchange *exchange)
{
    const struct hk_server_options *options = &hk_exchange_api(exchange)->options;
    if (options->reload == NULL) {
        hk_answer_unavailable(&exchange->answer, "There is nothing to reload.");
        return;
    }
    uint64_t token;
    if (hk_exchange_wait(exchange, HK_ASKED_RELOAD, &token))
        options->reload(options->arg, token);
}

static json_t *view_texts(const struct hk_texts *texts)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < texts->count; i++)
        json_array_append_new(list, json_string(texts->items[i]));
    return list;
}

static json_t *view_lines(const struct hk_reload_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->line_count; i++) {
        const struct hk_reload_line *line = &report->lines[i];
        json_t *fault =
            line->fault != NULL ? hk_answer_text(hk_slice_of(line->fault)) : json_null();
        json_array_append_new(list, json_pack("{s:o,s:s,s:I,s:o}", "name",
                                              hk_answer_text(hk_slice_of(line->name)), "what",
                                              hk_reload_what_word(line->what), "generation",
                                              (json_int_t)line->generation, "fault", fault));
    }
    return list;
}

static json_t *view_report(const struct hk_reload_report *report)
{
    json_t *fault =
        report->fault != NULL ? hk_answer_text(hk_slice_of(report->fault)) : json_null();
    return json_pack("{s:{s:o,s:o,s:o},s:o,s:I,s:f}", "config", "applied",
                     view_texts(&report->applied), "needs_restart",
                     view_texts(&report->needs_restart), "fault", fault, "policies",
                     view_lines(report), "refused", (json_int_t)report->refused_count, "pause_ms",
                     (double)report->pause_us / 1000.0);
}

/** Says in a sentence why not everything was taken. */
static void describe(const struct hk_reload_report *report, char *text, size_t size)
{
    const struct hk_reload_line *first = hk_reload_report_refused(report);
    if (report->fault != NULL)
        (void)snprintf(text, size, "Nothing was changed: %s", report->fault);
    else
        (void)snprintf(text, size, "%u refused, the rest is in use: %s", report->refused_count,
                       first != NULL && first->fault != NULL ? first->fault : "");
}

void hk_reload_answer(struct hk_exchange *exchange, const struct hk_reload_report *report)
{
    struct hk_answer *answer = &exchange->answer;
    if (report->fault == NULL && report->refused_count == 0) {
        hk_answer_data(answer, view_report(report));
        return;
    }
    char message[1024];
    describe(report, message, sizeof(message));
    hk_answer_refused(answer, message, view_report(report));
}
