// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "behaviour.h"
#include "json.h"

/**
 * Makes the behaviour that {"steps":[...], "then":"repeat"} of the control port describes (the
 * fields are in README.md). NULL with *fault (a literal) when it describes none.
 */
struct hk_behaviour *hk_step_compile(const struct hk_json *description, const char **fault);
