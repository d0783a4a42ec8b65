// SPDX-License-Identifier: Apache-2.0
/** Outcome: what one attempt came to. Data, never an error code. */
#pragma once
#include "base/body.h"
#include "base/moment.h"

/** Every class: name, value on disk, word in the API. */
#define HK_OUTCOME_MAP(XX)                                                           \
    XX(UNKNOWN, 0, "unknown")     /* hookd died before it knew */                    \
    XX(SUCCESS, 1, "success")     /* 2xx, whole within the limits */                 \
    XX(STATUS, 2, "status")       /* any other status */                             \
    XX(TIMEOUT, 3, "timeout")     /* the deadline of the whole attempt */            \
    XX(DNS, 4, "dns")             /* the name did not resolve */                     \
    XX(CONNECT, 5, "connect")     /* no connection */                                \
    XX(TLS, 6, "tls")             /* handshake or certificate */                     \
    XX(TRANSPORT, 7, "transport") /* broken off, or no HTTP */                       \
    XX(DENIED, 8, "denied")       /* the address is not allowed; shown as connect */ \
    XX(INTERNAL, 9, "internal")   /* hookd could not make the request */

enum hk_outcome_class {
#define XX(name, value, word) HK_OUTCOME_##name = (value),
    HK_OUTCOME_MAP(XX)
#undef XX
};

/** Where the time of an attempt went, in microseconds; 0 where a phase did not happen.
 * `first_byte` and `total` count from the start, the others are durations. */
struct hk_timings {
    uint32_t dns_us, connect_us, tls_us, first_byte_us, total_us;
};

/** No (valid) Retry-After. */
#define HK_RETRY_AFTER_NONE INT64_C(-1)

struct hk_outcome {
    enum hk_outcome_class class;
    uint16_t status;        /**< 0 where no answer came. */
    int64_t retry_after_ms; /**< As asked, not capped; or HK_RETRY_AFTER_NONE. */
    struct hk_wall started_at;
    struct hk_timings timings;
    struct hk_body *detail;  /**< Head: what went wrong, as text. Text: the first bytes of the
                                  response. NULL when there is neither. One reference. */
    struct hk_body *headers; /**< Text: the response's header lines for a `retry` hook, "name:
                                  value\n", names in lower case, at most HK_HEADERS_KEPT_BYTES_MAX.
                                  NULL: none, or it succeeded. One reference. Never stored. */
};

/** Gets the API's word for a class. */
const char *hk_outcome_word(enum hk_outcome_class class);

static inline bool hk_outcome_is_success(const struct hk_outcome *outcome)
{
    return outcome->class == HK_OUTCOME_SUCCESS;
}
