// SPDX-License-Identifier: Apache-2.0
/** Notify: tells the service manager how we are, sd_notify(3) without its library. */
#pragma once
#include "base/fault.h"

/** Sends `state` ("READY=1", "STOPPING=1", "STATUS=...") as one datagram to $NOTIFY_SOCKET, a path
 * or an abstract name that starts with '@'. 0 also when nobody listens ($NOTIFY_SOCKET is not set);
 * HK_EINVAL for a name that is none, HK_EIO. Never blocks. Thread: any. */
int hk_notify(const char *state);
