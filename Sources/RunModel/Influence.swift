/// Which of the two relations over the moments of a run.
public enum Ordering: UInt8, Sendable, CaseIterable {
    /// All moments of a node come one after another, as rr recorded them.
    case recorded
    /// Only the moments of one address space do.
    case causal
}

/// The chain that a process belongs to: processes that share writable memory belong to one.
public struct ProcessChain: Hashable, Sendable {
    /// The node.
    public var node: NodeID
    /// The process (thread group id).
    public var process: Int32
    /// The number of its chain, counting through all nodes of the run.
    public var chain: Int32

    /// The chain of `process`.
    public init(node: NodeID, process: Int32, chain: Int32) {
        self.node = node
        self.process = process
        self.chain = chain
    }
}

/// A reason why a moment of one chain comes before a moment of another.
public struct Influence: Hashable, Sendable {
    /// Why.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// The receive took bytes that the send handed over.
        case delivery
        /// The accept returned the connection that the connect asked for.
        case connectAccept
        /// The receive saw the end of the stream that the shutdown or close brought about.
        case endOfStream
        /// The connect found somebody who listened.
        case listenConnect
        /// The call failed because the other end had closed.
        case reset
        /// What was seen to be there had been sent, or the stream ended.
        case ready
        /// A process was forked, and began.
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

    /// The moment that comes before, in the node of `fromChain`.
    public var from: Moment
    /// The moment that comes after, in the node of `toChain`.
    public var to: Moment
    /// The chain that gives.
    public var fromChain: Int32
    /// The chain that takes.
    public var toChain: Int32
    /// Index of the channel it goes through; -1 if through none.
    public var channel: Int32
    /// Why.
    public var kind: Kind

    /// The influence of `kind` from a moment of one chain on a later one of another.
    public init(kind: Kind, from: Moment, fromChain: Int32, to: Moment, toChain: Int32, channel: Int32 = -1) {
        self.from = from
        self.to = to
        self.fromChain = fromChain
        self.toChain = toChain
        self.channel = channel
        self.kind = kind
    }
}

/// How far a line has come.
public struct Reach: Hashable, Sendable {
    /// The line: a node in the recorded order, a chain in the causal one.
    public var line: Int32
    /// Its last moment.
    public var moment: Moment

    /// `line` up to `moment`.
    public init(line: Int32, moment: Moment) {
        self.line = line
        self.moment = moment
    }
}

/// A stretch of what influences one line, as the index keeps it.
public struct InfluenceBlock: Sendable {
    /// The line: a node in the recorded order, a chain in the causal one.
    public var line: Int32
    /// Its number among the blocks of the line, counting from 0.
    public var number: Int32
    /// The influences, by the moment they lead to.
    public var influences: [Influence]
    /// If it was worked out: all that comes before the first of them, by line. Lines that are not in it have not come anywhere.
    public var checkpoint: [Reach]?

    /// Block `number` of `line`.
    public init(line: Int32, number: Int32, influences: [Influence], checkpoint: [Reach]?) {
        self.line = line
        self.number = number
        self.influences = influences
        self.checkpoint = checkpoint
    }
}

extension Influence.Kind {
    /// What a link inside a node is, as an influence.
    public init(_ link: Link.Kind) {
        switch link {
        case .fork: self = .fork
        case .exit: self = .exit
        case .signal: self = .signal
        case .descriptor: self = .descriptor
        case .counter: self = .counter
        }
    }
}
