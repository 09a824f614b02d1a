import RunModel

extension SeededGenerator {
    /// True `percent` times of a hundred.
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A world of programs that talk, with a recorder on every node. One step of one task at a time; no two at the same time.
struct World {
    let plan: Plan
    var now: Int64 = 1_000_000
    var nodes: [SimulatedNode]
    var files: [SimulatedFile] = []
    var services: [SimulatedService] = []
    /// The file behind each handle: none yet, or never.
    var handles: [Handle]
    var operations: [SimulatedOperation] = []
    var edges: [TrueEdge] = []
    var deliveries: [TrueDelivery] = []
    var tasks: [SimulatedTask]
    var queue = WakeQueue()
    /// Who raised each token, and when; the links that came of it.
    var tokens: [Int: (at: Point, process: Int32)] = [:]
    var links: [(node: Int, link: Link, given: Int64, taken: Int64)] = []

    enum Handle {
        case awaited
        case open(Int)
        case failed
    }

    /// How long a task waits in a call.
    static let patience: Int64 = 60_000

    init(_ plan: Plan) {
        self.plan = plan
        nodes = plan.nodes.map { SimulatedNode(isBuffered: $0.isBuffered) }
        handles = [Handle](repeating: .awaited, count: 2 * plan.conversations.count)
        tasks = plan.tasks.map { task in
            let random = SeededGenerator(seed: plan.seed &* 1_000_003 &+ UInt64(task.id))
            return SimulatedTask(plan: task, steps: task.steps, random: random, wake: task.start)
        }
        layOut()
    }

    func file(_ handle: Int) -> Int? { if case .open(let file) = handles[handle] { file } else { nil } }
}

/// A moment, and when it was.
struct Point {
    var moment: Moment
    var time: Int64
}

/// What a node's recorder knows.
struct SimulatedNode {
    var isBuffered: Bool
    var event: UInt64 = 0
    /// When its last event was.
    var stamp: Int64 = 0
    /// Operations in the syscall buffer of a task.
    var pending: (task: Int, operations: [Int]) = (-1, [])
}

/// One end of something, as the kernel holds it.
struct SimulatedFile {
    /// Bytes, or a message, on their way: who gets them from when on, and who sent them.
    struct Piece {
        var send: Int
        var bytes: Range<UInt64>
        var arrival: Int64 = 0
        var source: Int?
        /// It stands beside the stream.
        var isUrgent = false
    }

    var node: Int
    var kind: Endpoint.Kind
    var birth: Endpoint.Birth
    var access = Endpoint.Access.both
    var local: Address?
    var remote: Address?
    var identity: Endpoint.FileIdentity?
    var handle: Int?
    var peer: Int?
    var process: Int32 = 0
    var opened: Point?
    /// The operation that would connect it; that which did, or accepted it; that which closed it, once it is over.
    var connectedBy: Int?
    var establishedBy: Int?
    var closedBy: Int?
    /// Bytes that wait to be received: the send that brought them, and where they lie in the stream.
    var inbound: [Piece] = []
    var waiting: UInt64 = 0
    /// The urgent byte that came last, if nobody took it.
    var urgent: Piece?
    /// The operation that ended what comes in.
    var endedBy: Int?
    /// An error that the next call reports, and what brought it about.
    var error: (code: Int64, cause: Int)?
    /// What reset the connection.
    var resetBy: Int?
    var capacity: UInt64 = .max
    /// Whom the datagrams of a client go to.
    var destination: Int?
    /// Its own address is not in the trace.
    var isLocalHidden = false
    var sent: UInt64 = 0
    var received: UInt64 = 0
    var isShutDown = false
    var isDead = false
    /// What ended its receiving half, and what ended the second of both halves.
    var deafenedBy: Int?
    var leftBy: Int?
    /// Somebody has entered the call that closes it.
    var isClosing = false
    /// The operation that is handing over its bytes: no other may come between.
    var sender: Int?
}

/// A listening socket.
struct SimulatedService {
    var file: Int
    /// The operation by which it came to listen, if that is of interest.
    var listen: Int?
    var backlog: [Int] = []
    /// The other sockets of a group.
    var members: [Int] = []
    var isClosed = false
}

/// A call as it was, and as the recorder sees it.
struct SimulatedOperation {
    var node: Int
    var file: Int
    var kind: Operation.Kind
    var process: Int32
    var task: Int
    /// When it began and ended.
    var began: Int64
    var ended: Int64?
    /// What the recorder wrote down; nothing, if it did not come to that.
    var entered: Point?
    var exited: Point?
    /// The bytes in the true stream.
    var bytes: Range<UInt64>?
    var result: Int64 = 0
    /// What a shutdown ends.
    var halves = Endpoint.Access.write
    /// Who sent the datagram that it took, or which group it sent one to.
    var source: Int?
    /// It had room for no more.
    var isFull = false
    /// It sends, or takes, a byte beside the stream.
    var isUrgent = false

    /// Whether it happens where it returns.
    var takes: Bool { kind == .accept || kind == .receive || kind == .listen || kind == .ready }
    /// When it truly happened.
    var happened: Int64 { takes ? ended ?? began : began }
}

/// A task under way.
struct SimulatedTask {
    /// A call under way.
    struct Call {
        var operation: Int
        var step: Plan.Step
        var deadline: Int64
        var isDone = false
        /// Bytes still to be sent, and the offset of the first that was.
        var remaining: UInt64 = 0
        var offset: UInt64?
        /// What it accepted.
        var accepted: Int?
    }

    let plan: Plan.Task
    var steps: [Plan.Step]
    var random: SeededGenerator
    var wake: Int64
    var call: Call?
    /// Who sent the last datagram that it took.
    var replyTo: Int?
    /// Until when it waits without a call.
    var waitsUntil: Int64?
}

/// Bytes that one send handed over and one receive took: numbers of operations in the world.
struct TrueDelivery: Hashable {
    var send: Int
    var receive: Int
    var bytes: Range<UInt64>
}

/// What one operation brought about in another.
public struct TrueEdge: Hashable {
    /// Why.
    public enum Kind: Hashable, Sendable {
        case delivery
        case connectAccept
        case endOfStream
        case reset
        case ready
        case listenConnect
        case urgent
    }
    var kind: Kind
    var from: Int
    var to: Int
}
