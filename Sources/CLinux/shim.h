// What Swift cannot do itself: variadic system calls, and code between fork and exec.
#pragma once
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Opens a performance counter of the calling thread. Returns the descriptor, or -errno.
static inline int ridealong_open_counter(uint32_t type, uint64_t config, int excludes_kernel) {
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    attributes.exclude_kernel = excludes_kernel ? 1 : 0;
    long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return fd >= 0 ? (int)fd : -errno;
}

// Starts `path` as a child that is sent `death_signal` (if not 0) when the calling thread ends, with `output` as its stdout and
// `errors` as its stderr (unless -1) and with the signal mask `mask`. Returns the child's id, or -errno.
static inline pid_t ridealong_spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int errors, const sigset_t *mask, int death_signal) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child > 0 ? child : -errno;
    if (death_signal != 0) prctl(PR_SET_PDEATHSIG, death_signal);
    // The parent may have died before the call.
    if (death_signal != 0 && getppid() != parent) _exit(127);
    if (output >= 0) dup2(output, STDOUT_FILENO);
    if (errors >= 0) dup2(errors, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execve(path, arguments, environment);
    perror(path);
    _exit(127);
}

// A file in memory, closed on exec. Returns the descriptor, or -errno.
static inline int ridealong_memory_file(void) {
    long fd = syscall(SYS_memfd_create, "ridealong", 1U /* MFD_CLOEXEC */);
    return fd >= 0 ? (int)fd : -errno;
}
