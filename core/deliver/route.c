// SPDX-License-Identifier: Apache-2.0
#include "deliver/route.h"

#include "base/alloc.h"
#include "base/check.h"

#include <locale.h>
#include <pthread.h>

#define ROUTE_MAGIC 0x4E5007E0u

static int code_of(CURLUcode code)
{
    if (code == CURLUE_OK)
        return 0;
    return code == CURLUE_OUT_OF_MEMORY ? HK_ENOMEM : HK_EINVAL;
}

/** Puts `host` in and has curl parse the whole URL again, so that a host that turns out to be an
 * address is written as one. */
static int set_host(CURLU *url, const char *host)
{
    char *text = NULL;
    CURLUcode code = curl_url_set(url, CURLUPART_HOST, host, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_URL, &text, 0);
    if (code == CURLUE_OK)
        code = curl_url_set(url, CURLUPART_URL, text, 0);
    curl_free(text);
    return code_of(code);
}

static int tidy_host(CURLU *url)
{
    char *host = NULL;
    int code = code_of(curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE));
    if (code == 0) {
        size_t size = strlen(host);
        if (size > 1 && host[size - 1] == '.')
            host[--size] = '\0';
        for (size_t i = 0; i < size; i++)
            host[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] | 0x20) : host[i];
        code = host[0] != '\0' && host[0] != '.' ? set_host(url, host) : HK_EINVAL;
    }
    curl_free(host);
    return code;
}

static locale_t utf8;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void make_utf8(void)
{
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/** Makes the host ASCII. curl reads international names in the locale's encoding; URLs are UTF-8.
 */
static int tidy_host_as_utf8(CURLU *url)
{
    pthread_once(&utf8_once, make_utf8);
    locale_t before = utf8 != (locale_t)0 ? uselocale(utf8) : (locale_t)0;
    int code = tidy_host(url);
    if (before != (locale_t)0)
        uselocale(before);
    return code;
}

int hk_route_parse_url(const char *text, CURLU **url)
{
    CURLU *made = curl_url();
    if (made == NULL)
        return HK_ENOMEM;
    int code =
        code_of(curl_url_set(made, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_URLENCODE));
    if (code == 0)
        code = tidy_host_as_utf8(made);
    if (code == 0) {
        *url = made;
        return 0;
    }
    curl_url_cleanup(made);
    return code;
}

static void refuse(struct hk_route *route, enum hk_outcome_class class, const char *text)
{
    route->refusal = class;
    route->refusal_text = text;
}

/** Finds the target, with the host's brackets off. */
static bool take_target(struct hk_route *route, struct hk_targets *targets)
{
    char *host = NULL;
    char *port = NULL;
    uint64_t number = 0;
    if (curl_url_get(route->url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(route->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        hk_slice_parse_u64(hk_slice_of(port), UINT16_MAX, &number) == 0) {
        size_t size = strlen(host);
        bool has_brackets = host[0] == '[' && host[size - 1] == ']';
        if (has_brackets)
            host[size - 1] = '\0';
        route->target = hk_targets_take(targets, host + has_brackets, (uint16_t)number);
    }
    curl_free(host);
    curl_free(port);
    return route->target != NULL;
}

/** Is the scheme one that the config allows? */
static bool has_allowed_scheme(const struct hk_route *route, bool allow_http)
{
    char *scheme = NULL;
    bool is_allowed = curl_url_get(route->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                      (strcmp(scheme, "https") == 0 || (allow_http && strcmp(scheme, "http") == 0));
    curl_free(scheme);
    return is_allowed;
}

static void prepare(struct hk_route *route, struct hk_targets *targets,
                    const struct hk_settings *settings, const struct hk_endpoint *value)
{
    if (route->signer == NULL)
        refuse(route, HK_OUTCOME_INTERNAL, "the endpoint's signature is not known here");
    else if (hk_headers_set_endpoint(&route->headers, value, settings->user_agent) != 0)
        refuse(route, HK_OUTCOME_INTERNAL, "the endpoint's headers cannot be sent");
    else if (hk_route_parse_url(value->url, &route->url) != 0)
        refuse(route, HK_OUTCOME_INTERNAL, "the URL is not valid");
    else if (!has_allowed_scheme(route, settings->allow_http))
        refuse(route, HK_OUTCOME_DENIED, "could not connect");
    else if (!take_target(route, targets))
        refuse(route, HK_OUTCOME_INTERNAL, "the endpoint could not be prepared");
    route->lines = hk_headers_link(&route->headers, NULL);
}

static void copy_sealed(struct hk_bytes *copy, const struct hk_bytes *sealed)
{
    if (sealed->size == 0)
        return;
    copy->at = hk_alloc_or_die(sealed->size);
    memcpy(copy->at, sealed->at, sealed->size);
    copy->size = copy->capacity = sealed->size;
}

struct hk_route *hk_route_new(struct hk_targets *targets, const struct hk_settings *settings,
                              uint64_t endpoint, const struct hk_endpoint *value)
{
    struct hk_route *route = hk_alloc_zero_or_die(1, sizeof(*route));
    route->magic = ROUTE_MAGIC;
    route->references = 1;
    route->endpoint = endpoint;
    route->uuid = value->uuid;
    route->refusal = HK_OUTCOME_SUCCESS;
    route->refusal_text = "";
    route->signer = hk_signer_find(value->signature);
    route->secret_previous_until = value->secret_previous_until;
    copy_sealed(&route->secret, &value->secret);
    copy_sealed(&route->secret_previous, &value->secret_previous);
    if (value->auth.type != HK_AUTH_NONE)
        copy_sealed(&route->authorization, &value->auth.sealed);
    prepare(route, targets, settings, value);
    return route;
}

struct hk_route *hk_route_ref(struct hk_route *route)
{
    HK_CHECK(route, ROUTE_MAGIC);
    route->references++;
    return route;
}

void hk_route_unref(struct hk_targets *targets, struct hk_route *route)
{
    if (route == NULL)
        return;
    HK_CHECK(route, ROUTE_MAGIC);
    if (--route->references != 0)
        return;
    if (route->target != NULL)
        hk_targets_release(targets, route->target);
    curl_url_cleanup(route->url);
    hk_headers_fini(&route->headers);
    hk_bytes_fini(&route->secret);
    hk_bytes_fini(&route->secret_previous);
    hk_bytes_fini(&route->authorization);
    route->magic = 0;
    hk_free(route);
}
