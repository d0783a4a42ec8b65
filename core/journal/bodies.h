// SPDX-License-Identifier: Apache-2.0
/** Bodies: reads the body or the plan of one record back, wherever it is. The frame is checked
 * alone: its crc covers the segment's salt, its lsn and itself (journal/segment.h). Thread: any. */
#pragma once
#include "base/body.h"
#include "journal/segments.h"
#include "model/plan.h"

/** Reads the body of the EVENT or STATE record at `location`, one reference. HK_EDAMAGED,
 * HK_ENOTFOUND (no such segment), HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk_bodies_load(struct hk_segments *segments, struct hk_location location,
                                 struct hk_body **body, struct hk_fault *fault);

/** Reads the PLAN record at `location`: a copy for hk_plan_free. The same errors. */
HK_MUST_CHECK int hk_bodies_load_plan(struct hk_segments *segments, struct hk_location location,
                                      struct hk_plan **plan, struct hk_fault *fault);
