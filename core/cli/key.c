// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/alloc.h"

static const struct hk_cli_option list_options[] = { HK_PAGE_OPTIONS, HK_OPTIONS_END };

static const struct hk_view_column columns[] = {
    { { "ID", false, false }, "id" },
    { { "CREATED", false, false }, "created_at" },
};

static enum hk_exit create(struct hk_call *call)
{
    char *path = hk_call_path(call->arguments->words[0], "keys", NULL);
    enum hk_exit ended = hk_call_send_fields(call, "POST", path);
    // The key is on `out` for whoever pipes it; the advice is for the person.
    if (ended == HK_EXIT_DONE && !call->screen->is_json)
        (void)fputs("The key is shown this once: hookd keeps only its hash.\n", call->screen->err);
    hk_free(path);
    return ended;
}

static enum hk_exit list(struct hk_call *call)
{
    char *path = hk_call_path(call->arguments->words[0], "keys", NULL);
    enum hk_exit ended = hk_call_list(call, path, columns, sizeof(columns) / sizeof(columns[0]));
    hk_free(path);
    return ended;
}

static enum hk_exit erase(struct hk_call *call)
{
    const char *key_id = call->arguments->words[1];
    char *path = hk_call_path(call->arguments->words[0], "keys", key_id);
    enum hk_exit ended = hk_call_delete(call, path, key_id);
    hk_free(path);
    return ended;
}

const struct hk_verb hk_key_verbs[] = {
    { "create", "MERCHANT", "make an API key and show it, this once", NULL, 1, 1, create },
    { "list", "MERCHANT", "its keys, without their values", list_options, 1, 1, list },
    { "delete", "MERCHANT KEY_ID", "make a key invalid", NULL, 2, 2, erase },
    HK_VERBS_END,
};
