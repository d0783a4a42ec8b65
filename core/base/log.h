// SPDX-License-Identifier: Apache-2.0
/** Log: one line an entry on stderr, logfmt or JSON, fields in the order given.
 *
 * `time=2026-05-02T08:00:00.000Z level=info msg="listening" address=127.0.0.1:8410`
 * Values are quoted and escaped as needed, so that nothing from outside can forge a line. Never
 * pass a secret or a body. Repeats of one message beyond 10 a second are counted, not written.
 * When stderr is journald ($JOURNAL_STREAM), lines carry its "<6>" priorities.
 * Thread: any; one write(2) a line. */
#pragma once
#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum hk_log_level { HK_LOG_DEBUG, HK_LOG_INFO, HK_LOG_WARN, HK_LOG_ERROR };
enum hk_log_format { HK_LOG_LOGFMT, HK_LOG_JSON };

/** One field; make it with the HK_F macros. */
struct hk_log_field {
    const char *name;
    enum { HK_LOG_TEXT, HK_LOG_INTEGER } kind;
    const char *text; /**< NULL is written as empty. */
    int64_t integer;
};

#define HK_F(name, value) ((struct hk_log_field){ (name), HK_LOG_TEXT, (value), 0 })
#define HK_FI(name, value) ((struct hk_log_field){ (name), HK_LOG_INTEGER, NULL, (int64_t)(value) })

/** Sets level and format for the process. */
void hk_log_configure(enum hk_log_level level, enum hk_log_format format);
bool hk_log_is_on(enum hk_log_level level);

void hk_log_write(enum hk_log_level level, const char *message, const struct hk_log_field *fields,
                  uint32_t field_count);

#define hk_log(level, message, ...)                                                   \
    do {                                                                              \
        if (hk_log_is_on(level)) {                                                    \
            const struct hk_log_field hk__fields[] = { HK_F("", ""), ##__VA_ARGS__ }; \
            hk_log_write((level), (message), hk__fields + 1,                          \
                         (uint32_t)(sizeof(hk__fields) / sizeof(hk__fields[0])) - 1); \
        }                                                                             \
    } while (0)

#define hk_log_info(message, ...) hk_log(HK_LOG_INFO, message, ##__VA_ARGS__)
#define hk_log_warn(message, ...) hk_log(HK_LOG_WARN, message, ##__VA_ARGS__)
#define hk_log_error(message, ...) hk_log(HK_LOG_ERROR, message, ##__VA_ARGS__)
#define hk_log_debug(message, ...) hk_log(HK_LOG_DEBUG, message, ##__VA_ARGS__)
