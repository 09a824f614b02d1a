// capture-agent: writes down the system calls of a replay that a trace does not tell, while `rr replay -a` runs.
//
// rr's traces hold no bytes that were sent, and of calls that went through the syscall buffer neither descriptors nor arguments. In a
// replay they are all there. Preloaded into the rr process, before software counters if those are used, this library sees every stop that
// rr makes and adds a few of its own that rr does not see. The program runs as it would without; only `rr replay -a` may be used so.
//
//   RIDEALONG_CAPTURE=F              write to file F (docs/capture-format.md); without it the library does nothing
//   RIDEALONG_CAPTURE_BUFFER=N       size of a syscall buffer's header in this trace: 30 (rr 5.6, 5.7) or 32
//   RIDEALONG_CAPTURE_MODE=int3      stop at every buffered call, instead of writing them to a ring in the tracee (capture-ring.h)
//   RIDEALONG_CAPTURE_PAYLOAD=N      keep at most N bytes of a call's payload; 16 MiB if unset
//
// Traced calls need no stops of ours. rr replays them by a breakpoint on the system call instruction, or by PTRACE_SYSEMU; both stops come
// before anything was done. Buffered calls all go through one slot of rr's page. Where rr itself has a breakpoint there (a call that left
// the buffer) that is only noted, and rr gets its stop.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "the capture agent knows the x86-64 registers and rr page only"
#endif

#include "capture-file.h"
#include "capture-calls.h"
#include "capture-ring.h"
#include "preload-list.h"

enum { TASKS = 1 << 22 }; // The kernel gives no larger task id (PID_MAX_LIMIT).
#define LIBRARY_NAME "libridealong-capture-agent.so"
#define PREFIX "ridealong capture agent: "

// The functions that this library replaces, as the next one has them.
static long (*next_ptrace)(int, ...);
static int (*next_waitid)(idtype_t, id_t, siginfo_t *, int);
static pid_t (*next_waitpid)(pid_t, int *, int);
static ssize_t (*next_pread)(int, void *, size_t, off_t);
static ssize_t (*next_pwrite)(int, const void *, size_t, off_t);

// What is known of a tracee.
struct task {
    uint32_t serial;
    int resumed_by;      // by which ptrace request it was resumed last
    bool is_prepared;    // its address space has our jump or breakpoint at the slot
    bool is_stepping;    // … which was taken away for a single step
    bool is_seen;        // the stop it is in was looked at: rr may ask for it twice (WNOWAIT)
};
static struct task *tasks;
static uint32_t task_count;

static bool is_on;
static pid_t rr_process;
// Whether rr has a breakpoint of its own at the slot.
static bool rr_stops_at_slot;

