// SPDX-License-Identifier: Apache-2.0
/** Payload: what one delivery sends that is its own: a body that a policy changed, headers that it
 * added. An immutable hk_body: the head holds a flag byte and the headers as "name\0value\0" one
 * after the other, the text the body. Thread: any. */
#pragma once
#include "base/body.h"
#include "model/texts.h"

/** Makes a payload with one reference; `text` NULL: the event's body goes out. NULL when out of
 * memory. The caller checked the headers. */
struct hk_body *hk_payload_new(const struct hk_pairs *headers, const struct hk_slice *text);

/** Makes one of parts that were stored; NULL when out of memory or when `head` is malformed. */
struct hk_body *hk_payload_restore(struct hk_slice head, struct hk_slice text);

/** Is this body a payload? For those who tell a malformed one from no memory. */
bool hk_payload_is_valid(const struct hk_body *body);

/** Has it a body of its own? Then that is hk_body_text. */
bool hk_payload_has_text(const struct hk_body *payload);

/** Walks the headers. `rest` starts as hk_payload_headers. */
struct hk_slice hk_payload_headers(const struct hk_body *payload);
bool hk_payload_next(struct hk_slice *rest, const char **name, const char **value);
