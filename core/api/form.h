// SPDX-License-Identifier: Apache-2.0
/** Form: the members of a JSON body, read with their types and ranges; what is wrong is collected
 * field by field for a 422. The body was checked by base/json before. Unknown members are ignored.
 * Thread: the api thread's. */
#pragma once
#include "base/json.h"

#include <jansson.h>

struct hk_exchange;

struct hk_form {
    struct hk_json_value object;
    json_t *errors; /**< Field -> list of one sentence; NULL: none yet, or no memory for it. */
    bool has_failed;
};

struct hk_range {
    int64_t min, max;
};

/** Scans the exchange's body. On false it is answered: 400 with line and column, 503, or 422 when
 * it is no object. An empty body is `{}` where the action takes none. */
bool hk_form_open(struct hk_form *form, struct hk_exchange *exchange);

/** Finds a member. */
bool hk_form_find(const struct hk_form *form, const char *name, struct hk_json_value *value);

/** Notes what is wrong with a field (dot notation), unless something is already. */
void hk_form_fail(struct hk_form *form, const char *field, const char *format, ...) HK_PRINTF(3, 4);

/** Reads a string of 1 to `chars_max` characters without zero bytes into `*text`, which the caller
 * frees. False: failed, noted. */
bool hk_form_text(struct hk_form *form, const char *field, struct hk_json_value value,
                  size_t chars_max, char **text);
bool hk_form_integer(struct hk_form *form, const char *field, struct hk_json_value value,
                     struct hk_range range, int64_t *number);
bool hk_form_bool(struct hk_form *form, const char *field, struct hk_json_value value,
                  bool *is_true);

/** Ends the reading. True: nothing was wrong. False: the exchange is answered with 422. */
bool hk_form_close(struct hk_form *form, struct hk_exchange *exchange);
