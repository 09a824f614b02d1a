// What of which call is kept: the numbers of x86-64, and what the arguments point to that no trace holds.
#pragma once

// What a call hands over in memory.
enum input {
    NOT_CAPTURED,
    ARGUMENTS,    // nothing that a trace would lack
    BYTES,        // bytes at the second argument, as many as the third says
    BYTES_TO,     // … and an address at the fifth
    VECTOR,       // bytes in the iovecs at the second argument
    MESSAGE,      // a msghdr at the second argument
    MESSAGES,     // an array of mmsghdr there
    SOCKET_NAME,  // an address there
    OPTION_VALUE, // the value of a socket option at the fourth
    INTEREST,     // an epoll_event at the fourth
    PATIENCE,     // nothing; but in the buffer rr puts 0 in the place of a timeout, the third argument or the fourth
};

// Not restart_syscall: rr replays what an interrupted call does after its restart without running the task.
static const uint8_t inputs[NUMBERS] = {
    [SYS_read] = ARGUMENTS,          [SYS_write] = BYTES,             [SYS_open] = ARGUMENTS,          [SYS_close] = ARGUMENTS,
    [SYS_fstat] = ARGUMENTS,         [SYS_poll] = PATIENCE,           [SYS_ioctl] = ARGUMENTS,         [SYS_pread64] = ARGUMENTS,
    [SYS_pwrite64] = BYTES,          [SYS_readv] = ARGUMENTS,         [SYS_writev] = VECTOR,           [SYS_pipe] = ARGUMENTS,
    [SYS_select] = ARGUMENTS,        [SYS_dup] = ARGUMENTS,           [SYS_dup2] = ARGUMENTS,          [SYS_sendfile] = ARGUMENTS,
    [SYS_socket] = ARGUMENTS,        [SYS_connect] = SOCKET_NAME,     [SYS_accept] = ARGUMENTS,        [SYS_sendto] = BYTES_TO,
    [SYS_recvfrom] = ARGUMENTS,      [SYS_sendmsg] = MESSAGE,         [SYS_recvmsg] = ARGUMENTS,       [SYS_shutdown] = ARGUMENTS,
    [SYS_bind] = SOCKET_NAME,        [SYS_listen] = ARGUMENTS,        [SYS_getsockname] = ARGUMENTS,   [SYS_getpeername] = ARGUMENTS,
    [SYS_socketpair] = ARGUMENTS,    [SYS_setsockopt] = OPTION_VALUE, [SYS_getsockopt] = ARGUMENTS,    [SYS_fcntl] = ARGUMENTS,
    [SYS_creat] = ARGUMENTS,         [SYS_epoll_create] = ARGUMENTS,  [SYS_memfd_create] = ARGUMENTS,  [SYS_epoll_wait] = PATIENCE,
    [SYS_epoll_ctl] = INTEREST,      [SYS_inotify_init] = ARGUMENTS,  [SYS_openat] = ARGUMENTS,        [SYS_newfstatat] = ARGUMENTS,
    [SYS_pselect6] = ARGUMENTS,      [SYS_ppoll] = ARGUMENTS,         [SYS_splice] = ARGUMENTS,        [SYS_tee] = ARGUMENTS,
    [SYS_vmsplice] = VECTOR,         [SYS_epoll_pwait] = PATIENCE,   [SYS_signalfd] = ARGUMENTS,      [SYS_timerfd_create] = ARGUMENTS,
    [SYS_eventfd] = ARGUMENTS,       [SYS_accept4] = ARGUMENTS,       [SYS_signalfd4] = ARGUMENTS,     [SYS_eventfd2] = ARGUMENTS,
    [SYS_epoll_create1] = ARGUMENTS, [SYS_dup3] = ARGUMENTS,          [SYS_pipe2] = ARGUMENTS,         [SYS_inotify_init1] = ARGUMENTS,
    [SYS_preadv] = ARGUMENTS,        [SYS_pwritev] = VECTOR,          [SYS_recvmmsg] = ARGUMENTS,      [SYS_sendmmsg] = MESSAGES,
    [SYS_preadv2] = ARGUMENTS,       [SYS_pwritev2] = VECTOR,         [SYS_statx] = ARGUMENTS,
    [425 /* io_uring_setup */] = ARGUMENTS, [426 /* io_uring_enter */] = ARGUMENTS, [434 /* pidfd_open */] = ARGUMENTS,
    [436 /* close_range */] = ARGUMENTS,    [437 /* openat2 */] = ARGUMENTS,        [438 /* pidfd_getfd */] = ARGUMENTS,
    [441 /* epoll_pwait2 */] = ARGUMENTS,
    // Neither descriptors nor bytes: only for who lists the calls. Not those that ask for the time: there are too many of them; nor
    // mprotect and madvise, which rr makes again in replay, and so in another slot.
    [SYS_stat] = ARGUMENTS,          [SYS_lstat] = ARGUMENTS,         [SYS_lseek] = ARGUMENTS,         [SYS_chmod] = ARGUMENTS,
    [SYS_rt_sigprocmask] = ARGUMENTS, [SYS_access] = ARGUMENTS,       [SYS_sched_yield] = ARGUMENTS,   [SYS_statfs] = ARGUMENTS,
    [SYS_getpid] = ARGUMENTS,        [SYS_uname] = ARGUMENTS,         [SYS_fsync] = ARGUMENTS,         [SYS_fdatasync] = ARGUMENTS,
    [SYS_truncate] = ARGUMENTS,      [SYS_ftruncate] = ARGUMENTS,     [SYS_getdents] = ARGUMENTS,      [SYS_rename] = ARGUMENTS,
    [SYS_mkdir] = ARGUMENTS,         [SYS_rmdir] = ARGUMENTS,         [SYS_unlink] = ARGUMENTS,        [SYS_symlink] = ARGUMENTS,
    [SYS_readlink] = ARGUMENTS,      [SYS_getrusage] = ARGUMENTS,     [SYS_sysinfo] = ARGUMENTS,       [SYS_getuid] = ARGUMENTS,
    [SYS_getgid] = ARGUMENTS,        [SYS_geteuid] = ARGUMENTS,       [SYS_getegid] = ARGUMENTS,       [SYS_getppid] = ARGUMENTS,
    [SYS_gettid] = ARGUMENTS,        [SYS_futex] = ARGUMENTS,         [SYS_getdents64] = ARGUMENTS,    [SYS_fadvise64] = ARGUMENTS,
    [SYS_mkdirat] = ARGUMENTS,       [SYS_unlinkat] = ARGUMENTS,      [SYS_readlinkat] = ARGUMENTS,    [SYS_utimensat] = ARGUMENTS,
    [SYS_getrandom] = ARGUMENTS,     [SYS_getxattr] = ARGUMENTS,      [SYS_umask] = ARGUMENTS,         [SYS_prctl] = ARGUMENTS,
    [SYS_link] = ARGUMENTS,          [SYS_getpgrp] = ARGUMENTS,
};

