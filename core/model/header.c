// SPDX-License-Identifier: Apache-2.0
#include "model/header.h"

#include <strings.h>

static bool is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool hk_header_is_name(struct hk_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!is_token_char(name.at[i]))
            return false;
    }
    return name.size != 0;
}

bool hk_header_is_value(struct hk_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_one_of(struct hk_slice name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (name.size == strlen(*names) && strncasecmp(name.at, *names, name.size) == 0)
            return true;
    }
    return false;
}

bool hk_header_is_reserved(struct hk_slice name, const struct hk_signer *signer)
{
    static const char *const names[] = { "Host",         "Content-Length",
                                         "Content-Type", "Connection",
                                         "Expect",       "Transfer-Encoding",
                                         "Upgrade",      NULL };
    static const char *const starts[] = { "Proxy-", "X-Webhook-", "X-Hookd-", "webhook-", NULL };
    for (int i = 0; starts[i] != NULL; i++) {
        size_t size = strlen(starts[i]);
        if (name.size >= size && strncasecmp(name.at, starts[i], size) == 0)
            return true;
    }
    return is_one_of(name, names) || (signer != NULL && is_one_of(name, signer->headers));
}
