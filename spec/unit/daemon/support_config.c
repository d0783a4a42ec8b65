// SPDX-License-Identifier: Apache-2.0
#include "support_config.h"

#include "base/alloc.h"
#include "daemon/text_file.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int config_case_open(void **state)
{
    struct config_case *made = hk_alloc_zero_or_die(1, sizeof(*made));
    (void)snprintf(made->folder, sizeof(made->folder), "/tmp/hk_config_XXXXXX");
    assert_non_null(mkdtemp(made->folder));
    (void)snprintf(made->path, sizeof(made->path), "%s/hookd.lua", made->folder);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    *state = made;
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

int config_case_close(void **state)
{
    struct config_case *made = *state;
    (void)nftw(made->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    hk_config_fini(&made->config);
    hk_free(made);
    return 0;
}

void config_case_write(const struct config_case *config_case, const char *name, const char *text,
                       size_t size)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", config_case->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_config(const struct config_case *config_case, const char *text)
{
    static const char mark[] = "@STATE@";
    struct hk_bytes whole = { 0 };
    for (const char *at = strstr(text, mark); at; at = strstr(text, mark)) {
        assert_int_equal(hk_bytes_append(&whole, text, (size_t)(at - text)), 0);
        assert_int_equal(hk_bytes_append_text(&whole, config_case->folder), 0);
        text = at + strlen(mark);
    }
    assert_int_equal(hk_bytes_append_text(&whole, text), 0);
    config_case_write(config_case, "hookd.lua", hk_bytes_slice(&whole).at, whole.size);
    hk_bytes_fini(&whole);
}

int config_case_load(struct config_case *config_case, const char *text)
{
    hk_config_fini(&config_case->config);
    config_case->fault = (struct hk_fault){ 0 };
    write_config(config_case, text);
    return hk_config_load(config_case->path, true, &config_case->config, &config_case->fault);
}

int config_case_check(struct config_case *config_case, const char *text,
                      struct hk_config_faults *faults)
{
    write_config(config_case, text);
    *faults = (struct hk_config_faults){ 0 };
    struct hk_config config;
    int code = hk_config_check(config_case->path, &config, faults);
    if (code == 0)
        hk_config_fini(&config);
    return code;
}

void config_case_read_source(const char *name, struct hk_bytes *text)
{
    char path[4096];
    static const char here[] = "/spec/unit/daemon/";
    const char *end = strstr(__FILE__, here);
    assert_non_null(end);
    (void)snprintf(path, sizeof(path), "%.*s/%s", (int)(end - __FILE__), __FILE__, name);
    assert_int_equal(hk_text_file_read(path, 1 << 20, text, NULL), 0);
    assert_int_equal(hk_bytes_append(text, "", 1), 0);
    text->size--;
}
