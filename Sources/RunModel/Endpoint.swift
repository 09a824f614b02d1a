/// One side of a socket or pipe, as one node sees it, from its creation to its last close.
///
/// Not a file descriptor: many descriptors, in many processes of the node, may name one endpoint.
public struct Endpoint: Hashable, Sendable {
    /// What kind of thing it is an end of.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// A TCP connection, IPv4 or IPv6.
        case tcp
        /// A connection of Unix-domain stream sockets.
        case unixStream
        /// A socket whose kind the trace does not tell (inherited, or passed from elsewhere).
        case unknown
        /// A pipe or FIFO: bytes go one way, from the end that writes to the end that reads.
        case pipe
        /// A connection of Unix-domain sockets that keeps messages apart (SOCK_SEQPACKET).
        case unixSequenced
        /// A Unix-domain datagram socket: nothing is lost, duplicated or reordered.
        case unixDatagram
        /// A UDP socket, IPv4 or IPv6: datagrams may be lost, duplicated, reordered, or go to many.
        case udp

        /// Whether what is sent arrives in the pieces in which it was sent: a message is received whole, or cut short.
        public var keepsMessages: Bool { self == .unixSequenced || isDatagram }

        /// Whether each message goes wherever its sender says: one endpoint may talk to many.
        public var isDatagram: Bool { self == .unixDatagram || self == .udp }
    }

    /// How it came to be.
    public enum Birth: Hashable, Sendable {
        /// By a `connect` of this node.
        case connect
        /// By an `accept` of this node.
        case accept
        /// By `socketpair` or `pipe`: `twin` is the serial of the other end, in the same node.
        case pair(twin: Int32)
        /// It was there before the recording began, or came from a process that is not recorded.
        case inherited
        /// It listens: it has no stream of its own, connections come out of it.
        case listen
        /// By `open` of a FIFO.
        case open
        /// A datagram socket: by `socket`. It exists from then on, whomever it talks to.
        case made
        /// It came as a descriptor with a message (SCM_RIGHTS), and which open file it names is not known.
        case passed
    }

    /// What the kernel calls a file, the same in every process of a host while it exists.
    public struct FileIdentity: Hashable, Sendable {
        /// The device, as `stat` tells it; `nil` where only the inode is known, as from `pipe:[4711]` in /proc.
        public var device: UInt64?
        /// The inode.
        public var inode: UInt64

        /// The file `inode` of `device`.
        public init(device: UInt64? = nil, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    /// Which halves of a channel an endpoint can use.
    public enum Access: UInt8, Sendable, CaseIterable {
        /// It gives and takes.
        case both
        /// It only takes: the reading end of a pipe.
        case read
        /// It only gives: the writing end of a pipe.
        case write
    }

    /// What kind of thing it is an end of.
    public var kind: Kind
    /// How it came to be.
    public var birth: Birth
    /// Its own address, if the trace tells.
    public var local: Address?
    /// The address of its peer, if the trace tells.
    public var remote: Address?
    /// The operation that opened it: where `connect` was entered, where `accept` was done.
    public var opened: Moment
    /// Where `connect` returned with success, or `accept` did; later than `opened` for a connection that was made in the background.
    /// `nil` if no event shows that the connection was established.
    public var established: Moment?
    /// Where its last descriptor was closed; `nil` if it was open to the end of the recording.
    public var closed: Moment?
    /// Which file it is, for pipes and FIFOs, if the sidecar or a `stat` tells: two nodes that hold ends of one pipe know it by this.
    public var identity: FileIdentity?
    /// Which halves it can use.
    public var access = Access.both
    /// Every process (thread group id) of the node that ever used it, in order of first use.
    public var processes: [Int32]
    /// From here on, stream offsets of this endpoint cannot be known, because calls that moved an unknown number of its bytes are hidden
    /// (in the syscall buffer) or not understood. `nil`: all are known.
    public var opaqueFrom: Moment?

    /// An endpoint that was born at `opened`; everything else is learned later.
    public init(kind: Kind, birth: Birth, opened: Moment, local: Address? = nil, remote: Address? = nil) {
        self.kind = kind
        self.birth = birth
        self.opened = opened
        self.local = local
        self.remote = remote
        established = nil
        closed = nil
        processes = []
        opaqueFrom = nil
    }
}

/// An endpoint of a run: the `serial`-th of `node`, in the order in which the node opened them.
public struct EndpointID: Hashable, Comparable, Sendable {
    /// The node.
    public let node: NodeID
    /// Index in the node's list of endpoints.
    public let serial: Int32

    /// The `serial`-th endpoint of `node`.
    public init(node: NodeID, serial: Int) {
        self.node = node
        self.serial = Int32(truncatingIfNeeded: serial)
    }

    /// By node, then by serial.
    public static func < (a: EndpointID, b: EndpointID) -> Bool { (a.node, a.serial) < (b.node, b.serial) }
}
