#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_event(uint32_t type, uint64_t config, bool excludes_kernel) {
    struct perf_event_attr attributes = {.size = sizeof attributes, .type = type, .config = config};
    attributes.exclude_kernel = excludes_kernel;
    long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return fd >= 0 ? (int)fd : -errno;
}

long ridealong_count_branches(int branches) {
    int fd = open_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, true);
    if (fd < 0) return fd;
    for (volatile int done = 0; done < branches; done++) {
    }
    uint64_t count = 0;
    ssize_t size = read(fd, &count, sizeof count);
    close(fd);
    return size == sizeof count && count <= LONG_MAX ? (long)count : 0;
}

int ridealong_open_dummy_event(void) { return open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY, true); }

// With the kernel's part, as rr opens it: context switches happen there.
int ridealong_open_context_switch_event(void) { return open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, false); }

int ridealong_memory_file(void) {
    int fd = memfd_create("ridealong", MFD_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int ridealong_spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int errors, const void *mask, int death_signal) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child > 0 ? child : -errno;
    if (death_signal != 0) prctl(PR_SET_PDEATHSIG, death_signal);
    // The parent may have died before that call.
    if (death_signal != 0 && getppid() != parent) _exit(127);
    if (output >= 0) dup2(output, STDOUT_FILENO);
    if (errors >= 0) dup2(errors, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execve(path, arguments, environment);
    perror(path);
    _exit(127);
}
