/// A system call that concerns sockets, pipes, file descriptors or processes, whatever its number.
///
/// The raw value is the name of the call in the headers of 64-bit kernels; calls that differ only in the width of
/// a field (`fcntl64`, `recvmmsg_time64`) are one case.
public enum Syscall: String, Sendable, CaseIterable {
    case read, readv, pread64, preadv, preadv2, write, writev, pwrite64, pwritev, pwritev2
    case recvfrom, recvmsg, recvmmsg, sendto, sendmsg, sendmmsg
    case sendfile, splice, tee, vmsplice
    case copyFileRange = "copy_file_range"
    case socket, socketpair, bind, listen, accept, accept4, connect, shutdown, getsockname, getpeername, getsockopt, setsockopt
    /// i386's one call for all of the above; its first argument says which.
    case socketcall
    case close, dup, dup2, dup3, fcntl, ioctl, pipe, pipe2
    case closeRange = "close_range"
    case open, openat, openat2, creat, fstat, newfstatat, statx
    case memfdCreate = "memfd_create"
    case clone, clone3, fork, vfork, execve, execveat, exit, unshare, wait4, waitid, waitpid, shmat
    case exitGroup = "exit_group"
    case poll, ppoll, select, pselect6
    case epollCreate = "epoll_create"
    case epollCreate1 = "epoll_create1"
    case epollCtl = "epoll_ctl"
    case epollWait = "epoll_wait"
    case epollPwait = "epoll_pwait"
    case epollPwait2 = "epoll_pwait2"
    case eventfd, eventfd2, signalfd, signalfd4
    case inotifyInit = "inotify_init"
    case inotifyInit1 = "inotify_init1"
    case timerfdCreate = "timerfd_create"
    case pidfdOpen = "pidfd_open"
    case pidfdGetfd = "pidfd_getfd"
    case ioUringSetup = "io_uring_setup"
    case ioUringEnter = "io_uring_enter"
    case kill, tkill, tgkill, uname
    case rtSigqueueinfo = "rt_sigqueueinfo"
    case rtTgsigqueueinfo = "rt_tgsigqueueinfo"
    case restartSyscall = "restart_syscall"
    case rtSigreturn = "rt_sigreturn"
    case mmap, munmap, futex

    /// The call that the kernel's headers name `name`.
    init?(kernelName name: String) {
        switch name {
        case "fcntl64": self = .fcntl
        case "sendfile64": self = .sendfile
        case "fstat64": self = .fstat
        case "fstatat64": self = .newfstatat
        case "_newselect": self = .select
        case "recvmmsg_time64": self = .recvmmsg
        case "ppoll_time64": self = .ppoll
        case "pselect6_time64": self = .pselect6
        case "mmap2": self = .mmap
        case "futex_time64": self = .futex
        default:
            guard let call = Syscall(rawValue: name) else { return nil }
            self = call
        }
    }

    /// The call with `number` in `architecture`, if there is a case for it. O(1).
    ///
    /// i386's old `select` and `mmap` have none: their arguments are in memory, which a trace does not hold. Nor has its old `fstat`, whose
    /// structure nobody uses any more.
    public init?(_ number: Int32, _ architecture: Architecture) {
        guard let call = SyscallTable.table(architecture).call(number) else { return nil }
        self = call
    }
}
