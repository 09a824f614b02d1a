// software-counters: lets stock rr (5.6 to 5.9, x86-64) record and replay where the CPU's branch counter cannot be had.
//
// Preloaded into the rr process, and only there: tracees and gdb see nothing of it. rr names places in a program by
// counting retired branches. This library answers in the counter's stead with a count that is a function of the program's
// position: the same in record and replay, which is all that rr's consistency checks need. What that costs, and what it
// cannot do, is in docs/software-counters.md; the numbered rules below are explained there too.
//
//   RIDEALONG_TICK=N            how far the count moves at each traced system call: 0 to 99, 50 if unset
//   RIDEALONG_SLICE_MS=N        recording with `rr record -s`: end time slices by the task clock, so that a spinning task starves no other
//   RIDEALONG_COUNTERS_PROOF=F  write a line to the file F, to prove that the library was loaded
//   RIDEALONG_COUNTERS_DEBUG=1  say on stderr what is done
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload-list.h"

#if !defined(__x86_64__)
#error "software counters know the x86-64 registers and rr page only"
#endif

// rr takes a count that is less than its skid size (100 on the CPU it is told of) away for late, not wrong.
enum { DEFAULT_TICK = 50, LARGEST_TICK = 99 };
// What rr's start-up check of a counter expects to read after a loop of this many branches.
enum { SELF_CHECK_BRANCHES = 500 };
// Descriptors and task ids that the tables hold; the kernel gives no larger task id (PID_MAX_LIMIT).
enum { DESCRIPTORS = 1 << 16, TASKS = 1 << 22 };
// The library's own name, as it may stand in LD_PRELOAD.
#define LIBRARY_NAME "libridealong-software-counters.so"
#define PREFIX "ridealong software counters: "
// The ptrace requests in whose numbers this file looks; glibc's enum has them under names that clash with <linux/ptrace.h>.
enum { PEEK_FIRST = PTRACE_PEEKTEXT, PEEK_LAST = PTRACE_PEEKUSER };

// What a descriptor of this process stands for.
enum role { NOT_A_COUNTER, COUNTER_OF_RR, COUNTER_OF_TASK, COUNTER_OF_TRANSACTIONS };
static struct {
    uint8_t role;
    pid_t task;
} counters[DESCRIPTORS];

// What is known of a tracee.
struct task {
    struct user_regs_struct resumed; // its registers when it was last resumed
    int resumed_by;      // by which ptrace request
    int status;          // its last wait status
    bool fresh;          // it was resumed for the first time since its last traced system call
    bool stood_still;    // … and was stopped before its first instruction
    bool restarting;     // … which was interrupted, and which the kernel makes again unless a signal is delivered
};
static struct task *tasks;

static int64_t tick = DEFAULT_TICK;
static uint64_t slice_ns;
static bool debug;

#define SAY(...) (debug ? (void)dprintf(STDERR_FILENO, PREFIX __VA_ARGS__) : (void)0)

// ---------------------------------------------------------------------------------------------------------------------
// System calls without libc's wrappers, which this library replaces.

