// Code and a ring buffer inside the tracee, so that most buffered calls are captured without stopping it.
//
// In replay the slot of rr's page through which all buffered calls go holds `xor eax, eax; ret`. It becomes a jump to a stub in the unused
// rest of that page, which writes number, arguments, result and payload into a ring in the unused rest of the page of thread locals. rr
// runs one task at a time, and stops it before it runs another, so one ring for each address space is enough; it is emptied at every stop.
//
// The stub has no conditional branch (rr counts those), uses no stack, restores all registers, and returns through the slot's own `ret`.
// What it cannot do (a full ring, a long payload, pointers to follow) ends at an int3, where the agent reads on from outside.
#pragma once

// rr's page (rr 5.6 to 5.9) and what the agent puts into it.
#define RR_PAGE 0x70000000
#define SLOT 0x7000000c      // untraced calls that are not made again in replay
#define HOP 0x70000030       // jump to the stub; the slot has room for a short one only
#define STUB 0x70000aa0      // rr's own ends at 0x9c0 in 5.6, 0xa98 in 5.9
#define PATHS 0x70000db0     // addresses of the stub's parts, by enum path
#define PATH_OF 0x70000e00   // an enum path for each number of a call
#define PAGE_END 0x70001000
// The page of thread locals: rr's own, and what the agent puts into it.
#define PARAMETERS 0x70001020 // → the call's number and arguments as the program gave them
#define BUFFER 0x70001030     // → the syscall buffer; its first word is num_rec_bytes
#define RING_HEAD 0x70001500  // where the ring's next record goes
#define SAVED_RCX 0x70001508
#define SAVED_RDI 0x70001510
#define SAVED_RSI 0x70001518
#define SAVED_RBX 0x70001520
#define RETURN 0x70001528     // → the slot's `ret`
#define ZERO 0x70001530       // always 0
#define RING 0x70001540
#define RING_END 0x70001ff0

static const uint8_t slot_code[3] = {0x31, 0xc0, 0xc3};                    // xor eax, eax; ret
static const uint8_t hop_from_slot[2] = {0xeb, HOP - SLOT - 2};            // jmp short
enum { BREAKPOINT = 0xcc };

// A record of the ring; the payload follows, padded to a multiple of 8.
struct ring_record {
    uint32_t number, payload;
    uint64_t arguments[6];
    uint64_t program_argument, place;
    int64_t result;
};
_Static_assert(sizeof(struct ring_record) == 80, "the stub writes it by offsets");

enum path {
    SKIP, WITHOUT_PAYLOAD, WITH_PAYLOAD, STOP, MAYBE_ADDRESS, APPEND, APPEND_PAYLOAD, PATIENT, APPEND_PATIENT, PATH_COUNT,
};
_Static_assert(PATHS + 8 * PATH_COUNT <= PATH_OF, "no room for the addresses of the stub's parts");

#define TEXT(x) #x
#define AT(x) TEXT(x)
#define PATH(n) "0x70000db0 + 8 * " TEXT(n)
#define RESTORE "mov " AT(SAVED_RCX) ", %rcx\n mov " AT(SAVED_RDI) ", %rdi\n mov " AT(SAVED_RSI) ", %rsi\n mov " AT(SAVED_RBX) ", %rbx\n"
#define DONE RESTORE "xor %eax, %eax\n jmp *" AT(RETURN) "\n"
// Writes a record's head to rcx; esi is the length of its payload. Uses rdi and rbx. Without thread locals it reads ZERO instead of
// them. At `label` the size of the buffer's header is filled in: the result lies behind it, at num_rec_bytes.
#define HEAD(label)                                                                                                              \
    "mov %eax, (%rcx)\n mov %esi, 4(%rcx)\n"                                                                                     \
    "mov " AT(SAVED_RDI) ", %rdi\n mov %rdi, 8(%rcx)\n mov " AT(SAVED_RSI) ", %rdi\n mov %rdi, 16(%rcx)\n"                       \
    "mov %rdx, 24(%rcx)\n mov %r10, 32(%rcx)\n mov %r8, 40(%rcx)\n mov %r9, 48(%rcx)\n"                                          \
    "mov $" AT(ZERO) ", %edi\n"                                                                                                  \
    "mov " AT(PARAMETERS) ", %rbx\n test %rbx, %rbx\n cmovz %rdi, %rbx\n mov 16(%rbx), %rbx\n mov %rbx, 56(%rcx)\n"              \
    "mov " AT(BUFFER) ", %rbx\n test %rbx, %rbx\n cmovz %rdi, %rbx\n mov (%rbx), %edi\n mov %rdi, 64(%rcx)\n"                    \
    "add %rdi, %rbx\n" #label ": mov 30(%rbx), %rbx\n mov %rbx, 72(%rcx)\n"

