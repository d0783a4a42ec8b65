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

/** A sentence in the making; may be built from the fault that it then replaces. */
struct draft {
    char text[sizeof(((struct hk_fault *)NULL)->text)];
    size_t size;
};

static void draft_append(struct draft *draft, const char *text)
{
    struct hk_slice fits = hk_slice_cut(hk_slice_of(text), sizeof(draft->text) - 1 - draft->size);
    memcpy(draft->text + draft->size, fits.at, fits.size);
    draft->size += fits.size;
    draft->text[draft->size] = '\0';
}

HK_PRINTF(2, 0)
static void draft_format(struct draft *draft, const char *format, va_list arguments)
{
    int size = vsnprintf(draft->text, sizeof(draft->text), format, arguments);
    if (size < 0)
        size = 0;
    size_t fits = (size_t)size < sizeof(draft->text) ? (size_t)size : sizeof(draft->text) - 1;
    // A cut sentence must not end in half a character.
    if (fits < (size_t)size)
        fits = hk_slice_cut((struct hk_slice){ draft->text, fits + 1 }, fits).size;
    draft->size = fits;
    draft->text[fits] = '\0';
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
