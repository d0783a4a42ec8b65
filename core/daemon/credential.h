// SPDX-License-Identifier: Apache-2.0
/** Credential: a secret by name. It comes from $CREDENTIALS_DIRECTORY (systemd) or from
 * state_dir/keys, where a start makes it when it is not there. Thread: the one that loads the
 * config; blocks. Faults name files, never what is in them. */
#pragma once
#include "base/bytes.h"

struct hk_credential_places {
    const char *credentials_dir; /**< $CREDENTIALS_DIRECTORY, or NULL. */
    const char *state_dir;
    bool can_create;
};

/** Is this a name, 1 to 64 of `A-Z a-z 0-9 . _ -` that does not start with a dot? */
bool hk_credential_is_name(const char *name);

/** Appends the secret to `secret`, without its newline; the caller wipes it. A missing one becomes
 * state_dir/keys/NAME (0600 in a folder of 0700) with 32 random bytes in hex, durable before this
 * returns. HK_ENOTFOUND (missing, and it may not be created), or what the files gave. */
HK_MUST_CHECK int hk_credential_load(const struct hk_credential_places *places, const char *name,
                                     struct hk_bytes *secret, struct hk_fault *fault);
