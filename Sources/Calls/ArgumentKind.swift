/// What an argument of a system call is, and so how it is written.
enum ArgumentKind: Sendable {
    /// A descriptor.
    case descriptor
    /// A descriptor of a directory, or AT_FDCWD.
    case directory
    /// A path that the program passes in: the trace does not hold it.
    case path
    /// Other memory that the program passes in, or that is not decoded: its address.
    case pointer
    /// A signed number of 32 bits.
    case int
    /// An unsigned number of 32 bits.
    case uint
    /// A signed number of 64 bits.
    case long
    /// An unsigned number of 64 bits.
    case size
    /// Any number, in hexadecimal.
    case hexadecimal
    /// Permission bits, in octal.
    case mode
    /// A signal's number.
    case signal
    /// Named constants.
    case constants(ConstantNames)
    /// The third argument of fcntl: what it is depends on the second.
    case control
    /// The flags of clone: with a signal in the lowest byte.
    case clone
    /// The third argument of futex: a number to wake, or a value to compare.
    case futexValue
    /// The third argument of getsockopt and setsockopt: what it is depends on the second.
    case socketOption
    /// Memory that the call writes.
    case written(Structure)

    /// What the kernel writes to memory, as far as it is decoded.
    enum Structure: String, Sendable {
        /// As many bytes as the call returned.
        case bytes = "out"
        case int, long, mask, path, stat, time, timeval, itimerval, siginfo, status, uname
        case resourceLimit = "rlimit"
        /// Two descriptors.
        case descriptors = "fds"
        /// A socket address, whose length the next argument points to.
        case address = "addr"
        /// The address that connect connects to: rr notes it for TCP, beside what the call wrote.
        case peer
        /// The length of what the argument before points to.
        case length = "len"
        /// The value of a socket option, whose length the next argument points to.
        case option = "opt"
        /// The `pollfd`s of poll.
        case polls
        /// The events of epoll_wait.
        case epolls
        /// The buffers of readv.
        case buffers = "iov"
        /// The header of recvmsg.
        case message = "msg"
    }

    /// The kind that the list of shapes calls `word`.
    init(_ word: Substring) {
        switch word {
        case "fd": self = .descriptor
        case "dir": self = .directory
        case "path": self = .path
        case "int": self = .int
        case "uint": self = .uint
        case "long": self = .long
        case "size", "ulong": self = .size
        case "hex": self = .hexadecimal
        case "mode": self = .mode
        case "signal": self = .signal
        case "control": self = .control
        case "clone": self = .clone
        case "futexval": self = .futexValue
        case "sockopt": self = .socketOption
        case "out": self = .written(.bytes)
        default:
            if word.first == "@", let names = ConstantNames.named(word.dropFirst()) {
                self = .constants(names)
            } else if word.first == "*", let structure = Structure(rawValue: String(word.dropFirst())) {
                self = .written(structure)
            } else {
                self = .pointer
            }
        }
    }
}
