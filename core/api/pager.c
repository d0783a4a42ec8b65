// SPDX-License-Identifier: Apache-2.0
#include "api/pager.h"

#include "api/exchange.h"

#include <microhttpd.h>

int hk_pager_parse(const char *text, uint32_t max, uint32_t *value)
{
    uint64_t number;
    if (text == NULL)
        return 0;
    if (text[0] == '\0' || hk_slice_parse_u64(hk_slice_of(text), max, &number) < 0 || number < 1)
        return HK_EINVAL;
    *value = (uint32_t)number;
    return 0;
}

const char *hk_pager_argument(struct hk_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(hk_exchange_peer(exchange)->connection,
                                       MHD_GET_ARGUMENT_KIND, name);
}

bool hk_pager_read(struct hk_exchange *exchange)
{
    exchange->page = (struct hk_page){ .number = 1, .per_page = HK_PER_PAGE_DEFAULT };
    const char *page = hk_pager_argument(exchange, "page");
    const char *per_page = hk_pager_argument(exchange, "per_page");
    if (hk_pager_parse(page, HK_PAGE_MAX, &exchange->page.number) < 0) {
        hk_answer_invalid_field(&exchange->answer, "page", "The page must be at least 1.");
        return false;
    }
    if (hk_pager_parse(per_page, HK_PER_PAGE_MAX, &exchange->page.per_page) < 0) {
        hk_answer_invalid_field(&exchange->answer, "per_page",
                                "The per_page must be between 1 and 100.");
        return false;
    }
    return true;
}

static uint64_t last_page(struct hk_page page, uint64_t total)
{
    return total == 0 ? 1 : (total + page.per_page - 1) / page.per_page;
}

static json_t *link_to(const char *url, struct hk_page page, uint64_t number)
{
    if (page.per_page == HK_PER_PAGE_DEFAULT)
        return json_sprintf("%s?page=%llu", url, (unsigned long long)number);
    return json_sprintf("%s?page=%llu&per_page=%u", url, (unsigned long long)number, page.per_page);
}

json_t *hk_pager_links(const char *url, struct hk_page page, uint64_t total)
{
    uint64_t last = last_page(page, total);
    bool has_prev = page.number > 1;
    bool has_next = page.number < last;
    return json_pack("{s:o,s:o,s:o,s:o}", "first", link_to(url, page, 1), "last",
                     link_to(url, page, last), "prev",
                     has_prev ? link_to(url, page, page.number - 1) : json_null(), "next",
                     has_next ? link_to(url, page, page.number + 1) : json_null());
}

json_t *hk_pager_meta(struct hk_page page, uint32_t count, uint64_t total)
{
    uint64_t before = (uint64_t)(page.number - 1) * page.per_page;
    json_t *from = count > 0 ? json_integer((json_int_t)(before + 1)) : json_null();
    json_t *to = count > 0 ? json_integer((json_int_t)(before + count)) : json_null();
    return json_pack("{s:I,s:o,s:I,s:I,s:o,s:I}", "current_page", (json_int_t)page.number, "from",
                     from, "last_page", (json_int_t)last_page(page, total), "per_page",
                     (json_int_t)page.per_page, "to", to, "total", (json_int_t)total);
}

void hk_pager_answer(struct hk_exchange *exchange, json_t *own_data, uint32_t count, uint64_t total)
{
    struct hk_bytes url = { 0 };
    const char *base = hk_exchange_api(exchange)->config->public_url;
    json_t *links = NULL;
    size_t size = base != NULL ? strlen(base) : 0;
    while (size > 0 && base[size - 1] == '/')
        size--;
    if (hk_bytes_append(&url, base, size) == 0 &&
        hk_bytes_append(&url, exchange->head.path, strlen(exchange->head.path) + 1) == 0)
        links = hk_pager_links(url.at, exchange->page, total);
    hk_answer_list(&exchange->answer, own_data, links, hk_pager_meta(exchange->page, count, total));
    hk_bytes_fini(&url);
}
