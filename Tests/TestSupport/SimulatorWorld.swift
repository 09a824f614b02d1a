import RunModel

extension SeededGenerator {
    /// True `percent` times of a hundred.
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A node of the simulated world, and what its recorder wrote down.
struct SimulatedNode {
    var host: Int32
    var event: UInt64 = 0
    /// The recorder dies then.
    var cutAt = Int64.max
    /// Nobody recorded it.
    var isMissing = false
    /// How far stamps may be from what they stamp, as those of buffered calls are.
    var blur: Int64 = 0
}

/// A socket in the simulated kernel. Sockets that wait to be accepted have no endpoint yet.
struct SimulatedSocket {
    var node: Int
    var kind: Endpoint.Kind
    var birth: Endpoint.Birth
    var local: Address?
    var remote: Address?
    var peer: Int?
    var process: Int32 = 0
    /// Events that opened, established and closed it; times to know whether the recorder still lived.
    var opened: (event: UInt64, time: Int64)?
    var established: UInt64?
    var closed: UInt64?
    /// Bytes that wait to be received: the send that brought them, and where they end.
    var inbound: [(send: Int, bytes: Range<UInt64>)] = []
    var waiting: UInt64 = 0
    var inboundEnded = false
    var capacity: UInt64 = .max
    var sent: UInt64 = 0
    var received: UInt64 = 0
    var isShutDown = false
    var isDead = false
    /// What the program does that accepts it.
    var script: [Action] = []
}

/// A listening socket.
struct SimulatedListener {
    var socket: Int
    var address: Address?
    var backlog: [Int] = []
    var isClosed = false
}

/// A call as the recorder sees it.
struct SimulatedOperation {
    var node: Int
    var socket: Int
    var kind: Operation.Kind
    var process: Int32
    var entered: (event: UInt64, time: Int64)
    var exited: (event: UInt64, time: Int64)?
    var bytes: Range<UInt64>?
    var result: Int64 = 0

    /// Whether it happens where it returns.
    var takes: Bool { kind == .accept || kind == .receive || kind == .listen }
}

/// What a simulated program does next.
enum Action {
    case pause(Int64)
    case connect(listener: Int, then: [Action], peer: [Action])
    case accept(listener: Int)
    case closeListener(Int)
    case send(UInt64)
    /// Receives until it has so many bytes, or the stream ends, or patience does.
    case receive(UInt64)
    case drain
    case shutdown
    case close

    var isClose: Bool { if case .close = self { true } else { false } }
}

/// Bytes that one send handed over and one receive took: numbers of operations in the world.
struct TrueDelivery: Hashable {
    var send: Int
    var receive: Int
    var bytes: Range<UInt64>
}

/// A thread that works off a list of actions.
struct Actor {
    /// A call under way.
    struct Call {
        var operation: Int
        var action: Action
        var deadline: Int64
        var isDone = false
        /// Bytes still to be sent, and the offset of the first that was.
        var remaining: UInt64 = 0
        var offset: UInt64 = 0
        /// What it accepted.
        var accepted: Int?
    }

    var node: Int
    var process: Int32
    var socket: Int?
    var script: [Action]
    var wake: Int64
    var call: Call?
}
