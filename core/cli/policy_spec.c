// SPDX-License-Identifier: Apache-2.0
#include "cli/policy.h"

#include "base/alloc.h"
#include "base/json.h"
#include "cli/file.h"

/** Specs of several files, under way. */
struct specs {
    struct hk_call *call;
    uint32_t passed_count, failed_count;
    struct hk_bytes json;
};

static int append_json(struct specs *specs, const char *path,
                       const struct hk_wire_spec_result *result)
{
    struct hk_bytes *out = &specs->json;
    int code = hk_bytes_append_text(out, out->size > 0 ? ",{\"file\":" : "[{\"file\":");
    if (code == 0)
        code = hk_json_append_string(out, hk_slice_of(path));
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"name\":");
    if (code == 0)
        code = hk_json_append_string(out, result->name);
    if (code == 0)
        code = hk_bytes_append_text(out, ",\"fault\":");
    if (code == 0)
        code = result->fault.size > 0 ? hk_json_append_string(out, result->fault)
                                      : hk_bytes_append_text(out, "null");
    return code < 0 ? code : hk_bytes_append_text(out, "}");
}

/** Tells one result: "+ name", or "- name" and why below it. */
static void tell(struct specs *specs, const char *path, const struct hk_wire_spec_result *result)
{
    const struct hk_screen *screen = specs->call->screen;
    bool holds = result->fault.size == 0;
    enum hk_tone tone = holds ? HK_TONE_GOOD : HK_TONE_BAD;
    specs->passed_count += holds;
    specs->failed_count += !holds;
    if (screen->is_json) {
        if (append_json(specs, path, result) < 0)
            hk_screen_complain(screen, "%s", hk_error_text(HK_ENOMEM));
        return;
    }
    hk_screen_print(screen, "%s%c%s ", hk_tone_start(tone, screen->has_color), holds ? '+' : '-',
                    hk_tone_end(tone, screen->has_color));
    hk_screen_text(screen, result->name);
    for (struct hk_slice rest = result->fault; rest.size > 0;) {
        const char *newline = memchr(rest.at, '\n', rest.size);
        struct hk_slice line = { rest.at, newline ? (size_t)(newline - rest.at) : rest.size };
        hk_screen_print(screen, "\n    ");
        hk_screen_text(screen, line);
        rest.at += line.size + (newline != NULL);
        rest.size -= line.size + (newline != NULL);
    }
    hk_screen_print(screen, "\n");
}

/** Tells a fault of the file itself. */
static void tell_fault(struct specs *specs, const char *path, struct hk_slice fault)
{
    tell(specs, path, &(struct hk_wire_spec_result){ hk_slice_of(path), fault });
}

/** Reads the policies that the spec may load: those beside it, and those in the folder above. */
static int read_policies(struct hk_sources *policies, const char *path, struct hk_fault *fault)
{
    char *folder = hk_file_folder(path);
    char *above = hk_file_join(folder, "..");
    int code = hk_sources_add_folder(policies, folder, fault);
    if (code == 0)
        code = hk_sources_add_folder(policies, above, fault);
    hk_free(above);
    hk_free(folder);
    return code;
}

/** Appends a fault with the path of the file that it names, if it is the spec or a policy. */
static int append_fault(struct hk_bytes *out, struct hk_slice fault, const struct hk_source *spec,
                        const struct hk_sources *policies)
{
    const char *path = spec->path;
    size_t skipped = hk_source_prefix(spec, fault);
    for (uint32_t i = 0; skipped == 0 && i < policies->count; i++) {
        path = policies->items[i].path;
        skipped = hk_source_prefix(&policies->items[i], fault);
    }
    int code = hk_bytes_append_text(out, skipped > 0 ? path : "");
    return code < 0 ? code : hk_bytes_append(out, fault.at + skipped, fault.size - skipped);
}

/** Tells the results with the paths of the files that they name. */
static void tell_all(struct specs *specs, const struct hk_wire_spec_done *done,
                     const struct hk_source *spec, const struct hk_sources *policies)
{
    for (uint32_t i = 0; i < done->result_count; i++) {
        struct hk_wire_spec_result result = done->results[i];
        struct hk_bytes fault = { 0 };
        if (append_fault(&fault, result.fault, spec, policies) == 0)
            result.fault = hk_bytes_slice(&fault);
        tell(specs, spec->path, &result);
        hk_bytes_fini(&fault);
    }
}

/** Asks the cage and tells what came of it. */
static void ask(struct specs *specs, struct hk_cage *cage, const struct hk_source *spec,
                const struct hk_sources *policies)
{
    struct hk_wire_source *scripts = hk_sources_wire(policies);
    struct hk_wire_message answer, question = {
        .kind = HK_WIRE_SPEC,
        .spec = {
            .run = 1,
            .source = { spec->name, hk_bytes_slice(&spec->text) },
            .scripts = scripts,
            .script_count = policies->count,
            .libraries = cage->wire_libraries,
            .library_count = cage->libraries.count,
        },
    };
    struct hk_bytes text = { 0 };
    struct hk_fault fault;
    int code = hk_cage_ask(cage, &question, &answer, &fault);
    if (code == 0 && answer.kind != HK_WIRE_SPEC_DONE)
        code = hk_fault_set(&fault, HK_EDAMAGED, "the worker answers something else");
    if (code == 0)
        tell_all(specs, &answer.spec_done, spec, policies);
    if (code < 0)
        tell_fault(specs, spec->path, hk_slice_of(fault.text));
    else if (answer.spec_done.fault.size > 0 &&
             append_fault(&text, answer.spec_done.fault, spec, policies) == 0)
        tell_fault(specs, spec->path, hk_bytes_slice(&text));
    else if (answer.spec_done.result_count == 0)
        tell_fault(specs, spec->path, HK_SLICE("there is no it(...) in it"));
    hk_bytes_fini(&text);
    hk_free(scripts);
}

static enum hk_exit run_file(struct specs *specs, const char *path)
{
    struct hk_sources spec = { 0 }, policies = { 0 };
    struct hk_fault fault;
    struct hk_cage cage;
    enum hk_exit ended = HK_EXIT_DONE;
    int code = hk_sources_add(&spec, path, &fault);
    if (code == 0)
        code = read_policies(&policies, path, &fault);
    if (code < 0) {
        tell_fault(specs, path, hk_slice_of(fault.text));
    } else {
        ended = hk_policy_open_cage(specs->call, path, &cage);
        if (ended == HK_EXIT_DONE) {
            ask(specs, &cage, &spec.items[0], &policies);
            hk_cage_close(&cage);
        }
    }
    hk_sources_fini(&policies);
    hk_sources_fini(&spec);
    return ended;
}

enum hk_exit hk_policy_spec(struct hk_call *call)
{
    struct specs specs = { .call = call };
    enum hk_exit ended = HK_EXIT_DONE;
    for (uint32_t i = 0; ended == HK_EXIT_DONE && i < call->arguments->word_count; i++)
        ended = run_file(&specs, call->arguments->words[i]);
    if (call->screen->is_json)
        hk_screen_print(call->screen, "%.*s]\n", (int)specs.json.size,
                        hk_bytes_slice(&specs.json).at);
    else if (ended == HK_EXIT_DONE)
        hk_screen_print(call->screen, "%u passed, %u failed\n", specs.passed_count,
                        specs.failed_count);
    hk_bytes_fini(&specs.json);
    return ended == HK_EXIT_DONE && specs.failed_count > 0 ? HK_EXIT_FAILED : ended;
}
