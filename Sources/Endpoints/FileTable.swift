import RunModel

/// A file descriptor table: what each descriptor of a process, or of processes that share it, stands for.
struct FileTable {
    /// One descriptor.
    struct Slot {
        /// Index of the open file.
        var file: Int
        /// Whether exec closes it.
        var closeOnExec: Bool
    }

    /// The descriptors that name something we follow.
    var slots: [Int32: Slot] = [:]
    /// Those that name files of a file system, as far as we know.
    var plain: [Int32: PlainFile] = [:]
    /// How many living tasks use this table.
    var users = 1
}

/// A descriptor of a file in a file system: nothing that we follow, unless it turns out to be a FIFO.
struct PlainFile {
    /// The `open` that made it, the same for all its copies.
    var opening: Int
    /// Where that was entered.
    var opened: Stamp
    /// Whether exec closes it.
    var closeOnExec: Bool
    /// What it was opened for.
    var access: Endpoint.Access
    /// Whether it was there before the recording.
    var isInherited = false
    /// Where a `stat` of it was written to: it is read when somebody reads or writes the file, and not before, for there are many.
    var status: FileStatus.Place?
    /// Whether bytes were moved before anything told what it is.
    var hasMoved = false
}

/// An open file description: what descriptors of several tables may share.
struct OpenFile {
    /// What it is.
    enum Kind: Equatable {
        /// A TCP socket.
        case tcp
        /// A Unix stream socket.
        case unixStream
        /// A Unix socket that keeps messages apart.
        case unixSequenced
        /// A Unix datagram socket.
        case unixDatagram
        /// A UDP socket.
        case udp
        /// An end of a pipe, or a FIFO.
        case pipe
        /// An event counter (eventfd): no bytes go through it, but what one process adds another may wait for.
        case eventCounter
        /// A socket, not known of which kind: it was inherited, or passed from elsewhere.
        case unknownSocket
        /// Something else that moves bytes between processes and is not understood yet; the name is for people.
        case other(String)

        /// What an endpoint of it is.
        var endpointKind: Endpoint.Kind {
            switch self {
            case .tcp: .tcp
            case .unixStream: .unixStream
            case .unixSequenced: .unixSequenced
            case .unixDatagram: .unixDatagram
            case .udp: .udp
            case .pipe: .pipe
            case .eventCounter, .unknownSocket, .other: .unknown
            }
        }
    }

    /// What it is.
    var kind: Kind
    /// How many descriptors name it.
    var references = 0
    /// The serial of its endpoint, once it has one.
    var endpoint: Int32?
    /// Which way it can be used.
    var access = Endpoint.Access.both
    /// Whether it listens.
    var isListening = false
    /// Its own address, learned before it had an endpoint.
    var local: Address?
    /// Its peer's, learned so; for a datagram socket, whom it was connected to last.
    var remote: Address?
    /// Whether a datagram socket may have been reached by anybody: it had an address before it was connected, or was connected before.
    var isReachable = false
    /// What `stat` or the sidecar calls it.
    var identity: Endpoint.FileIdentity?
    /// The `open` of a FIFO.
    var opened: Stamp?
    /// Whether bytes of it were moved before anything told what it is.
    var hasMoved = false
    /// What became of an event counter.
    var counter = EventCounter()
    /// Where its endpoint's close is among the operations.
    var closing: Int?
    /// Where a `connect` that has not finished yet was first entered, and when.
    var connecting: Stamp?
    /// How the trace came to know it, if not by a call of its own.
    var isInherited = false
    /// It came with a message, and which file it is could not be told.
    var isPassed = false

    /// Its own address, unless that stands for all that its host has: of a connection, it is one of these.
    var ownAddress: Address? { local.flatMap { $0.isAny ? nil : $0 } }

    /// How its endpoint came to be, if no call of its own tells.
    var birth: Endpoint.Birth {
        if isPassed { return .passed }
        return isInherited ? .inherited : opened != nil ? .open : .connect
    }

    /// A file that nothing names yet.
    init(_ kind: Kind) { self.kind = kind }
}

/// A moment and its time stamp (nanoseconds).
struct Stamp {
    var moment: Moment
    var time: Int64
}
