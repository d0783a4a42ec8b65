// SPDX-License-Identifier: Apache-2.0
#include "worker/cage.h"

#include "base/alloc.h"
#include "base/check.h"
#include "worker/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <malloc.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SAID_MAX 4096

/** What a child left behind. */
struct end {
    int status;
    char said[SAID_MAX]; /**< On standard error. */
};

/** What the children try things on, made before the cage shuts. */
static char *page;
static int page_file;
static pid_t parent;
static char empty_path[] = "/nowhere/at/all";

static void run_caged(int said_fd, void (*act)(void))
{
    struct hk_fault fault = { 0 };
    dup2(said_fd, STDERR_FILENO);
    if (hk_cage_prepare(&fault) != 0 || hk_cage_shut(&fault) != 0) {
        dprintf(STDERR_FILENO, "%s\n", fault.text);
        _exit(99);
    }
    act();
    _exit(0);
}

/** Runs `act` in a child of its own, in the cage. */
static void in_cage(void (*act)(void), struct end *end)
{
    int ends[2];
    size_t size = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_caged(ends[1], act);
    close(ends[1]);
    while ((got = read(ends[0], end->said + size, SAID_MAX - 1 - size)) > 0)
        size += (size_t)got;
    end->said[size] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &end->status, 0), pid);
}

// ---- what is not allowed -------------------------------------------------------------------

/** Made by their numbers: name, arguments. */
#define FORBIDDEN_MAP(XX)                                        \
    XX(openat, AT_FDCWD, "/etc/passwd", O_RDONLY)                \
    XX(openat2, AT_FDCWD, "/etc/passwd", page, 24)               \
    XX(open_by_handle_at, AT_FDCWD, page, O_RDONLY)              \
    XX(newfstatat, AT_FDCWD, "/etc/passwd", page, 0)             \
    XX(getdents64, 0, page, 4096)                                \
    XX(unlinkat, AT_FDCWD, empty_path, 0)                        \
    XX(renameat2, AT_FDCWD, empty_path, AT_FDCWD, empty_path, 0) \
    XX(mkdirat, AT_FDCWD, empty_path, 0700)                      \
    XX(ftruncate, 2, 0L)                                         \
    XX(fcntl, 0, F_DUPFD, 0)                                     \
    XX(dup, 0)                                                   \
    XX(ioctl, 0, 0x5401, page)                                   \
    XX(socket, AF_INET, SOCK_STREAM, 0)                          \
    XX(socketpair, AF_UNIX, SOCK_STREAM, 0, page)                \
    XX(connect, 0, page, 16)                                     \
    XX(bind, 0, page, 16)                                        \
    XX(listen, 0, 1)                                             \
    XX(accept4, 0, NULL, NULL, 0)                                \
    XX(sendto, 0, page, 1L, 0, NULL, 0)                          \
    XX(sendmsg, 0, page, 0)                                      \
    XX(recvmsg, 0, page, 0)                                      \
    XX(execve, "/bin/true", NULL, NULL)                          \
    XX(execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0)           \
    XX(clone, SIGCHLD, NULL, NULL, NULL, NULL)                   \
    XX(clone3, page, 64L)                                        \
    XX(ptrace, PTRACE_TRACEME, 0, NULL, NULL)                    \
    XX(process_vm_readv, getpid(), page, 0L, page, 0L, 0L)       \
    XX(process_vm_writev, getpid(), page, 0L, page, 0L, 0L)      \
    XX(memfd_create, "x", 0)                                     \
    XX(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)                       \
    XX(setuid, 0)                                                \
    XX(setrlimit, RLIMIT_NOFILE, page)                           \
    XX(prlimit64, 0, RLIMIT_NOFILE, NULL, page)                  \
    XX(io_uring_setup, 8, page)                                  \
    XX(bpf, BPF_MAP_CREATE, page, 64)                            \
    XX(userfaultfd, 0)                                           \
    XX(perf_event_open, page, 0, -1, -1, 0L)                     \
    XX(keyctl, 0, 0L, 0L, 0L, 0L)                                \
    XX(unshare, CLONE_NEWUSER)                                   \
    XX(setns, 0, 0)                                              \
    XX(mount, "none", "/", "none", 0L, NULL)                     \
    XX(chroot, "/")                                              \
    XX(seccomp, 0, 0, NULL)                                      \
    XX(shmget, 0, 4096L, 0)                                      \
    XX(nanosleep, page, NULL)                                    \
    XX(futex, page, 0, 1, NULL, NULL, 0)                         \
    XX(sched_yield, 0)                                           \
    XX(getppid, 0)                                               \
    XX(getrandom, page, 8L, 0)                                   \
    XX(init_module, page, 0L, "")                                \
    XX(reboot, 0, 0, 0, NULL)                                    \
    XX(epoll_create1, EPOLL_CLOEXEC)                             \
    XX(pidfd_open, getpid(), 0)                                  \
    XX(timer_create, 0, NULL, page)