static long raw(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

// The result of a raw call as libc gives it.
static long libc_result(long result) {
    if (result >= 0 || result < -4095) return result;
    errno = (int)-result;
    return -1;
}

static struct task *task_of(pid_t tid) { return tid > 0 && tid < TASKS ? &tasks[tid] : NULL; }

static bool is_counter(int fd) { return fd >= 0 && fd < DESCRIPTORS && counters[fd].role != NOT_A_COUNTER; }

static bool registers_of(pid_t tid, struct user_regs_struct *registers) {
    return raw(SYS_ptrace, PTRACE_GETREGS, tid, 0, (long)registers, 0, 0) == 0;
}

// Whether a breakpoint instruction stands at `address` of a tracee.
static bool has_breakpoint(pid_t tid, uint64_t address) {
    long word = 0;
    return raw(SYS_ptrace, PTRACE_PEEKTEXT, tid, (long)address, (long)&word, 0, 0) == 0 && (word & 0xff) == 0xcc;
}

// ---------------------------------------------------------------------------------------------------------------------
// Rule 1: perf_event_open gives an event that counts nothing.
//
// It must be a real event, because rr's start-up check for a bug of Xen makes its ioctls on it without libc. The dummy
// event needs kernel.perf_event_paranoid <= 2, as any. For time slices it is the task clock, which any kernel has.

// rr asks for a huge period (1 << 60) when it wants no interrupt.
static bool wants_interrupt(uint64_t period) { return period < 1ULL << 40; }

static long open_counter(const struct perf_event_attr *wanted, pid_t tid, int cpu, unsigned long flags) {
    bool is_sliced = slice_ns != 0 && tid > 0;
    struct perf_event_attr event = {.size = sizeof event, .type = PERF_TYPE_SOFTWARE, .exclude_kernel = 1};
    event.config = is_sliced ? PERF_COUNT_SW_TASK_CLOCK : PERF_COUNT_SW_DUMMY;
    event.sample_period = is_sliced && wants_interrupt(wanted->sample_period) ? slice_ns : wanted->sample_period;
    long fd = raw(SYS_perf_event_open, (long)&event, tid, cpu, -1, (long)flags, 0);
    SAY("counter of task %d, config %#llx: %ld\n", (int)tid, (unsigned long long)wanted->config, fd);
    if (fd < 0) return fd;
    if (fd >= DESCRIPTORS) {
        raw(SYS_close, fd, 0, 0, 0, 0, 0);
        return -EMFILE;
    }
    // Bit 32 of an Intel configuration asks for branches inside transactions (IN_TX): there are none.
    bool counts_transactions = wanted->config >> 32 & 1;
    counters[fd].role = tid == 0 ? COUNTER_OF_RR : counts_transactions ? COUNTER_OF_TRANSACTIONS : COUNTER_OF_TASK;
    counters[fd].task = tid;
    struct task *task = task_of(tid);
    if (task) task->fresh = false;
    return fd;
}

// rr makes this one call through libc's syscall(), for want of a wrapper.
long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    if (number != SYS_perf_event_open) return libc_result(raw(number, a, b, c, d, e, f));
    return libc_result(open_counter((const struct perf_event_attr *)a, (pid_t)b, (int)c, (unsigned long)e));
}

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    long argument = va_arg(list, long);
    va_end(list);
    struct task *task = is_counter(fd) ? task_of(counters[fd].task) : NULL;
    // rr starts a counter anew just before it resumes the task: there are no ticks until it did.
    if (task && (request == PERF_EVENT_IOC_ENABLE || request == PERF_EVENT_IOC_RESET)) task->fresh = false;
    bool is_sliced = task && slice_ns != 0 && request == PERF_EVENT_IOC_PERIOD;
    if (is_sliced && wants_interrupt(*(const uint64_t *)argument)) argument = (long)&slice_ns;
    return (int)libc_result(raw(SYS_ioctl, fd, (long)request, argument, 0, 0, 0));
}

int close(int fd) {
    if (is_counter(fd)) counters[fd].role = NOT_A_COUNTER;
    return (int)libc_result(raw(SYS_close, fd, 0, 0, 0, 0, 0));
}

// ---------------------------------------------------------------------------------------------------------------------
// Rule 3: the count of a task moves by `tick` in its first run after each traced system call, and by nothing else.
//
// So the count tells the intervals between traced calls apart, and inside one rr finds its way by registers. "Has not run
// since its last traced call" is read from the registers at the resume, because they are what record, replay and
// checkpoints of a replay have in common: orig_rax is still the call's number. A count of always 0 would replay as well,
// but then reverse execution finds no place to step from, and hangs or asserts.

// The part of rr's page, at the same address in every tracee, that holds its untraced system calls: those of the syscall
// buffer. Recording may stop at them (a signal, a blocked call) where replay does not, so they must not count.
static bool is_untraced_call(uint64_t rip) { return rip >= 0x70000006 && rip < 0x70001000; }

static bool is_resume(int request) {
    return request == PTRACE_CONT || request == PTRACE_SINGLESTEP || request == PTRACE_SYSCALL || request == PTRACE_SYSEMU ||
           request == PTRACE_SYSEMU_SINGLESTEP;
}

// What an interrupted call seems to return, at the stop at its exit (ERESTARTSYS to ERESTART_RESTARTBLOCK); programs never see it.
static bool is_restart(uint64_t result) { return (int64_t)result >= -516 && (int64_t)result <= -512; }

// Whether all registers but orig_rax are the same.
static bool is_same_place(const struct user_regs_struct *a, const struct user_regs_struct *b) {
    struct user_regs_struct other = *b;
    other.orig_rax = a->orig_rax;
    return memcmp(a, &other, sizeof other) == 0;
}

static void note_resume(pid_t tid, int request) {
    struct task *task = task_of(tid);
    struct user_regs_struct registers;
    if (!task) return;
    task->fresh = false;
    task->resumed_by = request;
    if (!registers_of(tid, &registers)) return;
    // Interrupted before its first instruction, it has not run, but orig_rax is -1.
    bool is_still_fresh = task->stood_still && is_same_place(&registers, &task->resumed);
    bool is_behind_call = (int64_t)registers.orig_rax >= 0 && !is_untraced_call(registers.rip);
    task->resumed = registers;
    task->fresh = is_behind_call || is_still_fresh;
    task->stood_still = false;
    task->restarting = is_restart(registers.rax);
}