// A ptrace request that no library in between sees.
static long trace(int request, pid_t tid, uint64_t address, void *data) {
    long result;
    register void *r10 __asm__("r10") = data;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((long)SYS_ptrace), "D"((long)request), "S"((long)tid), "d"(address), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

static bool registers_of(pid_t tid, struct user_regs_struct *registers) { return trace(PTRACE_GETREGS, tid, 0, registers) == 0; }

static struct task *task_of(long tid) { return tid > 0 && tid < TASKS ? &tasks[tid] : NULL; }

// Replay's task ids are not the recorded ones, but its tasks are made in the recorded order.
static void add_task(long tid) {
    struct task *task = task_of(tid);
    if (task) *task = (struct task){.serial = task_count++};
}

// ---------------------------------------------------------------------------------------------------------------------
// Records.

// Writes down the call that a task is about to make, from its registers.
static void record_call(pid_t tid, enum call_kind kind, const struct user_regs_struct *registers, uint64_t number) {
    enum input input = input_of(number);
    if (kind != BUFFERED) header()->stops++;
    struct call_record *record = input == NOT_CAPTURED ? NULL : begin_record();
    if (!record) return;
    uint64_t arguments[6] = {registers->rdi, registers->rsi, registers->rdx, registers->r10, registers->r8, registers->r9};
    record->kind = (uint8_t)kind;
    record->number = (uint16_t)number;
    record->task = tasks[tid].serial;
    record->ip = registers->rip;
    memcpy(record->arguments, arguments, sizeof arguments);
    size_t limit = largest_payload;
    if (kind == BUFFERED || kind == LEAVING) {
        struct { uint64_t parameters, other, buffer; } locals = {0};
        uint32_t place = 0;
        if (peek_all(tid, PARAMETERS, &locals, sizeof locals) && peek_all(tid, locals.buffer, &place, sizeof place)) record->place = place;
        peek_all(tid, locals.parameters + 16, &record->program_argument, sizeof record->program_argument);
        if (input == PATIENCE && kind == BUFFERED) peek_all(tid, locals.parameters + 24, &record->arguments[2], 2 * sizeof(uint64_t));
        if (kind == BUFFERED) {
            peek_all(tid, locals.buffer + header()->buffer_header + place, &record->result, sizeof record->result);
            limit = record->result < 0 ? 0 : (uint64_t)record->result < limit ? (size_t)record->result : limit;
        }
    }
    add_input(tid, arguments, input, limit);
    commit_record();
}

// Writes down one call from the ring.
static void record_from_ring(pid_t tid, const struct ring_record *call, const uint8_t *payload) {
    struct call_record *record = begin_record();
    if (!record) return;
    record->kind = BUFFERED;
    record->in_ring = 1;
    record->number = (uint16_t)call->number;
    record->task = tasks[tid].serial;
    record->place = (uint32_t)call->place;
    record->result = call->result;
    record->ip = SLOT;
    memcpy(record->arguments, call->arguments, sizeof record->arguments);
    record->program_argument = call->program_argument;
    enum path path = path_of(input_of(call->number));
    if (path != WITHOUT_PAYLOAD && path != PATIENT) {
        size_t sent = call->result < 0 ? 0 : (uint64_t)call->result < call->payload ? (size_t)call->result : call->payload;
        uint8_t *place = begin_section(PAYLOAD, 0, sent, call->payload);
        if (place) {
            memcpy(place, payload, sent);
            end_section(sent);
        }
    }
    commit_record();
}

// Empties the tracee's ring into the file.
static void drain(pid_t tid) {
    static uint8_t bytes[RING_END - RING_HEAD];
    uint64_t end;
    if (peek(tid, RING_HEAD, bytes, sizeof bytes) != sizeof bytes) return;
    memcpy(&end, bytes, sizeof end);
    if (end <= RING || end > RING_END) return;
    size_t position = RING - RING_HEAD, limit = (size_t)end - RING_HEAD;
    while (limit - position >= sizeof(struct ring_record)) {
        struct ring_record call;
        memcpy(&call, bytes + position, sizeof call);
        position += sizeof call;
        if (call.number >= NUMBERS || call.payload > limit - position) break; // The program has written there.
        record_from_ring(tid, &call, bytes + position);
        position += (call.payload + 7) & ~7U;
        if (position > limit) break;
    }
    trace(PTRACE_POKEDATA, tid, RING_HEAD, (void *)RING);
}

// ---------------------------------------------------------------------------------------------------------------------
// The slot: what is there, and what rr believes is there.

// Writes the first two bytes of the slot.
static bool set_slot(pid_t tid, const uint8_t code[2]) {
    uint64_t address = SLOT & ~7ULL;
    long word = 0;
    if (trace(PTRACE_PEEKDATA, tid, address, &word) != 0) return false;
    memcpy((uint8_t *)&word + (SLOT & 7), code, 2);
    return trace(PTRACE_POKEDATA, tid, address, (void *)word) == 0;
}

static const uint8_t *own_code(void) {
    static const uint8_t breakpoint[2] = {BREAKPOINT, 0xc0};
    return header()->mode == IN_RING ? hop_from_slot : breakpoint;
}

// Makes a new rr page ours; `mode` is decided by the first.
static bool install(pid_t tid) {
    struct user_regs_struct registers;
    // A 32-bit program has its slots at the same addresses.
    if (!registers_of(tid, &registers) || registers.cs != 0x33) return false;
    if (header()->mode != BY_STOPS && !is_ring_possible(tid)) {
        header()->mode = BY_STOPS;
        header()->fallback = PAGE_IN_USE;
    }
    if (header()->mode == BY_STOPS) return set_slot(tid, own_code());
    header()->mode = IN_RING;
    return reset_ring(tid, next_pwrite) && install_stub(tid, (uint8_t)header()->buffer_header, next_pwrite);
}

// Sees that buffered calls of a task that is about to run are captured. Looked at before every run: in replay rr does not ask for exec
// events, so the page may be a new one at any time, and after a fork the thread locals are.
static bool prepare(pid_t tid) {
    uint8_t code[4];
    uint64_t ring_head = 0;
    struct iovec local[2] = {{code, sizeof code}, {&ring_head, sizeof ring_head}};
    struct iovec remote[2] = {{(void *)SLOT, sizeof code}, {(void *)RING_HEAD, sizeof ring_head}};
    if (process_vm_readv(tid, local, 2, remote, 2, 0) != sizeof code + sizeof ring_head) return false;
    if (code[1] == hop_from_slot[1] && code[2] == slot_code[2] && (code[0] == hop_from_slot[0] || code[0] == BREAKPOINT)) {
        rr_stops_at_slot = code[0] == BREAKPOINT;
        return ring_head != 0 || reset_ring(tid, next_pwrite);
    }
    bool is_breakpoint = code[0] == BREAKPOINT && code[1] == slot_code[1] && code[2] == slot_code[2];
    if (is_breakpoint) return header()->mode == BY_STOPS;
    rr_stops_at_slot = false;
    if (memcmp(code, slot_code, sizeof slot_code) == 0) return install(tid);
    if (header()->mode == UNDECIDED) header()->fallback = SLOT_UNKNOWN;
    return false;
}

// Takes our code away for a single step that begins at the slot, after writing the call down.
static void prepare_step(pid_t tid, struct task *task) {
    struct user_regs_struct registers;
    if (!task->is_prepared || rr_stops_at_slot || !registers_of(tid, &registers) || registers.rip != SLOT) return;
    drain(tid);
    record_call(tid, BUFFERED, &registers, registers.rax);
    task->is_stepping = set_slot(tid, slot_code);
}

// Whether a descriptor is some process's memory.
static bool is_memory(int fd) {
    char link[64], path[64];
    int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    errno = error;
    return length > 4 && memcmp(path, "/proc/", 6) == 0 && memcmp(path + length - 4, "/mem", 4) == 0;
}

static bool covers(uint64_t offset, uint64_t count, uint64_t address) { return offset <= address && address - offset < count; }

// rr shall read the slot as it was.
ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset) {
    ssize_t done = next_pread(fd, buffer, count, offset);
    bool has_slot = done > 0 && (covers((uint64_t)offset, (uint64_t)done, SLOT) || covers((uint64_t)offset, (uint64_t)done, SLOT + 1));
    if (!is_on || !has_slot || header()->mode == UNDECIDED || !is_memory(fd)) return done;
    for (uint64_t index = 0; index < 2; index++) {
        if (!covers((uint64_t)offset, (uint64_t)done, SLOT + index)) continue;
        uint8_t *byte = (uint8_t *)buffer + (SLOT + index - (uint64_t)offset);
        bool is_ours = *byte == own_code()[index] && !(*byte == BREAKPOINT && rr_stops_at_slot);
        if (is_ours) *byte = slot_code[index];
    }
    return done;
}

