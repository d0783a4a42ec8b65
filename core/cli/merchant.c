// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/alloc.h"

static const struct hk_cli_option create_options[] = {
    { "name", "NAME", "what people call it, at most 255 characters", HK_FIELD_TEXT, NULL },
    { "id", "N", "its number; without, the next free one", HK_FIELD_INTEGER, NULL },
    { "verified", "true|false", "false: it cannot change its endpoints", HK_FIELD_BOOL, NULL },
    { "policy", "NAME", "its policy; null: the file with its id, else default", HK_FIELD_TEXT,
      NULL },
    HK_OPTIONS_END,
};

static const struct hk_cli_option update_options[] = {
    { "name", "NAME", "what people call it, at most 255 characters", HK_FIELD_TEXT, NULL },
    { "verified", "true|false", "false: it cannot change its endpoints", HK_FIELD_BOOL, NULL },
    { "policy", "NAME", "its policy; null: the file with its id, else default", HK_FIELD_TEXT,
      NULL },
    HK_OPTIONS_END,
};

static const struct hk_cli_option list_options[] = { HK_PAGE_OPTIONS, HK_OPTIONS_END };

static const struct hk_view_column columns[] = {
    { { "ID", true, false }, "id" },
    { { "NAME", false, false }, "name" },
    { { "VERIFIED", false, false }, "verified" },
    { { "POLICY", false, false }, "policy" },
    { { "CREATED", false, false }, "created_at" },
};

static enum hk_exit create(struct hk_call *call)
{
    return hk_call_send_fields(call, "POST", "/api/v1/merchants");
}

static enum hk_exit list(struct hk_call *call)
{
    return hk_call_list(call, "/api/v1/merchants", columns, sizeof(columns) / sizeof(columns[0]));
}

static enum hk_exit show(struct hk_call *call)
{
    char *path = hk_call_path(call->arguments->words[0], NULL, NULL);
    enum hk_exit ended = hk_call_show(call, path);
    hk_free(path);
    return ended;
}

static enum hk_exit update(struct hk_call *call)
{
    char *path = hk_call_path(call->arguments->words[0], NULL, NULL);
    enum hk_exit ended = hk_call_send_fields(call, "PATCH", path);
    hk_free(path);
    return ended;
}

static enum hk_exit erase(struct hk_call *call)
{
    const char *merchant = call->arguments->words[0];
    char *path = hk_call_path(merchant, NULL, NULL);
    enum hk_exit ended = hk_call_delete(call, path, merchant);
    hk_free(path);
    return ended;
}

const struct hk_verb hk_merchant_verbs[] = {
    { "create", "", "make a merchant", create_options, 0, 0, create },
    { "list", "", "all merchants", list_options, 0, 0, list },
    { "show", "MERCHANT", "one merchant", NULL, 1, 1, show },
    { "update", "MERCHANT", "change what is given", update_options, 1, 1, update },
    { "delete", "MERCHANT", "delete it, its endpoints and keys", NULL, 1, 1, erase },
    HK_VERBS_END,
};
