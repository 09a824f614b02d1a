import RunModel

/// What will be tried in a simulated world. It follows from a seed, and can be made smaller while it still shows a failure: nothing in
/// it depends on what was left out.
public struct Plan: Sendable {
    /// A recorded node.
    struct Node: Sendable {
        var host: Int32
        /// Its recorder buffers calls that need not wait.
        var isBuffered = false
        /// Nobody recorded it.
        var isMissing = false
        /// Its trace tells where datagrams go that it sends, as that of a node that was replayed.
        var tellsDestinations = false
        /// Its recorder dies when so much of the whole time has passed.
        var cut: Double?
        /// Processes that share the memory of another.
        var memoryOwner: [Int32: Int32] = [:]
    }

    /// A listening socket.
    struct Service: Sendable {
        var node: Int
        var kind: Endpoint.Kind
        var address: Address?
        /// Its address is not in its trace.
        var hidesAddress = false
        /// Its address is that of a group, and what is sent there goes to all of it.
        var isGroup = false
    }

    /// How two ends come to be joined.
    enum Medium: Sendable {
        /// The near end connects, the far end is accepted.
        case service(Int)
        /// Both ends are there from the beginning, in one node.
        case pair(Endpoint.Kind)
        /// Each end was inherited by the node that holds it. The near end writes, if it is a pipe.
        case inherited(Endpoint.Kind)
        /// The near end is a datagram socket with an address of its own, the far end that of a service.
        case datagrams(service: Int, Address)
        /// The near end is a further socket with the address of a service, which is that of a group.
        case member(service: Int)
        /// Each end opens the FIFO; the near one writes.
        case fifo
    }

    /// Two ends that talk. Their handles are twice its index, and one more for the far end.
    struct Conversation: Sendable {
        var medium: Medium
        var near: Int
        var far: Int
        /// The near end's addresses are not in its trace.
        var hidesAddresses = false
    }

    /// What a task does next.
    enum Action: Sendable, Hashable {
        case pause(Int64)
        /// Waits, without a call, until the end exists.
        case await
        /// Waits, without a call, until no other task has anything to do with the end.
        case join
        case connect
        case open
        case accept(service: Int)
        case closeService(Int)
        /// Lets whoever takes the token, in another process of the node, go on.
        case raise(token: Int)
        case take(token: Int)
        case send(UInt64)
        /// Sends one urgent byte, or asks for one.
        case sendUrgent
        case receiveUrgent
        /// Receives until it has so many bytes, or the stream ends, or patience does.
        case receive(UInt64)
        /// Receives once, at most so many bytes.
        case read(UInt64)
        /// Waits until there is something to receive, and takes nothing.
        case poll
        case drain
        /// Ends one half, or both.
        case shutdown(Endpoint.Access)
        case close
    }

    /// An action on the end with a handle.
    struct Step: Sendable, Hashable {
        var handle: Int
        var action: Action
    }

    /// A task that works off a list of steps. Tasks with the same node and process are threads.
    struct Task: Sendable {
        /// Its own random numbers follow from this.
        var id: Int
        var node: Int
        var process: Int32
        var start: Int64
        var steps: [Step]
    }

    /// The number that everything follows from.
    public let seed: UInt64
    var nodes: [Node] = []
    var services: [Service] = []
    var conversations: [Conversation] = []
    var tasks: [Task] = []
    /// How far each host's clock is off, and how wrong is what is known of that.
    var clocks: [(skew: Int64, error: Int64)] = []
    /// From how many ports connections come: few, so that they are used again.
    var ports: UInt16 = 3
    /// How much an end holds: if little, sends block.
    var capacity = UInt64.max
    /// Who closes with unread bytes resets the connection.
    var resets = false

    /// What it may contain.
    public let features: SimulationFeatures

    init(seed: UInt64, features: SimulationFeatures) {
        self.seed = seed
        self.features = features
    }
}

extension Plan: CustomStringConvertible {
    /// One line for each node, service, conversation and task.
    public var description: String {
        var lines = ["seed \(seed), \(ports) ports, capacity \(capacity == .max ? "unlimited" : "\(capacity)")"]
        for (host, clock) in clocks.enumerated() { lines.append("host \(host): clock off by \(clock.skew), estimate by \(clock.error)") }
        let used = Set(tasks.filter { !$0.steps.isEmpty }.map(\.node))
        for (number, node) in nodes.enumerated() where used.contains(number) {
            let marks = [
                node.isBuffered ? "buffered" : nil, node.isMissing ? "missing" : nil, node.tellsDestinations ? "tells destinations" : nil,
                node.cut.map { "cut at \($0)" },
            ]
            lines.append("node \(number) on host \(node.host) " + marks.compactMap { $0 }.joined(separator: ", "))
        }
        let handles = Set(tasks.flatMap { $0.steps.map(\.handle) })
        for (number, talk) in conversations.enumerated() where handles.contains(2 * number) || handles.contains(2 * number + 1) {
            let hidden = talk.hidesAddresses ? ", addresses hidden" : ""
            lines.append("ends \(2 * number), \(2 * number + 1): \(talk.medium) from node \(talk.near) to \(talk.far)\(hidden)")
        }
        for task in tasks where !task.steps.isEmpty {
            let steps = task.steps.map { "\($0.handle) \($0.action)" }.joined(separator: "; ")
            lines.append("task \(task.id) of process \(task.process) in node \(task.node) at \(task.start): \(steps)")
        }
        return lines.joined(separator: "\n")
    }
}
