// SPDX-License-Identifier: Apache-2.0
#include "cli/hookctl.h"

#include "base/alloc.h"
#include "base/spelling.h"
#include "cli/families.h"

#include <errno.h>

#define SOCKET_DEFAULT "/run/hookd/control.sock"

enum { KEY_BYTES_MAX = 4096, NAMES_MAX = 16 };

static const struct hk_cli_option global_options[] = {
    { "socket", "PATH", "hookd's control socket, else $HOOKCTL_SOCKET, else " SOCKET_DEFAULT,
      HK_FIELD_NONE, NULL },
    { "server", "URL", "ask over HTTP instead, with a platform key", HK_FIELD_NONE, NULL },
    { "key", "KEY", "the platform key; others can see it: better $HOOKCTL_KEY or --key-file",
      HK_FIELD_NONE, NULL },
    { "key-file", "FILE", "a file with the platform key", HK_FIELD_NONE, NULL },
    { "json", NULL, "for programs: the answer as it came", HK_FIELD_NONE, NULL },
    { "help", NULL, "this text, also behind any command", HK_FIELD_NONE, NULL },
    HK_OPTIONS_END,
};

/** One command line on its way to its command. */
struct run {
    const struct hk_hookctl_surroundings *surroundings;
    struct hk_arguments arguments;
    struct hk_screen screen;
    const struct hk_family *family;
    const struct hk_verb *verb;
    struct hk_bytes key_file; /**< What --key-file held; wiped at the end. */
};

// ---- help ------------------------------------------------------------------------------------

static void print_options(const struct hk_screen *screen, const struct hk_cli_option *options)
{
    for (; options && options->name; options++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "--%s%s%s", options->name, options->value ? " " : "",
                       options->value ? options->value : "");
        hk_screen_print(screen, "  %-26s %s\n", left, options->about);
    }
}

static void help_all(const struct hk_screen *screen)
{
    hk_screen_print(screen, "usage: hookctl [OPTIONS] COMMAND ...\n\ncommands:\n");
    for (const struct hk_family *family = hk_families; family->name; family++)
        hk_screen_print(screen, "  %-26s %s\n", family->name, family->about);
    hk_screen_print(screen, "\noptions, anywhere:\n");
    print_options(screen, global_options);
    hk_screen_print(screen, "\nExit codes: 0 done, 1 failed, 2 wrong usage.\n");
}

static bool is_single(const struct hk_family *family)
{
    return family->verbs[0].name[0] == '\0';
}

static void print_call(const struct hk_screen *screen, const struct hk_family *family,
                       const struct hk_verb *verb)
{
    const char *const parts[] = { verb->name, verb->words, verb->options ? "[OPTIONS]" : "" };
    hk_screen_print(screen, "hookctl %s", family->name);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        hk_screen_print(screen, "%s%s", parts[i][0] ? " " : "", parts[i]);
}

static void help_family(const struct hk_screen *screen, const struct hk_family *family)
{
    hk_screen_print(screen, "usage:\n");
    for (const struct hk_verb *verb = family->verbs; verb->name; verb++) {
        hk_screen_print(screen, "  ");
        print_call(screen, family, verb);
        hk_screen_print(screen, "\n      %s\n", verb->about);
    }
    hk_screen_print(screen, "\n--help behind a command shows its options.\n");
}

static void help_verb(const struct hk_screen *screen, const struct hk_family *family,
                      const struct hk_verb *verb)
{
    hk_screen_print(screen, "usage: ");
    print_call(screen, family, verb);
    hk_screen_print(screen, "\n\n%s\n", verb->about);
    if (verb->options) {
        hk_screen_print(screen, "\noptions:\n");
        print_options(screen, verb->options);
    }
    hk_screen_print(screen, "\noptions of every command:\n");
    print_options(screen, global_options);
}

static int help(const struct run *run)
{
    if (run->verb)
        help_verb(&run->screen, run->family, run->verb);
    else if (run->family)
        help_family(&run->screen, run->family);
    else
        help_all(&run->screen);
    return HK_EXIT_DONE;
}

// ---- finding the command ---------------------------------------------------------------------

static int wrong_usage(const struct run *run, const char *text)
{
    hk_screen_complain(&run->screen, "%s", text);
    (void)fprintf(run->screen.err, "hookctl --help shows what there is\n");
    return HK_EXIT_USAGE;
}

/** Complains about a word that is none of `names`, with the nearest that is. */
static int unknown_word(const struct run *run, const char *what, const char *word,
                        const char *const *names)
{
    const char *nearest = hk_spelling_nearest(hk_slice_of(word), names);
    hk_screen_complain(&run->screen, "unknown %s \"%s\"; the nearest is \"%s\"", what, word,
                       nearest ? nearest : "");
    (void)fprintf(run->screen.err, "hookctl --help shows what there is\n");
    return HK_EXIT_USAGE;
}

static int find_family(struct run *run, const char *word)
{
    const char *names[NAMES_MAX] = { NULL };
    for (uint32_t i = 0; i < NAMES_MAX - 1 && hk_families[i].name; i++) {
        names[i] = hk_families[i].name;
        if (strcmp(names[i], word) == 0) {
            run->family = &hk_families[i];
            return HK_EXIT_DONE;
        }
    }
    return unknown_word(run, "command", word, names);
}

static int find_verb(struct run *run, const char *word)
{
    const char *names[NAMES_MAX] = { NULL };
    for (uint32_t i = 0; i < NAMES_MAX - 1 && run->family->verbs[i].name; i++) {
        names[i] = run->family->verbs[i].name;
        if (strcmp(names[i], word) == 0) {
            run->verb = &run->family->verbs[i];
            return HK_EXIT_DONE;
        }
    }
    return unknown_word(run, "command", word, names);
}

