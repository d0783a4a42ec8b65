// SPDX-License-Identifier: Apache-2.0
#include "policy/scripts_load.h"

#include "base/alloc.h"
#include "base/seal.h"

static int cage_open(struct hk__scripts_load *load)
{
    const struct hk_scripts *scripts = load->scripts;
    const struct hk_config *config = load->setup->config;
    struct hk_process_setup setup = {
        .worker_path = load->setup->worker_path,
        .policy = &config->policy,
        .plan_bytes_max = config->plan_bytes_max,
        .tables = scripts->tables,
        .table_count = scripts->table_count,
    };
    if (load->offline != NULL)
        return 0;
    if (scripts->library_count != 0) {
        load->libraries = hk_alloc_zero(scripts->library_count, sizeof(*load->libraries));
        if (load->libraries == NULL)
            return hk__scripts_no_memory(load);
    }
    for (uint32_t i = 0; i < scripts->library_count; i++)
        load->libraries[i] = (struct hk_wire_source){
            hk_slice_of(scripts->libraries[i]->name),
            hk_bytes_slice(&scripts->libraries[i]->text),
        };
    return hk_offline_start(&setup, &load->offline, load->fault);
}

/** Says why a script is not taken. The worker knows names ("NAME.lua:3: ..."), a person wants the
 * file. */
static int refuse(struct hk__scripts_load *load, struct hk_script *script, struct hk_slice what)
{
    struct hk_bytes text = { 0 };
    size_t name_size = strlen(script->name);
    bool is_placed = what.size > name_size + 5 && memcmp(what.at, script->name, name_size) == 0 &&
                     memcmp(what.at + name_size, ".lua:", 5) == 0;
    if (is_placed)
        what = (struct hk_slice){ what.at + name_size + 5, what.size - name_size - 5 };
    int rc = hk_bytes_append_format(&text, "%s:%s%.*s", script->path, is_placed ? "" : " ",
                                    (int)what.size, what.at);
    if (rc == 0)
        script->fault = hk_slice_dup(hk_bytes_slice(&text));
    hk_bytes_fini(&text);
    return script->fault != NULL ? 0 : hk__scripts_no_memory(load);
}

/** Notes the libraries that the worker says were required, by name. */
static int keep_libraries(struct hk__scripts_load *load, struct hk_script *script,
                          const struct hk_wire_checked *checked)
{
    const struct hk_scripts *scripts = load->scripts;
    if (checked->library_count == 0)
        return 0;
    script->libraries = hk_alloc_zero(scripts->library_count, sizeof(*script->libraries));
    if (scripts->library_count != 0 && script->libraries == NULL)
        return hk__scripts_no_memory(load);
    // In the order of the set, each once, whatever the worker says.
    for (uint32_t i = 0; i < scripts->library_count; i++) {
        for (uint32_t j = 0; j < checked->library_count; j++) {
            if (!hk_slice_is(checked->libraries[j], scripts->libraries[i]->name))
                continue;
            script->libraries[script->library_count++] = hk__library_ref(scripts->libraries[i]);
            break;
        }
    }
    return 0;
}

/** Tells the worker the script, once more when the worker had gone. */
static int tell(struct hk__scripts_load *load, const struct hk_wire_message *message,
                struct hk_fault *why)
{
    int rc = hk_offline_tell(load->offline, message, why);
    return rc == HK_EIO ? hk_offline_tell(load->offline, message, why) : rc;
}

static int ask(struct hk__scripts_load *load, struct hk_script *script)
{
    struct hk_wire_message answer;
    struct hk_fault why = { 0 };
    const uint32_t number = ++load->numbers;
    const struct hk_wire_message told = {
        .kind = HK_WIRE_SCRIPT,
        .script = { .script = number,
                    .source = { hk_slice_of(script->name), hk_bytes_slice(&script->text) },
                    .libraries = load->libraries,
                    .library_count = load->scripts->library_count },
    };
    const struct hk_wire_message asked = { .kind = HK_WIRE_CHECK, .check = { number, number } };
    const struct hk_wire_message drop = { .kind = HK_WIRE_DROP, .drop = number };
    int rc = tell(load, &told, &why);
    if (rc == HK_ENOMEM || rc == HK_ESTART)
        return hk_fault_set(load->fault, rc, "%s", why.text);
    if (rc == 0)
        rc = hk_offline_ask(load->offline, &asked, &answer, &why);
    if (rc == HK_ENOMEM)
        return hk__scripts_no_memory(load);
    // The worker was there a moment ago: that it died or hangs is the script's doing.
    if (rc != 0)
        return refuse(load, script, hk_slice_of(why.text));
    if (answer.checked.fault.size != 0)
        rc = refuse(load, script, answer.checked.fault);
    else
        rc = keep_libraries(load, script, &answer.checked);
    script->hooks = answer.checked.hooks;
    if (rc == 0 && hk_offline_tell(load->offline, &drop, &why) == HK_ENOMEM)
        rc = hk__scripts_no_memory(load);
    return rc;
}

/* Without a worker at the start there is nothing that could stay in use: each script says why it is
 * not, and what was planned before goes on. */
static int leave_unchecked(struct hk__scripts_load *load, struct hk_script *script)
{
    struct hk_bytes text = { 0 };
    load->scripts->is_unchecked = true;
    int rc = hk_bytes_append_format(&text, "not checked: %s", load->fault->text);
    if (rc == 0)
        rc = refuse(load, script, hk_bytes_slice(&text));
    hk_bytes_fini(&text);
    return rc == 0 ? 0 : hk__scripts_no_memory(load);
}

int hk__scripts_check(struct hk__scripts_load *load, struct hk_script *script)
{
    int rc = load->scripts->is_unchecked ? HK_ESTART : cage_open(load);
    if (rc == 0)
        rc = ask(load, script);
    bool is_first = load->setup->previous == NULL && load->fault != NULL;
    return rc == HK_ESTART && is_first ? leave_unchecked(load, script) : rc;
}

int hk__script_digest(struct hk_slice text, struct hk_library *const *libraries,
                      uint32_t library_count, uint8_t digest[32])
{
    struct hk_bytes whole = { 0 };
    uint8_t own[32];
    hk_sha256(text, own);
    int rc = hk_bytes_append(&whole, own, sizeof(own));
    for (uint32_t i = 0; rc == 0 && i < library_count; i++)
        rc = hk_bytes_append(&whole, libraries[i]->digest, sizeof(libraries[i]->digest));
    if (rc == 0)
        hk_sha256(hk_bytes_slice(&whole), digest);
    hk_bytes_fini(&whole);
    return rc;
}