// The kernel's own limits (UIO_MAXIOV, sockaddr_storage), and ours on what it leaves open.
enum { LARGEST_VECTOR = 1024, LARGEST_ADDRESS = 128, LARGEST_CONTROL = 1 << 16, LARGEST_OPTION = 256, EPOLL_EVENT_SIZE = 12 };
static size_t largest_payload = 16 << 20;

static enum input input_of(uint64_t number) { return number < NUMBERS ? (enum input)inputs[number] : NOT_CAPTURED; }

// Reads `count` bytes of a tracee; how many could be read.
static size_t peek(pid_t tid, uint64_t address, void *to, size_t count) {
    struct iovec local = {to, count}, remote = {(void *)address, count};
    ssize_t done = count ? process_vm_readv(tid, &local, 1, &remote, 1, 0) : 0;
    return done > 0 ? (size_t)done : 0;
}

// Reads all of `count` bytes, and counts it if that fails.
static bool peek_all(pid_t tid, uint64_t address, void *to, size_t count) {
    if (peek(tid, address, to, count) == count) return true;
    header()->unreadable++;
    return false;
}

// Adds a section with what is at `address`: of `offered` bytes, at most `limit`.
static void add_bytes(pid_t tid, enum section_kind kind, unsigned message, uint64_t address, uint64_t offered, size_t limit) {
    size_t count = offered < limit ? (size_t)offered : limit;
    uint8_t *place = address ? begin_section(kind, message, count, offered) : NULL;
    if (place) end_section(peek(tid, address, place, count));
}

