// SPDX-License-Identifier: Apache-2.0
#include "policy/process.h"

#include "base/alloc.h"
#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** The worker's first descriptor of a table. */
#define TABLE_FD 3
/** How long a new worker may take to read its SETUP. */
#define SETUP_MS 10000

/** What a start holds until it is through. */
struct start {
    int ours, theirs;
    int *table_fds; /**< Copies above all that the worker gets, so that none is overwritten by the
                         dup2 of another. */
    uint32_t table_count;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

static void start_close(struct start *start)
{
    for (uint32_t i = 0; i < start->table_count; i++)
        close(start->table_fds[i]);
    hk_free(start->table_fds);
    if (start->theirs >= 0)
        close(start->theirs);
    if (start->ours >= 0)
        close(start->ours);
}

/** Copies `fd` to the first free number from `floor` on; -1 with errno. */
static int copy_above(int fd, int floor)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, floor);
}

static int start_open(struct start *start, const struct hk_process_setup *setup)
{
    int pair[2];
    int floor = TABLE_FD + (int)setup->table_count;
    *start = (struct start){ .ours = -1, .theirs = -1 };
    if (setup->table_count > 0) {
        start->table_fds = hk_alloc(setup->table_count * sizeof(int));
        if (start->table_fds == NULL)
            return ENOMEM;
    }
    for (uint32_t i = 0; i < setup->table_count; i++) {
        int copy = copy_above(setup->tables[i].fd, floor);
        if (copy < 0)
            return errno;
        start->table_fds[start->table_count++] = copy;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return errno;
    start->ours = pair[0];
    start->theirs = copy_above(pair[1], floor);
    int sys = start->theirs < 0 ? errno : 0;
    close(pair[1]);
    if (sys == 0 && fcntl(start->ours, F_SETFL, O_NONBLOCK) != 0)
        sys = errno;
    return sys;
}

/** Says what the worker's descriptors are. Gets an errno. */
static int add_actions(struct start *start)
{
    posix_spawn_file_actions_t *actions = &start->actions;
    int sys = posix_spawn_file_actions_adddup2(actions, start->theirs, STDIN_FILENO);
    if (sys == 0)
        sys = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
    for (uint32_t i = 0; sys == 0 && i < start->table_count; i++)
        sys = posix_spawn_file_actions_adddup2(actions, start->table_fds[i], TABLE_FD + (int)i);
    if (sys == 0)
        sys = posix_spawn_file_actions_addclosefrom_np(actions, TABLE_FD + (int)start->table_count);
    return sys;
}

/** Says what its signals are: the daemon's threads block and ignore some. Gets an errno. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int sys = posix_spawnattr_setsigdefault(attributes, &all);
    if (sys == 0)
        sys = posix_spawnattr_setsigmask(attributes, &none);
    if (sys == 0)
        sys = posix_spawnattr_setpgroup(attributes, 0);
    if (sys == 0)
        sys = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETPGROUP);
    return sys;
}

static int spawn(struct start *start, const char *path, pid_t *pid)
{
    char name[] = "hookd-policy";
    char *arguments[] = { name, NULL };
    char *environment[] = { NULL };
    int sys = posix_spawn_file_actions_init(&start->actions);
    if (sys != 0)
        return sys;
    sys = posix_spawnattr_init(&start->attributes);
    if (sys == 0) {
        sys = add_actions(start);
        if (sys == 0)
            sys = set_attributes(&start->attributes);
        if (sys == 0)
            sys =
                posix_spawn(pid, path, &start->actions, &start->attributes, arguments, environment);
        posix_spawnattr_destroy(&start->attributes);
    }
    posix_spawn_file_actions_destroy(&start->actions);
    return sys;
}

/* ---- setup ------------------------------------------------------------------------------- */

static int encode_setup(const struct hk_process_setup *setup, struct hk_bytes *frame)
{
    uint32_t count = setup->table_count;
    struct hk_slice *names = hk_alloc((count + 1) * sizeof(*names));
    uint32_t *fds = hk_alloc((count + 1) * sizeof(*fds));
    int code = names != NULL && fds != NULL ? 0 : HK_ENOMEM;
    for (uint32_t i = 0; code == 0 && i < count; i++) {
        names[i] = hk_slice_of(setup->tables[i].name);
        fds[i] = TABLE_FD + i;
    }
    if (code == 0) {
        const struct hk_wire_message message = {
            .kind = HK_WIRE_SETUP,
            .setup = { .time_ms_max = setup->policy->time_ms_max,
                       .memory_bytes_max = setup->policy->memory_bytes_max,
                       .plan_bytes_max = setup->plan_bytes_max,
                       .idle_ms = HK_PROCESS_IDLE_MS,
                       .table_names = names,
                       .table_fds = fds,
                       .table_count = count },
        };
        code = hk_wire_encode(&message, frame);
    }
    hk_free(names);
    hk_free(fds);
    return code;
}

/** Sends all of it; it fits the socket's buffer, unless there are thousands of tables. */
static int send_all(int fd, struct hk_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.at, bytes.size, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.at += sent;
            bytes.size -= (size_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        struct pollfd wanted = { .fd = fd, .events = POLLOUT };
        if (errno != EAGAIN || poll(&wanted, 1, SETUP_MS) <= 0)
            return errno != EAGAIN ? errno : ETIMEDOUT;
    }
    return 0;
}

int hk_process_start(const struct hk_process_setup *setup, struct hk_process *process,
                     struct hk_fault *fault)
{
    struct start start;
    struct hk_bytes frame = { 0 };
    *process = (struct hk_process){ .fd = -1 };
    if (encode_setup(setup, &frame) != 0) {
        hk_bytes_fini(&frame);
        return hk_fault_set(fault, HK_ENOMEM, "no memory to start a policy worker");
    }
    int sys = start_open(&start, setup);
    if (sys == 0)
        sys = spawn(&start, setup->worker_path, &process->pid);
    if (sys == 0) {
        process->fd = start.ours;
        start.ours = -1;
        // Closed before anything is sent: a worker that ends at once must not look alive.
        close(start.theirs);
        start.theirs = -1;
        sys = send_all(process->fd, hk_bytes_slice(&frame));
        if (sys != 0)
            (void)hk_process_end(process);
    } else {
        process->pid = 0;
    }
    start_close(&start);
    hk_bytes_fini(&frame);
    if (sys != 0)
        return hk_fault_set_sys(fault, HK_ESTART, sys, "the policy worker %s cannot be started",
                                setup->worker_path);
    return 0;
}

/* ---- a running one ----------------------------------------------------------------------- */

int hk_process_cpu(const struct hk_process *process, uint64_t *cpu_us)
{
    clockid_t clock;
    struct timespec used;
    if (process->pid <= 0 || clock_getcpuclockid(process->pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return HK_ENOTFOUND;
    *cpu_us = (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
    return 0;
}

void hk_process_kill(struct hk_process *process)
{
    hk_assert(process->pid > 0);
    (void)kill(process->pid, SIGKILL);
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
}

bool hk_process_reap(struct hk_process *process)
{
    if (process->pid > 0 && waitpid(process->pid, NULL, WNOHANG) == 0)
        return false;
    process->pid = 0;
    return true;
}

int hk_process_end(struct hk_process *process)
{
    int status = 0;
    pid_t waited = -1;
    if (process->pid > 0) {
        (void)kill(process->pid, SIGKILL);
        do
            waited = waitpid(process->pid, &status, 0);
        while (waited < 0 && errno == EINTR);
    }
    if (process->fd >= 0)
        close(process->fd);
    *process = (struct hk_process){ .fd = -1 };
    if (waited <= 0)
        return 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

const char *hk_process_describe(int ended, char text[HK_PROCESS_TEXT_MAX])
{
    const char *name = ended > 0 ? sigabbrev_np(ended) : NULL;
    if (ended == SIGSYS)
        snprintf(text, HK_PROCESS_TEXT_MAX, "was ended by its cage (SIGSYS)");
    else if (name != NULL)
        snprintf(text, HK_PROCESS_TEXT_MAX, "was ended by SIG%s", name);
    else if (ended > 0)
        snprintf(text, HK_PROCESS_TEXT_MAX, "was ended by signal %d", ended);
    else
        snprintf(text, HK_PROCESS_TEXT_MAX, "ended by itself with status %d", -ended);
    return text;
}

/* ---- where it is ------------------------------------------------------------------------- */

/** Writes the path of hookd-policy beside the running program; false when it is not there. */
static bool path_beside(char *path, size_t size)
{
    static const char name[] = "/hookd-policy";
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + sizeof(name) > size)
        return false;
    memcpy(slash, name, sizeof(name));
    return access(path, X_OK) == 0;
}

const char *hk_process_worker_path(char *path, size_t size)
{
    static const char *const packaged[] = { "/usr/libexec/hookd/hookd-policy",
                                            "/usr/lib/hookd/hookd-policy" };
    hk_assert(size > 1);
    if (path_beside(path, size))
        return path;
    for (size_t i = 0; i < sizeof(packaged) / sizeof(packaged[0]); i++) {
        snprintf(path, size, "%s", packaged[i]);
        if (access(path, X_OK) == 0)
            break;
    }
    return path;
}
