// SPDX-License-Identifier: Apache-2.0
#include "policy/process.h"

#include "support_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hk_policy_options policy = { .time_ms_max = 10,
                                                 .memory_bytes_max = 8388608,
                                                 .kill_ms = 1000 };

static struct hk_process_setup setup_of(const char *path)
{
    return (struct hk_process_setup){ .worker_path = path,
                                      .policy = &policy,
                                      .plan_bytes_max = 4194304 };
}

/** Waits until the worker says something; gets how many bytes. */
static ssize_t hear(const struct hk_process *process, char *bytes, size_t size)
{
    struct pollfd wanted = { .fd = process->fd, .events = POLLIN };
    assert_int_equal(poll(&wanted, 1, -1), 1);
    return recv(process->fd, bytes, size, 0);
}

static void wait_for_ready(const struct hk_process *process)
{
    char bytes[16];
    assert_int_equal(hear(process, bytes, sizeof(bytes)), 6);
    assert_memory_equal(bytes, "\x02\x00\x00\x00\x91\x41", 6);
}

static void test_a_worker_says_that_it_is_ready_and_can_be_ended(void **state)
{
    (void)state;
    struct hk_process process;
    const struct hk_process_setup setup = setup_of(support_worker_path());
    assert_int_equal(hk_process_start(&setup, &process, NULL), 0);
    assert_true(process.pid > 0 && process.fd >= 0);
    assert_true((fcntl(process.fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(process.fd, F_GETFL) & O_NONBLOCK) != 0);
    wait_for_ready(&process);
    pid_t pid = process.pid;
    assert_int_equal(hk_process_end(&process), SIGKILL);
    assert_true(process.pid == 0 && process.fd == -1);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(hk_process_end(&process), 0); // there is none
}

static void test_what_cannot_be_started_is_said_with_its_path(void **state)
{
    (void)state;
    struct hk_process process;
    struct hk_fault fault;
    const struct hk_process_setup setup = setup_of("/nowhere/hookd-policy");
    assert_int_equal(hk_process_start(&setup, &process, &fault), HK_ESTART);
    assert_true(process.pid == 0 && process.fd == -1);
    assert_int_equal(fault.sys, ENOENT);
    assert_non_null(strstr(fault.text, "/nowhere/hookd-policy"));
}

/** Starts a worker that tells what it was given. */
static void ask_report(const struct hk_process_setup *setup, char *report, size_t size)
{
    struct hk_process process;
    struct hk_wire_scratch scratch = { 0 };
    struct hk_wire_message message;
    char bytes[4096];
    assert_int_equal(hk_process_start(setup, &process, NULL), 0);
    ssize_t got = hear(&process, bytes, sizeof(bytes));
    assert_true(got > 0);
    assert_int_equal(hk_wire_decode((struct hk_slice){ bytes, (size_t)got }, &scratch, &message),
                     0);
    assert_int_equal(message.kind, HK_WIRE_FAILED);
    snprintf(report, size, "%.*s", (int)message.failed.text.size, message.failed.text.at);
    hk_wire_scratch_fini(&scratch);
    (void)hk_process_end(&process);
}

static void test_a_worker_inherits_its_tables_in_order_and_nothing_else(void **state)
{
    (void)state;
    char report[1024];
    struct hk_table tables[3];
    char texts[3][8] = { "one", "two", "three" };
    int stray = dup(STDERR_FILENO); // without close-on-exec, like a careless library's
    assert_int_equal(setenv("SECRET", "x", 1), 0);
    for (int i = 0; i < 3; i++) {
        int fd = memfd_create(texts[i], 0);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
        // The numbers that the worker's tables get are others' here, crosswise.
        tables[2 - i] = (struct hk_table){ .name = texts[i], .fd = fd };
    }
    struct hk_process_setup setup = setup_of(support_worker_path());
    setup.plan_bytes_max = 4;
    setup.tables = tables;
    setup.table_count = 3;
    ask_report(&setup, report, sizeof(report));
    assert_string_equal(report, "0= 1= 2= 3=three 4=two 5=one three:3 two:4 one:5 "
                                "held 0 variables 0");
    close(stray);
    for (int i = 0; i < 3; i++)
        close(tables[i].fd);
}

static void test_a_worker_blocks_and_ignores_no_signal(void **state)
{
    (void)state;
    char report[1024];
    sigset_t all, before;
    struct hk_process_setup setup = setup_of(support_worker_path());
    setup.plan_bytes_max = 4;
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction before_action;
    assert_int_equal(sigaction(SIGPIPE, &ignore, &before_action), 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ask_report(&setup, report, sizeof(report));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(sigaction(SIGPIPE, &before_action, NULL), 0);
    assert_string_equal(report, "0= 1= 2= held 0 variables 0");
}

static void test_how_a_worker_ended_is_known(void **state)
{
    (void)state;
    struct hk_process process;
    struct hk_process_setup setup = setup_of(support_worker_path());
    char text[HK_PROCESS_TEXT_MAX], byte;
    setup.plan_bytes_max = 1; // ends at once
    assert_int_equal(hk_process_start(&setup, &process, NULL), 0);
    assert_int_equal(hear(&process, &byte, 1), 0);
    assert_int_equal(hk_process_end(&process), -4);
    assert_string_equal(hk_process_describe(-4, text), "ended by itself with status 4");
    assert_string_equal(hk_process_describe(SIGSEGV, text), "was ended by SIGSEGV");
    assert_string_equal(hk_process_describe(SIGSYS, text), "was ended by its cage (SIGSYS)");
    assert_string_equal(hk_process_describe(0, text), "ended by itself with status 0");
}

static void test_the_cpu_time_of_a_worker_grows_with_its_work(void **state)
{
    (void)state;
    struct hk_process process;
    struct hk_process_setup setup = setup_of(support_worker_path());
    uint64_t before_us, after_us;
    const struct hk_wire_message script = {
        .kind = HK_WIRE_SCRIPT, .script = { .script = 1, .source = { .text = HK_SLICE("hang") } }
    };
    const struct hk_wire_message run = { .kind = HK_WIRE_PLAN, .run = { .script = 1 } };
    struct hk_bytes frames = { 0 };
    assert_int_equal(hk_process_start(&setup, &process, NULL), 0);
    wait_for_ready(&process);
    assert_int_equal(hk_process_cpu(&process, &before_us), 0);
    assert_int_equal(hk_wire_encode(&script, &frames), 0);
    assert_int_equal(hk_wire_encode(&run, &frames), 0);
    assert_int_equal(send(process.fd, frames.at, frames.size, 0), frames.size);
    do
        assert_int_equal(hk_process_cpu(&process, &after_us), 0);
    while (after_us < before_us + 20000);
    assert_int_equal(hk_process_end(&process), SIGKILL);
    assert_int_equal(hk_process_cpu(&process, &after_us), HK_ENOTFOUND);
    hk_bytes_fini(&frames);
}

static void test_a_hundred_starts_leave_no_descriptor(void **state)
{
    (void)state;
    struct hk_process process;
    const struct hk_process_setup setup = setup_of("/bin/true");
    int before = dup(STDERR_FILENO);
    close(before);
    for (int i = 0; i < 100; i++) {
        // It may have ended before it was sent SETUP.
        int code = hk_process_start(&setup, &process, NULL);
        assert_true(code == 0 || code == HK_ESTART);
        (void)hk_process_end(&process);
    }
    int after = dup(STDERR_FILENO);
    close(after);
    assert_int_equal(before, after);
}

static void test_a_worker_that_is_nowhere_has_the_path_of_the_packages(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_non_null(strstr(hk_process_worker_path(path, sizeof(path)), "/hookd-policy"));
    assert_int_equal(path[0], '/');
}

int main(int count, char **arguments)
{
    (void)count;
    support_worker_main(arguments);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_worker_says_that_it_is_ready_and_can_be_ended),
        cmocka_unit_test(test_what_cannot_be_started_is_said_with_its_path),
        cmocka_unit_test(test_a_worker_inherits_its_tables_in_order_and_nothing_else),
        cmocka_unit_test(test_a_worker_blocks_and_ignores_no_signal),
        cmocka_unit_test(test_how_a_worker_ended_is_known),
        cmocka_unit_test(test_the_cpu_time_of_a_worker_grows_with_its_work),
        cmocka_unit_test(test_a_hundred_starts_leave_no_descriptor),
        cmocka_unit_test(test_a_worker_that_is_nowhere_has_the_path_of_the_packages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
