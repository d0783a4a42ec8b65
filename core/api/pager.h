// SPDX-License-Identifier: Apache-2.0
/** Pager: `page` and `per_page` of a list, and the `links` and `meta` beside it, as the contract
 * has them (points-contract.md section 5). Thread: the api thread's. */
#pragma once
#include "model/request.h"

#include <jansson.h>

#define HK_PER_PAGE_DEFAULT 15
#define HK_PER_PAGE_MAX 100
/** Pages beyond this are refused: their first entry would not fit 32 bits. */
#define HK_PAGE_MAX 10000000

struct hk_exchange;

/** Reads one parameter; NULL is a missing one, for which `value` keeps its default. 0, or HK_EINVAL
 * when it is no number from 1 to `max`. */
HK_MUST_CHECK int hk_pager_parse(const char *text, uint32_t max, uint32_t *value);

/** Gets a parameter of the query, decoded; NULL when it is not there. */
const char *hk_pager_argument(struct hk_exchange *exchange, const char *name);

/** Reads `page` and `per_page` into `exchange->page`; on a fault answers 422 and returns false. */
bool hk_pager_read(struct hk_exchange *exchange);

/** `links` for a list at `url` (absolute, without a query). NULL when out of memory. */
json_t *hk_pager_links(const char *url, struct hk_page page, uint64_t total);

/** `meta` of a page with `count` entries of `total`. NULL when out of memory. */
json_t *hk_pager_meta(struct hk_page page, uint32_t count, uint64_t total);

/** Answers the whole list; `own_data` is its page. */
void hk_pager_answer(struct hk_exchange *exchange, json_t *own_data, uint32_t count,
                     uint64_t total);
