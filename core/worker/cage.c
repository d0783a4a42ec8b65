// SPDX-License-Identifier: Apache-2.0
#include "worker/cage.h"

#include "base/alloc.h"
#include "worker/budget.h"

#include <errno.h>
#include <malloc.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

/** System calls that have a name in the line; there are fewer than 500. */
#define CALLS_MAX 512
#define CALL_NAME_MAX 28

/** What the handler needs, made before: it may run in the middle of malloc. */
static char call_names[CALLS_MAX][CALL_NAME_MAX];
static pid_t own_process, own_thread;

// ---- prepare -------------------------------------------------------------------------------

static void name_calls(void)
{
    for (int i = 0; i < CALLS_MAX; i++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
        if (name != NULL)
            snprintf(call_names[i], CALL_NAME_MAX, "%s", name);
        hk_free(name);
    }
}

static int limit(__rlimit_resource_t resource, rlim_t value)
{
    const struct rlimit wanted = { .rlim_cur = value, .rlim_max = value };
    return setrlimit(resource, &wanted);
}

static int compare_bytes(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/** A sort of more than a kilobyte asks once how much memory there is; a first look at a clock and a
 * first printed number may ask for more, the heap for a random number. */
static void warm_up(void)
{
    char bytes[2048] = { 0 };
    char text[64];
    qsort(bytes, sizeof(bytes), 1, compare_bytes);
    double now = (double)hk_budget_clock_ns() + (double)hk_budget_wait_clock_ms();
    snprintf(text, sizeof(text), "%.17g %s", now / 3, strerror(ENOMEM));
    (void)malloc_trim(0);
}

int hk_cage_prepare(struct hk_fault *fault)
{
    name_calls();
    warm_up();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "the cage: prctl");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "the cage: prctl");
    // No limit on the size of files: standard error may be one, and what is said there is wanted.
    if (limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_NPROC, 0) != 0 || limit(RLIMIT_NOFILE, 0) != 0)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "the cage: setrlimit");
    return 0;
}

// ---- the handler ---------------------------------------------------------------------------

static size_t append(char *line, size_t size, const char *text)
{
    size_t length = strlen(text);
    memcpy(line + size, text, length);
    return size + length;
}

static size_t append_number(char *line, size_t size, unsigned number)
{
    char digits[12];
    int count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        line[size++] = digits[--count];
    return size;
}

/** Says what was called, and lets the signal (which has its default action again) do its work. */
static void on_forbidden_call(int number, siginfo_t *info, void *context)
{
    char line[128];
    unsigned call = (unsigned)info->si_syscall;
    const char *name = call < CALLS_MAX && call_names[call][0] != '\0' ? call_names[call] : "?";
    size_t size = append(line, 0, "hookd-policy: cage: the system call ");
    (void)context;
    size = append(line, size, name);
    size = append(line, size, " (");
    size = append_number(line, size, call);
    size = append(line, size, ") is not allowed\n");
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
    (void)syscall(SYS_tgkill, own_process, own_thread, number);
    _exit(128 + number);
}

static int handle(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER | (int)SA_RESETHAND };
    action.sa_sigaction = on_forbidden_call;
    own_process = getpid();
    own_thread = (pid_t)syscall(SYS_gettid);
    return sigaction(SIGSYS, &action, NULL);
}

// ---- the filter ----------------------------------------------------------------------------

/** Calls that are harmless whatever they are given. What a descriptor may be is settled by there
 * being no others. The last three are for abort. */
static const int plain_calls[] = {
    SCMP_SYS(read),           SCMP_SYS(write),        SCMP_SYS(munmap),
    SCMP_SYS(mremap),         SCMP_SYS(brk),          SCMP_SYS(madvise),
    SCMP_SYS(clock_gettime),  SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
    SCMP_SYS(exit_group),     SCMP_SYS(getpid),       SCMP_SYS(gettid),
    SCMP_SYS(rt_sigprocmask),
};

/** Gets 0 or a negative errno. */
static int allow_checked(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_executable = {
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0
    };
    const struct scmp_arg_cmp of_no_file = {
        .arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = MAP_ANONYMOUS
    };
    const struct scmp_arg_cmp of_abort = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = SIGABRT };
    const struct scmp_arg_cmp to_itself[] = {
        { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)own_process },
        { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)own_thread },
    };
    const struct scmp_arg_cmp only_asked = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = 0 };
    int sys =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, not_executable, of_no_file);
    if (sys == 0)
        sys = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1, of_abort);
    if (sys == 0)
        sys = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, to_itself);
    // Before a jump an AddressSanitizer asks which stack this is.
    if (sys == 0 && IS_SANITIZED)
        sys = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sigaltstack), 1, only_asked);
    return sys;
}

/** Gets 0 or a negative errno. */
static int allow(scmp_filter_ctx filter)
{
    int sys = 0;
    for (size_t i = 0; sys == 0 && i < sizeof(plain_calls) / sizeof(plain_calls[0]); i++)
        sys = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain_calls[i], 0);
    return sys == 0 ? allow_checked(filter) : sys;
}

int hk_cage_shut(struct hk_fault *fault)
{
    if (handle() != 0)
        return hk_fault_set_sys(fault, HK_ESTART, errno, "the cage: sigaction");
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    if (filter == NULL)
        return hk_fault_set(fault, HK_ESTART, "the cage: no filter of system calls can be made");
    int sys = allow(filter);
    // A ThreadSanitizer has a thread of its own, which needs more than is allowed here.
    if (sys == 0 && !IS_SANITIZED)
        sys = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (sys == 0)
        sys = seccomp_load(filter);
    seccomp_release(filter);
    if (sys != 0)
        return hk_fault_set_sys(fault, HK_ESTART, -sys, "the cage: the filter of system calls");
    return 0;
}
