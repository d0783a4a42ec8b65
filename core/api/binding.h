// SPDX-License-Identifier: Apache-2.0
/** Binding: sockets that listen, before anybody serves on them. Thread: any. */
#pragma once
#include "base/fault.h"
#include "model/texts.h"

/** Binds and listens on "address:port" (numeric; IPv6 in brackets; port 0: any free one) and
 * appends the bound address to `bound`. The caller closes `*socket`. 0, HK_EINVAL or HK_ESTART. */
HK_MUST_CHECK int hk_binding_open(const char *address, int *socket, struct hk_texts *bound,
                                  struct hk_fault *fault);

/** Binds and listens on a Unix socket of mode 0660, in place of a dead one that stands there. 0,
 * HK_EINVAL or HK_ESTART. */
HK_MUST_CHECK int hk_binding_open_control(const char *path, int *socket, struct hk_fault *fault);
