// SPDX-License-Identifier: Apache-2.0
#include "policy/source_file.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES_MAX 100
#define READ_BYTES ((size_t)1 << 16)

bool hk__source_is_name(struct hk_slice name)
{
    if (name.size == 0 || name.size > NAME_BYTES_MAX || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && c != '_' && c != '.' && c != '-')
            return false;
    }
    return true;
}

/** Reads to the end; the size that stat told is a hint only, the file may be in the writing. */
static int read_all(int file, const char *path, size_t bytes_max, struct hk_bytes *out,
                    struct hk_fault *fault)
{
    for (;;) {
        if (hk_bytes_reserve(out, READ_BYTES) != 0)
            return hk_fault_set(fault, HK_ENOMEM, "%s: out of memory", path);
        ssize_t size = read(file, out->at + out->size, out->capacity - out->size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return hk_fault_set_sys(fault, HK_EIO, errno, "%s: cannot be read", path);
        if (size == 0)
            return 0;
        out->size += (size_t)size;
        if (out->size > bytes_max)
            return hk_fault_set(fault, HK_ELIMIT, "%s: larger than %zu bytes", path, bytes_max);
    }
}

int hk__source_read(const char *path, size_t bytes_max, struct hk_bytes *out,
                    struct hk_fault *fault)
{
    struct stat status;
    // Without O_NONBLOCK a pipe that somebody put there would hold us for ever.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return hk_fault_set_sys(fault, HK_EIO, errno, "%s: cannot be read", path);
    int rc = 0;
    if (fstat(file, &status) != 0)
        rc = hk_fault_set_sys(fault, HK_EIO, errno, "%s: cannot be read", path);
    else if (!S_ISREG(status.st_mode))
        rc = hk_fault_set(fault, HK_EINVAL, "%s: not a regular file", path);
    else if ((uint64_t)status.st_size > bytes_max)
        rc = hk_fault_set(fault, HK_ELIMIT, "%s: larger than %zu bytes", path, bytes_max);
    else if (hk_bytes_reserve(out, (size_t)status.st_size + READ_BYTES) != 0)
        rc = hk_fault_set(fault, HK_ENOMEM, "%s: out of memory", path);
    if (rc == 0)
        rc = read_all(file, path, bytes_max, out, fault);
    (void)close(file);
    if (rc != 0)
        hk_bytes_fini(out);
    return rc;
}

static int names_add(struct hk__source_names *names, const char *name)
{
    if (names->count == HK__SOURCE_NAMES_MAX)
        return HK_ELIMIT;
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity == 0 ? 16 : names->capacity * 2;
        char **items = hk_realloc(names->items, capacity, sizeof(*items));
        if (items == NULL)
            return HK_ENOMEM;
        names->items = items;
        names->capacity = capacity;
    }
    char *copy = hk_slice_dup(hk_slice_of(name));
    if (copy == NULL)
        return HK_ENOMEM;
    names->items[names->count++] = copy;
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int hk__source_list(const char *folder, struct hk__source_names *names, struct hk_fault *fault)
{
    *names = (struct hk__source_names){ 0 };
    DIR *stream = opendir(folder);
    int rc = 0;
    if (stream == NULL && errno == ENOENT)
        return 0;
    if (stream == NULL)
        return hk_fault_set_sys(fault, HK_EIO, errno, "%s: cannot be read", folder);
    errno = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(stream)) != NULL; errno = 0) {
        if (entry->d_name[0] != '.')
            rc = names_add(names, entry->d_name);
    }
    if (rc != 0)
        rc = hk_fault_set(fault, rc, "%s: %s (%u names)", folder, hk_error_text(rc), names->count);
    else if (errno != 0)
        rc = hk_fault_set_sys(fault, HK_EIO, errno, "%s: cannot be read", folder);
    (void)closedir(stream);
    if (rc != 0)
        hk__source_names_fini(names);
    else if (names->count > 1)
        qsort(names->items, names->count, sizeof(*names->items), by_bytes);
    return rc;
}

void hk__source_names_fini(struct hk__source_names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        hk_free(names->items[i]);
    hk_free(names->items);
    *names = (struct hk__source_names){ 0 };
}