ssize_t pread(int fd, void *buffer, size_t count, off_t offset) { return pread64(fd, buffer, count, offset); }

// rr may set a breakpoint of its own at the slot; when it takes that away, ours stays.
ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset) {
    if (!is_on || count != 1 || offset != SLOT || !is_memory(fd)) return next_pwrite(fd, buffer, count, offset);
    uint8_t byte = *(const uint8_t *)buffer, second = 0;
    rr_stops_at_slot = byte == BREAKPOINT;
    bool is_restored = byte == slot_code[0] && next_pread(fd, &second, 1, SLOT + 1) == 1;
    if (is_restored && header()->mode != UNDECIDED && second == own_code()[1]) byte = own_code()[0];
    return next_pwrite(fd, &byte, 1, offset);
}

// ---------------------------------------------------------------------------------------------------------------------
// Stops.

// Does for a task at the slot what the slot would have done.
static void leave_slot(pid_t tid, struct user_regs_struct *registers) {
    enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800 };
    registers->rax = 0;
    registers->eflags = (registers->eflags & ~(CF | PF | AF | ZF | SF | OF)) | ZF | PF;
    registers->rip = SLOT + 2;
    trace(PTRACE_SETREGS, tid, 0, registers);
}

// Whether the stop of a task inside the stub is ours. A record may be half written there, so the ring must wait.
static bool take_stop_in_stub(pid_t tid, int signal, struct user_regs_struct *registers) {
    bool is_fault = (signal == SIGSEGV || signal == SIGBUS) && registers->rip == in_tracee(stub_copy);
    if (!is_fault) return false;
    // The program sends from memory that is not there. Its own call has failed for that, or stopped short.
    header()->faults++;
    registers->rip = in_tracee(stub_copied);
    trace(PTRACE_SETREGS, tid, 0, registers);
    return true;
}

