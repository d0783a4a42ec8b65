// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_file.h"

#include "base/alloc.h"
#include "daemon/config_cage.h"
#include "daemon/config_reader.h"
#include "daemon/text_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 1 << 20 };

static const char *environment_get(const char *name)
{
    return getenv(name);
}

/** Copies the folder part of `path`; empty when there is none. The caller frees. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = hk_strdup_or_die(path);
    folder[slash ? (size_t)(slash - path) : 0] = '\0';
    return folder;
}

/** Runs and reads the text of a config into `reader`. */
static int text_read(struct hk_config_reader *reader, const char *folder)
{
    struct hk_config_cage cage;
    struct hk_fault fault;
    uint32_t line = 0;
    int code = hk_config_cage_init(&cage, environment_get, folder);
    if (code < 0)
        return code;
    code = hk_config_cage_run(&cage, reader->text, &line, &fault);
    if (code < 0) {
        hk_config_faults_add(reader->faults, line, fault.text);
    } else {
        reader->cage = &cage;
        hk_config_reader_read(reader);
        if (reader->faults->wrong_count > 0)
            code = HK_EINVAL;
    }
    hk_config_cage_fini(&cage);
    return code;
}

static int file_read(const char *path, bool create_keys, struct hk_config *config,
                     struct hk_config_faults *faults)
{
    struct hk_bytes text = { 0 };
    struct hk_fault fault;
    *config = (struct hk_config){ 0 };
    if (hk_text_file_read(path, CONFIG_BYTES_MAX, &text, &fault) < 0) {
        hk_bytes_fini(&text);
        hk_config_faults_add(faults, 0, fault.text);
        return HK_EINVAL;
    }
    struct hk_config_reader reader = {
        .text = hk_bytes_slice(&text),
        .places = { .credentials_dir = environment_get("CREDENTIALS_DIRECTORY"),
                    .can_create = create_keys },
        .config = config,
        .faults = faults,
    };
    char *folder = folder_of(path);
    int code = text_read(&reader, folder[0] || path[0] != '/' ? folder : "/");
    hk_free(folder);
    hk_wipe(text.at, text.capacity);
    hk_bytes_fini(&text);
    hk_config_faults_sort(faults);
    return code;
}

/** Turns the first fault (or note, when there is nothing else) into one for a log line. */
static int first_fault(const char *path, const struct hk_config_faults *faults, int code,
                       struct hk_fault *fault)
{
    const struct hk_config_fault *first = &faults->items[0];
    for (uint32_t i = 0; i < faults->count && first->is_note; i++)
        if (!faults->items[i].is_note)
            first = &faults->items[i];
    uint32_t wrong = faults->wrong_count ? faults->wrong_count : faults->count;
    char more[40] = "";
    if (wrong > 1)
        (void)snprintf(more, sizeof(more), " (and %u more)", wrong - 1);
    if (first->line == 0)
        return hk_fault_set(fault, code, "%s%s", first->text, more);
    return hk_fault_set(fault, code, "%s:%u: %s%s", path, first->line, first->text, more);
}

int hk_config_load(const char *path, bool create_keys, struct hk_config *config,
                   struct hk_fault *fault)
{
    struct hk_config_faults faults = { 0 };
    path = path ? path : HK_CONFIG_PATH_DEFAULT;
    int code = file_read(path, create_keys, config, &faults);
    if (code == 0 && faults.count > 0)
        code = HK_EINVAL;
    if (code < 0 && faults.count > 0)
        first_fault(path, &faults, code, fault);
    else if (code < 0)
        hk_fault_set(fault, code, "%s: %s", path, hk_error_text(code));
    if (code < 0)
        hk_config_fini(config);
    hk_config_faults_fini(&faults);
    return code;
}

int hk_config_check(const char *path, struct hk_config *config, struct hk_config_faults *faults)
{
    int code = file_read(path ? path : HK_CONFIG_PATH_DEFAULT, false, config, faults);
    if (code < 0)
        hk_config_fini(config);
    return code;
}