/** Reads the words that name the command; DONE also when help is wanted before they are all there.
 */
static int find_command(struct run *run)
{
    struct hk_fault fault;
    const char *word;
    if (hk_arguments_next(&run->arguments, global_options, &word, &fault) < 0)
        return wrong_usage(run, fault.text);
    if (run->arguments.wants_help)
        return HK_EXIT_DONE;
    if (word == NULL)
        return wrong_usage(run, "no command");
    int ended = find_family(run, word);
    if (ended != HK_EXIT_DONE)
        return ended;
    if (is_single(run->family)) {
        run->verb = &run->family->verbs[0];
        return HK_EXIT_DONE;
    }
    if (hk_arguments_next(&run->arguments, global_options, &word, &fault) < 0)
        return wrong_usage(run, fault.text);
    if (run->arguments.wants_help)
        return HK_EXIT_DONE;
    if (word)
        return find_verb(run, word);
    help_family(&(struct hk_screen){ .out = run->screen.err }, run->family);
    return HK_EXIT_USAGE;
}

static int read_rest(struct run *run)
{
    struct hk_arguments *arguments = &run->arguments;
    struct hk_fault fault;
    if (hk_arguments_rest(arguments, global_options, run->verb->options, &fault) < 0)
        return wrong_usage(run, fault.text);
    uint32_t count = arguments->word_count;
    if (arguments->wants_help || (count >= run->verb->words_min && count <= run->verb->words_max))
        return HK_EXIT_DONE;
    hk_screen_complain(&run->screen, count < run->verb->words_min ? "a word is missing"
                                                                  : "there is a word too many");
    (void)fprintf(run->screen.err, "usage: ");
    print_call(&(struct hk_screen){ .out = run->screen.err }, run->family, run->verb);
    (void)fprintf(run->screen.err, "\n");
    return HK_EXIT_USAGE;
}

// ---- running it ------------------------------------------------------------------------------

/** Reads the first line of --key-file. */
static int read_key_file(struct run *run, const char *path)
{
    char line[KEY_BYTES_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        hk_screen_complain(&run->screen, "%s: %s", path, strerror(errno));
        return HK_EXIT_FAILED;
    }
    bool is_read = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    size_t size = is_read ? strcspn(line, "\r\n") : 0;
    bool is_kept = size > 0 && hk_bytes_append(&run->key_file, line, size) == 0 &&
                   hk_bytes_append(&run->key_file, "", 1) == 0;
    hk_wipe(line, sizeof(line));
    if (!is_kept)
        hk_screen_complain(&run->screen, "%s: there is no key in it", path);
    return is_kept ? HK_EXIT_DONE : HK_EXIT_FAILED;
}

static int client_options_fill(struct run *run, struct hk_client_options *options)
{
    const struct hk_arguments *arguments = &run->arguments;
    const char *socket_path = hk_arguments_get(arguments, "socket");
    const char *key_file = hk_arguments_get(arguments, "key-file");
    options->socket_path = socket_path ? socket_path : run->surroundings->socket_path;
    if (options->socket_path == NULL)
        options->socket_path = SOCKET_DEFAULT;
    options->server = hk_arguments_get(arguments, "server");
    options->key = hk_arguments_get(arguments, "key");
    if (options->key == NULL && key_file) {
        int ended = read_key_file(run, key_file);
        if (ended != HK_EXIT_DONE)
            return ended;
        options->key = run->key_file.at;
    }
    if (options->key == NULL)
        options->key = run->surroundings->key;
    if (options->server && options->key == NULL)
        return wrong_usage(run, "--server needs a key: $HOOKCTL_KEY, --key-file or --key");
    return HK_EXIT_DONE;
}

static int run_verb(struct run *run)
{
    struct hk_client_options options = { 0 };
    struct hk_call call = { .arguments = &run->arguments, .screen = &run->screen };
    struct hk_fault fault;
    int ended = client_options_fill(run, &options);
    if (ended != HK_EXIT_DONE)
        return ended;
    if (hk_client_new(&options, &call.client, &fault) < 0) {
        hk_screen_complain(&run->screen, "%s", fault.text);
        return HK_EXIT_FAILED;
    }
    ended = (int)run->verb->run(&call);
    hk_client_free(call.client);
    return ended;
}

int hk_hookctl_run(int argc, char **argv, const struct hk_hookctl_surroundings *surroundings)
{
    struct run run = {
        .surroundings = surroundings,
        .screen = { .out = surroundings->out, .err = surroundings->err },
    };
    hk_arguments_init(&run.arguments, argc, argv);
    int ended = find_command(&run);
    if (ended == HK_EXIT_DONE && !run.arguments.wants_help)
        ended = read_rest(&run);
    run.screen.is_json = hk_arguments_get(&run.arguments, "json") != NULL;
    run.screen.has_color = surroundings->can_color && !run.screen.is_json;
    if (ended == HK_EXIT_DONE)
        ended = run.arguments.wants_help ? help(&run) : run_verb(&run);
    // What was asked for is on `out`; if it did not get there, it was not done.
    if ((fflush(surroundings->out) != 0 || ferror(surroundings->out)) && ended == HK_EXIT_DONE)
        ended = HK_EXIT_FAILED;
    if (run.key_file.at)
        hk_wipe(run.key_file.at, run.key_file.capacity);
    hk_bytes_fini(&run.key_file);
    return ended;
}