#define XX(name, ...)                           \
    static void try_##name(void)                \
    {                                           \
        (void)syscall(SYS_##name, __VA_ARGS__); \
    }
FORBIDDEN_MAP(XX)
#undef XX

static void try_mprotect_exec(void)
{
    (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void try_mmap_exec(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_mmap_file(void)
{
    (void)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, page_file, 0);
}

static void try_kill_parent(void)
{
    (void)syscall(SYS_kill, getpid() + 1, 0);
}

static void try_tgkill_parent(void)
{
    (void)syscall(SYS_tgkill, parent, parent, SIGTERM);
}

static void try_sigaction_segv(void)
{
    (void)syscall(SYS_rt_sigaction, SIGSEGV, page, NULL, 8L);
}

/** Another handler for the cage's own signal. */
static void try_sigaction_sys(void)
{
    (void)syscall(SYS_rt_sigaction, SIGSYS, page, NULL, 8L);
}

static void try_blocked(void)
{
    sigset_t all;
    sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    (void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

/** By the signal; a ThreadSanitizer's own handler comes between, and it ends by itself. */
static bool is_ended_by_cage(int status)
{
    return (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) ||
           (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGSYS);
}

static void assert_caged(const char *name, void (*act)(void), const char *call)
{
    struct end end;
    char wanted[128];
    in_cage(act, &end);
    snprintf(wanted, sizeof(wanted), "hookd-policy: cage: the system call %s (", call);
    if (!is_ended_by_cage(end.status))
        fail_msg("%s: status %x, %s", name, (unsigned)end.status, end.said);
    if (strncmp(end.said, wanted, strlen(wanted)) != 0 ||
        strstr(end.said, ") is not allowed\n") == NULL)
        fail_msg("%s: said %s", name, end.said);
}

static void test_a_call_that_is_not_allowed_ends_the_process_and_is_named(void **state)
{
    static const struct {
        const char *name;
        void (*act)(void);
        const char *call;
    } cases[] = {
#define XX(name, ...) { #name, try_##name, #name },
        FORBIDDEN_MAP(XX)
#undef XX
            { "mprotect exec", try_mprotect_exec, "mprotect" },
        { "mmap exec", try_mmap_exec, "mmap" },
        { "mmap file", try_mmap_file, "mmap" },
        { "kill parent", try_kill_parent, "kill" },
        { "tgkill parent", try_tgkill_parent, "tgkill" },
        { "sigaction SIGSEGV", try_sigaction_segv, "rt_sigaction" },
        { "sigaction SIGSYS", try_sigaction_sys, "rt_sigaction" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_caged(cases[i].name, cases[i].act, cases[i].call);
}

static void test_blocking_the_signal_does_not_open_the_cage(void **state)
{
    struct end end;
    (void)state;
    in_cage(try_blocked, &end);
    assert_true(WIFSIGNALED(end.status));
    assert_int_equal(WTERMSIG(end.status), SIGSYS);
}

// ---- what is allowed -----------------------------------------------------------------------

/** Ends with 1 when what must work does not. */
static void must(bool works)
{
    if (!works)
        _exit(1);
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void use_memory(void)
{
    size_t sizes[] = { 16, 4096, 200000, 3000000, 40000000 };
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            char *block = hk_alloc(sizes[i]);
            must(block != NULL);
            memset(block, 1, sizes[i]);
            char *grown = hk_realloc(block, 2, sizes[i]);
            must(grown != NULL);
            grown[2 * sizes[i] - 1] = 1;
            hk_free(grown);
        }
    }
    char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(mapped != MAP_FAILED);
    must(madvise(mapped, 8192, MADV_DONTNEED) == 0);
    mapped = mremap(mapped, 8192, 65536, MREMAP_MAYMOVE);
    must(mapped != MAP_FAILED && munmap(mapped, 65536) == 0);
    (void)malloc_trim(0);
}

static void use_library(void)
{
    static int numbers[5000];
    char text[400];
    for (int i = 0; i < 5000; i++)
        numbers[i] = (i * 7919) % 5000;
    qsort(numbers, 5000, sizeof(numbers[0]), compare_numbers);
    must(numbers[4999] == 4999);
    snprintf(text, sizeof(text), "%.17g %s", 0.1, strerror(ENOSPC));
    must(strtod("1e300", NULL) > 1);
}

static void use_clock(void)
{
    must(hk_budget_clock_ns() > 0 && hk_budget_wait_clock_ms() > 0);
}

static void use_descriptors(void)
{
    char byte = 0;
    must(write(STDERR_FILENO, "said", 4) == 4);
    must(read(page_file, &byte, 1) == 1);
}

static void test_what_computing_and_talking_need_works(void **state)
{
    static void (*const acts[])(void) = { use_memory, use_library, use_clock, use_descriptors };
    struct end end;
    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        in_cage(acts[i], &end);
        if (end.status != 0)
            fail_msg("%zu: status %x, %s", i, (unsigned)end.status, end.said);
    }
    assert_string_equal(end.said, "said");
}

static void fail_assertion(void)
{
    hk_assert(1 > 2);
}

static void test_an_assertion_says_what_it_has_to_say_and_aborts(void **state)
{
    struct end end;
    (void)state;
    in_cage(fail_assertion, &end);
    if (strstr(end.said, "1 > 2") == NULL || strstr(end.said, "not allowed") != NULL)
        fail_msg("said %s", end.said);
    assert_true(WIFSIGNALED(end.status));
    assert_int_equal(WTERMSIG(end.status), SIGABRT);
}

static void crash(void)
{
    __builtin_trap();
}

static void test_a_crash_ends_the_process(void **state)
{
    struct end end;
    (void)state;
    in_cage(crash, &end);
    assert_int_not_equal(end.status, 0);
}

// ---- the limits ----------------------------------------------------------------------------

static void show_limits(void)
{
    struct rlimit core, files;
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    dprintf(STDERR_FILENO, "%d %d %d %d", (int)core.rlim_max, (int)files.rlim_max,
            prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE));
    _exit(0);
}

static void test_the_process_gets_neither_descriptors_nor_a_core(void **state)
{
    struct hk_fault fault = { 0 };
    char said[64] = { 0 };
    int ends[2], status;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        if (hk_cage_prepare(&fault) != 0)
            _exit(1);
        show_limits();
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    close(ends[0]);
    assert_string_equal(said, "0 0 1 0");
}

static int open_page(void **state)
{
    (void)state;
    parent = getpid();
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page_file = memfd_create("page", MFD_CLOEXEC);
    return page == MAP_FAILED || page_file < 0 || ftruncate(page_file, 4096) != 0;
}

static int close_page(void **state)
{
    (void)state;
    munmap(page, 4096);
    close(page_file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_that_is_not_allowed_ends_the_process_and_is_named),
        cmocka_unit_test(test_blocking_the_signal_does_not_open_the_cage),
        cmocka_unit_test(test_what_computing_and_talking_need_works),
        cmocka_unit_test(test_an_assertion_says_what_it_has_to_say_and_aborts),
        cmocka_unit_test(test_a_crash_ends_the_process),
        cmocka_unit_test(test_the_process_gets_neither_descriptors_nor_a_core),
    };
    return cmocka_run_group_tests(tests, open_page, close_page);
}
