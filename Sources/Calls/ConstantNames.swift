/// Names for the numbers that calls take: one set for each kind of argument.
///
/// A set is a line `NAME/MASK A=1 B=2 …`: a value is one of those that lie within the mask, and any number of flags that lie outside.
/// Without a mask all are flags; with mask `*` there are no flags. Values are those of the kernel's headers for x86-64, and of most
/// other architectures.
struct ConstantNames: Sendable {
    private let mask: UInt64
    private let choices: [UInt64: String]
    private let flags: [(value: UInt64, name: String)]

    /// The set called `name`; `nil` if there is none.
    static func named(_ name: Substring) -> ConstantNames? { sets[String(name)] }

    private static let sets: [String: ConstantNames] = {
        var sets: [String: ConstantNames] = [:]
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let head = words.first?.split(separator: "/"), let name = head.first else { continue }
            sets[String(name)] = ConstantNames(mask: head.count > 1 ? head[1] : "0", words.dropFirst())
        }
        return sets
    }()

    private init(mask: Substring, _ words: some Sequence<Substring>) {
        let mask: UInt64 = mask == "*" ? .max : Self.number(mask)
        var choices: [UInt64: String] = [:]
        var flags: [(value: UInt64, name: String)] = []
        for word in words {
            guard let split = word.firstIndex(of: "=") else { continue }
            let value = Self.number(word[word.index(after: split)...])
            let name = String(word[..<split])
            if value & ~mask == 0 { choices[value] = name } else { flags.append((value, name)) }
        }
        (self.mask, self.choices, self.flags) = (mask, choices, flags)
    }

    private static func number(_ text: Substring) -> UInt64 {
        text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) ?? 0 : UInt64(text) ?? 0
    }

    /// `O_RDWR|O_CLOEXEC`; what has no name is added as a number.
    func text(_ value: UInt64) -> String {
        var words: [String] = []
        if let choice = choices[value & mask] {
            if mask != 0 || value == 0 { words.append(choice) }
        } else if value & mask != 0 {
            words.append(mask == .max ? "\(Int32(truncatingIfNeeded: value))" : hexadecimal(value & mask))
        }
        var rest = value & ~mask
        for flag in flags where flag.value & rest == flag.value {
            words.append(flag.name)
            rest &= ~flag.value
        }
        if rest != 0 { words.append(hexadecimal(rest)) }
        return words.isEmpty ? "0" : words.joined(separator: "|")
    }

    // Flags that contain others (O_SYNC, POLLRDNORM with POLLIN) stand before them.
    private static let list = """
        open/3 O_RDONLY=0 O_WRONLY=1 O_RDWR=2 O_TMPFILE=0x410000 O_SYNC=0x101000 O_CREAT=0x40 O_EXCL=0x80 O_NOCTTY=0x100 O_TRUNC=0x200 \
        O_APPEND=0x400 O_NONBLOCK=0x800 O_DSYNC=0x1000 O_ASYNC=0x2000 O_DIRECT=0x4000 O_LARGEFILE=0x8000 O_DIRECTORY=0x10000 \
        O_NOFOLLOW=0x20000 O_NOATIME=0x40000 O_CLOEXEC=0x80000 O_PATH=0x200000
        pipe O_NONBLOCK=0x800 O_DIRECT=0x4000 O_CLOEXEC=0x80000
        prot PROT_NONE=0 PROT_READ=1 PROT_WRITE=2 PROT_EXEC=4 PROT_SEM=8 PROT_GROWSDOWN=0x1000000
        map/0xf MAP_SHARED=1 MAP_PRIVATE=2 MAP_SHARED_VALIDATE=3 MAP_FIXED=0x10 MAP_ANONYMOUS=0x20 MAP_32BIT=0x40 MAP_GROWSDOWN=0x100 \
        MAP_DENYWRITE=0x800 MAP_EXECUTABLE=0x1000 MAP_LOCKED=0x2000 MAP_NORESERVE=0x4000 MAP_POPULATE=0x8000 MAP_NONBLOCK=0x10000 \
        MAP_STACK=0x20000 MAP_HUGETLB=0x40000 MAP_SYNC=0x80000 MAP_FIXED_NOREPLACE=0x100000
        mremap MREMAP_MAYMOVE=1 MREMAP_FIXED=2 MREMAP_DONTUNMAP=4
        msync MS_ASYNC=1 MS_INVALIDATE=2 MS_SYNC=4
        madvise/* MADV_NORMAL=0 MADV_RANDOM=1 MADV_SEQUENTIAL=2 MADV_WILLNEED=3 MADV_DONTNEED=4 MADV_FREE=8 MADV_REMOVE=9 \
        MADV_DONTFORK=10 MADV_DOFORK=11 MADV_MERGEABLE=12 MADV_UNMERGEABLE=13 MADV_HUGEPAGE=14 MADV_NOHUGEPAGE=15 MADV_DONTDUMP=16 \
        MADV_DODUMP=17 MADV_COLD=20 MADV_PAGEOUT=21
        clone CLONE_VM=0x100 CLONE_FS=0x200 CLONE_FILES=0x400 CLONE_SIGHAND=0x800 CLONE_PIDFD=0x1000 CLONE_PTRACE=0x2000 \
        CLONE_VFORK=0x4000 CLONE_PARENT=0x8000 CLONE_THREAD=0x10000 CLONE_NEWNS=0x20000 CLONE_SYSVSEM=0x40000 CLONE_SETTLS=0x80000 \
        CLONE_PARENT_SETTID=0x100000 CLONE_CHILD_CLEARTID=0x200000 CLONE_DETACHED=0x400000 CLONE_UNTRACED=0x800000 \
        CLONE_CHILD_SETTID=0x1000000 CLONE_NEWCGROUP=0x2000000 CLONE_NEWUTS=0x4000000 CLONE_NEWIPC=0x8000000 CLONE_NEWUSER=0x10000000 \
        CLONE_NEWPID=0x20000000 CLONE_NEWNET=0x40000000 CLONE_IO=0x80000000
        poll POLLIN=1 POLLPRI=2 POLLOUT=4 POLLERR=8 POLLHUP=0x10 POLLNVAL=0x20 POLLRDNORM=0x40 POLLRDBAND=0x80 POLLWRNORM=0x100 \
        POLLWRBAND=0x200 POLLRDHUP=0x2000
        epoll EPOLLIN=1 EPOLLPRI=2 EPOLLOUT=4 EPOLLERR=8 EPOLLHUP=0x10 EPOLLRDNORM=0x40 EPOLLRDBAND=0x80 EPOLLWRNORM=0x100 \
        EPOLLWRBAND=0x200 EPOLLRDHUP=0x2000 EPOLLEXCLUSIVE=0x10000000 EPOLLWAKEUP=0x20000000 EPOLLONESHOT=0x40000000 EPOLLET=0x80000000
        epollop/* EPOLL_CTL_ADD=1 EPOLL_CTL_DEL=2 EPOLL_CTL_MOD=3
        epollflags EPOLL_CLOEXEC=0x80000
        eventfd EFD_SEMAPHORE=1 EFD_NONBLOCK=0x800 EFD_CLOEXEC=0x80000
        signalfd SFD_NONBLOCK=0x800 SFD_CLOEXEC=0x80000
        timerfd TFD_NONBLOCK=0x800 TFD_CLOEXEC=0x80000
        timerset TFD_TIMER_ABSTIME=1 TFD_TIMER_CANCEL_ON_SET=2
        inotify IN_NONBLOCK=0x800 IN_CLOEXEC=0x80000
        memfd MFD_CLOEXEC=1 MFD_ALLOW_SEALING=2 MFD_HUGETLB=4
        closerange CLOSE_RANGE_UNSHARE=2 CLOSE_RANGE_CLOEXEC=4
        fcntl/* F_DUPFD=0 F_GETFD=1 F_SETFD=2 F_GETFL=3 F_SETFL=4 F_GETLK=5 F_SETLK=6 F_SETLKW=7 F_SETOWN=8 F_GETOWN=9 F_SETSIG=10 \
        F_GETSIG=11 F_SETOWN_EX=15 F_GETOWN_EX=16 F_OFD_GETLK=36 F_OFD_SETLK=37 F_OFD_SETLKW=38 F_SETLEASE=1024 F_GETLEASE=1025 \
        F_NOTIFY=1026 F_DUPFD_CLOEXEC=1030 F_SETPIPE_SZ=1031 F_GETPIPE_SZ=1032 F_ADD_SEALS=1033 F_GET_SEALS=1034
        fdflags FD_CLOEXEC=1
        ioctl/* TCGETS=0x5401 TCSETS=0x5402 TCSETSW=0x5403 TCSETSF=0x5404 TIOCGPGRP=0x540f TIOCSPGRP=0x5410 TIOCOUTQ=0x5411 \
        TIOCGWINSZ=0x5413 TIOCSWINSZ=0x5414 FIONREAD=0x541b FIONBIO=0x5421 FIONCLEX=0x5450 FIOCLEX=0x5451 FIOASYNC=0x5452 \
        SIOCATMARK=0x8905 SIOCGIFCONF=0x8912 SIOCGIFFLAGS=0x8913 SIOCGIFADDR=0x8915 SIOCGIFMTU=0x8921 SIOCGIFINDEX=0x8933 \
        FICLONE=0x40049409
        whence/* SEEK_SET=0 SEEK_CUR=1 SEEK_END=2 SEEK_DATA=3 SEEK_HOLE=4
        access F_OK=0 R_OK=4 W_OK=2 X_OK=1
        at AT_SYMLINK_NOFOLLOW=0x100 AT_REMOVEDIR=0x200 AT_SYMLINK_FOLLOW=0x400 AT_NO_AUTOMOUNT=0x800 AT_EMPTY_PATH=0x1000 \
        AT_STATX_FORCE_SYNC=0x2000 AT_STATX_DONT_SYNC=0x4000
        rename RENAME_NOREPLACE=1 RENAME_EXCHANGE=2 RENAME_WHITEOUT=4
        flock/11 LOCK_SH=1 LOCK_EX=2 LOCK_UN=8 LOCK_NB=4
        domain/* AF_UNSPEC=0 AF_UNIX=1 AF_INET=2 AF_INET6=10 AF_NETLINK=16 AF_PACKET=17 AF_ALG=38 AF_VSOCK=40
        socktype/0xf SOCK_STREAM=1 SOCK_DGRAM=2 SOCK_RAW=3 SOCK_RDM=4 SOCK_SEQPACKET=5 SOCK_NONBLOCK=0x800 SOCK_CLOEXEC=0x80000
        accept SOCK_NONBLOCK=0x800 SOCK_CLOEXEC=0x80000
        msg MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_TRUNC=0x20 MSG_DONTWAIT=0x40 MSG_EOR=0x80 MSG_WAITALL=0x100 \
        MSG_CONFIRM=0x800 MSG_ERRQUEUE=0x2000 MSG_NOSIGNAL=0x4000 MSG_MORE=0x8000 MSG_WAITFORONE=0x10000 MSG_ZEROCOPY=0x4000000 \
        MSG_FASTOPEN=0x20000000 MSG_CMSG_CLOEXEC=0x40000000
        shutdown/* SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2
        socklevel/* SOL_IP=0 SOL_SOCKET=1 SOL_TCP=6 SOL_UDP=17 SOL_IPV6=41 SOL_RAW=255 SOL_PACKET=263 SOL_NETLINK=270
        splice SPLICE_F_MOVE=1 SPLICE_F_NONBLOCK=2 SPLICE_F_MORE=4 SPLICE_F_GIFT=8
        futex/0xff FUTEX_WAIT=0 FUTEX_WAKE=1 FUTEX_FD=2 FUTEX_REQUEUE=3 FUTEX_CMP_REQUEUE=4 FUTEX_WAKE_OP=5 FUTEX_LOCK_PI=6 \
        FUTEX_UNLOCK_PI=7 FUTEX_TRYLOCK_PI=8 FUTEX_WAIT_BITSET=9 FUTEX_WAKE_BITSET=10 FUTEX_WAIT_PRIVATE=128 FUTEX_WAKE_PRIVATE=129 \
        FUTEX_REQUEUE_PRIVATE=131 FUTEX_CMP_REQUEUE_PRIVATE=132 FUTEX_WAKE_OP_PRIVATE=133 FUTEX_LOCK_PI_PRIVATE=134 \
        FUTEX_UNLOCK_PI_PRIVATE=135 FUTEX_TRYLOCK_PI_PRIVATE=136 FUTEX_WAIT_BITSET_PRIVATE=137 FUTEX_WAKE_BITSET_PRIVATE=138 \
        FUTEX_CLOCK_REALTIME=0x100
        clock/* CLOCK_REALTIME=0 CLOCK_MONOTONIC=1 CLOCK_PROCESS_CPUTIME_ID=2 CLOCK_THREAD_CPUTIME_ID=3 CLOCK_MONOTONIC_RAW=4 \
        CLOCK_REALTIME_COARSE=5 CLOCK_MONOTONIC_COARSE=6 CLOCK_BOOTTIME=7 CLOCK_REALTIME_ALARM=8 CLOCK_BOOTTIME_ALARM=9 CLOCK_TAI=11
        timer TIMER_ABSTIME=1
        itimer/* ITIMER_REAL=0 ITIMER_VIRTUAL=1 ITIMER_PROF=2
        sigmask/* SIG_BLOCK=0 SIG_UNBLOCK=1 SIG_SETMASK=2
        wait WNOHANG=1 WSTOPPED=2 WEXITED=4 WCONTINUED=8 WNOWAIT=0x1000000 __WNOTHREAD=0x20000000 __WALL=0x40000000 __WCLONE=0x80000000
        waitid/* P_ALL=0 P_PID=1 P_PGID=2 P_PIDFD=3
        resource/* RLIMIT_CPU=0 RLIMIT_FSIZE=1 RLIMIT_DATA=2 RLIMIT_STACK=3 RLIMIT_CORE=4 RLIMIT_RSS=5 RLIMIT_NPROC=6 RLIMIT_NOFILE=7 \
        RLIMIT_MEMLOCK=8 RLIMIT_AS=9 RLIMIT_LOCKS=10 RLIMIT_SIGPENDING=11 RLIMIT_MSGQUEUE=12 RLIMIT_NICE=13 RLIMIT_RTPRIO=14 \
        RLIMIT_RTTIME=15
        rusage/* RUSAGE_SELF=0 RUSAGE_THREAD=1 RUSAGE_CHILDREN=0xffffffff
        priority/* PRIO_PROCESS=0 PRIO_PGRP=1 PRIO_USER=2
        random GRND_NONBLOCK=1 GRND_RANDOM=2 GRND_INSECURE=4
        rseq RSEQ_FLAG_UNREGISTER=1
        archprctl/* ARCH_SET_GS=0x1001 ARCH_SET_FS=0x1002 ARCH_GET_FS=0x1003 ARCH_GET_GS=0x1004 ARCH_GET_CPUID=0x1011 \
        ARCH_SET_CPUID=0x1012
        prctl/* PR_SET_PDEATHSIG=1 PR_GET_PDEATHSIG=2 PR_GET_DUMPABLE=3 PR_SET_DUMPABLE=4 PR_SET_KEEPCAPS=8 PR_SET_NAME=15 \
        PR_GET_NAME=16 PR_GET_SECCOMP=21 PR_SET_SECCOMP=22 PR_CAPBSET_READ=23 PR_CAPBSET_DROP=24 PR_SET_TIMERSLACK=29 PR_SET_MM=35 \
        PR_SET_CHILD_SUBREAPER=36 PR_SET_NO_NEW_PRIVS=38 PR_GET_NO_NEW_PRIVS=39 PR_SET_THP_DISABLE=41 PR_CAP_AMBIENT=47
        fadvise/* POSIX_FADV_NORMAL=0 POSIX_FADV_RANDOM=1 POSIX_FADV_SEQUENTIAL=2 POSIX_FADV_WILLNEED=3 POSIX_FADV_DONTNEED=4 \
        POSIX_FADV_NOREUSE=5
        fallocate FALLOC_FL_KEEP_SIZE=1 FALLOC_FL_PUNCH_HOLE=2 FALLOC_FL_COLLAPSE_RANGE=8 FALLOC_FL_ZERO_RANGE=0x10
        """
}

/// `0x1f`.
func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
