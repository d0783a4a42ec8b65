// SPDX-License-Identifier: Apache-2.0
// This file may ask the clock and the environment: a line says when it was written, whoever
// writes it, and $JOURNAL_STREAM is how systemd says that stderr is the journal.
#include "base/log.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/moment.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 4096
/** Kept free for the closing quote, brace and line end. */
#define LINE_TAIL_BYTES 4
/** A value is begun only when this much of it fits: a quote and the longest escape. */
#define VALUE_BYTES_MIN 8
#define REPEATS_A_SECOND_MAX 10
/** Messages that are counted at a time. Messages are literals, so a few are enough; when more
 * come within a second, the one that began first is no longer counted. */
#define REPEAT_ROWS 64
#define REPEAT_MESSAGE_BYTES 96
#define NS_PER_SECOND INT64_C(1000000000)

static const struct {
    const char *name;
    char priority;
} level_map[] = { { "debug", '7' }, { "info", '6' }, { "warn", '4' }, { "error", '3' } };

/** How often one message came in the second that began at `since`. */
struct repeat {
    char message[REPEAT_MESSAGE_BYTES]; /**< Its start; empty: the row is free. */
    enum hk_log_level level;
    uint32_t count;
    struct hk_mono since;
};

static int configured_level = HK_LOG_INFO;
static int configured_format = HK_LOG_LOGFMT;
static int has_priorities;
static int descriptor = STDERR_FILENO;
static hk_log_clock_fn clock_read;

static pthread_mutex_t repeats_lock = PTHREAD_MUTEX_INITIALIZER;
static struct repeat repeats[REPEAT_ROWS];

/** A line in the making. `is_full` stops everything but the tail. */
struct line {
    char text[LINE_BYTES_MAX];
    size_t size;
    bool is_json;
    bool is_full;
};

static struct hk_now now_read(void)
{
    struct hk_now now;
    struct timespec mono, wall;
    if (clock_read != NULL)
        return clock_read();
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    now.mono.ns = mono.tv_sec * NS_PER_SECOND + mono.tv_nsec;
    now.wall.ms = wall.tv_sec * INT64_C(1000) + wall.tv_nsec / HK_NS_PER_MS;
    return now;
}

/** Is `file` what $JOURNAL_STREAM ("device:inode") names? */
static bool is_journal(int file)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char name[64];
    struct stat status;
    if (stream == NULL || fstat(file, &status) != 0)
        return false;
    snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, name) == 0;
}

void hk_log_configure(enum hk_log_level level, enum hk_log_format format)
{
    __atomic_store_n(&configured_level, (int)level, __ATOMIC_RELAXED);
    __atomic_store_n(&configured_format, (int)format, __ATOMIC_RELAXED);
    __atomic_store_n(&has_priorities, is_journal(descriptor), __ATOMIC_RELAXED);
}

void hk__log_redirect(int file, hk_log_clock_fn clock)
{
    hk_log_flush();
    pthread_mutex_lock(&repeats_lock);
    memset(repeats, 0, sizeof(repeats));
    pthread_mutex_unlock(&repeats_lock);
    descriptor = file;
    clock_read = clock;
}

bool hk_log_is_on(enum hk_log_level level)
{
    return (int)level >= __atomic_load_n(&configured_level, __ATOMIC_RELAXED);
}

