// SPDX-License-Identifier: Apache-2.0
#include "support_death.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int support_death_signal(support_mortal_fn mortal, char *said, size_t size)
{
    int pipe_ends[2];
    int status = 0;
    said[0] = '\0';
    if (pipe(pipe_ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)dup2(pipe_ends[1], STDERR_FILENO);
        mortal();
        _exit(0);
    }
    (void)close(pipe_ends[1]);
    size_t done = 0;
    ssize_t got;
    while (done + 1 < size && (got = read(pipe_ends[0], said + done, size - 1 - done)) > 0)
        done += (size_t)got;
    said[done] = '\0';
    (void)close(pipe_ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
