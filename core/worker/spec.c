// SPDX-License-Identifier: Apache-2.0
#include "worker/spec.h"

#include "base/check.h"

void hk_spec_answer(const struct hk_state_world *world, const struct hk_wire_spec *spec,
                    struct hk_bytes *out)
{
    struct hk_wire_message answer = { .kind = HK_WIRE_SPEC_DONE };
    (void)world;
    answer.spec_done.run = spec->run;
    answer.spec_done.fault = HK_SLICE("not run");
    hk_assert(hk_wire_encode(&answer, out) == 0);
}
