// SPDX-License-Identifier: Apache-2.0
/** Cage: from hk_cage_shut on this process can compute, and talk over the descriptors that it has;
 * every other system call ends it (design.md 7 has the list).
 *
 * What it did wrong stands on standard error: "hookd-policy: cage: the system call openat (257) is
 * not allowed"; then it ends by SIGSYS, which its parent sees. A call for another architecture ends
 * it without a line. Whatever runs in the cage ends with _exit: atexit and sanitizers do more than
 * is allowed. Thread: the process has one. */
#pragma once
#include "base/fault.h"

/** Makes the process one that nobody looks into and that outlives no parent: no new privileges, no
 * core, no dump, no new descriptor, no child; ends with the thread that started it. And does once
 * what the C library puts off until it is needed. HK_ESTART. */
HK_MUST_CHECK int hk_cage_prepare(struct hk_fault *fault);

/** Shuts it, for good. Call hk_cage_prepare before. HK_ESTART. */
HK_MUST_CHECK int hk_cage_shut(struct hk_fault *fault);
