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
    /// Further endpoints at the end `a`: a FIFO that was opened more than once, a pipe that several nodes write to.
    public var alsoA: [EndpointID] = []
    /// Further endpoints at the end `b`: those, and whoever else received what was sent to many.
    public var alsoB: [EndpointID] = []
    /// Whether something about it is open: it may have had another partner, or some of its deliveries may be others.
    public var isAmbiguous = false

    /// A channel between `a` (which connected) and `b` (which accepted).
    public init(kind: Endpoint.Kind, a: End, b: End, evidence: Evidence) {
        self.kind = kind
        self.a = a
        self.b = b
        self.evidence = evidence
    }

    /// All recorded endpoints at the end `a`, or `b`.
    public func endpoints(atA isA: Bool) -> [EndpointID] {
        guard case .endpoint(let first) = isA ? a : b else { return isA ? alsoA : alsoB }
        return [first] + (isA ? alsoA : alsoB)
    }

    /// Whether `endpoint` is at the end `a`, or `b`. One that opened a FIFO for both is at both.
    public func has(_ endpoint: EndpointID, atA isA: Bool) -> Bool {
        (isA ? a : b) == .endpoint(endpoint) || (isA ? alsoA : alsoB).contains(endpoint)
    }

    /// Whether what `endpoint`, an end of this channel, sends goes from `a` to `b`; or what it receives, if it does not send.
    ///
    /// The only stream of a pipe, and of a connection with itself, goes that way.
    public func isForward(_ endpoint: EndpointID, sends: Bool) -> Bool {
        kind == .pipe || (alsoA.isEmpty && alsoB.isEmpty && a == b) || has(endpoint, atA: sends)
    }
}
