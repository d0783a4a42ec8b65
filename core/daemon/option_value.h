// SPDX-License-Identifier: Apache-2.0
/** Option value: the field of one option in two configs, compared or copied, whatever its type.
 * Pure but for memory; ends the process when there is none. Thread: any. */
#pragma once
#include "daemon/option.h"

/** Do both configs say the same? Secrets are compared too; the answer is all that shows. */
bool hk_option_is_equal(const struct hk_option *option, const struct hk_config *a,
                        const struct hk_config *b);

/** Puts a copy of the option's value in `from` in place of the one in `to`. */
void hk_option_copy(const struct hk_option *option, struct hk_config *to,
                    const struct hk_config *from);

/** Makes a copy of a whole config. The caller gives it to hk_config_fini and hk_free. */
struct hk_config *hk_config_clone(const struct hk_config *config);
