/// What joins two endpoints: a connection, a pipe, or the datagrams that two sockets exchange.
public struct Channel: Hashable, Sendable {
    /// How the two ends were found to belong together, strongest first.
    public enum Evidence: UInt8, Sendable, CaseIterable, Comparable {
        /// By the history of their creation inside one node.
        case creation
        /// By mirrored addresses.
        case address
        /// By the bytes that went through.
        case content
        /// By order in time, confirmed by lengths.
        case order
        /// There is no recorded partner to join.
        case alone
        /// The user said so (`ridealong channels join`).
        case user

        /// Stronger evidence first; the user's word is the strongest.
        public static func < (a: Evidence, b: Evidence) -> Bool { a.weakness < b.weakness }

        private var weakness: Int { self == .user ? -1 : Int(rawValue) }
    }

    /// One end of a channel.
    public enum End: Hashable, Sendable {
        /// An endpoint of a recorded node.
        case endpoint(EndpointID)
        /// Nothing that was recorded; its address, if a recorded end knows it.
        case outside(Address?)
    }

    /// What kind of channel it is.
    public var kind: Endpoint.Kind
    /// The end that connected, or that writes to a pipe, or that sent the first datagram; for a channel with one recorded end and no known
    /// direction, that end.
    public var a: End
    /// The other end: the one that accepted, or reads from the pipe.
    public var b: End
    /// How the two were joined.
    public var evidence: Evidence

    /// A channel between `a` (which connected) and `b` (which accepted).
    public init(kind: Endpoint.Kind, a: End, b: End, evidence: Evidence) {
        self.kind = kind
        self.a = a
        self.b = b
        self.evidence = evidence
    }
}

/// Bytes of one direction of a channel that one send handed over and one receive took.
public struct Delivery: Hashable, Sendable {
    /// What comparing the sent bytes with the received ones said.
    public enum Check: Hashable, Sendable {
        /// All bytes are known on both sides and equal.
        case verified
        /// They differ, first at this stream offset.
        case differs(at: UInt64)
        /// They are not known on both sides.
        case unchecked
    }

    /// Index of the channel in the run's list.
    public var channel: Int32
    /// Whether the bytes went from `a` to `b`.
    public var forward: Bool
    /// The bytes, as offsets in the stream of that direction.
    public var bytes: Range<UInt64>
    /// The send that handed them over.
    public var sent: OperationRef
    /// The receive that took them.
    public var received: OperationRef
    /// What comparing the bytes said.
    public var check: Check

    /// A delivery with all its parts.
    public init(
        channel: Int32, forward: Bool, bytes: Range<UInt64>, sent: OperationRef, received: OperationRef, check: Check = .unchecked
    ) {
        self.channel = channel
        self.forward = forward
        self.bytes = bytes
        self.sent = sent
        self.received = received
        self.check = check
    }
}