// Whether a breakpoint just hit stands on a system call instruction (0f 05), as rr sets it to replay a traced call.
static bool is_at_syscall(pid_t tid, uint64_t rip) {
    uint8_t code[2];
    return peek(tid, rip - 1, code, sizeof code) == sizeof code && code[0] == BREAKPOINT && code[1] == 0x05;
}

// Looks at a stop of a task: a signal, and behind it an event of ptrace. True if it is ours and the task shall go on.
static bool look_at_stop(pid_t tid, int status) {
    struct task *task = task_of(tid);
    struct user_regs_struct registers;
    int event = status >> 8;
    if (!task || task->is_seen) return false;
    task->is_seen = true;
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        unsigned long child = 0;
        if (trace(PTRACE_GETEVENTMSG, tid, 0, &child) == 0) add_task((long)child);
    }
    if (task->is_stepping) {
        task->is_stepping = false;
        set_slot(tid, own_code());
        return false;
    }
    // In runs that rr makes for calls of its own, it asks for PTRACE_SYSCALL.
    if (task->resumed_by == PTRACE_SYSCALL || !registers_of(tid, &registers)) return false;
    bool is_ring = task->is_prepared && header()->mode == IN_RING;
    if (is_ring && registers.rip >= STUB && registers.rip < in_tracee(stub_stopped)) return take_stop_in_stub(tid, status, &registers);
    if (is_ring) drain(tid);
    bool is_emulating = task->resumed_by == PTRACE_SYSEMU || task->resumed_by == PTRACE_SYSEMU_SINGLESTEP;
    if (status == (SIGTRAP | 0x80) && is_emulating) {
        // rr's untraced slots are no traced calls.
        if (registers.rip < SLOT - 6 || registers.rip >= PAGE_END) record_call(tid, EMULATED, &registers, registers.orig_rax);
        return false;
    }
    if (status != SIGTRAP || (task->resumed_by != PTRACE_CONT && task->resumed_by != PTRACE_SYSEMU)) return false;
    if (registers.rip == SLOT + 1 && rr_stops_at_slot) {
        record_call(tid, LEAVING, &registers, registers.rax);
        return false;
    }
    if (task->is_prepared && registers.rip == (is_ring ? in_tracee(stub_stopped) : SLOT + 1)) {
        record_call(tid, BUFFERED, &registers, registers.rax);
        leave_slot(tid, &registers);
        return true;
    }
    if (is_at_syscall(tid, registers.rip)) record_call(tid, TRACED, &registers, registers.rax);
    return false;
}

// The same, and rr sees nothing of it in errno either.
static bool take_stop(pid_t tid, int status) {
    int error = errno;
    bool is_ours = look_at_stop(tid, status);
    errno = error;
    return is_ours;
}

static void resume(pid_t tid) {
    tasks[tid].is_seen = false;
    trace(tasks[tid].resumed_by, tid, 0, NULL);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    siginfo_t own = {0};
    if (!info) info = &own;
    for (;;) {
        info->si_pid = 0;
        int result = next_waitid(type, id, info, options);
        bool is_stop = is_on && result == 0 && info->si_pid != 0 && (info->si_code == CLD_TRAPPED || info->si_code == CLD_STOPPED);
        if (!is_stop || !take_stop(info->si_pid, info->si_status)) return result;
        if (options & WNOWAIT) { // It was looked at, but not taken.
            siginfo_t taken = {0};
            next_waitid(P_PID, (id_t)info->si_pid, &taken, WSTOPPED | __WALL | WNOHANG);
        }
        resume(info->si_pid);
    }
}

