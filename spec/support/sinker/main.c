// SPDX-License-Identifier: Apache-2.0
// sinker: a webhook receiver that keeps what it gets and misbehaves on request. See README.md.
#include "connection.h"
#include "control.h"
#include "memory.h"
#include "settings.h"
#include "tls.h"

#include <openssl/err.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/** The sinker and what only main needs to know of. */
struct program {
    struct hk_sinker *sinker;
    struct hk_tls tls;
    struct hk_control control;
    struct stopper {
        struct hk_watch watch;
        struct hk_loop *loop;
    } on_signal, on_stdin;
    struct hk_listener *http;
    struct hk_listener *https;
};

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "sinker: %s: %s\n", what, why);
    return false;
}

static void on_signal(struct hk_watch *watch, uint32_t events)
{
    (void)events;
    hk_loop_stop(((struct stopper *)watch)->loop);
}

static void on_stdin(struct hk_watch *watch, uint32_t events)
{
    char ignored[256];
    (void)events;
    if (read(watch->fd, ignored, sizeof ignored) <= 0) {
        hk_loop_stop(((struct stopper *)watch)->loop);
    }
}

static bool watch_signals(struct program *program)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    struct stopper *stopper = &program->on_signal;
    stopper->loop = &program->sinker->loop;
    stopper->watch = (struct hk_watch){ .fd = signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC),
                                        .on_ready = on_signal };
    return hk_loop_add(stopper->loop, &stopper->watch, EPOLLIN) == 0 ||
           complain("signals", "cannot watch");
}

static bool watch_stdin(struct program *program)
{
    struct stopper *stopper = &program->on_stdin;
    stopper->loop = &program->sinker->loop;
    stopper->watch = (struct hk_watch){ .fd = STDIN_FILENO, .on_ready = on_stdin };
    return hk_loop_add(stopper->loop, &stopper->watch, EPOLLIN) == 0 ||
           complain("--until-stdin-closes", "standard input is not a pipe or a terminal");
}

static bool open_http(struct program *program, const struct hk_settings *settings)
{
    struct hk_listener_options options = { .where = settings->http, .kind = "none" };
    int error;
    program->http = hk_listener_open(program->sinker, &options, &error);
    return program->http != NULL || complain(settings->http, strerror(-error));
}

static bool open_https(struct program *program, const struct hk_settings *settings)
{
    struct hk_listener_options options = { .where = settings->https,
                                           .kind = "good",
                                           .tls = hk_tls_context(&program->tls, HK_TLS_GOOD) };
    if (options.tls == NULL) {
        return complain("--https", ERR_reason_error_string(ERR_get_error()));
    }
    int error;
    program->https = hk_listener_open(program->sinker, &options, &error);
    return program->https != NULL || complain(settings->https, strerror(-error));
}

static bool open_tls(struct program *program, const struct hk_settings *settings)
{
    program->tls = (struct hk_tls){ .names = settings->names,
                                    .cert_file = settings->cert_file,
                                    .key_file = settings->key_file };
    program->sinker->tls = &program->tls;
    if (!hk_tls_init(&program->tls)) {
        return complain("CA", "cannot make one");
    }
    return settings->ca_file == NULL || hk_certificate_save(&program->tls.ca, settings->ca_file) ||
           complain(settings->ca_file, strerror(errno));
}

static bool open_all(struct program *program, const struct hk_settings *settings)
{
    if (!watch_signals(program) || !open_tls(program, settings) ||
        (settings->ends_with_stdin && !watch_stdin(program)) ||
        (settings->http != NULL && !open_http(program, settings)) ||
        (settings->https != NULL && !open_https(program, settings))) {
        return false;
    }
    int rc = hk_control_open(&program->control, program->sinker, settings->control);
    return rc == 0 || complain(settings->control, strerror(-rc));
}

static void append_port(struct hk_buffer *out, const char *name, int port)
{
    hk_buffer_print(out, port > 0 ? "\"%s\":%d," : "\"%s\":null,", name, port);
}

static void say_ready(const struct program *program)
{
    struct hk_buffer line = { 0 };
    hk_buffer_append_text(&line, "{");
    append_port(&line, "http", program->http != NULL ? program->http->port : 0);
    append_port(&line, "https", program->https != NULL ? program->https->port : 0);
    append_port(&line, "control", program->control.port);
    hk_buffer_print(&line, "\"pid\":%d}\n", (int)getpid());
    fwrite(line.data, 1, line.bytes, stdout);
    fflush(stdout);
    hk_buffer_fini(&line);
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void close_all(struct program *program)
{
    struct hk_sinker *sinker = program->sinker;
    while (sinker->listeners != NULL) {
        hk_listener_close(sinker->listeners);
    }
    hk_connection_close_all(sinker);
    if (program->control.sinker != NULL) {
        hk_control_close(&program->control);
    }
    if (program->on_signal.loop != NULL) {
        hk_loop_close(&sinker->loop, &program->on_signal.watch);
    }
    hk_sinker_fini(sinker);
    hk_tls_fini(&program->tls);
    hk_memory_free(sinker);
}

static int run(const struct hk_settings *settings)
{
    struct program program = { .sinker = hk_memory_new(sizeof *program.sinker) };
    struct hk_sinker *sinker = program.sinker;
    if (hk_sinker_init(sinker) < 0) {
        complain("epoll", strerror(errno));
        return EXIT_FAILED;
    }
    hk_store_init(&sinker->store, settings->is_bench ? 0 : settings->keep, settings->keep_bytes);
    sinker->store.counts_ids = settings->counts_ids;
    sinker->is_bench = settings->is_bench;
    sinker->is_quiet = settings->is_quiet || settings->is_bench;
    bool is_open = open_all(&program, settings);
    if (is_open) {
        say_ready(&program);
        hk_loop_run(&sinker->loop);
    }
    close_all(&program);
    return is_open ? 0 : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct hk_settings settings;
    int rc = hk_settings_parse(&settings, argc, argv);
    if (rc != 0) {
        return rc > 0 ? 0 : EXIT_USAGE;
    }
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigaction(SIGPIPE, &ignore, NULL);
    raise_descriptors();
    return run(&settings);
}
