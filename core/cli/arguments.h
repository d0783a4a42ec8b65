// SPDX-License-Identifier: Apache-2.0
/** Arguments: a command line, read word by word: options of whoever asks, and plain words.
 *
 * `--name value`, `--name=value`, `--flag`; after `--` everything is a word; `-` is a word. Pure;
 * thread: one. Faults: HK_EINVAL with a sentence for the person who typed. */
#pragma once
#include "base/bytes.h"

/** How the value of an option becomes a member of a JSON body (fields.h). */
enum hk_field_type {
    HK_FIELD_NONE,      /**< Not sent in the body. */
    HK_FIELD_TEXT,      /**< A string. */
    HK_FIELD_INTEGER,   /**< A whole number. */
    HK_FIELD_REAL,      /**< A number. */
    HK_FIELD_BOOL,      /**< true or false. */
    HK_FIELD_TEXTS,     /**< "a,b": a list of strings. */
    HK_FIELD_INTEGERS,  /**< "1,2": a list of whole numbers. */
    HK_FIELD_SCHEDULE,  /**< A word, or a list of whole numbers. */
    HK_FIELD_HEADER,    /**< "Name: value", repeated: an object. */
    HK_FIELD_LABEL,     /**< "name=value", repeated: an object. */
    HK_FIELD_AUTH,      /**< "basic:USER:PASSWORD" or "bearer:TOKEN". */
    HK_FIELD_AUTH_FILE, /**< A file with one such line. */
};

/** An option that a command takes. Lists end with an empty one. */
struct hk_cli_option {
    const char *name;  /**< Without the dashes. */
    const char *value; /**< What its value is called in help; NULL: a flag without one. */
    const char *about;
    enum hk_field_type field;
    const char *member; /**< Name in the body; NULL: `name` with '_' for '-'. */
};

/** Files that a shell finds for a pattern count, too. */
#define HK_CLI_WORDS_MAX 1000
#define HK_CLI_GIVEN_MAX 128

struct hk_given {
    const struct hk_cli_option *option;
    const char *value; /**< "" for a flag. */
};

/** All that was read; values are borrowed from argv. */
struct hk_arguments {
    char **argv;
    int argc, at;    /**< `at`: what is read next. */
    bool is_plain;   /**< `--` was seen. */
    bool wants_help; /**< --help or -h: nothing behind it was read. */
    const char *words[HK_CLI_WORDS_MAX];
    uint32_t word_count;
    struct hk_given given[HK_CLI_GIVEN_MAX];
    uint32_t given_count;
};

/** Starts behind the program's name. */
void hk_arguments_init(struct hk_arguments *arguments, int argc, char **argv);

/** Reads options of `options` up to the next word, which is taken but not added to `words`: NULL at
 * the end or when help is wanted. */
HK_MUST_CHECK int hk_arguments_next(struct hk_arguments *arguments,
                                    const struct hk_cli_option *options, const char **word,
                                    struct hk_fault *fault);

/** Reads the rest: options of both lists (`more` may be NULL) and words. */
HK_MUST_CHECK int hk_arguments_rest(struct hk_arguments *arguments,
                                    const struct hk_cli_option *options,
                                    const struct hk_cli_option *more, struct hk_fault *fault);

/** Gets the last value given for an option, or NULL. */
const char *hk_arguments_get(const struct hk_arguments *arguments, const char *name);
