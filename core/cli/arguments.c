// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include "base/spelling.h"

void hk_arguments_init(struct hk_arguments *arguments, int argc, char **argv)
{
    *arguments = (struct hk_arguments){ .argv = argv, .argc = argc, .at = 1 };
}

static const struct hk_cli_option *find_in(const struct hk_cli_option *options,
                                           struct hk_slice name)
{
    for (; options && options->name; options++)
        if (hk_slice_is(name, options->name))
            return options;
    return NULL;
}

/** Remembers the best of `options` as a suggestion for `name`. */
static void suggest(const struct hk_cli_option *options, struct hk_slice name, const char **best,
                    uint32_t *best_distance)
{
    for (; options && options->name; options++) {
        uint32_t distance = hk_spelling_distance(name, hk_slice_of(options->name));
        if (distance < *best_distance) {
            *best = options->name;
            *best_distance = distance;
        }
    }
}

static int unknown_option(const struct hk_cli_option *options, const struct hk_cli_option *more,
                          struct hk_slice name, struct hk_fault *fault)
{
    const char *best = NULL;
    uint32_t distance = UINT32_MAX;
    suggest(options, name, &best, &distance);
    suggest(more, name, &best, &distance);
    if (best && hk_spelling_is_near(name, distance))
        return hk_fault_set(fault, HK_EINVAL, "unknown option --%.*s; did you mean --%s?",
                            (int)name.size, name.at, best);
    return hk_fault_set(fault, HK_EINVAL, "unknown option --%.*s", (int)name.size, name.at);
}

/** Takes the option that stands at `at`, with its value. */
static int take_option(struct hk_arguments *arguments, const struct hk_cli_option *options,
                       const struct hk_cli_option *more, struct hk_fault *fault)
{
    const char *text = arguments->argv[arguments->at++] + 2;
    const char *equals = strchr(text, '=');
    struct hk_slice name = { text, equals ? (size_t)(equals - text) : strlen(text) };
    const struct hk_cli_option *option = find_in(options, name);
    if (option == NULL)
        option = find_in(more, name);
    if (option == NULL)
        return unknown_option(options, more, name, fault);
    if (arguments->given_count >= HK_CLI_GIVEN_MAX)
        return hk_fault_set(fault, HK_EINVAL, "too many options");
    const char *value = equals ? equals + 1 : "";
    if (option->value == NULL && equals)
        return hk_fault_set(fault, HK_EINVAL, "--%s takes no value", option->name);
    if (option->value && equals == NULL) {
        if (arguments->at >= arguments->argc)
            return hk_fault_set(fault, HK_EINVAL, "--%s needs a value: %s", option->name,
                                option->value);
        value = arguments->argv[arguments->at++];
    }
    arguments->given[arguments->given_count++] = (struct hk_given){ option, value };
    return 0;
}

/** Reads up to the next word, or to the end (NULL). */
static int read_word(struct hk_arguments *arguments, const struct hk_cli_option *options,
                     const struct hk_cli_option *more, const char **word, struct hk_fault *fault)
{
    *word = NULL;
    while (arguments->at < arguments->argc && !arguments->wants_help) {
        const char *text = arguments->argv[arguments->at];
        bool is_dash = text[0] == '-' && text[1] != '\0' && !arguments->is_plain;
        if (!is_dash) {
            arguments->at++;
            *word = text;
            return 0;
        }
        if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
            arguments->wants_help = true;
        } else if (strcmp(text, "--") == 0) {
            arguments->is_plain = true;
            arguments->at++;
        } else if (text[1] != '-') {
            return hk_fault_set(fault, HK_EINVAL, "unknown option %s", text);
        } else {
            int code = take_option(arguments, options, more, fault);
            if (code < 0)
                return code;
        }
    }
    return 0;
}

int hk_arguments_next(struct hk_arguments *arguments, const struct hk_cli_option *options,
                      const char **word, struct hk_fault *fault)
{
    return read_word(arguments, options, NULL, word, fault);
}

int hk_arguments_rest(struct hk_arguments *arguments, const struct hk_cli_option *options,
                      const struct hk_cli_option *more, struct hk_fault *fault)
{
    for (;;) {
        const char *word;
        int code = read_word(arguments, options, more, &word, fault);
        if (code < 0 || word == NULL)
            return code;
        if (arguments->word_count >= HK_CLI_WORDS_MAX)
            return hk_fault_set(fault, HK_EINVAL, "too many words, at %s", word);
        arguments->words[arguments->word_count++] = word;
    }
}

const char *hk_arguments_get(const struct hk_arguments *arguments, const char *name)
{
    for (uint32_t i = arguments->given_count; i > 0; i--)
        if (strcmp(arguments->given[i - 1].option->name, name) == 0)
            return arguments->given[i - 1].value;
    return NULL;
}
