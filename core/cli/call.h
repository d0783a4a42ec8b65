// SPDX-License-Identifier: Apache-2.0
/** Call: one command that runs, what it was given, and what commands share. Thread: one. */
#pragma once
#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/screen.h"
#include "cli/view.h"

/** interface.md section 1. */
enum hk_exit { HK_EXIT_DONE = 0, HK_EXIT_FAILED = 1, HK_EXIT_USAGE = 2 };

struct hk_call {
    const struct hk_arguments *arguments;
    struct hk_client *client;
    const struct hk_screen *screen;
};

typedef enum hk_exit (*hk_verb_fn)(struct hk_call *call);

/** "create" of "merchant create". */
struct hk_verb {
    const char *name;  /**< "" when the family is a command by itself; NULL ends a list. */
    const char *words; /**< "MERCHANT UUID", or "". */
    const char *about;
    const struct hk_cli_option *options; /**< Or NULL. */
    uint32_t words_min, words_max;
    hk_verb_fn run;
};

struct hk_family {
    const char *name; /**< NULL ends a list. */
    const char *about;
    const struct hk_verb *verbs;
};

/** Asks, and complains about whatever is not a good answer: the server's message and its errors
 * for each field. With --json a bad answer goes to `out` too. The caller ends `answer` always. */
HK_MUST_CHECK enum hk_exit hk_call_ask(struct hk_call *call, const struct hk_ask *ask,
                                       struct hk_client_answer *answer);

/** Sends the fields of the command line to `path` and shows `data` of the answer. */
enum hk_exit hk_call_send_fields(struct hk_call *call, const char *method, const char *path);

/** Asks without a body and shows `data`. */
enum hk_exit hk_call_show(struct hk_call *call, const char *path);

/** Asks for the page that --page and --per-page name and shows it as a table. */
enum hk_exit hk_call_list(struct hk_call *call, const char *path,
                          const struct hk_view_column *columns, uint32_t count);

/** Deletes, and says that `what` is gone. */
enum hk_exit hk_call_delete(struct hk_call *call, const char *path, const char *what);

/** Makes the path of a merchant or of what belongs to it: "/api/v1/merchants/ID", and "/MORE/LAST"
 * where they are not NULL. Ends the process when out of memory; the caller frees with hk_free. */
char *hk_call_path(const char *merchant, const char *more, const char *last);

/** Prints an answer's bytes as they came, for --json. */
void hk_call_print_json(const struct hk_call *call, const struct hk_client_answer *answer);

/** The options of every list. */
#define HK_PAGE_OPTIONS                                                      \
    { "page", "N", "which page, from 1", HK_FIELD_NONE, NULL },              \
    {                                                                        \
        "per-page", "N", "how many on a page, 1 to 100", HK_FIELD_NONE, NULL \
    }

#define HK_OPTIONS_END                        \
    {                                         \
        NULL, NULL, NULL, HK_FIELD_NONE, NULL \
    }
#define HK_VERBS_END                       \
    {                                      \
        NULL, NULL, NULL, NULL, 0, 0, NULL \
    }
