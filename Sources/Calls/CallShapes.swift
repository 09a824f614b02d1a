import RRTrace

/// What a system call takes and gives back.
struct CallShape: Sendable {
    /// What it returns when it succeeds.
    enum Result: Sendable {
        /// A number.
        case number
        /// An address or a mask.
        case hexadecimal
        /// A new descriptor.
        case descriptor
        /// Nothing: it does not return.
        case never
    }

    /// Its arguments, in order.
    let arguments: [ArgumentKind]
    /// What it returns when it succeeds.
    let result: Result

    /// Reads `KIND KIND … [> RESULT]`.
    fileprivate init(_ text: Substring) {
        let halves = text.split(separator: ">", omittingEmptySubsequences: false)
        arguments = halves[0].split(separator: " ").map { ArgumentKind($0) }
        switch halves.count > 1 ? halves[1].filter({ $0 != " " }) : "" {
        case "fd": result = .descriptor
        case "hex": result = .hexadecimal
        case "never": result = .never
        default: result = .number
        }
    }

    /// A call of which nothing is known.
    fileprivate static let unknown = CallShape(Substring("hex hex hex hex hex hex"))

    private static let byName: [String: CallShape] = {
        var shapes: [String: CallShape] = [:]
        for line in list.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let shape = CallShape(line[line.index(after: colon)...])
            for name in line[..<colon].split(separator: " ") { shapes[String(name)] = shape }
        }
        return shapes
    }()

    /// The shape of the call named `name`. Names that only 32-bit systems have are not in the list.
    static func named(_ name: String) -> CallShape { byName[name] ?? unknown }

    /// All words that the list uses for arguments.
    static var words: Set<Substring> {
        Set(
            list.split(separator: "\n").flatMap { line in
                line.drop { $0 != ":" }.dropFirst().prefix { $0 != ">" }.split(separator: " ")
            })
    }

    /// All names that have a shape.
    static var names: Set<String> { Set(byName.keys) }

    /// The calls of x86-64 and aarch64 (which has fewer), by what they take: see section 2 of the manual.
    private static let list = """
        read: fd out size
        write: fd in size
        pread64: fd out size long
        pwrite64: fd in size long
        readv: fd *iov int
        writev vmsplice: fd in int
        preadv: fd *iov int long long
        pwritev: fd in int long long
        preadv2: fd *iov int long long hex
        pwritev2: fd in int long long hex
        open: path @open mode > fd
        creat: path mode > fd
        openat: dir path @open mode > fd
        openat2: dir path in size > fd
        close syncfs fsync fdatasync fchdir: fd
        close_range: uint uint @closerange
        stat lstat: path *stat
        fstat: fd *stat
        newfstatat: dir path *stat @at
        statx: dir path @at hex ptr
        statfs: path ptr
        fstatfs: fd ptr
        poll: *polls uint int
        ppoll: *polls uint in in size
        select: int ptr ptr ptr ptr
        pselect6: int ptr ptr ptr in in
        epoll_create: int > fd
        epoll_create1: @epollflags > fd
        epoll_ctl: fd @epollop fd in
        epoll_wait: fd *epolls int int
        epoll_pwait: fd *epolls int int in size
        epoll_pwait2: fd *epolls int in in size
        lseek: fd long @whence
        mmap: ptr size @prot @map fd hex > hex
        mprotect: ptr size @prot
        munmap mlock munlock: ptr size
        mremap: ptr size size @mremap ptr > hex
        msync: ptr size @msync
        mincore: ptr size ptr
        madvise: ptr size @madvise
        mlock2: ptr size hex
        mlockall: hex
        munlockall:
        brk: ptr > hex
        remap_file_pages: ptr size hex size hex
        pkey_mprotect: ptr size @prot int
        pkey_alloc: hex hex
        pkey_free: int
        process_madvise: fd in size @madvise hex
        rt_sigaction: signal in ptr size
        rt_sigprocmask: @sigmask in *mask size
        rt_sigpending: *mask size
        rt_sigsuspend: in size
        rt_sigtimedwait: in *siginfo in size
        rt_sigqueueinfo: int signal in
        rt_tgsigqueueinfo: int int signal in
        rt_sigreturn pause restart_syscall:
        sigaltstack: in ptr
        signalfd: fd in size > fd
        signalfd4: fd in size @signalfd > fd
        kill: int signal
        tkill: int signal
        tgkill: int int signal
        pidfd_open: int hex > fd
        pidfd_getfd: fd int hex > fd
        pidfd_send_signal: fd signal in hex
        ioctl: fd @ioctl hex
        fcntl: fd @fcntl control
        flock: fd @flock
        access: path @access
        faccessat: dir path @access
        faccessat2: dir path @access @at
        pipe: *fds
        pipe2: *fds @pipe
        dup: fd > fd
        dup2: fd fd > fd
        dup3: fd fd @open > fd
        socket: @domain @socktype int > fd
        socketpair: @domain @socktype int *fds
        connect: fd *peer int
        bind: fd in int
        accept: fd *addr *len > fd
        accept4: fd *addr *len @accept > fd
        listen: fd int
        shutdown: fd @shutdown
        getsockname getpeername: fd *addr *len
        getsockopt: fd @socklevel sockopt *opt *len
        setsockopt: fd @socklevel sockopt in int
        sendto: fd in size @msg in int
        recvfrom: fd out size @msg *addr *len
        sendmsg: fd in @msg
        recvmsg: fd *msg @msg
        sendmmsg: fd in uint @msg
        recvmmsg: fd ptr uint @msg in
        sendfile: fd fd *long size
        splice: fd *long fd *long size @splice
        tee: fd fd size @splice
        copy_file_range: fd *long fd *long size hex
        clone: clone ptr ptr ptr hex
        clone3: in size
        fork vfork:
        execve: path in in
        execveat: dir path in in @at
        exit exit_group: int > never
        wait4: int *status @wait ptr
        waitid: @waitid int *siginfo @wait ptr
        unshare: @clone
        setns: fd @clone
        futex: ptr @futex futexval in ptr hex
        futex_waitv: in uint hex in @clock
        set_robust_list: ptr size
        get_robust_list: int ptr ptr
        set_tid_address: ptr
        rseq: ptr uint @rseq hex
        membarrier: hex hex int
        arch_prctl: @archprctl ptr
        prctl: @prctl hex hex hex hex
        seccomp: uint hex ptr
        personality: hex
        ptrace: int int ptr ptr
        process_vm_readv process_vm_writev: int in size in size hex
        kcmp: int int int ulong ulong
        nanosleep: in *time
        clock_nanosleep: @clock @timer in *time
        clock_gettime clock_getres: @clock *time
        clock_settime: @clock in
        clock_adjtime: @clock ptr
        gettimeofday: *timeval ptr
        settimeofday: in in
        adjtimex times sysinfo: ptr
        time: *long
        getitimer: @itimer *itimerval
        setitimer: @itimer in *itimerval
        alarm: uint
        timer_create: @clock in *int
        timer_settime: int @timer in ptr
        timer_gettime: int ptr
        timer_getoverrun timer_delete: int
        timerfd_create: @clock @timerfd > fd
        timerfd_settime: fd @timerset in ptr
        timerfd_gettime: fd ptr
        eventfd: uint > fd
        eventfd2: uint @eventfd > fd
        inotify_init: > fd
        inotify_init1: @inotify > fd
        inotify_add_watch: fd path hex
        inotify_rm_watch: fd int
        fanotify_init: hex hex > fd
        fanotify_mark: fd hex hex dir path
        memfd_create: in @memfd > fd
        memfd_secret: hex > fd
        userfaultfd: hex > fd
        perf_event_open: in int int fd hex > fd
        bpf: int ptr uint
        io_uring_setup: uint ptr > fd
        io_uring_enter: fd uint uint hex in size
        io_uring_register: fd uint ptr uint
        io_setup: uint ptr
        io_destroy: hex
        io_submit: hex long ptr
        io_cancel: hex in ptr
        io_getevents: hex long long ptr in
        io_pgetevents: hex long long ptr in in
        getpid getppid gettid getuid geteuid getgid getegid getpgrp setsid sched_yield sync vhangup:
        getpgid getsid: int
        setpgid: int int
        setuid setgid setfsuid setfsgid: uint
        setreuid setregid: int int
        setresuid setresgid: int int int
        getresuid getresgid: *int *int *int
        getgroups: int ptr
        setgroups: int in
        capget capset: ptr ptr
        getpriority: @priority int
        setpriority: @priority int int
        getrlimit: @resource *rlimit
        setrlimit: @resource in
        prlimit64: int @resource in *rlimit
        getrusage: @rusage ptr
        sched_setaffinity: int size in
        sched_getaffinity: int size ptr
        sched_setparam sched_getparam: int ptr
        sched_setscheduler: int int in
        sched_getscheduler: int
        sched_get_priority_max sched_get_priority_min: int
        sched_rr_get_interval: int *time
        sched_setattr: int in hex
        sched_getattr: int ptr uint hex
        getcpu: *int *int ptr
        uname: *uname
        getcwd: *path size
        chdir chroot rmdir unlink acct umount swapoff uselib: path
        rename link symlink pivot_root: path path
        renameat: dir path dir path
        renameat2: dir path dir path @rename
        linkat: dir path dir path @at
        symlinkat: path dir path
        mkdir chmod: path mode
        mkdirat: dir path mode
        mknod: path mode hex
        mknodat: dir path mode hex
        unlinkat: dir path @at
        readlink: path out size
        readlinkat: dir path out size
        fchmod: fd mode
        fchmodat: dir path mode
        chown lchown: path int int
        fchown: fd int int
        fchownat: dir path int int @at
        umask: mode
        truncate: path long
        ftruncate: fd long
        fallocate: fd @fallocate long long
        fadvise64: fd long long @fadvise
        readahead: fd long size
        sync_file_range: fd long long hex
        getdents getdents64: fd ptr size
        utime utimes: path in
        futimesat: dir path in
        utimensat: dir path in @at
        getxattr lgetxattr: path in out size
        fgetxattr: fd in out size
        setxattr lsetxattr: path in in size hex
        fsetxattr: fd in in size hex
        listxattr llistxattr: path out size
        flistxattr: fd out size
        removexattr lremovexattr: path in
        fremovexattr: fd in
        mount: path path in hex in
        umount2 swapon: path hex
        name_to_handle_at: dir path ptr *int hex
        open_by_handle_at: dir in @open > fd
        getrandom: out size @random
        syslog: int ptr int
        sethostname setdomainname: in size
        reboot: hex hex uint hex
        shmget: hex size hex
        shmat: int ptr hex > hex
        shmdt: ptr
        shmctl: int int ptr
        semget: hex int hex
        semop: int in uint
        semtimedop: int in uint in
        semctl: int int int hex
        msgget: hex hex
        msgsnd: int in size hex
        msgrcv: int ptr size long hex
        msgctl: int int ptr
        mq_open: path @open mode in > fd
        mq_unlink: path
        mq_timedsend: fd in size uint in
        mq_timedreceive: fd out size *int in
        mq_notify: fd in
        mq_getsetattr: fd in ptr
        """
}

/// The names and shapes of one architecture's calls, by number.
struct CallNumbers: Sendable {
    private let entries: [(name: String, shape: CallShape)]
    private let architecture: Architecture

    private static let x86 = CallNumbers(.x86)
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private static let x86_64 = CallNumbers(.x86_64)
    private static let aarch64 = CallNumbers(.aarch64)
    /// So many numbers are kept in a list: more than any architecture has.
    private static let count: Int32 = 512

    private init(_ architecture: Architecture) {
        self.architecture = architecture
        entries = (0..<Self.count).map { number in
            let name = SyscallTable.name(number, architecture)
            return (name, CallShape.named(name))
        }
    }

    /// The name and the shape of call `number` of `architecture`. O(1).
    static func entry(_ number: Int32, _ architecture: Architecture) -> (name: String, shape: CallShape) {
        let numbers =
            switch architecture {
            case .x86: x86
            case .x86_64: x86_64
            case .aarch64: aarch64
            }
        if number >= 0, number < count { return numbers.entries[Int(number)] }
        return (SyscallTable.name(number, architecture), CallShape.unknown)
    }
}