pid_t waitpid(pid_t pid, int *status, int options) {
    for (;;) {
        int reported = 0;
        pid_t result = next_waitpid(pid, &reported, options);
        if (is_on && result > 0 && WIFSTOPPED(reported) && take_stop(result, reported >> 8)) {
            resume(result);
            continue;
        }
        if (result > 0 && status) *status = reported;
        return result;
    }
}

long ptrace(enum __ptrace_request request, ...) {
    va_list list;
    va_start(list, request);
    pid_t tid = va_arg(list, pid_t);
    void *address = va_arg(list, void *), *data = va_arg(list, void *);
    va_end(list);
    struct task *task = is_on ? task_of(tid) : NULL;
    if (!task) return next_ptrace(request, tid, address, data);
    if (request == PTRACE_SEIZE) { // the first task; the others are reported by their parents
        long result = next_ptrace(request, tid, address, data);
        if (result == 0) add_task(tid);
        return result;
    }
    int error = errno; // rr looks whether a successful request has changed it
    switch (request) {
    case PTRACE_CONT:
    case PTRACE_SYSEMU:
        task->is_prepared = prepare(tid);
        task->resumed_by = (int)request;
        break;
    case PTRACE_SINGLESTEP:
    case PTRACE_SYSEMU_SINGLESTEP:
        prepare_step(tid, task);
        task->resumed_by = (int)request;
        break;
    case PTRACE_SYSCALL: task->resumed_by = (int)request; break;
    default: return next_ptrace(request, tid, address, data);
    }
    task->is_seen = false;
    errno = error;
    return next_ptrace(request, tid, address, data);
}

// ---------------------------------------------------------------------------------------------------------------------
// Beginning and end.

static _Noreturn void give_up(const char *what) {
    dprintf(STDERR_FILENO, PREFIX "%s\n", what);
    _exit(1);
}

// The number in environment variable `name`, which is taken away.
static size_t take_number(const char *name, size_t smallest, size_t largest, size_t otherwise) {
    const char *text = getenv(name);
    if (!text) return otherwise;
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end || value < smallest || value > largest) give_up("a wrong number in a variable RIDEALONG_CAPTURE_…");
    unsetenv(name);
    return value;
}

__attribute__((constructor)) static void begin(void) {
    next_ptrace = (long (*)(int, ...))dlsym(RTLD_NEXT, "ptrace");
    next_waitid = (int (*)(idtype_t, id_t, siginfo_t *, int))dlsym(RTLD_NEXT, "waitid");
    next_waitpid = (pid_t(*)(pid_t, int *, int))dlsym(RTLD_NEXT, "waitpid");
    next_pread = (ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread64");
    next_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    leave_preload_list(LIBRARY_NAME);
    const char *path = getenv("RIDEALONG_CAPTURE"), *mode = getenv("RIDEALONG_CAPTURE_MODE");
    if (!path) return;
    if (!create_file(path)) give_up("the capture file cannot be made (is the disk full?)");
    header()->buffer_header = (uint32_t)take_number("RIDEALONG_CAPTURE_BUFFER", 16, 127, 30);
    largest_payload = take_number("RIDEALONG_CAPTURE_PAYLOAD", 0, INT_MAX, largest_payload);
    if (mode && strcmp(mode, "int3") == 0) {
        header()->mode = BY_STOPS;
        header()->fallback = ASKED_FOR;
    }
    for (int number = 0; number < NUMBERS; number++) {
        if (inputs[number] != NOT_CAPTURED) header()->captured[number / 8] |= (uint8_t)(1 << number % 8);
    }
    unsetenv("RIDEALONG_CAPTURE");
    unsetenv("RIDEALONG_CAPTURE_MODE");
    // Untouched pages cost nothing.
    tasks = mmap(NULL, sizeof *tasks * TASKS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (tasks == MAP_FAILED) give_up("no memory for the table of tasks: raise `ulimit -v`");
    rr_process = getpid();
    is_on = true;
}

__attribute__((destructor)) static void end(void) {
    if (is_on && getpid() == rr_process) end_file();
}
