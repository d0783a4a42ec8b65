// SPDX-License-Identifier: Apache-2.0
#include "api/form.h"

#include "api/exchange.h"
#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>

static void answer_syntax(struct hk_exchange *exchange, const struct hk_json_fault *fault)
{
    char message[256];
    snprintf(message, sizeof(message), "Malformed JSON at line %u, column %u: %s.", fault->line,
             fault->column, fault->reason);
    hk_answer_message(&exchange->answer, 400, message);
}

bool hk_form_open(struct hk_form *form, struct hk_exchange *exchange)
{
    struct hk_json_fault fault = { 0 };
    struct hk_slice body = hk_bytes_slice(&exchange->body);
    *form = (struct hk_form){ 0 };
    if (body.size == 0 && exchange->match.action->body_is_optional)
        body = HK_SLICE("{}");
    int code = hk_json_scan(body, &form->object, &fault);
    if (code == HK_ESYNTAX)
        answer_syntax(exchange, &fault);
    else if (code < 0)
        hk_answer_code(&exchange->answer, code);
    else if (form->object.type != HK_JSON_OBJECT)
        hk_answer_invalid_field(&exchange->answer, "body", "The body must be an object.");
    return code == 0 && form->object.type == HK_JSON_OBJECT;
}

bool hk_form_find(const struct hk_form *form, const char *name, struct hk_json_value *value)
{
    return hk_json_find(form->object, name, value);
}

void hk_form_fail(struct hk_form *form, const char *field, const char *format, ...)
{
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    form->has_failed = true;
    if (form->errors == NULL)
        form->errors = json_object();
    if (json_object_get(form->errors, field) == NULL)
        json_object_set_new(form->errors, field,
                            json_pack("[o]", hk_answer_text(hk_slice_of(text))));
}

bool hk_form_text(struct hk_form *form, const char *field, struct hk_json_value value,
                  size_t chars_max, char **text)
{
    struct hk_bytes bytes = { 0 };
    if (value.type != HK_JSON_STRING) {
        hk_form_fail(form, field, "The %s must be a string.", field);
        return false;
    }
    bool is_read = hk_json_string(value, &bytes) == 0;
    struct hk_slice slice = hk_bytes_slice(&bytes);
    if (!is_read)
        hk_form_fail(form, field, "The %s could not be read.", field);
    else if (slice.size == 0)
        hk_form_fail(form, field, "The %s field is required.", field);
    else if (memchr(slice.at, '\0', slice.size) != NULL)
        hk_form_fail(form, field, "The %s must not contain zero bytes.", field);
    else if (hk_utf8_count(slice) > chars_max)
        hk_form_fail(form, field, "The %s must not be greater than %zu characters.", field,
                     chars_max);
    else
        *text = hk_slice_dup(slice);
    bool is_good = *text != NULL;
    hk_wipe(bytes.at, bytes.size);
    hk_bytes_fini(&bytes);
    return is_good;
}

bool hk_form_integer(struct hk_form *form, const char *field, struct hk_json_value value,
                     struct hk_range range, int64_t *number)
{
    if (value.type == HK_JSON_NUMBER && hk_json_integer(value, number) == 0 &&
        *number >= range.min && *number <= range.max)
        return true;
    hk_form_fail(form, field, "The %s must be an integer between %lld and %lld.", field,
                 (long long)range.min, (long long)range.max);
    return false;
}

bool hk_form_bool(struct hk_form *form, const char *field, struct hk_json_value value,
                  bool *is_true)
{
    if (value.type != HK_JSON_BOOL) {
        hk_form_fail(form, field, "The %s must be true or false.", field);
        return false;
    }
    *is_true = value.text.at[0] == 't';
    return true;
}

bool hk_form_close(struct hk_form *form, struct hk_exchange *exchange)
{
    if (!form->has_failed)
        return true;
    hk_answer_invalid(&exchange->answer, form->errors);
    form->errors = NULL;
    return false;
}
