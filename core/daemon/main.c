// SPDX-License-Identifier: Apache-2.0
/* hookd: the daemon's command line. Exit codes: interface.md section 1. */
#include "daemon/config_file.h"
#include "daemon/script_places.h"
#include "daemon/shell.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 3, EXIT_STATE = 4 };

static const char usage[] =
    "usage: hookd serve [--config FILE]   run in the foreground\n"
    "       hookd check [--config FILE]   check config and policies, say what is wrong,\n"
    "                                     exit 0 or 3\n"
    "       hookd version                 version, commit, libraries\n"
    "\n"
    "FILE is a Lua file that returns a table; without --config it is " HK_CONFIG_PATH_DEFAULT ".\n"
    "SIGTERM and SIGINT stop hookd, SIGHUP reloads config and policies, SIGUSR1 takes a snapshot.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 config invalid, 4 state damaged, locked or "
    "disk\n"
    "failed.\n";

static int say_usage(const char *what, const char *word)
{
    (void)fprintf(stderr, "hookd: %s%s%s\n%s", what, word ? " " : "", word ? word : "", usage);
    return EXIT_USAGE;
}

/** What a run that ended with `code` means to whoever started hookd. */
static int exit_code_of(int code)
{
    switch (code) {
    case 0:
        return EXIT_DONE;
    case HK_EINVAL:
    case HK_ESYNTAX:
    case HK_EDENIED: // the secret key opens none of the stored secrets
        return EXIT_CONFIG;
    case HK_EDAMAGED:
    case HK_ELOCKED:
    case HK_EIO:
    case HK_ENOSPC:
    case HK_EVERSION:
        return EXIT_STATE;
    default:
        return EXIT_FAILED;
    }
}

static int serve(const char *path)
{
    struct hk_config config;
    struct hk_fault fault = { 0 };
    int code = hk_config_load(path, true, &config, &fault);
    if (code < 0) {
        (void)fprintf(stderr, "hookd: %s\n", fault.text);
        return EXIT_CONFIG;
    }
    // A peer that goes away is an error of that write, not the end of hookd.
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignore, NULL);
    hk_log_configure(config.log_level, config.log_format);
    hk_script_places_mend(&config);
    code = hk_shell_run(&config, path ? path : HK_CONFIG_PATH_DEFAULT, &fault);
    if (code < 0)
        hk_log_error("stopped", HK_F("error", hk_error_name(code)), HK_F("reason", fault.text));
    hk_config_fini(&config);
    return exit_code_of(code);
}

static void say_config_faults(const char *path, const struct hk_config_faults *faults)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct hk_config_fault *fault = &faults->items[i];
        if (fault->line == 0)
            (void)printf("%s\n", fault->text);
        else
            (void)printf("%s:%u: %s%s\n", path, fault->line, fault->is_note ? "note: " : "",
                         fault->text);
    }
}

/** Reads and checks policies, libraries and tables as a start does; says what is wrong. */
static int check_policies(const char *path, struct hk_config *config)
{
    struct hk_scripts *scripts = NULL;
    struct hk_scripts_report report = { 0 };
    struct hk_fault fault = { 0 };
    hk_script_places_mend(config);
    // What the worker logs of its own is for a daemon's log.
    hk_log_configure(HK_LOG_ERROR, config->log_format);
    const struct hk_script_load load = { .config = config, .is_trial = true };
    int code = hk_script_places_load(&load, &scripts, &report, &fault);
    if (code < 0) {
        (void)printf("%s: %s\n", path, fault.text);
        return code;
    }
    for (uint32_t i = 0; i < report.count; i++)
        if (report.lines[i].what == HK_SCRIPT_REFUSED)
            (void)printf("%s\n", report.lines[i].fault);
    code = report.refused_count > 0 ? HK_EINVAL : 0;
    hk_scripts_report_fini(&report);
    hk_scripts_unref(scripts);
    return code;
}

static int check(const char *path)
{
    struct hk_config config;
    struct hk_config_faults faults = { 0 };
    path = path ? path : HK_CONFIG_PATH_DEFAULT;
    int code = hk_config_check(path, &config, &faults);
    say_config_faults(path, &faults);
    if (code < 0 && faults.count == 0)
        (void)printf("%s: %s\n", path, hk_error_text(code));
    hk_config_faults_fini(&faults);
    if (code == 0) {
        code = check_policies(path, &config);
        hk_config_fini(&config);
    }
    if (code == 0)
        (void)printf("%s: ok\n", path);
    return code == HK_ESTART ? EXIT_FAILED : code < 0 ? EXIT_CONFIG : EXIT_DONE;
}

static int version(void)
{
    (void)printf("hookd %s (%s)\n", hk_version(), hk_version_commit());
    (void)printf("%s\n", hk_version_libraries());
    return EXIT_DONE;
}

static int help(void)
{
    (void)fputs(usage, stdout);
    return EXIT_DONE;
}

/** Reads [--config FILE]; false after a complaint. */
static bool parse_config(int count, char **words, const char **path)
{
    for (int i = 0; i < count; i++) {
        static const char joined[] = "--config=";
        if (strncmp(words[i], joined, strlen(joined)) == 0) {
            *path = words[i] + strlen(joined);
        } else if (strcmp(words[i], "--config") == 0 && i + 1 < count) {
            *path = words[++i];
        } else {
            bool is_config = strcmp(words[i], "--config") == 0;
            say_usage(is_config ? "no FILE behind" : "unknown argument", words[i]);
            return false;
        }
    }
    return true;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int run(int argc, char **argv)
{
    const char *path = NULL;
    if (argc < 2)
        return say_usage("no command", NULL);
    for (int i = 1; i < argc && i < 3; i++)
        if (is_help(argv[i]))
            return help();
    bool is_version = strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0;
    if (is_version && argc == 2)
        return version();
    bool is_serve = strcmp(argv[1], "serve") == 0, is_check = strcmp(argv[1], "check") == 0;
    if (!is_serve && !is_check && !is_version)
        return say_usage("unknown command", argv[1]);
    if (!parse_config(argc - 2, argv + 2, &path))
        return EXIT_USAGE;
    if (is_version)
        return say_usage("version takes no arguments", NULL);
    return is_serve ? serve(path) : check(path);
}

int main(int argc, char **argv)
{
    int code = run(argc, argv);
    // What was asked for is on stdout; if it did not get there, it was not done.
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE)
        return EXIT_FAILED;
    return code;
}
