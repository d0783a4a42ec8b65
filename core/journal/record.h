// SPDX-License-Identifier: Apache-2.0
/** Record: model/record.h as bytes and back. The one encoder and the one decoder, for the journal,
 * for snapshots and for salvage.
 *
 * Format 1. A record is one MessagePack array [type, lsn, at, fields...]; `at` and all times are
 * wall milliseconds, ids are bin 16, bodies and hashes bin, names str, 0/1 flags bool:
 *
 * ```
 *  1 EVENT            id, merchant, deliver_before, nil | [key, key, body], head bin, text bin
 *  2 PLAN             event, reason, POLICY | nil, [PLANNED...]
 *  3 START            event, delivery, attempt
 *  4 RESULT           event, delivery, ATTEMPT, state, reason, delay_ms
 *  5 STATE            id, merchant, is_orphan, lsn, state, reason, received_at, deliver_before,
 *                     location lsn, location offset, policy | nil, generation,
 *                     plan location lsn, plan location offset, head bin | nil, text bin | nil,
 *                     [DELIVERY...]
 *  6 MERCHANT         id, name, policy | nil, verified, created_at, updated_at
 *  7 MERCHANT_DELETED id
 *  8 KEY              id, merchant, digest bin 32, created_at
 *  9 KEY_DELETED      id
 * 10 ENDPOINT         uuid, merchant, name, url, url_normal, secret bin, secret_previous bin,
 *                     secret_previous_until, created_at, updated_at, [type...] | nil, enabled,
 *                     role, signature | nil, schedule kind, [delay_ms...], attempts, timeout_ms,
 *                     [status...], on_gone, disable_after_s, rate_limit_milli, concurrency,
 *                     ordering, ordering_skip_s, [[name, value]...], auth type, auth user | nil,
 *                     auth sealed bin, [[label, value]...], description | nil
 * 11 ENDPOINT_DELETED uuid
 * 12 IDEMPOTENCY      merchant, key, key, body, event, expires_at
 * 13 END              event, delivery, state, reason
 * 14 WAIT             event, delivery, attempt, delay_ms
 *    POLICY    = [policy, generation, hooks, why bin, error bin]   (nil: all of it is empty)
 *    PLANNED   = [endpoint, role], or where more is to be said
 *                [endpoint, role, reason, why bin, own head bin | nil, own text bin | nil]
 *    DELIVERY  = [number, endpoint, role, state, reason, attempt_count, waiting_since, delay_ms,
 *                 has_own, [ATTEMPT...]]
 *    ATTEMPT   = [number, status, class, started_at, dns_us, connect_us, tls_us, first_byte_us,
 *                 total_us, error bin | nil, response bin | nil]   (in RESULT never nil)
 * ```
 *
 * A count of elements, a type or a value of an enumeration that stands not here is damage: an older
 * hookd must not guess what a newer one meant. To change the format see spec/formats.md.
 * Thread: any. */
#pragma once
#include "journal/scratch.h"
#include "model/record.h"

#define HK_RECORD_FORMAT 1u
#define HK_RECORD_TYPE_LAST HK_RECORD_WAIT
/** No record has more bytes: a location's offset stays far inside 32 bits. */
#define HK_RECORD_PAYLOAD_MAX (UINT32_C(1) << 30)

/** Appends the bytes of `record`. 0, HK_ENOMEM, HK_ELIMIT (over HK_RECORD_PAYLOAD_MAX); `bytes`
 * is as it was then. RESULT takes `error` and `response`, never `attempt.detail`; STATE takes
 * `body` (its bytes) and `location`, each where there is one. */
HK_MUST_CHECK int hk_record_encode(const struct hk_record *record, struct hk_bytes *bytes);

/** Reads the bytes of one record. What `record` points to lies in `payload` or in `scratch` and
 * dies with either one's next use; nothing of it is to be freed. Whoever keeps a body takes a
 * reference. 0, HK_EDAMAGED, HK_ENOMEM. */
HK_MUST_CHECK int hk_record_decode(struct hk_slice payload, struct hk_scratch *scratch,
                                   struct hk_record *record);

/** Gets how many elements the array of a record has; 0 for no type that there is. */
uint32_t hk__record_element_count(unsigned type);

/** What stands first in every record. */
struct hk_record_mark {
    enum hk_record_type type;
    uint64_t lsn;
};

/** Reads only type and lsn; 0 or HK_EDAMAGED. The first 48 bytes are enough. */
HK_MUST_CHECK int hk_record_peek(struct hk_slice payload, struct hk_record_mark *mark);

/** Reads only head and text of an EVENT or STATE record, borrowed from `payload`. HK_EDAMAGED, also
 * for a record without a body. */
HK_MUST_CHECK int hk_record_find_body(struct hk_slice payload, struct hk_slice *head,
                                      struct hk_slice *text);
