// SPDX-License-Identifier: Apache-2.0
/* Runs a fuzz target over committed inputs without libFuzzer: every file, and every file of every
 * folder, that is named on the command line. A fault shows as a sanitizer report or an abort. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

enum { INPUT_BYTES_MAX = 16 << 20, PATH_BYTES_MAX = 4096 };

static int fail(const char *path)
{
    (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
}

/* The input gets a heap block of its exact size, so that one byte read beyond it is seen. */
static int replay_file(const char *path, size_t file_bytes)
{
    if (file_bytes > INPUT_BYTES_MAX) {
        errno = EFBIG;
        return fail(path);
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return fail(path);
    uint8_t *data = malloc(file_bytes > 0 ? file_bytes : 1);
    if (data == NULL) {
        (void)fclose(file);
        return fail(path);
    }
    size_t data_bytes = fread(data, 1, file_bytes, file);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, data_bytes);
    free(data);
    return 1;
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return fail(path);
    int count = 0;
    const struct dirent *entry;
    while (count >= 0 && (entry = readdir(folder)) != NULL) {
        char file_path[PATH_BYTES_MAX];
        struct stat about;
        int path_bytes = snprintf(file_path, sizeof(file_path), "%s/%s", path, entry->d_name);
        if (path_bytes < 0 || path_bytes >= (int)sizeof(file_path) || stat(file_path, &about) != 0)
            count = fail(entry->d_name);
        else if (S_ISREG(about.st_mode))
            count = replay_file(file_path, (size_t)about.st_size) == 1 ? count + 1 : -1;
    }
    (void)closedir(folder);
    return count;
}

static int replay(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return fail(path);
    return S_ISDIR(about.st_mode) ? replay_folder(path) : replay_file(path, (size_t)about.st_size);
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    (void)printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}
