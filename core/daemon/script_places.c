// SPDX-License-Identifier: Apache-2.0
#include "daemon/script_places.h"

#include "base/alloc.h"
#include "daemon/clock.h"
#include "daemon/option.h"
#include "policy/process.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHARE "/usr/share/hookd/"

/** Writes PREFIX/share/hookd/NAME of the running program's prefix; false when there is none. */
static bool beside(char *path, size_t size, const char *name)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length <= 0)
        return false;
    program[length] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(program, '/');
        if (slash == NULL)
            return false;
        *slash = '\0';
    }
    int written = snprintf(path, size, "%s/share/hookd/%s", program, name);
    return written > 0 && (size_t)written < size && access(path, R_OK) == 0;
}

/** Gets where a file that ships is, or NULL; the caller frees. */
static char *shipped(const char *name)
{
    char path[PATH_MAX];
    if (beside(path, sizeof(path), name))
        return hk_strdup_or_die(path);
    (void)snprintf(path, sizeof(path), SHARE "%s", name);
    return access(path, R_OK) == 0 ? hk_strdup_or_die(path) : NULL;
}

void hk_script_places_init(struct hk_script_places *places, const struct hk_config *config)
{
    char path[PATH_MAX];
    places->worker_path = hk_strdup_or_die(hk_process_worker_path(path, sizeof(path)));
    places->default_path = shipped("scripts/default.lua");
    (void)snprintf(path, sizeof(path), "%s/policy-generations", config->state_dir);
    places->generations_path = hk_strdup_or_die(path);
}

void hk_script_places_fini(struct hk_script_places *places)
{
    hk_free(places->worker_path);
    hk_free(places->default_path);
    hk_free(places->generations_path);
    *places = (struct hk_script_places){ 0 };
}

int hk_script_places_load(const struct hk_script_load *load, struct hk_scripts **scripts,
                          struct hk_scripts_report *report, struct hk_fault *fault)
{
    struct hk_script_places places;
    hk_script_places_init(&places, load->config);
    const struct hk_scripts_setup setup = {
        .config = load->config,
        .worker_path = places.worker_path,
        .default_path = places.default_path,
        .generations_path = load->is_trial ? NULL : places.generations_path,
        .previous = load->previous,
        .now = hk_clock_now().wall,
    };
    int code = hk_scripts_load(&setup, scripts, report, fault);
    hk_script_places_fini(&places);
    return code;
}

void hk_script_places_mend(struct hk_config *config)
{
    const struct hk_option *option = hk_option_find(HK_SLICE("lib_dir"));
    char quoted[PATH_MAX], path[PATH_MAX];
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", config->lib_dir);
    if (strcmp(quoted, option->initial) != 0 || access(config->lib_dir, F_OK) == 0 ||
        !beside(path, sizeof(path), "lib"))
        return;
    hk_free(config->lib_dir);
    config->lib_dir = hk_strdup_or_die(path);
}
