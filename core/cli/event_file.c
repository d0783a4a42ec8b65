// SPDX-License-Identifier: Apache-2.0
#include "cli/event_file.h"

#include "cli/file.h"
#include "model/event.h"

enum { EVENT_BYTES_MAX = 64 << 20 };

int hk_json_file_scan(const char *path, struct hk_slice text, struct hk_json_value *top,
                      struct hk_fault *fault)
{
    struct hk_json_fault found;
    int code = hk_json_scan(text, top, &found);
    if (code == HK_ESYNTAX)
        return hk_fault_set(fault, code, "%s:%u:%u: %s", path, found.line, found.column,
                            found.reason);
    return code < 0 ? hk_fault_set(fault, code, "%s: %s", path, hk_error_text(code)) : 0;
}

static int read_type(struct hk_event_file *file, const char *path, struct hk_fault *fault)
{
    struct hk_json_value event;
    if (file->top.type != HK_JSON_OBJECT)
        return hk_fault_set(fault, HK_EINVAL, "%s: an event is an object, {\"event\": ...}", path);
    if (!hk_json_find(file->top, "event", &event) || event.type != HK_JSON_STRING)
        return hk_fault_set(fault, HK_EINVAL, "%s: there is no \"event\" with the event's type",
                            path);
    int code = hk_json_string(event, &file->type);
    if (code < 0)
        return hk_fault_set(fault, code, "%s: %s", path, hk_error_text(code));
    if (!hk_event_type_is_valid(hk_bytes_slice(&file->type)))
        return hk_fault_set(fault, HK_EINVAL, "%s: \"event\" is 1 to 100 of a-z 0-9 _ .", path);
    return 0;
}

int hk_event_file_read(struct hk_event_file *file, const char *path, struct hk_fault *fault)
{
    *file = (struct hk_event_file){ 0 };
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    int code = hk_file_read(path, EVENT_BYTES_MAX, &file->text, fault);
    if (code == 0)
        code = hk_json_file_scan(shown, hk_bytes_slice(&file->text), &file->top, fault);
    if (code == 0)
        code = read_type(file, shown, fault);
    if (code < 0)
        hk_event_file_fini(file);
    return code;
}

void hk_event_file_fini(struct hk_event_file *file)
{
    hk_bytes_fini(&file->text);
    hk_bytes_fini(&file->type);
}
