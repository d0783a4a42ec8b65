// SPDX-License-Identifier: Apache-2.0
/** Spec: runs a spec file (busted's style) in the sandbox, beside the policies that it loads.
 * Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Runs it and appends the frame of its SPEC_DONE to `out`. */
void hk_spec_answer(const struct hk_state_world *world, const struct hk_wire_spec *spec,
                    struct hk_bytes *out);
