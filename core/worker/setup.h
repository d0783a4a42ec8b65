// SPDX-License-Identifier: Apache-2.0
/** Setup: what the parent's SETUP message says, made ready before the cage shuts: the bounds, and
 * the lookup tables mapped from their descriptors. Thread: the worker has one. */
#pragma once
#include "worker/state.h"

/** Fills `world`; maps every table read-only and closes its descriptor. The mappings and the names
 * stay for the life of the process. HK_EIO, HK_EDAMAGED (a block that is no table). */
HK_MUST_CHECK int hk_setup_world(const struct hk_wire_setup *setup, struct hk_state_world *world,
                                 struct hk_fault *fault);
