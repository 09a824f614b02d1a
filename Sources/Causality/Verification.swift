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
/// - every byte is delivered exactly once, unless its channel's other end is outside or never moved it;
/// - the totals of every channel, if given, say the same, and have every byte in one account.
///
/// Returns at most `limit` violations; none if all is well. O(operations + deliveries); a few words for each operation and endpoint.
public func verify(
    nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery], totals: [ChannelTotals]? = nil, order: TotalOrder,
    limit: Int = 100
) -> [Violation] {
    var verifier = Verifier(nodes: nodes, channels: channels, deliveries: deliveries, order: order, limit: limit)
    verifier.checkOrder()
    verifier.checkEnds()
    verifier.checkStreams()
    verifier.checkDeliveries()
    verifier.checkAccounts()
    if let totals { verifier.checkTotals(totals) }
    verifier.checkOpeningsAndEnds()
    return verifier.violations
}

/// What the checks share.
private struct Verifier {
    /// What is known of an endpoint.
    struct Known {
        var channel = -1
        var peer: EndpointID?
        /// Where its known bytes end.
        var sent: UInt64 = 0
        var received: UInt64 = 0
        /// The ranks of its first connect and of what first ended its stream.
        var connected: Int?
        var ended: Int?
        var isShutDown = false
    }

    let nodes: [NodeActivity]
    let channels: [Channel]
    let deliveries: [Delivery]
    let order: TotalOrder
    let limit: Int
    var violations: [Violation] = []
    var known: [[Known]]

