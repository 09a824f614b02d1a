/// One system call on an endpoint.
///
/// A send happens where the call was entered, a receive where it returned: bytes may arrive elsewhere before the
/// sender's call has returned, but never before it was entered.
public struct Operation: Hashable, Sendable {
    /// What the call did.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// `connect`, at the event that entered it (the first one, if it was done in the background).
        case connect
        /// `accept`, at the event that returned the connection.
        case accept
        /// Bytes handed over, at the event that entered the call.
        case send
        /// Bytes taken, at the event that returned them. No bytes and result 0: the end of the stream.
        case receive
        /// `shutdown` of one half, or both (see `halves`), at the event that entered it.
        case shutdown
        /// The close of the last descriptor, by whatever means (close, exec, exit, death).
        case close
        /// `listen`, at the event that returned.
        case listen
        /// It was seen that there is something to take, without taking it (poll, select, MSG_PEEK, FIONREAD), at the event that returned.
        case ready
    }

    /// Serial of the endpoint in its node.
    public var endpoint: Int32
    /// What the call did.
    public var kind: Kind
    /// Where the call was entered.
    public var entered: Moment
    /// Where it happened (see the type): `entered` for what gives, the return for what takes.
    public var at: Moment
    /// The process, as its recorded thread group id.
    public var process: Int32
    /// The thread, as its recorded thread id.
    public var task: Int32
    /// The bytes moved, as offsets in the stream of this endpoint and direction, counting from 0; `nil` for operations that move none,
    /// and where the offset is not known (see `Endpoint.opaqueFrom`).
    public var bytes: Range<UInt64>?
    /// What the call returned: a byte count, 0, or a negated errno.
    public var result: Int64
    /// For a datagram, whom it goes to or comes from, if the trace tells: index in the node's `addresses`; -1 if it does not.
    public var peer: Int32 = -1
    /// For a shutdown, which halves it ended: `write` sending, `read` receiving.
    public var halves = Endpoint.Access.write
    /// For a receive of a message: it took as many bytes as it had room for (or nobody knows how many), so that its message may have been
    /// longer, and the rest is gone.
    public var isFull = false
    /// It cannot have happened before: nanoseconds of the recording host's CLOCK_MONOTONIC.
    public var earliest: Int64
    /// It cannot have happened later, in the same clock.
    public var latest: Int64
    /// Where its bytes are.
    public var payload: PayloadRef

    /// An operation with all its parts.
    public init(
        endpoint: Int32, kind: Kind, entered: Moment, at: Moment, process: Int32, task: Int32, bytes: Range<UInt64>? = nil,
        result: Int64 = 0, earliest: Int64, latest: Int64, payload: PayloadRef = .unknown
    ) {
        self.endpoint = endpoint
        self.kind = kind
        self.entered = entered
        self.at = at
        self.process = process
        self.task = task
        self.bytes = bytes
        self.result = result
        self.earliest = earliest
        self.latest = latest
        self.payload = payload
    }

    /// A shutdown that ended what the endpoint sends.
    public var endsSending: Bool { kind == .shutdown && result >= 0 && halves != .read }

    /// A shutdown that ended what the endpoint receives: from then on it sees an end of the stream that its peer did not cause.
    public var endsReceiving: Bool { kind == .shutdown && result >= 0 && halves != .write }

    /// A receive that saw the end of the stream.
    public var isEndOfStream: Bool { kind == .receive && result == 0 }
}

/// Where the bytes of an operation can be found.
public enum PayloadRef: Hashable, Sendable {
    /// Nowhere: the trace does not hold them.
    case unknown
    /// In the trace's inflated `data` stream: `count` bytes at `offset`.
    case trace(offset: UInt64, count: UInt32)
    /// In the file of what a replay of the node has captured: `count` bytes at `offset`.
    case captured(offset: UInt64, count: UInt32)
    /// In the trace, but not in one piece (zeros were left out): read the frame of the operation again.
    case frame
}

/// An operation of a run: the `index`-th of `node`, in the order of the node's own history.
public struct OperationRef: Hashable, Comparable, Sendable {
    /// The node.
    public let node: NodeID
    /// Index in the node's list of operations, which is sorted by `Operation.at`.
    public let index: Int32

    /// The `index`-th operation of `node`.
    public init(node: NodeID, index: Int) {
        self.node = node
        self.index = Int32(truncatingIfNeeded: index)
    }

    /// By node, then by index.
    public static func < (a: OperationRef, b: OperationRef) -> Bool { (a.node, a.index) < (b.node, b.index) }
}
