// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *hk_error_text(int code)
{
    switch (code) {
    case 0:
        return "no error";
#define XX(name, value, text) \
    case value:               \
        return text;
        HK_ERROR_MAP(XX)
#undef XX
    default:
        return "unknown error";
    }
}

const char *hk_error_name(int code)
{
    switch (code) {
    case 0:
        return "HK_OK";
#define XX(name, value, text) \
    case value:               \
        return #name;
        HK_ERROR_MAP(XX)
#undef XX
    default:
        return "HK_EUNKNOWN";
    }
}

#define FAULT_BYTES_MAX (sizeof(((struct hk_fault *)NULL)->text) - 1)

/** A sentence in the making; may be built from the fault that it then replaces. One byte longer
 * than a fault, so that a cut can see whether it would split a character. */
struct draft {
    char text[FAULT_BYTES_MAX + 2];
    size_t size;
};

static void draft_append(struct draft *draft, const char *text)
{
    struct hk_slice fits = hk_slice_cut(hk_slice_of(text), FAULT_BYTES_MAX - draft->size);
    memcpy(draft->text + draft->size, fits.at, fits.size);
    draft->size += fits.size;
    draft->text[draft->size] = '\0';
}

HK_PRINTF(2, 0)
static void draft_format(struct draft *draft, const char *format, va_list arguments)
{
    draft->text[0] = '\0';
    (void)vsnprintf(draft->text, sizeof(draft->text), format, arguments);
    draft->size = hk_slice_cut(hk_slice_of(draft->text), FAULT_BYTES_MAX).size;
    draft->text[draft->size] = '\0';
}

static void fault_fill(struct hk_fault *fault, int code, int sys, const struct draft *draft)
{
    fault->code = code;
    fault->sys = sys;
    memcpy(fault->text, draft->text, draft->size + 1);
}

int hk_fault_set(struct hk_fault *fault, int code, const char *format, ...)
{
    if (fault == NULL)
        return code;
    struct draft draft;
    va_list arguments;
    va_start(arguments, format);
    draft_format(&draft, format, arguments);
    va_end(arguments);
    fault_fill(fault, code, 0, &draft);
    return code;
}

int hk_fault_set_sys(struct hk_fault *fault, int code, int sys, const char *format, ...)
{
    if (fault == NULL)
        return code;
    struct draft draft;
    char buffer[128];
    va_list arguments;
    va_start(arguments, format);
    draft_format(&draft, format, arguments);
    va_end(arguments);
    draft_append(&draft, ": ");
    draft_append(&draft, strerror_r(sys, buffer, sizeof(buffer)));
    fault_fill(fault, code, sys, &draft);
    return code;
}

int hk_fault_wrap(struct hk_fault *fault, const char *format, ...)
{
    if (fault == NULL)
        return 0;
    struct draft draft;
    va_list arguments;
    va_start(arguments, format);
    draft_format(&draft, format, arguments);
    va_end(arguments);
    draft_append(&draft, ": ");
    draft_append(&draft, fault->text);
    fault_fill(fault, fault->code, fault->sys, &draft);
    return fault->code;
}