/** Appends a whole piece or, when it does not fit, marks the line as full. */
static void line_append(struct line *line, const char *text, size_t size)
{
    if (line->is_full || line->size + size > sizeof(line->text) - LINE_TAIL_BYTES) {
        line->is_full = true;
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void line_append_text(struct line *line, const char *text)
{
    line_append(line, text, strlen(text));
}

/** Appends to the tail, for which there is always room. */
static void line_close(struct line *line, char character)
{
    line->text[line->size++] = character;
}

/** Gets the escape for the character at `at`, or an empty text when it may stand as it is.
 * Escaped are controls (also U+0080 to U+009F, which some terminals obey), what ends a string, and
 * bytes that are no UTF-8; so nothing from outside can begin a line or a field. */
static const char *escape_of(const struct line *line, const char *at, size_t size, char out[8])
{
    unsigned char first = (unsigned char)at[0];
    out[0] = '\0';
    if (first == '"' || first == '\\')
        snprintf(out, 8, "\\%c", first);
    else if (first == '\n')
        snprintf(out, 8, "\\n");
    else if (first == '\t')
        snprintf(out, 8, "\\t");
    else if (first == '\r')
        snprintf(out, 8, "\\r");
    else if (first < 0x20 || first == 0x7F)
        snprintf(out, 8, line->is_json ? "\\u%04x" : "\\x%02x", first);
    else if (size == 1 && first >= 0x80)
        snprintf(out, 8, line->is_json ? "\\ufffd" : "\\x%02x", first);
    else if (first == 0xC2 && (unsigned char)at[1] < 0xA0)
        snprintf(out, 8, "\\u%04x", (unsigned char)at[1]);
    return out;
}

/** Gets the size of the character at `at`: 1 also for a byte that is no UTF-8. */
static size_t character_size(const char *at, const char *end)
{
    unsigned char first = (unsigned char)*at;
    size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size > (size_t)(end - at) || !hk_utf8_is_valid((struct hk_slice){ at, size }))
        return 1;
    return size;
}

/** May the text stand without quotes in logfmt? */
static bool is_bare(const char *text)
{
    if (*text == '\0')
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || *at == '"' || *at == '=' || *at == '\\')
            return false;
    }
    return true;
}

static void line_append_value(struct line *line, const char *text)
{
    char escape[8];
    if (!line->is_json && is_bare(text)) {
        size_t room = sizeof(line->text) - LINE_TAIL_BYTES - line->size;
        struct hk_slice fits = hk_slice_cut(hk_slice_of(text), room);
        line_append(line, text, fits.size);
        line->is_full |= text[fits.size] != '\0';
        return;
    }
    line_append(line, "\"", 1);
    const char *end = text + strlen(text);
    while (text < end && !line->is_full) {
        size_t size = character_size(text, end);
        escape_of(line, text, size, escape);
        if (escape[0] != '\0')
            line_append_text(line, escape);
        else
            line_append(line, text, size);
        text += size;
    }
    line_close(line, '"');
}

/** Appends a field; one that does not fit with at least the start of its value is left out. */
static void line_append_field(struct line *line, const struct hk_log_field *field)
{
    char digits[24];
    size_t before = line->size;
    line_append_text(line, line->is_json ? ",\"" : " ");
    line_append_text(line, field->name);
    line_append_text(line, line->is_json ? "\":" : "=");
    if (field->kind == HK_LOG_INTEGER) {
        snprintf(digits, sizeof(digits), "%" PRId64, field->integer);
        line_append_text(line, digits);
    } else if (line->size + VALUE_BYTES_MIN > sizeof(line->text) - LINE_TAIL_BYTES) {
        line->is_full = true;
    }
    if (line->is_full)
        line->size = before;
    else if (field->kind == HK_LOG_TEXT)
        line_append_value(line, field->text != NULL ? field->text : "");
}

/** Writes all of a line with one write(2), as a rule. What a full pipe refuses is lost: the log
 * must not stop the daemon. */
