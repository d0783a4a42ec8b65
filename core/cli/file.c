// SPDX-License-Identifier: Apache-2.0
#include "cli/file.h"

#include "base/alloc.h"
#include "base/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { READ_BYTES = 65536 };

static int read_all(FILE *file, size_t bytes_max, struct hk_bytes *text)
{
    int code = 0;
    size_t start = text->size;
    while (code == 0 && !feof(file) && !ferror(file)) {
        code = hk_bytes_reserve(text, READ_BYTES);
        if (code == 0)
            text->size += fread(text->at + text->size, 1, READ_BYTES, file);
        if (text->size - start > bytes_max)
            code = HK_ELIMIT;
    }
    return code == 0 && ferror(file) ? HK_EIO : code;
}

int hk_file_read(const char *path, size_t bytes_max, struct hk_bytes *text, struct hk_fault *fault)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rbe");
    if (file == NULL)
        return hk_fault_set_sys(fault, HK_EIO, errno, "%s", path);
    errno = 0;
    int code = read_all(file, bytes_max, text);
    int sys = errno;
    if (!is_stdin)
        (void)fclose(file);
    if (code == HK_EIO)
        return hk_fault_set_sys(fault, code, sys, "%s", path);
    if (code == HK_ELIMIT)
        return hk_fault_set(fault, code, "%s: longer than %zu bytes", path, bytes_max);
    return code < 0 ? hk_fault_set(fault, code, "%s: %s", path, hk_error_text(code)) : 0;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);
    return name[0] != '.' && size > ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int hk_file_list(const char *folder, const char *ending, struct hk_texts *names,
                 struct hk_fault *fault)
{
    DIR *dir = opendir(folder);
    if (dir == NULL && errno == ENOENT)
        return 0;
    if (dir == NULL)
        return hk_fault_set_sys(fault, HK_EIO, errno, "%s", folder);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (has_ending(entry->d_name, ending))
            hk_texts_add(names, hk_slice_of(entry->d_name));
    (void)closedir(dir);
    if (names->count > 1)
        qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
    return 0;
}

bool hk_file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

char *hk_file_join(const char *folder, const char *name)
{
    struct hk_bytes path = { 0 };
    hk_assert(hk_bytes_append_format(&path, "%s/%s", folder, name) == 0);
    char *joined = hk_slice_dup(hk_bytes_slice(&path));
    hk_assert(joined != NULL);
    hk_bytes_fini(&path);
    return joined;
}

char *hk_file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct hk_slice folder =
        slash ? (struct hk_slice){ path, (size_t)(slash - path) } : HK_SLICE(".");
    char *copy = hk_slice_dup(slash == path ? HK_SLICE("/") : folder);
    hk_assert(copy != NULL);
    return copy;
}

struct hk_slice hk_file_lua_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct hk_slice name = hk_slice_of(slash ? slash + 1 : path);
    if (!has_ending(name.at, ".lua"))
        return HK_SLICE_EMPTY;
    name.size -= 4;
    return name;
}
