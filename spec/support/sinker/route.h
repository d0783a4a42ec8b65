// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control.h"

/** Carries out one request of the control port; fills status and answer, or wait_us. */
void hk_route_call(struct hk_call *call);
