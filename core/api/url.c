// SPDX-License-Identifier: Apache-2.0
#include "api/url.h"

#include <curl/curl.h>
#include <strings.h>

#define BAD_URL "The url must be a valid URL."

static const char *check_text(const char *url, bool allow_http)
{
    bool is_https = strncasecmp(url, "https://", 8) == 0;
    bool is_http = strncasecmp(url, "http://", 7) == 0;
    if (!is_https && !is_http)
        return "The url must start with https://.";
    if (is_http && !allow_http)
        return "The url must use https.";
    const char *host = url + (is_https ? 8 : 7);
    size_t authority = strcspn(host, "/?#");
    if (authority == 0)
        return BAD_URL;
    for (const char *at = url; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool is_in_authority = at < host + authority;
        if (c <= ' ' || c == 0x7f || c == '\\' || (c >= 0x80 && is_in_authority))
            return c >= 0x80 ? "The url must have an ASCII host (punycode)." : BAD_URL;
        if (c == '@' && is_in_authority)
            return "The url must not have user information.";
        if (c == '%' && is_in_authority)
            return BAD_URL;
    }
    return NULL;
}

static int append_lower(struct hk_bytes *out, const char *text)
{
    int code = 0;
    for (; *text != '\0' && code == 0; text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;
        code = hk_bytes_append(out, &c, 1);
    }
    return code;
}

/** Appends "<before><part>", or nothing when the URL does not have that part. */
static int append_part(struct hk_bytes *out, CURLU *parts, CURLUPart part, const char *before)
{
    char *text = NULL;
    unsigned flags = part == CURLUPART_PORT ? CURLU_NO_DEFAULT_PORT : 0;
    CURLUcode result = curl_url_get(parts, part, &text, flags);
    if (result == CURLUE_NO_PORT || result == CURLUE_NO_QUERY)
        return 0;
    if (result != CURLUE_OK)
        return HK_EINVAL;
    bool is_lower = part == CURLUPART_SCHEME || part == CURLUPART_HOST;
    int code = hk_bytes_append_text(out, before);
    if (code == 0)
        code = is_lower ? append_lower(out, text) : hk_bytes_append_text(out, text);
    curl_free(text);
    return code;
}

static int normalise(CURLU *parts, struct hk_bytes *normal)
{
    int code = append_part(normal, parts, CURLUPART_SCHEME, "");
    if (code == 0)
        code = append_part(normal, parts, CURLUPART_HOST, "://");
    if (code == 0)
        code = append_part(normal, parts, CURLUPART_PORT, ":");
    if (code == 0)
        code = append_part(normal, parts, CURLUPART_PATH, "");
    if (code == 0)
        code = append_part(normal, parts, CURLUPART_QUERY, "?");
    return code == 0 ? hk_bytes_append(normal, "", 1) : code;
}

static bool has_port_0(CURLU *parts)
{
    char *port = NULL;
    bool is_zero = curl_url_get(parts, CURLUPART_PORT, &port, 0) == CURLUE_OK &&
                   strspn(port, "0") == strlen(port);
    curl_free(port);
    return is_zero;
}

const char *hk_url_check(const char *url, bool allow_http, struct hk_bytes *normal)
{
    const char *fault = check_text(url, allow_http);
    if (fault != NULL)
        return fault;
    CURLU *parts = curl_url();
    unsigned flags = CURLU_DISALLOW_USER | CURLU_PATH_AS_IS;
    if (parts == NULL || curl_url_set(parts, CURLUPART_URL, url, flags) != CURLUE_OK ||
        has_port_0(parts) || normalise(parts, normal) < 0)
        fault = BAD_URL;
    curl_url_cleanup(parts);
    return fault;
}