// Goes on at part n, with the ring's head in rcx, if there is room for a record's head; else stops.
#define IF_ROOM(n) \
    "mov " AT(RING_HEAD) ", %rcx\n mov " PATH(n) ", %rbx\n cmp $" AT(RING_END) " - 80, %rcx\n cmova " PATH(3) ", %rbx\n jmp *%rbx\n"

extern const uint8_t stub_start[], stub_skip[], stub_without[], stub_with[], stub_stop[], stub_stopped[], stub_maybe[], stub_append[],
    stub_append_payload[], stub_patient[], stub_append_patient[], stub_copy[], stub_copied[], stub_result[], stub_result_patient[],
    stub_result_payload[], stub_end[];
__asm__(
    ".pushsection .rodata\n"
    "stub_start:\n"
    "mov %rcx, " AT(SAVED_RCX) "\n mov %rdi, " AT(SAVED_RDI) "\n mov %rsi, " AT(SAVED_RSI) "\n mov %rbx, " AT(SAVED_RBX) "\n"
    "mov %eax, %ecx\n mov $511, %edi\n cmp %edi, %ecx\n cmova %edi, %ecx\n"
    "movzbl " AT(PATH_OF) "(%rcx), %ecx\n jmp *" AT(PATHS) "(,%rcx,8)\n"
    "stub_skip:\n" DONE
    // A record without payload, if there is room.
    "stub_without:\n" IF_ROOM(5)
    "stub_append:\n xor %esi, %esi\n" HEAD(stub_result)
    "stub_appended:\n add $80, %rcx\n mov %rcx, " AT(RING_HEAD) "\n" DONE
    // The same with the third and fourth arguments as the program gave them: one is a timeout. (The other is not rr's either.)
    "stub_patient:\n" IF_ROOM(8)
    "stub_append_patient:\n xor %esi, %esi\n" HEAD(stub_result_patient)
    "mov $" AT(ZERO) ", %edi\n mov " AT(PARAMETERS) ", %rbx\n test %rbx, %rbx\n cmovz %rdi, %rbx\n"
    "mov 24(%rbx), %rdi\n mov %rdi, 24(%rcx)\n mov 32(%rbx), %rdi\n mov %rdi, 32(%rcx)\n jmp stub_appended\n"
    // sendto: with an address it needs a stop.
    "stub_maybe:\n"
    "mov " PATH(2) ", %rbx\n test %r8, %r8\n cmovnz " PATH(3) ", %rbx\n jmp *%rbx\n"
    // A record with the rdx bytes at rsi, if there is room. (4000 stands for all that is too long.)
    "stub_with:\n"
    "mov " AT(RING_HEAD) ", %rcx\n mov $4000, %esi\n cmp %rsi, %rdx\n cmovb %rdx, %rsi\n lea 88(%rcx,%rsi), %rdi\n"
    "mov " PATH(6) ", %rbx\n cmp $" AT(RING_END) ", %rdi\n cmova " PATH(3) ", %rbx\n jmp *%rbx\n"
    "stub_append_payload:\n" HEAD(stub_result_payload)
    "lea 80(%rcx), %rdi\n mov " AT(SAVED_RSI) ", %rsi\n mov %rdx, %rcx\n"
    "stub_copy: rep movsb\n"
    // Here also from a fault in the copy: rdi plus rcx is where it would have ended.
    "stub_copied:\n lea 7(%rdi,%rcx), %rdi\n and $-8, %rdi\n mov %rdi, " AT(RING_HEAD) "\n" DONE
    "stub_stop:\n" RESTORE "int3\n"
    "stub_stopped: nop\n"
    "stub_end:\n"
    // An error if it is too long.
    ".org stub_start + " AT(PATHS) " - " AT(STUB) "\n .popsection\n");

