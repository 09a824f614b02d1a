import RRTrace

/// What the tracker needs to know about a call before it looks closer.
extension Syscall {
    /// Which way a call moves bytes.
    enum Direction {
        case send
        case receive
    }

    /// The way in which this call moves bytes between the program and its first descriptor; `nil` if it does not.
    var direction: Direction? {
        switch self {
        case .write, .writev, .pwritev2, .sendto, .sendmsg, .sendmmsg: .send
        case .read, .readv, .preadv2, .recvfrom, .recvmsg, .recvmmsg: .receive
        default: nil
        }
    }

    /// Whether it can move bytes of a socket or pipe.
    var movesBytes: Bool {
        switch self {
        case .sendfile, .splice, .tee, .vmsplice: true
        default: direction != nil
        }
    }

    /// Which argument is a descriptor to which the kernel moves bytes from the first (for sendfile: from which).
    var secondDescriptor: Int? {
        switch self {
        case .splice: 2
        case .tee, .sendfile: 1
        default: nil
        }
    }

    /// Whether it works on sockets only.
    var isSocketCall: Bool {
        switch self {
        case .sendto, .sendmsg, .sendmmsg, .recvfrom, .recvmsg, .recvmmsg: true
        default: false
        }
    }

    /// Whether it hands over something in memory that a trace does not hold, and that is of interest.
    var handsOver: Bool { self == .bind || self == .connect || direction == .send }

    /// Whether its first argument is a descriptor.
    var takesDescriptor: Bool {
        switch self {
        case .bind, .connect, .accept, .accept4, .listen, .shutdown, .getsockname, .getpeername, .getsockopt, .dup, .dup2, .dup3, .fcntl,
            .ioctl,
            .fstat, .newfstatat,
            .statx:
            true
        default: movesBytes
        }
    }

    /// Whether it returns a new descriptor of a file in a file system, which may turn out to be a FIFO.
    var opensFile: Bool {
        switch self {
        case .open, .openat, .openat2, .creat, .memfdCreate: true
        default: false
        }
    }

    /// Whether it returns a new descriptor of a kind that carries no bytes between processes, or may not.
    var makesDescriptor: Bool {
        switch self {
        case .epollCreate, .epollCreate1, .timerfdCreate, .signalfd, .signalfd4, .inotifyInit,
            .inotifyInit1,
            .pidfdOpen, .pidfdGetfd, .ioUringSetup:
            true
        default: self == .eventfd || self == .eventfd2 || opensFile
        }
    }

    /// Whether the tracker looks at it at all.
    var isFollowed: Bool {
        switch self {
        case .socket, .socketpair, .pipe, .pipe2, .close, .closeRange, .clone, .fork, .vfork, .execve, .execveat, .socketcall,
            .ioUringEnter, .exit, .exitGroup, .wait4, .waitid, .waitpid, .kill, .tkill, .tgkill, .rtSigqueueinfo, .rtTgsigqueueinfo, .mmap,
            .shmat,
            .poll, .ppoll, .select, .pselect6:
            true
        default: takesDescriptor || makesDescriptor
        }
    }
}
