public import RunModel

/// Something in an index that cannot be true.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// What was violated: short, stable, with hyphens; listed in `docs/ordering.md`.
    public var rule: String
    /// What was expected, and what was found.
    public var detail: String
    /// Where.
    public var positions: [Position]

    /// Rule, detail and places.
    public var description: String {
        "\(rule): \(detail) " + positions.map { "\($0.node.index)@\($0.moment)" }.joined(separator: ", ")
    }
}

/// Checks channels, deliveries, totals and order against the operations of `nodes`, by a path of its own: nothing of what made them
/// is used.
///
/// - every operation has a rank, and comes after what it depends on: receives after sends, accepts after connects, ends after closes;
/// - every endpoint with a connection is an end of one channel;
/// - every delivery lies within its send and its receive, on the two ends of its channel;
/// - the bytes of each end follow one another without a gap, and every byte that both ends moved is delivered exactly once;
/// - the totals of every channel, if given, say the same, and have every byte in one account.
///
/// Returns at most `limit` violations; none if all is well. O(operations + deliveries); a few words for each operation and endpoint.
public func verify(
    nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery], placements: [[Placement]] = [], totals: [ChannelTotals]? = nil,
    order: TotalOrder, limit: Int = 100
) -> [Violation] {
    var verifier = Verifier(
        nodes: nodes, channels: channels, deliveries: deliveries, placements: placements, order: order, limit: limit)
    verifier.checkOrder()
    verifier.checkEnds()
    verifier.noteLandmarks()
    verifier.checkDeliveries()
    verifier.checkAccounts(totals)
    verifier.checkOpeningsAndEnds()
    return verifier.violations
}

/// What the checks share.
struct Verifier {
    /// What is known of an endpoint.
    struct Known {
        var channel = -1
        var peer: EndpointID?
        /// The ranks of its first connect and of what first ended its stream.
        var connected: Int?
        var ended: Int?
        /// When it first shut down its own receiving half.
        var stopped: Int?
        /// Some of its bytes have no known offset; a call learned that the connection was reset.
        var isOpaque = false
        var sawReset = false
    }

    let nodes: [NodeActivity]
    let channels: [Channel]
    let deliveries: [Delivery]
    let placements: [[Placement]]
    let order: TotalOrder
    let limit: Int
    var violations: [Violation] = []
    var known: [[Known]]

