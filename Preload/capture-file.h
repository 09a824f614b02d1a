// The file that the capture agent writes: docs/capture-format.md describes it, Sources/Capture reads it.
//
// It is mapped into memory, so that what was written survives any death of rr: a record counts from the moment at which the header's
// `committed` is moved behind it.
#pragma once

enum { FORMAT_VERSION = 1, AGENT_VERSION = 2, NUMBERS = 512 };
// How much the file grows at a time, and how much where there is no room for that. The space is allocated before it is touched: a full
// disk must not be met as SIGBUS.
enum { GROWTH = 16 << 20, SMALLEST_GROWTH = 1 << 12 };

enum file_state { RUNNING, ENDED, NO_SPACE };
enum capture_mode { UNDECIDED, IN_RING, BY_STOPS };
enum fallback { NO_FALLBACK, ASKED_FOR, PAGE_IN_USE, SLOT_UNKNOWN };

struct file_header {
    char magic[8];
    uint32_t format, agent;
    uint64_t committed;                // where the last whole record ends
    uint32_t first;                    // where the first record begins: the size of this header
    uint32_t state, mode, fallback;
    uint32_t buffer_header;            // size of a syscall buffer's header, as the agent was told
    uint32_t reserved;
    uint64_t unreadable;               // reads of a tracee's memory that failed
    uint64_t faults;                   // sends from memory that is not there
    uint64_t stops;                    // of rr's, at calls that are not in the syscall buffer, recorded or not: the replay goes on
    uint64_t spare[5];
    uint8_t captured[NUMBERS / 8];     // a bit for each number of a call that is recorded
};

// How a call was seen: in the syscall buffer; by rr's own stop at its system call instruction, which was a breakpoint or an emulation;
// or in the syscall buffer where rr itself has stopped, because the call left it, or to see whether it does.
enum call_kind { BUFFERED, TRACED, EMULATED, LEAVING };

struct call_record {
    uint32_t size;                     // of all of it, a multiple of 8
    uint8_t kind, in_ring;
    uint16_t number;
    uint32_t task;                     // in the order of creation, from 0
    uint32_t place;                    // buffered and leaving: the buffer's num_rec_bytes, where the call's own record begins
    int64_t result;                    // buffered
    uint64_t ip;                       // at the stop
    uint64_t arguments[6];
    uint64_t program_argument;         // buffered: the second argument as the program gave it (rr puts its own buffers in)
};

enum section_kind { PAYLOAD = 1, ADDRESS, CONTROL, OPTION, EPOLL_EVENT };

struct section {
    uint16_t kind, message;            // of sendmmsg: which message
    uint32_t size;                     // of what follows, which is padded to a multiple of 8
    uint64_t offered;                  // how much the program offered
};

static struct {
    int fd;
    uint8_t *bytes;
    size_t mapped;
    size_t end;                        // of the record that is being written
    struct call_record *record;
} out = {.fd = -1};

static struct file_header *header(void) { return (struct file_header *)out.bytes; }

// Makes room for `count` bytes more. After the first failure nothing is written any more.
static bool has_room(size_t count) {
    if (out.bytes && header()->state != RUNNING) return false;
    if (out.mapped - out.end >= count) return true;
    size_t growth = GROWTH, needed = out.end + count, size;
    int failed;
    do {
        size = needed + growth - needed % growth;
        failed = posix_fallocate(out.fd, 0, (off_t)size);
        growth /= 4;
    } while (failed && growth >= SMALLEST_GROWTH);
    void *bytes = MAP_FAILED;
    if (!failed) {
        bytes = out.bytes ? mremap(out.bytes, out.mapped, size, MREMAP_MAYMOVE)
                          : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, out.fd, 0);
    }
    if (bytes == MAP_FAILED) {
        if (out.bytes) header()->state = NO_SPACE;
        return false;
    }
    out.bytes = bytes;
    out.mapped = size;
    return true;
}

// Makes the file; false if that is not possible.
static bool create_file(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    // rr gives low numbers a meaning.
    out.fd = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 800);
    if (fd >= 0) close(fd);
    if (out.fd < 0 || !has_room(sizeof(struct file_header))) return false;
    struct file_header *file = header();
    memcpy(file->magic, "RACALLS\n", sizeof file->magic);
    file->format = FORMAT_VERSION;
    file->agent = AGENT_VERSION;
    file->first = sizeof *file;
    file->committed = out.end = sizeof *file;
    return true;
}

// Ends the file in order, and gives back the room that was not needed.
static void end_file(void) {
    if (header()->state == RUNNING) header()->state = ENDED;
    if (ftruncate(out.fd, (off_t)header()->committed) != 0) return;
}

// Begins a record, behind the last; NULL if there is no room.
static struct call_record *begin_record(void) {
    out.end = header()->committed; // The last one may have been given up.
    if (!has_room(sizeof *out.record)) return NULL;
    out.record = (struct call_record *)(out.bytes + out.end);
    memset(out.record, 0, sizeof *out.record);
    out.end += sizeof *out.record;
    return out.record;
}

// Begins a section of at most `size` bytes of the record; the place for them, or NULL if there is no room.
static uint8_t *begin_section(enum section_kind kind, unsigned message, size_t size, uint64_t offered) {
    size_t record = (size_t)((uint8_t *)out.record - out.bytes);
    if (!has_room(sizeof(struct section) + size + 8)) return NULL;
    out.record = (struct call_record *)(out.bytes + record); // The mapping may have moved.
    struct section section = {.kind = (uint16_t)kind, .message = (uint16_t)message, .size = (uint32_t)size, .offered = offered};
    memcpy(out.bytes + out.end, &section, sizeof section);
    return out.bytes + out.end + sizeof section;
}

// Ends the section that was begun last, with the `size` bytes that were really there.
static void end_section(size_t size) {
    struct section *section = (struct section *)(out.bytes + out.end);
    section->size = (uint32_t)size;
    memset((uint8_t *)(section + 1) + size, 0, -size & 7);
    out.end += sizeof *section + ((size + 7) & ~(size_t)7);
}

// Makes the record count.
static void commit_record(void) {
    if (header()->state != RUNNING) return;
    out.record->size = (uint32_t)(out.end - header()->committed);
    __atomic_store_n(&header()->committed, out.end, __ATOMIC_RELEASE);
}
