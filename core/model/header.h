// SPDX-License-Identifier: Apache-2.0
/** Header: what may stand in a header line of a request that hookd sends, whoever wants it there:
 * an endpoint or a policy. Pure. */
#pragma once
#include "model/signer.h"

/** Is it a token (RFC 9110 section 5.6.2)? */
bool hk_header_is_name(struct hk_slice name);

/** Is it free of control characters (but for tabs), so that it cannot start another line? */
bool hk_header_is_value(struct hk_slice value);

/** Is the name hookd's own to set (interface.md section 4), or one of `signer`'s (NULL: of none)?
 * Case does not count. */
bool hk_header_is_reserved(struct hk_slice name, const struct hk_signer *signer);
