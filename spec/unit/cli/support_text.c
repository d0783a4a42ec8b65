// SPDX-License-Identifier: Apache-2.0
#include "support_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("wanted \"%s\" in: %s", part, text);
}

void file_write(char path[128], const char *name, const char *text)
{
    char folder[] = "/tmp/hk_cli_XXXXXX";
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, 128, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void file_remove(const char *path)
{
    char folder[128];
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

void screen_open(struct screen_memory *memory, bool is_json)
{
    *memory = (struct screen_memory){ 0 };
    memory->screen.out = open_memstream(&memory->out, &memory->size);
    assert_non_null(memory->screen.out);
    memory->screen.err = memory->screen.out;
    memory->screen.is_json = is_json;
}

const char *screen_text(struct screen_memory *memory)
{
    assert_int_equal(fflush(memory->screen.out), 0);
    return memory->out;
}

void screen_close(struct screen_memory *memory)
{
    (void)fclose(memory->screen.out);
    free(memory->out); // open_memstream's
}
