// SPDX-License-Identifier: Apache-2.0
/** Fields: the options of a command as the JSON object that a route takes. `null` as a value sends
 * null, which gives a field its default back. Pure; thread: any. */
#pragma once
#include "cli/arguments.h"

/** Appends the object of all given options that have a field. HK_EINVAL with the option and what it
 * takes; HK_ENOMEM. */
HK_MUST_CHECK int hk_fields_encode(const struct hk_arguments *arguments, struct hk_bytes *body,
                                   struct hk_fault *fault);

/** Appends "/" and a segment of a path, percent-encoded; 0 or HK_ENOMEM. */
HK_MUST_CHECK int hk_path_append(struct hk_bytes *path, const char *segment);
