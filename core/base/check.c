// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Appends what fits of `text`; gets the new end. */
static size_t append(char *line, size_t room, size_t at, const char *text)
{
    size_t size = strlen(text);
    if (size > room - at)
        size = room - at;
    memcpy(line + at, text, size);
    return at + size;
}

void hk_check_failed(const char *condition, const char *file, int line_number)
{
    // Only write(2): the heap and stdio may be what is broken.
    char line[512];
    char digits[16];
    size_t first = sizeof(digits) - 1;
    size_t room = sizeof(line) - 1;
    unsigned rest = line_number < 0 ? 0 : (unsigned)line_number;
    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    size_t at = append(line, room, 0, "assertion failed: ");
    at = append(line, room, at, condition);
    at = append(line, room, at, " at ");
    at = append(line, room, at, file);
    at = append(line, room, at, ":");
    at = append(line, room, at, digits + first);
    line[at++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, at);
    (void)written;
    abort();
}