static int64_t ticks_of(pid_t tid) {
    struct task *task = task_of(tid);
    struct user_regs_struct registers;
    if (!task || !task->fresh || !registers_of(tid, &registers)) return 0;
    int signal = task->status >> 8 & 0xff, event = task->status >> 16;
    // Those two events come at any place: when rr interrupts the task, or another task ends the process.
    bool is_event_of_call = event != 0 && event != PTRACE_EVENT_STOP && event != PTRACE_EVENT_EXIT;
    bool reached_a_call = signal == (SIGTRAP | 0x80) || is_event_of_call;
    // Replaying a restart, rr does not run the task at all.
    uint64_t resumed_at = task->resumed.rip;
    if (reached_a_call) return task->restarting && registers.rip == resumed_at ? 0 : tick;
    // A stop before the first instruction counts nothing: it comes from a signal or interruption that only the recording has (with an
    // orig_rax of -1, if it came from a device), or from a breakpoint, after which rip is one past the instruction.
    if (registers.rip == resumed_at && (int64_t)registers.orig_rax >= 0) return 0;
    task->stood_still = is_same_place(&registers, &task->resumed);
    if (task->stood_still) return 0;
    if (signal == SIGTRAP && registers.rip == resumed_at + 1 && has_breakpoint(tid, resumed_at)) return 0;
    return tick;
}

// Rule 2: reading a counter. rr's own are those of its start-up checks, which run a loop of known length.
ssize_t read(int fd, void *buffer, size_t count) {
    if (!is_counter(fd) || count != sizeof(int64_t)) return libc_result(raw(SYS_read, fd, (long)buffer, (long)count, 0, 0, 0));
    int64_t value = 0;
    if (counters[fd].role == COUNTER_OF_RR) value = SELF_CHECK_BRANCHES;
    if (counters[fd].role == COUNTER_OF_TASK) value = ticks_of(counters[fd].task);
    memcpy(buffer, &value, sizeof value);
    return sizeof value;
}

// The wait status says what ended a run.
pid_t waitpid(pid_t pid, int *status, int options) {
    int reported = 0;
    long result = raw(SYS_wait4, pid, (long)&reported, options, 0, 0, 0);
    struct task *task = result > 0 ? task_of((pid_t)result) : NULL;
    if (task) task->status = reported;
    if (result > 0 && status) *status = reported;
    return (pid_t)libc_result(result);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    siginfo_t own = {0};
    if (!info) info = &own;
    long result = raw(SYS_waitid, type, id, (long)info, options, 0, 0);
    struct task *task = result == 0 ? task_of(info->si_pid) : NULL;
    bool is_stopped = info->si_code == CLD_TRAPPED || info->si_code == CLD_STOPPED;
    // The form that waitpid would have given; 0x7f marks a stop.
    if (task) task->status = is_stopped ? (int)((unsigned)info->si_status << 8 | 0x7f) : 0;
    return (int)libc_result(result);
}

// ---------------------------------------------------------------------------------------------------------------------
// Rule 6: some virtual machines now and then report a single step as TRAP_BRKPT, with the single-step bit (BS) of DR6
// missing. rr then looks for a breakpoint, finds none and asserts. Give the bit back when it is read.

enum { DR6_SINGLE_STEP = 1 << 14, DR6_ANY_CAUSE = 0x400f };

static bool is_lost_step(pid_t tid, long dr6) {
    struct task *task = task_of(tid);
    struct user_regs_struct registers;
    siginfo_t info;
    if (!task || (dr6 & DR6_ANY_CAUSE) || task->status != (SIGTRAP << 8 | 0x7f)) return false;
    if (task->resumed_by != PTRACE_SINGLESTEP && task->resumed_by != PTRACE_SYSEMU_SINGLESTEP) return false;
    if (raw(SYS_ptrace, PTRACE_GETSIGINFO, tid, 0, (long)&info, 0, 0) != 0 || info.si_code != TRAP_BRKPT) return false;
    return registers_of(tid, &registers) && !has_breakpoint(tid, registers.rip - 1);
}

