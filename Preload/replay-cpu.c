// replay-cpu: lets several replays use several CPUs.
//
// rr replays on the CPU of the recording, so that the CPUID instruction tells the program what it told it then; replays of nodes that were
// recorded on one CPU share that. Where the CPU can make CPUID fault, rr answers it from the trace, and any CPU will do. Preloaded into the
// rr process, this library then has rr bind itself to another one.
//
//   RIDEALONG_REPLAY_CPU=N          the N-th of the CPUs that this process may use, counted round
//   RIDEALONG_REPLAY_CPU_ANYWAY=1   also where CPUID does not fault: to measure what happens then (docs/limits.md)
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload-list.h"

#define LIBRARY_NAME "libridealong-replay-cpu.so"

static int (*next_setaffinity)(pid_t, size_t, const cpu_set_t *);
static long wanted = -1;
static bool is_forced;
static pid_t rr_process;

// Whether CPUID can be made to fault: it is asked for, and taken back. Leaves errno as it was.
static bool cpuid_faults(void) {
    int error = errno;
    bool does = syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0;
    if (does) syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    errno = error;
    return does;
}

// The wanted one of the CPUs that this process may use; -1 if there is none.
static int chosen_cpu(void) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0) return -1;
    long left = wanted % CPU_COUNT(&allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && left-- == 0) return cpu;
    }
    return -1;
}

// rr binds itself, before it starts the program, to one CPU.
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set) {
    bool is_binding = wanted >= 0 && pid == 0 && getpid() == rr_process && CPU_COUNT_S(size, set) == 1;
    int cpu = is_binding && (is_forced || cpuid_faults()) ? chosen_cpu() : -1;
    if (cpu < 0) return next_setaffinity(pid, size, set);
    cpu_set_t other;
    CPU_ZERO(&other);
    CPU_SET(cpu, &other);
    return next_setaffinity(pid, sizeof other, &other);
}

__attribute__((constructor)) static void begin(void) {
    next_setaffinity = (int (*)(pid_t, size_t, const cpu_set_t *))dlsym(RTLD_NEXT, "sched_setaffinity");
    leave_preload_list(LIBRARY_NAME);
    const char *number = getenv("RIDEALONG_REPLAY_CPU");
    if (number) wanted = strtol(number, NULL, 10);
    is_forced = getenv("RIDEALONG_REPLAY_CPU_ANYWAY") != NULL;
    unsetenv("RIDEALONG_REPLAY_CPU");
    unsetenv("RIDEALONG_REPLAY_CPU_ANYWAY");
    rr_process = getpid();
}