// Where a part of the stub lies in the tracee.
static uint64_t in_tracee(const uint8_t *part) { return STUB + (uint64_t)(part - stub_start); }

// The path of a call in the stub.
static enum path path_of(enum input input) {
    switch (input) {
    case NOT_CAPTURED: return SKIP;
    case ARGUMENTS: return WITHOUT_PAYLOAD;
    case BYTES: return WITH_PAYLOAD;
    case BYTES_TO: return MAYBE_ADDRESS;
    case PATIENCE: return PATIENT;
    default: return STOP;
    }
}

// What goes into the tracee's page from STUB on, for syscall buffers with a header of `buffer_header` bytes.
static const uint8_t *stub_image(uint8_t buffer_header) {
    static uint8_t image[PAGE_END - STUB];
    if (image[0]) return image;
    const uint8_t *parts[PATH_COUNT] = {stub_skip, stub_without, stub_with, stub_stop, stub_maybe, stub_append, stub_append_payload,
                                        stub_patient, stub_append_patient};
    memcpy(image, stub_start, (size_t)(stub_end - stub_start));
    // The displacement is the fourth byte of that instruction.
    image[stub_result - stub_start + 3] = image[stub_result_payload - stub_start + 3] = buffer_header;
    image[stub_result_patient - stub_start + 3] = buffer_header;
    for (int path = 0; path < PATH_COUNT; path++) {
        uint64_t address = in_tracee(parts[path]);
        memcpy(image + (PATHS - STUB) + 8 * path, &address, sizeof address);
    }
    for (int number = 0; number < NUMBERS; number++) image[PATH_OF - STUB + number] = (uint8_t)path_of(input_of((uint64_t)number));
    return image;
}

static int open_memory(pid_t tid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)tid);
    return open(path, O_RDWR | O_CLOEXEC);
}

static bool is_zero(const uint8_t *bytes, size_t count) {
    for (size_t index = 0; index < count; index++)
        if (bytes[index]) return false;
    return true;
}

// Whether nobody uses the parts of the two pages that the ring needs.
static bool is_ring_possible(pid_t tid) {
    static uint8_t stub[PAGE_END - STUB], ring[RING_END - RING_HEAD];
    uint8_t hop[5];
    bool is_read = peek(tid, STUB, stub, sizeof stub) == sizeof stub && peek(tid, HOP, hop, sizeof hop) == sizeof hop &&
                   peek(tid, RING_HEAD, ring, sizeof ring) == sizeof ring;
    return is_read && is_zero(stub, sizeof stub) && is_zero(hop, sizeof hop) && is_zero(ring, sizeof ring);
}

// Empties the ring, once the page of thread locals is a new one.
static bool reset_ring(pid_t tid, ssize_t (*write_at)(int, const void *, size_t, off_t)) {
    uint64_t words[7] = {RING, 0, 0, 0, 0, SLOT + 2, 0};
    int fd = open_memory(tid);
    bool is_done = fd >= 0 && write_at(fd, words, sizeof words, RING_HEAD) == sizeof words;
    if (fd >= 0) close(fd);
    return is_done;
}

// Puts the stub into a tracee, the slot's jump last.
static bool install_stub(pid_t tid, uint8_t buffer_header, ssize_t (*write_at)(int, const void *, size_t, off_t)) {
    uint8_t hop[5] = {0xe9}; // jmp
    int32_t distance = STUB - HOP - (int)sizeof hop;
    memcpy(hop + 1, &distance, sizeof distance);
    int fd = open_memory(tid);
    bool is_done = fd >= 0 && write_at(fd, stub_image(buffer_header), PAGE_END - STUB, STUB) == PAGE_END - STUB &&
                   write_at(fd, hop, sizeof hop, HOP) == sizeof hop &&
                   write_at(fd, hop_from_slot, sizeof hop_from_slot, SLOT) == sizeof hop_from_slot;
    if (fd >= 0) close(fd);
    return is_done;
}