long ptrace(enum __ptrace_request request, ...) {
    va_list list;
    va_start(list, request);
    pid_t tid = va_arg(list, pid_t);
    long address = va_arg(list, long), data = va_arg(list, long), word = 0;
    va_end(list);
    bool is_peek = (int)request >= (int)PEEK_FIRST && (int)request <= (int)PEEK_LAST;
    if (is_resume((int)request)) note_resume(tid, (int)request);
    long result = libc_result(raw(SYS_ptrace, request, tid, address, is_peek ? (long)&word : data, 0, 0));
    if (!is_peek || result < 0) return result;
    if (request == PTRACE_PEEKUSER && address == (long)offsetof(struct user, u_debugreg[6]) && is_lost_step(tid, word)) {
        SAY("gave task %d its single-step bit back\n", (int)tid);
        word |= DR6_SINGLE_STEP;
    }
    errno = 0; // a word of -1 is no error
    return word;
}

// ---------------------------------------------------------------------------------------------------------------------
// Rule 4: new kernels refuse to read [vvar] pages through /proc/PID/mem, and rr 5.6 gives up on EIO there. Those pages
// are never read by a recorded program (rr replaces the vdso), so zeros will do. Anywhere else EIO must stay EIO, because
// rr finds out by it which memory is mapped.

// Whether all of [offset, offset + count) lies in [vvar] mappings of the process whose /proc/PID/mem `fd` is.
static bool is_vvar(int fd, uint64_t offset, size_t count) {
    char link[64], path[64], line[PATH_MAX + 128];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - sizeof "maps");
    if (length < 5 || memcmp(path + length - 4, "/mem", 4) != 0) return false;
    memcpy(path + length - 3, "maps", sizeof "maps");
    FILE *maps = fopen(path, "re");
    if (!maps) return false;
    uint64_t covered = offset, end = offset + count;
    while (covered < end && fgets(line, sizeof line, maps)) {
        uint64_t low, high;
        bool is_special = strstr(line, " [vvar") != NULL && sscanf(line, "%lx-%lx", &low, &high) == 2;
        if (is_special && low <= covered && covered < high) covered = high;
    }
    fclose(maps);
    return covered >= end;
}

ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset) {
    long result = raw(SYS_pread64, fd, (long)buffer, (long)count, offset, 0, 0);
    if (result != -EIO || !is_vvar(fd, (uint64_t)offset, count)) return libc_result(result);
    SAY("zeros for [vvar] at %#lx, %zu bytes\n", (unsigned long)offset, count);
    memset(buffer, 0, count);
    return (ssize_t)count;
}

// On x86-64 the two names mean the same; rr 5.6 was linked to this one.
ssize_t pread(int fd, void *buffer, size_t count, off_t offset) { return pread64(fd, buffer, count, offset); }

// ---------------------------------------------------------------------------------------------------------------------
// Rule 5: rr marks a trace as made with a tick forced at each buffered system call, which is not so here, and without
// clearing the mark no buffered trace replays. The mark is a bit of the header, which is written to "incomplete" (a line
// of text and one packed Cap'n Proto message) just before that file is renamed to "version".

enum { FORCED_TICK_BIT = 39, LARGEST_HEADER = 1 << 16, WORD = 8 };

// Unpacks a packed message: a tag byte says which bytes of a word are not zero; after tag 0 comes a count of further zero
// words, after tag 255 a count of words as they are. Returns the unpacked length, 0 if `output` is too small or `input` too short.
static size_t unpack(const uint8_t *input, size_t count, uint8_t *output, size_t capacity) {
    const uint8_t *end = input + count;
    size_t made = 0;
    while (input < end) {
        uint8_t tag = *input++;
        if (capacity - made < WORD) return 0;
        for (int bit = 0; bit < WORD; bit++) {
            bool is_stored = tag >> bit & 1;
            if (is_stored && input == end) return 0;
            output[made++] = is_stored ? *input++ : 0;
        }
        if (tag != 0 && tag != 0xff) continue;
        if (input == end) return 0;
        size_t run = (size_t)*input++ * WORD;
        if (capacity - made < run || (tag == 0xff && (size_t)(end - input) < run)) return 0;
        if (tag == 0) memset(output + made, 0, run);
        if (tag == 0xff) {
            memcpy(output + made, input, run);
            input += run;
        }
        made += run;
    }
    return made;
}

// Packs whole words, without runs: valid, if not the shortest. At most 10 bytes for each word.
static size_t pack(const uint8_t *input, size_t count, uint8_t *output) {
    size_t made = 0;
    for (size_t word = 0; word + WORD <= count; word += WORD) {
        uint8_t *tag = &output[made++];
        *tag = 0;
        for (int bit = 0; bit < WORD; bit++) {
            if (input[word + bit] == 0) continue;
            *tag |= (uint8_t)(1 << bit);
            output[made++] = input[word + bit];
        }
        if (*tag == 0 || *tag == 0xff) output[made++] = 0; // an empty run
    }
    return made;
}

