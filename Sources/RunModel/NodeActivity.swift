/// Everything that one node's trace tells about its endpoints: what `Endpoints` makes, and `Matching` and `Causality` take.
public struct NodeActivity: Sendable {
    /// The address scope that the node lives in: nodes with the same number can mean the same thing by 127.0.0.1 or a Unix path.
    public var host: Int32
    /// What to add to a stamp of this node to make it comparable with the other nodes of the run, in nanoseconds.
    public var clockOffset: Int64
    /// The stamp of its first event, in its own clock; `Int64.min` if that is not known.
    public var started = Int64.min
    /// The node's endpoints, in the order in which they were opened; an endpoint's serial is its index here.
    public var endpoints: [Endpoint]
    /// The node's operations, sorted by `at`; those of one call (sendmmsg) stand in the order of their messages.
    public var operations: [Operation]
    /// The addresses that `Operation.peer` names, each once.
    public var addresses: [Address] = []
    /// What leads from one process of the node to another, sorted by `to`.
    public var links: [Link] = []
    /// Processes (thread group ids) that share writable memory with an earlier one, and which: their operations are ordered by the
    /// recording, as those of one process are.
    public var memoryOwner: [Int32: Int32] = [:]

    /// The messages with descriptors that were sent and received where it takes other nodes, or the joining of endpoints, to tell which
    /// open files these name; in the order of the calls' returns.
    public var passings: [Passing] = []

    /// A node in which nothing happened yet.
    public init(host: Int32 = 0, clockOffset: Int64 = 0, endpoints: [Endpoint] = [], operations: [Operation] = []) {
        self.host = host
        self.clockOffset = clockOffset
        self.endpoints = endpoints
        self.operations = operations
    }
}

/// A message with descriptors (SCM_RIGHTS), at one of the two ends of its connection.
public struct Passing: Hashable, Sendable {
    /// Whether this is the end that sent them.
    public var isSend: Bool
    /// The endpoint that it was sent from, or received by: its serial.
    public var carrier: Int32
    /// Where the message, or the receive that took it, is in the stream; where messages are kept apart, its number among them.
    public var place: Range<UInt64>
    /// The moment at which it was sent, or received.
    public var at: Moment
    /// For each descriptor the endpoint of the open file that it names, by serial; -1 for what is none.
    public var endpoints: [Int32]

    /// A message with all its parts.
    public init(isSend: Bool, carrier: Int32, place: Range<UInt64>, at: Moment, endpoints: [Int32]) {
        (self.isSend, self.carrier, self.place, self.at, self.endpoints) = (isSend, carrier, place, at, endpoints)
    }
}

/// A reason, inside a node, why what one process did comes before what another does.
public struct Link: Hashable, Sendable {
    /// Why.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// A process was forked, and begins.
        case fork
        /// A process ended (or stopped), and its parent's `wait` returned.
        case exit
        /// A signal was sent, and taken.
        case signal
        /// A descriptor was passed, and received.
        case descriptor
        /// A counter (eventfd) was raised, and read.
        case counter
    }

    /// Why.
    public var kind: Kind
    /// The moment that comes before: where the call that gives was entered.
    public var from: Moment
    /// Its process (thread group id).
    public var fromProcess: Int32
    /// The moment that comes after: where the call that takes returned, or the child's first event.
    public var to: Moment
    /// Its process (thread group id).
    public var toProcess: Int32

    /// The link of `kind` from one process at a moment to another at a later one.
    public init(kind: Kind, from: Moment, fromProcess: Int32, to: Moment, toProcess: Int32) {
        self.kind = kind
        self.from = from
        self.fromProcess = fromProcess
        self.to = to
        self.toProcess = toProcess
    }
}
