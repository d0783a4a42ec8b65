// SPDX-License-Identifier: Apache-2.0
#include "cli/families.h"

#include "base/alloc.h"

/** Everything that an endpoint can be told (interface.md section 3); null gives the default back.
 */
static const struct hk_cli_option fields[] = {
    { "name", "NAME", "what people call it, at most 255 characters", HK_FIELD_TEXT, NULL },
    { "url", "URL", "where events go, https, at most 500 characters", HK_FIELD_TEXT, NULL },
    { "events", "A,B", "event types that it gets; null: all", HK_FIELD_TEXTS, NULL },
    { "enabled", "true|false", "false: it gets nothing", HK_FIELD_BOOL, NULL },
    { "role", "ROLE", "primary, audit or dead_letter", HK_FIELD_TEXT, NULL },
    { "signature", "NAME", "how requests are signed: points, standard, github, stripe",
      HK_FIELD_TEXT, NULL },
    { "schedule", "NAME|MS,MS", "waits between attempts: points, standard, or milliseconds",
      HK_FIELD_SCHEDULE, NULL },
    { "attempts", "N", "1 to 20", HK_FIELD_INTEGER, NULL },
    { "timeout-ms", "MS", "1000 to 30000, for a whole attempt", HK_FIELD_INTEGER, NULL },
    { "no-retry-statuses", "N,N", "answers (400 to 599) after which it is dead at once",
      HK_FIELD_INTEGERS, NULL },
    { "on-gone", "WORD", "what a 410 does: retry or disable", HK_FIELD_TEXT, NULL },
    { "disable-after-s", "S", "disable after so long of nothing but failure; 0: never",
      HK_FIELD_INTEGER, NULL },
    { "rate-limit", "N", "deliveries a second, 0.1 to 10000; null: none", HK_FIELD_REAL, NULL },
    { "concurrency", "N", "attempts at once, 1 to 256", HK_FIELD_INTEGER, NULL },
    { "ordering", "WORD", "none, or key: one at a time for each ordering key", HK_FIELD_TEXT,
      NULL },
    { "ordering-skip-s", "S", "how long a stuck event holds up its key, 0 to 604800",
      HK_FIELD_INTEGER, NULL },
    { "header", "'NAME: VALUE'", "a header of its own; may be repeated; null: none",
      HK_FIELD_HEADER, "headers" },
    { "auth", "AUTH", "basic:USER:PASSWORD or bearer:TOKEN; null: none", HK_FIELD_AUTH, NULL },
    { "auth-file", "FILE", "a file with one such line: others cannot see it", HK_FIELD_AUTH_FILE,
      "auth" },
    { "label", "NAME=VALUE", "a label; may be repeated; null: none", HK_FIELD_LABEL, "labels" },
    { "description", "TEXT", "at most 500 characters", HK_FIELD_TEXT, NULL },
    HK_OPTIONS_END,
};

static const struct hk_cli_option list_options[] = { HK_PAGE_OPTIONS, HK_OPTIONS_END };

static const struct hk_view_column columns[] = {
    { { "UUID", false, false }, "uuid" },     { { "NAME", false, false }, "name" },
    { { "ROLE", false, false }, "role" },     { { "ENABLED", false, false }, "enabled" },
    { { "EVENTS", false, false }, "events" }, { { "URL", false, false }, "url" },
};

static char *path_of(const struct hk_call *call, const char *uuid)
{
    return hk_call_path(call->arguments->words[0], "webhooks", uuid);
}

static enum hk_exit create(struct hk_call *call)
{
    char *path = path_of(call, NULL);
    enum hk_exit ended = hk_call_send_fields(call, "POST", path);
    hk_free(path);
    return ended;
}

static enum hk_exit list(struct hk_call *call)
{
    char *path = path_of(call, NULL);
    enum hk_exit ended = hk_call_list(call, path, columns, sizeof(columns) / sizeof(columns[0]));
    hk_free(path);
    return ended;
}

static enum hk_exit show(struct hk_call *call)
{
    char *path = path_of(call, call->arguments->words[1]);
    enum hk_exit ended = hk_call_show(call, path);
    hk_free(path);
    return ended;
}

static enum hk_exit update(struct hk_call *call)
{
    char *path = path_of(call, call->arguments->words[1]);
    enum hk_exit ended = hk_call_send_fields(call, "PATCH", path);
    hk_free(path);
    return ended;
}

static enum hk_exit erase(struct hk_call *call)
{
    const char *uuid = call->arguments->words[1];
    char *path = path_of(call, uuid);
    enum hk_exit ended = hk_call_delete(call, path, uuid);
    hk_free(path);
    return ended;
}

const struct hk_verb hk_endpoint_verbs[] = {
    { "create", "MERCHANT", "register a URL; the answer has its secret", fields, 1, 1, create },
    { "list", "MERCHANT", "its endpoints", list_options, 1, 1, list },
    { "show", "MERCHANT UUID", "one endpoint, with its secret", NULL, 2, 2, show },
    { "update", "MERCHANT UUID", "change what is given", fields, 2, 2, update },
    { "delete", "MERCHANT UUID", "delete it; nothing more is sent to it", NULL, 2, 2, erase },
    HK_VERBS_END,
};
