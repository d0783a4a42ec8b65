// SPDX-License-Identifier: Apache-2.0
/** What clang's analyzer cannot see, because it looks at one file at a time: hk_fault_set and
 * hk_fault_set_sys return the code that they are given. Without it every `return hk_fault_set(...)`
 * might be a success whose results were never set. Put before each file by clang_tidy.lua; no
 * compiler ever sees it. */
#pragma once
#include "base/fault.h"

#define hk_fault_set(fault, code, ...) ((void)hk_fault_set(fault, code, __VA_ARGS__), (code))
#define hk_fault_set_sys(fault, code, ...) \
    ((void)hk_fault_set_sys(fault, code, __VA_ARGS__), (code))
