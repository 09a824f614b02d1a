#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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
    const char *path, char *const arguments[], char *const environment[], const struct ridealong_surroundings *surroundings) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child > 0 ? child : -errno;
    if (surroundings->death_signal != 0) {
        prctl(PR_SET_PDEATHSIG, surroundings->death_signal);
        // The parent may have died before that call.
        if (getppid() != parent) _exit(127);
    }
    if (surroundings->new_session) setsid();
    if (surroundings->input >= 0) dup2(surroundings->input, STDIN_FILENO);
    if (surroundings->output >= 0) dup2(surroundings->output, STDOUT_FILENO);
    if (surroundings->errors >= 0) dup2(surroundings->errors, STDERR_FILENO);
    if (surroundings->directory != NULL && chdir(surroundings->directory) != 0) {
        perror(surroundings->directory);
        _exit(127);
    }
    sigprocmask(SIG_SETMASK, surroundings->mask, NULL);
    execve(path, arguments, environment);
    perror(path);
    _exit(127);
}

void ridealong_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

void ridealong_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1); }

const char *ridealong_signal_name(int signal) { return sigabbrev_np(signal); }