    init(nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery], order: TotalOrder, limit: Int) {
        self.nodes = nodes
        self.channels = channels
        self.deliveries = deliveries
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
            for (end, other) in [(channel.a, channel.b), (channel.b, channel.a)] {
                guard case .endpoint(let id) = end else { continue }
                guard exists(id) else {
                    report("end-missing", "channel \(index) has an end that does not exist")
                    continue
                }
                attach(id, to: index, other)
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
        let isLoop = channels[index].a == channels[index].b
        if known[node][serial].channel >= 0 && !isLoop {
            report("end-in-two-channels", "channels \(known[node][serial].channel) and \(index) share an end", opening(id))
        }
        if nodes[node].endpoints[serial].birth == .listen {
            report("end-listens", "channel \(index) has a listening socket as its end", opening(id))
        }
        if nodes[node].endpoints[serial].kind != channels[index].kind {
            report(
                "end-of-other-kind", "channel \(index) is \(channels[index].kind), its end \(nodes[node].endpoints[serial].kind)",
                opening(id))
        }
        known[node][serial].channel = index
        if case .endpoint(let peer) = other, exists(peer) { known[node][serial].peer = peer }
    }

    // MARK: The streams as each end sees them

    /// Offsets count up without gaps; and what the other checks need to know of each endpoint.
    mutating func checkStreams() {
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() {
                let serial = Int(operation.endpoint)
                let here = Position(node: NodeID(number), moment: operation.at)
                guard node.endpoints.indices.contains(serial) else {
                    report("endpoint-missing", "an operation on endpoint \(serial), which does not exist", here)
                    continue
                }
                let rank = order.rank(of: OperationRef(node: NodeID(number), index: index))
                switch operation.kind {
                case .connect: known[number][serial].connected = known[number][serial].connected ?? rank
                case .shutdown where operation.result >= 0:
                    if !known[number][serial].isShutDown { known[number][serial].ended = rank }
                    known[number][serial].isShutDown = true
                case .close: known[number][serial].ended = known[number][serial].ended ?? rank
                case .send, .receive: extend(operation, number, here)
                case .accept, .listen, .shutdown, .ready: break
                }
            }
        }
    }

    private mutating func extend(_ operation: Operation, _ number: Int, _ here: Position) {
        guard let bytes = operation.bytes else { return }
        let serial = Int(operation.endpoint)
        let end = operation.kind == .send ? known[number][serial].sent : known[number][serial].received
        if bytes.lowerBound != end { report("offset-gap", "bytes begin at \(bytes.lowerBound), those before end at \(end)", here) }
        if operation.kind == .send {
            known[number][serial].sent = max(end, bytes.upperBound)
        } else {
            known[number][serial].received = max(end, bytes.upperBound)
        }
    }

    // MARK: Deliveries

    mutating func checkDeliveries() {
        var previous: Delivery?
        for delivery in deliveries {
            let places = (position(delivery.sent), position(delivery.received))
            if let previous, (previous.channel, previous.forward) == (delivery.channel, delivery.forward),
                previous.bytes.upperBound > delivery.bytes.lowerBound
            {
                report("byte-delivered-twice", "\(delivery.bytes) comes after \(previous.bytes)", places.0, places.1)
            }
            previous = delivery
            guard let sent = operation(delivery.sent), let received = operation(delivery.received),
                channels.indices.contains(Int(delivery.channel))
            else {
                report("delivery-of-nothing", "send, receive or channel does not exist", places.0, places.1)
                continue
            }
            let channel = channels[Int(delivery.channel)]
            let ends = delivery.forward ? (channel.a, channel.b) : (channel.b, channel.a)
            let giver = Channel.End.endpoint(EndpointID(node: delivery.sent.node, serial: Int(sent.endpoint)))
            let taker = Channel.End.endpoint(EndpointID(node: delivery.received.node, serial: Int(received.endpoint)))
            if sent.kind != .send || received.kind != .receive || giver != ends.0 || taker != ends.1 {
                report("delivery-elsewhere", "it is not from one end of channel \(delivery.channel) to the other", places.0, places.1)
            }
            if delivery.bytes.isEmpty || !contains(sent.bytes, delivery.bytes) || !contains(received.bytes, delivery.bytes) {
                report("delivery-out-of-range", "\(delivery.bytes) is not within what was sent and received", places.0, places.1)
            }
            checkBefore(delivery.sent, sent, delivery.received, received)
        }
    }

    private func contains(_ whole: Range<UInt64>?, _ part: Range<UInt64>) -> Bool {
        whole.map { $0.lowerBound <= part.lowerBound && part.upperBound <= $0.upperBound } ?? false
    }

    private mutating func checkBefore(_ from: OperationRef, _ sent: Operation, _ to: OperationRef, _ received: Operation) {
        if let first = order.rank(of: from), let second = order.rank(of: to), first >= second {
            report("receive-before-send", "ranks \(second) and \(first)", position(to), position(from))
        }
        let (giver, taker) = (nodes[Int(from.node.index)], nodes[Int(to.node.index)])
        if giver.host == taker.host && giver.clockOffset == taker.clockOffset && sent.earliest > received.latest {
            report("receive-before-send", "by \(sent.earliest &- received.latest) ns of their common clock", position(to), position(from))
        }
    }

    // MARK: Accounts

    /// Of each operation all bytes are delivered that the other end moved too, and no others.
    mutating func checkAccounts() {
        var delivered = nodes.map { [UInt64](repeating: 0, count: $0.operations.count) }
        for delivery in deliveries {
            for reference in [delivery.sent, delivery.received] where operation(reference) != nil {
                delivered[Int(reference.node.index)][Int(reference.index)] &+= delivery.bytes.upperBound &- delivery.bytes.lowerBound
            }
        }
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() where node.endpoints.indices.contains(Int(operation.endpoint)) {
                let bytes = operation.bytes ?? 0..<0
                let peer = known[number][Int(operation.endpoint)].peer.map { known[Int($0.node.index)][Int($0.serial)] }
                let other = (operation.kind == .send ? peer?.received : peer?.sent) ?? 0
                let moved = bytes.clamped(to: 0..<other)
                let expected = moved.upperBound &- moved.lowerBound
                if delivered[number][index] != expected {
                    report(
                        "byte-account", "\(delivered[number][index]) bytes delivered, not \(expected)",
                        Position(node: NodeID(number), moment: operation.at))
                }
            }
        }
    }

    /// The totals of a channel follow from its ends and its deliveries.
    mutating func checkTotals(_ totals: [ChannelTotals]) {
        guard totals.count == channels.count else { return report("totals-wrong", "\(totals.count) for \(channels.count) channels") }
        var delivered = channels.map { _ in (forward: UInt64(0), backward: UInt64(0)) }
        for delivery in deliveries where channels.indices.contains(Int(delivery.channel)) {
            let count = delivery.bytes.upperBound &- delivery.bytes.lowerBound
            if delivery.forward {
                delivered[Int(delivery.channel)].forward &+= count
            } else {
                delivered[Int(delivery.channel)].backward &+= count
            }
        }
        for (index, channel) in channels.enumerated() {
            let (a, b) = (known(channel.a), known(channel.b))
            let (forward, backward) = (totals[index].forward, totals[index].backward)
            let isLoop = channel.a == channel.b
            let areRight =
                forward.sent == a?.sent ?? 0 && forward.received == b?.received ?? 0 && forward.delivered == delivered[index].forward
                && backward.sent == (isLoop ? 0 : b?.sent ?? 0) && backward.received == (isLoop ? 0 : a?.received ?? 0)
                && backward.delivered == delivered[index].backward && forward.isBalanced && backward.isBalanced
            if !areRight {
                let ends = [channel.a, channel.b].compactMap { if case .endpoint(let id) = $0 { opening(id) } else { nil } }
                report("totals-wrong", "of channel \(index)", ends.first)
            }
        }
    }

    private func known(_ end: Channel.End) -> Known? {
        guard case .endpoint(let id) = end, exists(id) else { return nil }
        return known[Int(id.node.index)][Int(id.serial)]
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
                // Who shut down its own end may see an end that the peer did not cause.
                if operation.isEndOfStream, !own.isShutDown, let ended = peer.ended, ended >= rank {
                    report("end-before-close", "ranks \(rank) and \(ended)", here, opening(id))
                }
            }
        }
    }
}