static void line_write(const struct line *line)
{
    size_t done = 0;
    while (done < line->size) {
        ssize_t written = write(descriptor, line->text + done, line->size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        done += (size_t)written;
    }
}

static void entry_write(struct hk_wall wall, enum hk_log_level level, const char *message,
                        const struct hk_log_field *fields, uint32_t field_count)
{
    struct line line;
    char time_text[HK_WALL_TEXT_MAX];
    line.size = 0;
    line.is_full = false;
    line.is_json = __atomic_load_n(&configured_format, __ATOMIC_RELAXED) == HK_LOG_JSON;
    if (__atomic_load_n(&has_priorities, __ATOMIC_RELAXED)) {
        const char priority[] = { '<', level_map[level].priority, '>' };
        line_append(&line, priority, sizeof(priority));
    }
    line_append_text(&line, line.is_json ? "{\"time\":\"" : "time=");
    line_append_text(&line, hk_wall_format(wall, time_text));
    line_append_text(&line, line.is_json ? "\",\"level\":\"" : " level=");
    line_append_text(&line, level_map[level].name);
    line_append_text(&line, line.is_json ? "\",\"msg\":" : " msg=");
    line_append_value(&line, message);
    for (uint32_t i = 0; i < field_count; i++)
        line_append_field(&line, &fields[i]);
    if (line.is_json)
        line_close(&line, '}');
    line_close(&line, '\n');
    line_write(&line);
}

/** Rows that were taken out of the table, to be written without the lock. */
struct overdue {
    struct repeat rows[REPEAT_ROWS];
    uint32_t count;
};

static void overdue_take(struct overdue *overdue, struct repeat *row)
{
    if (row->count > REPEATS_A_SECOND_MAX)
        overdue->rows[overdue->count++] = *row;
    row->message[0] = '\0';
}

static void overdue_write(const struct overdue *overdue, struct hk_wall wall)
{
    for (uint32_t i = 0; i < overdue->count; i++) {
        const struct repeat *row = &overdue->rows[i];
        const struct hk_log_field field = HK_FI("repeated", row->count - REPEATS_A_SECOND_MAX);
        entry_write(wall, row->level, row->message, &field, 1);
    }
}

/** Takes out the rows whose second is over, or all of them. Under the lock. */
static void rows_expire(struct overdue *overdue, struct hk_mono now, bool all)
{
    overdue->count = 0;
    for (int i = 0; i < REPEAT_ROWS; i++) {
        struct repeat *row = &repeats[i];
        if (row->message[0] != '\0' && (all || now.ns - row->since.ns >= NS_PER_SECOND))
            overdue_take(overdue, row);
    }
}

/** Gets the row of a message; makes one, if need be in the place of the eldest. Under the lock. */
static struct repeat *row_for(struct overdue *overdue, enum hk_log_level level,
                              struct hk_slice message, struct hk_mono now)
{
    struct repeat *eldest = &repeats[0];
    for (int i = 0; i < REPEAT_ROWS; i++) {
        struct repeat *row = &repeats[i];
        if (row->level == level && hk_slice_is(message, row->message))
            return row;
        if (eldest->message[0] != '\0' &&
            (row->message[0] == '\0' || row->since.ns < eldest->since.ns))
            eldest = row;
    }
    if (eldest->message[0] != '\0')
        overdue_take(overdue, eldest);
    memcpy(eldest->message, message.at, message.size);
    eldest->message[message.size] = '\0';
    eldest->level = level;
    eldest->count = 0;
    eldest->since = now;
    return eldest;
}

void hk_log_write(enum hk_log_level level, const char *message, const struct hk_log_field *fields,
                  uint32_t field_count)
{
    struct overdue overdue;
    if (!hk_log_is_on(level))
        return;
    if (message[0] == '\0')
        message = "(no message)";
    struct hk_now now = now_read();
    pthread_mutex_lock(&repeats_lock);
    rows_expire(&overdue, now.mono, false);
    struct hk_slice start = hk_slice_cut(hk_slice_of(message), REPEAT_MESSAGE_BYTES - 1);
    bool is_written = row_for(&overdue, level, start, now.mono)->count++ < REPEATS_A_SECOND_MAX;
    pthread_mutex_unlock(&repeats_lock);
    overdue_write(&overdue, now.wall);
    if (is_written)
        entry_write(now.wall, level, message, fields, field_count);
}

void hk_log_flush(void)
{
    struct overdue overdue;
    struct hk_now now = now_read();
    pthread_mutex_lock(&repeats_lock);
    rows_expire(&overdue, now.mono, true);
    pthread_mutex_unlock(&repeats_lock);
    overdue_write(&overdue, now.wall);
}
