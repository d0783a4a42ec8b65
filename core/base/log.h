// SPDX-License-Identifier: Apache-2.0
/** Log: one line an entry on stderr, logfmt or JSON, fields in the order given.
 *
 * `time=2026-05-02T08:00:00.000Z level=info msg="listening" address=127.0.0.1:8410`
 * Values are quoted and escaped as needed, so that nothing from outside can forge a line. Never
 * pass a secret or a body. Of one message 10 entries a second are written; the rest are counted, in
 * one line with `repeated=N` once the second is over and anything is logged, or at hk_log_flush.
 * A line has at most 4,096 bytes: values are cut between characters, fields that do not fit are
 * left out.
 * When stderr is journald ($JOURNAL_STREAM), lines carry its "<6>" priorities.
 * Thread: any; one write(2) a line. */
#pragma once
#include "base/fault.h"
#include "base/moment.h"

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

/** Sets level and format for the process, and looks whether stderr is the journal. Until it is
 * called: info, logfmt. */
void hk_log_configure(enum hk_log_level level, enum hk_log_format format);

/** Would an entry of this level be written? */
bool hk_log_is_on(enum hk_log_level level);

/** Writes one entry; the hk_log macros are the comfortable way. `message` should be a literal. */
void hk_log_write(enum hk_log_level level, const char *message, const struct hk_log_field *fields,
                  uint32_t field_count);

/** Writes the counts of repeats that are not written yet; call it before the process ends. */
void hk_log_flush(void);

typedef struct hk_now (*hk_log_clock_fn)(void);

/** For tests, while no other thread logs: sends lines to `file` and asks `clock` (NULL: the
 * system's) for the time. */
void hk__log_redirect(int file, hk_log_clock_fn clock);

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
