// SPDX-License-Identifier: Apache-2.0
/** Faults: the error codes of the house, and the struct that carries one to a person.
 *
 * Functions return 0 or a negative code. Cold paths (config, files, start) also take a
 * `struct hk_fault *`, which is filled once where the trouble is and prefixed on the way up.
 * Hot paths return the code alone. How a delivery ended is data, never a fault.
 * Thread: any; a fault belongs to the caller. */
#pragma once
#include <stddef.h>

#define HK_MUST_CHECK __attribute__((warn_unused_result))
#define HK_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/** Every code: name, value, one sentence. */
#define HK_ERROR_MAP(XX)                                  \
    XX(HK_ENOMEM, -1, "out of memory")                    \
    XX(HK_EINVAL, -2, "invalid value")                    \
    XX(HK_ESYNTAX, -3, "syntax error")                    \
    XX(HK_ELIMIT, -4, "a limit was reached")              \
    XX(HK_ENOTFOUND, -5, "not found")                     \
    XX(HK_EEXISTS, -6, "exists already")                  \
    XX(HK_EIO, -7, "input or output failed")              \
    XX(HK_ENOSPC, -8, "no space left on the disk")        \
    XX(HK_EDAMAGED, -9, "the stored state is damaged")    \
    XX(HK_ELOCKED, -10, "another process holds the lock") \
    XX(HK_EVERSION, -11, "unknown format version")        \
    XX(HK_EDENIED, -12, "not allowed")                    \
    XX(HK_EEND, -13, "end of the data")                   \
    XX(HK_ESTART, -14, "a part of hookd could not be started")

enum hk_error_code {
#define XX(name, value, text) name = (value),
    HK_ERROR_MAP(XX)
#undef XX
};

/** One fault, ready to be shown: code, errno where there was one, and a sentence. */
struct hk_fault {
    int code;       /**< 0 or negative HK_E*. */
    int sys;        /**< errno at the root, 0 if none. */
    char text[512]; /**< What is wrong, where, and the mend; always terminated. */
};

/** Gets the sentence for `code`; never NULL. */
const char *hk_error_text(int code);

/** Gets the name ("HK_EIO") for `code`; never NULL. */
const char *hk_error_name(int code);

/** Fills `fault` (may be NULL) and returns `code`, so that a root can `return hk_fault_set(...)`.
 */
int hk_fault_set(struct hk_fault *fault, int code, const char *format, ...) HK_PRINTF(3, 4);

/** Like hk_fault_set, with errno `sys` whose text is appended after ": ". */
int hk_fault_set_sys(struct hk_fault *fault, int code, int sys, const char *format, ...)
    HK_PRINTF(4, 5);

/** Puts "<text>: " before what `fault` (may be NULL) says; returns its code. */
int hk_fault_wrap(struct hk_fault *fault, const char *format, ...) HK_PRINTF(2, 3);