// The byte of an unpacked header message that holds the mark, or NULL. The message: a table of segments (8 bytes if there
// is one), the root pointer, and behind it the root struct's data.
static uint8_t *forced_tick_byte(uint8_t *message, size_t length) {
    uint32_t further_segments;
    uint64_t root;
    if (length < 2 * WORD) return NULL;
    memcpy(&further_segments, message, sizeof further_segments);
    memcpy(&root, message + WORD, sizeof root);
    int64_t data = 2 * WORD + ((int64_t)((int32_t)root >> 2)) * WORD, words = root >> 32 & 0xffff;
    bool is_struct = (root & 3) == 0 && words > FORCED_TICK_BIT / 64;
    if (further_segments != 0 || !is_struct || data < 2 * WORD || data + words * WORD > (int64_t)length) return NULL;
    return message + data + FORCED_TICK_BIT / 8;
}

// Clears the mark in the header file `path`. Returns false if the header could not be understood or written.
static bool clear_forced_tick(const char *path) {
    static uint8_t file[LARGEST_HEADER], message[4 * LARGEST_HEADER], packed[5 * LARGEST_HEADER];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t count = read(fd, file, sizeof file);
    uint8_t *newline = count > 0 && count < LARGEST_HEADER ? memchr(file, '\n', (size_t)count) : NULL;
    size_t head = newline ? (size_t)(newline + 1 - file) : 0;
    size_t length = newline ? unpack(file + head, (size_t)count - head, message, sizeof message) : 0;
    uint8_t *byte = forced_tick_byte(message, length), mask = 1 << FORCED_TICK_BIT % 8;
    bool is_done = byte != NULL;
    if (byte && (*byte & mask)) {
        *byte &= (uint8_t)~mask;
        long size = (long)pack(message, length, packed);
        is_done = pwrite(fd, packed, (size_t)size, (off_t)head) == size && ftruncate(fd, (off_t)head + size) == 0;
        SAY("cleared the mark of forced ticks in %s\n", path);
    }
    close(fd);
    return is_done;
}

int rename(const char *from, const char *to) {
    const char *name = strrchr(from, '/');
    if (name && strcmp(name, "/incomplete") == 0 && !clear_forced_tick(from)) {
        dprintf(STDERR_FILENO, PREFIX "%s: a header of unknown form; if the syscall buffer was on, the trace will not replay\n", from);
    }
    return (int)libc_result(raw(SYS_rename, (long)from, (long)to, 0, 0, 0, 0));
}

// ---------------------------------------------------------------------------------------------------------------------
// Rule 7: nothing of this reaches the processes that rr starts: tracees and gdb get the environment as the user made it.

// The number in environment variable `name`, which then is taken away; `otherwise` if it is not set. A wrong one ends rr: a
// guess would make a trace that replays nowhere.
static int64_t take_number(const char *name, int64_t largest, int64_t otherwise) {
    const char *text = getenv(name);
    if (!text) return otherwise;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value > largest) {
        dprintf(STDERR_FILENO, PREFIX "%s is \"%s\": it must be a number from 0 to %lld\n", name, text, (long long)largest);
        _exit(1);
    }
    unsetenv(name);
    return value;
}

// ld.so passes over a missing preload with a warning at most; `ridealong doctor` asks for this proof that all is in place.
static void write_proof(void) {
    const char *path = getenv("RIDEALONG_COUNTERS_PROOF");
    if (!path) return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || dprintf(fd, "tick %lld\n", (long long)tick) < 0) dprintf(STDERR_FILENO, PREFIX "cannot write %s\n", path);
    if (fd >= 0) close(fd);
    unsetenv("RIDEALONG_COUNTERS_PROOF");
}

__attribute__((constructor)) static void begin(void) {
    debug = getenv("RIDEALONG_COUNTERS_DEBUG") != NULL;
    unsetenv("RIDEALONG_COUNTERS_DEBUG");
    leave_preload_list(LIBRARY_NAME);
    tick = take_number("RIDEALONG_TICK", LARGEST_TICK, DEFAULT_TICK);
    slice_ns = (uint64_t)take_number("RIDEALONG_SLICE_MS", INT_MAX, 0) * 1000000;
    // Untouched pages cost nothing.
    tasks = mmap(NULL, sizeof *tasks * TASKS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (tasks == MAP_FAILED) {
        dprintf(STDERR_FILENO, PREFIX "no memory for the table of tasks (%zu bytes): raise `ulimit -v`\n", sizeof *tasks * TASKS);
        _exit(1);
    }
    write_proof();
}