// Adds a section with the bytes in `count` iovecs at `address`, at most `limit` of them.
static void add_vector(pid_t tid, unsigned message, uint64_t address, uint64_t count, size_t limit) {
    static struct iovec vector[LARGEST_VECTOR];
    uint64_t offered = 0;
    if (count > LARGEST_VECTOR || !peek_all(tid, address, vector, (size_t)count * sizeof *vector)) return;
    for (size_t index = 0; index < count; index++) offered += vector[index].iov_len;
    size_t room = offered < limit ? (size_t)offered : limit, done = 0;
    uint8_t *place = begin_section(PAYLOAD, message, room, offered);
    if (!place) return;
    for (size_t index = 0; index < count && done < room; index++) {
        size_t part = vector[index].iov_len < room - done ? vector[index].iov_len : room - done;
        size_t got = peek(tid, (uint64_t)vector[index].iov_base, place + done, part);
        done += got;
        if (got < part) break;
    }
    end_section(done);
}

// Adds what a msghdr at `address` points to.
static void add_message(pid_t tid, unsigned message, uint64_t address, size_t limit) {
    struct msghdr head;
    if (!peek_all(tid, address, &head, sizeof head)) return;
    add_vector(tid, message, (uint64_t)head.msg_iov, head.msg_iovlen, limit);
    if (head.msg_namelen) add_bytes(tid, ADDRESS, message, (uint64_t)head.msg_name, head.msg_namelen, LARGEST_ADDRESS);
    if (head.msg_controllen) add_bytes(tid, CONTROL, message, (uint64_t)head.msg_control, head.msg_controllen, LARGEST_CONTROL);
}

// Adds what the call of `record` hands over, of bytes that move at most `limit`.
static void add_input(pid_t tid, const uint64_t arguments[6], enum input input, size_t limit) {
    switch (input) {
    case NOT_CAPTURED:
    case PATIENCE:
    case ARGUMENTS: return;
    case BYTES: return add_bytes(tid, PAYLOAD, 0, arguments[1], arguments[2], limit);
    case BYTES_TO:
        add_bytes(tid, PAYLOAD, 0, arguments[1], arguments[2], limit);
        return add_bytes(tid, ADDRESS, 0, arguments[4], (uint32_t)arguments[5], LARGEST_ADDRESS);
    case VECTOR: return add_vector(tid, 0, arguments[1], arguments[2], limit);
    case MESSAGE: return add_message(tid, 0, arguments[1], limit);
    case MESSAGES:
        for (unsigned index = 0; index < (uint32_t)arguments[2] && index < LARGEST_VECTOR; index++) {
            add_message(tid, index, arguments[1] + index * sizeof(struct mmsghdr), limit);
        }
        return;
    case SOCKET_NAME: return add_bytes(tid, ADDRESS, 0, arguments[1], (uint32_t)arguments[2], LARGEST_ADDRESS);
    case OPTION_VALUE: return add_bytes(tid, OPTION, 0, arguments[3], (uint32_t)arguments[4], LARGEST_OPTION);
    case INTEREST: return add_bytes(tid, EPOLL_EVENT, 0, arguments[3], EPOLL_EVENT_SIZE, EPOLL_EVENT_SIZE);
    }
}