    init(
        nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery], placements: [[Placement]], order: TotalOrder, limit: Int
    ) {
        self.nodes = nodes
        self.channels = channels
        self.deliveries = deliveries
        self.placements = placements
        self.order = order
        self.limit = limit
        known = nodes.map { [Known](repeating: Known(), count: $0.endpoints.count) }
    }

    mutating func report(_ rule: String, _ detail: String, _ positions: Position?...) {
        if violations.count < limit { violations.append(Violation(rule: rule, detail: detail, positions: positions.compactMap { $0 })) }
    }

    func operation(_ reference: OperationRef) -> Operation? {
        let (node, index) = (Int(reference.node.index), Int(reference.index))
        return nodes.indices.contains(node) && nodes[node].operations.indices.contains(index) ? nodes[node].operations[index] : nil
    }

    func exists(_ id: EndpointID) -> Bool {
        nodes.indices.contains(Int(id.node.index)) && nodes[Int(id.node.index)].endpoints.indices.contains(Int(id.serial))
    }

    func position(_ reference: OperationRef) -> Position? {
        operation(reference).map { Position(node: reference.node, moment: $0.at) }
    }

    func opening(_ id: EndpointID) -> Position? {
        exists(id) ? Position(node: id.node, moment: nodes[Int(id.node.index)].endpoints[Int(id.serial)].opened) : nil
    }

    // MARK: The order

    mutating func checkOrder() {
        var counts = [Int](repeating: 0, count: nodes.count)
        for node in order.sequence where nodes.indices.contains(Int(node.index)) { counts[Int(node.index)] += 1 }
        for (number, node) in nodes.enumerated() {
            let id = NodeID(number)
            if counts[number] != node.operations.count {
                report(
                    "order-incomplete", "\(counts[number]) of \(node.operations.count) operations have a rank",
                    node.operations.first.map { Position(node: id, moment: $0.at) })
            }
            for index in node.operations.indices.dropFirst() where node.operations[index].at < node.operations[index - 1].at {
                report(
                    "operations-unsorted", "an operation comes before its predecessor",
                    Position(node: id, moment: node.operations[index].at))
            }
        }
    }

    // MARK: Channels and their ends

    mutating func checkEnds() {
        for (index, channel) in channels.enumerated() {
            for isA in [true, false] {
                for id in channel.endpoints(atA: isA) {
                    guard exists(id) else {
                        report("end-missing", "channel \(index) has an end that does not exist")
                        continue
                    }
                    attach(id, to: index, isA ? channel.b : channel.a)
                }
            }
        }
        for (number, node) in nodes.enumerated() {
            for (serial, endpoint) in node.endpoints.enumerated() where known[number][serial].channel < 0 {
                let isConnected =
                    switch endpoint.birth {
                    case .connect, .accept: endpoint.established != nil
                    case .pair: true
                    case .inherited, .listen, .open, .made, .passed: false
                    }
                if isConnected {
                    let opened = Position(node: NodeID(number), moment: endpoint.opened)
                    report("end-without-channel", "endpoint \(serial) is connected, but in no channel", opened)
                }
            }
        }
    }

    private mutating func attach(_ id: EndpointID, to index: Int, _ other: Channel.End) {
        let (node, serial) = (Int(id.node.index), Int(id.serial))
        let isBoth = channels[index].has(id, atA: true) && channels[index].has(id, atA: false)
        let isAlone = channels[index].alsoA.isEmpty && channels[index].alsoB.isEmpty
        if known[node][serial].channel >= 0 && !isBoth && !channels[index].kind.isDatagram {
            report("end-in-two-channels", "channels \(known[node][serial].channel) and \(index) share an end", opening(id))
        }
        if nodes[node].endpoints[serial].birth == .listen {
            report("end-listens", "channel \(index) has a listening socket as its end", opening(id))
        }
        if nodes[node].endpoints[serial].kind != channels[index].kind && nodes[node].endpoints[serial].kind != .unknown {
            report(
                "end-of-other-kind", "channel \(index) is \(channels[index].kind), its end \(nodes[node].endpoints[serial].kind)",
                opening(id))
        }
        known[node][serial].channel = index
        if case .endpoint(let peer) = other, exists(peer), isAlone, !channels[index].kind.isDatagram { known[node][serial].peer = peer }
    }

    // MARK: What the other checks need

    /// ECONNRESET, as a call returns it.
    private static let connectionReset: Int64 = -104

    /// Notes when endpoints connected and ended their streams.
    mutating func noteLandmarks() {
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() {
                let serial = Int(operation.endpoint)
                guard node.endpoints.indices.contains(serial) else {
                    let here = Position(node: NodeID(number), moment: operation.at)
                    report("endpoint-missing", "an operation on endpoint \(serial), which does not exist", here)
                    continue
                }
                let rank = order.rank(of: OperationRef(node: NodeID(number), index: index))
                let isMove = operation.kind == .send || operation.kind == .receive
                if isMove && operation.result > 0 && (operation.bytes?.isEmpty ?? true) { known[number][serial].isOpaque = true }
                if operation.result == Self.connectionReset { known[number][serial].sawReset = true }
                switch operation.kind {
                case .connect: known[number][serial].connected = known[number][serial].connected ?? rank
                case .shutdown:
                    if operation.endsSending { known[number][serial].ended = known[number][serial].ended ?? rank }
                    if operation.endsReceiving { known[number][serial].stopped = known[number][serial].stopped ?? rank }
                case .close: known[number][serial].ended = known[number][serial].ended ?? rank
                case .send, .receive, .accept, .listen, .ready: break
                }
            }
        }
    }

    // MARK: Openings and ends

    mutating func checkOpeningsAndEnds() {
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() where node.endpoints.indices.contains(Int(operation.endpoint)) {
                guard operation.kind == .accept || operation.isEndOfStream else { continue }
                let own = known[number][Int(operation.endpoint)]
                guard let id = own.peer, let rank = order.rank(of: OperationRef(node: NodeID(number), index: index)) else { continue }
                let peer = known[Int(id.node.index)][Int(id.serial)]
                let here = Position(node: NodeID(number), moment: operation.at)
                if operation.kind == .accept, let connected = peer.connected, connected >= rank {
                    report("accept-before-connect", "ranks \(rank) and \(connected)", here, opening(id))
                }
                // Who shut down its own receiving half before, or opened a FIFO, may see an end that the peer did not cause; and where
                // the syscall buffer hides what a peer did, it hides closes.
                let isHidden = nodes[Int(id.node.index)].endpoints[Int(id.serial)].opaqueFrom != nil
                let hasStopped = own.stopped.map { $0 < rank } ?? false
                let isDoubtful = hasStopped || node.endpoints[Int(operation.endpoint)].birth == .open || isHidden
                if operation.isEndOfStream, !isDoubtful, let ended = peer.ended, ended >= rank {
                    report("end-before-close", "ranks \(rank) and \(ended)", here, opening(id))
                }
            }
        }
    }
}
