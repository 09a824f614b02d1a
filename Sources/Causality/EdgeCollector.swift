import RunModel

/// Finds the edges of a run.
struct EdgeCollector {
    let nodes: [NodeActivity]
    let channels: [Channel]
    var edges: [Edge] = []

    init(nodes: [NodeActivity], channels: [Channel]) {
        self.nodes = nodes
        self.channels = channels
    }

    mutating func collect(_ deliveries: [Delivery]) {
        edges.reserveCapacity(deliveries.count + 4 * channels.count)
        var senders: Senders?
        for delivery in deliveries where exists(delivery.received) {
            guard let cause = delivery.cause, exists(cause) else { continue }
            var edge = Edge(from: cause, to: delivery.received, kind: .delivery, channel: delivery.channel)
            if !delivery.isCertain {
                let known = senders ?? Senders(nodes)
                senders = known
                edge.isOfNode = !known.isOneChain(nodes[Int(cause.node.index)], cause)
            }
            edges.append(edge)
        }
        let landmarks = collectOpeningsAndEnds()
        for number in nodes.indices { collectResets(number, landmarks) }
        collectListens(landmarks)
        collectReadiness(deliveries, landmarks)
    }

    func exists(_ operation: OperationRef) -> Bool {
        nodes.indices.contains(Int(operation.node.index))
            && nodes[Int(operation.node.index)].operations.indices.contains(Int(operation.index))
    }

    /// What begins and ends the streams of one endpoint: indices of operations, -1 for none.
    struct Landmarks {
        var channel: Int32 = -1
        var peer: EndpointID?
        /// Another endpoint names the same socket: what ended it may be that one's.
        var isPassed = false
        var connect: Int32 = -1
        /// What first ended what it sends, and what it receives: a shutdown, or the close.
        var gaveUp: Int32 = -1
        var stopped: Int32 = -1
        var closed: Int32 = -1
        /// By then all calls had returned that ended something, and the chain of the last of them.
        var ended: (latest: Int64, owner: Int32) = (.min, 0)
        /// Calls of several chains that ended something overlapped: which came first, their events do not tell.
        var isContested = false
        /// Another chain's call ended what it sends while `gaveUp` was under way.
        var isEndContested = false
        /// From here on it neither sent nor received.
        var left: Int32 { min(gaveUp, stopped) < 0 ? closed : max(gaveUp, stopped) }
    }

    private mutating func collectOpeningsAndEnds() -> [[Landmarks]] {
        var landmarks = nodes.map { [Landmarks](repeating: Landmarks(), count: $0.endpoints.count) }
        for (index, channel) in channels.enumerated() {
            guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b, exists(a), exists(b), a != b,
                !channel.kind.isDatagram
            else { continue }
            landmarks[Int(a.node.index)][Int(a.serial)].channel = Int32(truncatingIfNeeded: index)
            landmarks[Int(a.node.index)][Int(a.serial)].peer = b
            landmarks[Int(b.node.index)][Int(b.serial)].channel = Int32(truncatingIfNeeded: index)
            landmarks[Int(b.node.index)][Int(b.serial)].peer = a
            landmarks[Int(a.node.index)][Int(a.serial)].isPassed = channel.kind != .pipe && !channel.alsoA.isEmpty
            landmarks[Int(b.node.index)][Int(b.serial)].isPassed = channel.kind != .pipe && !channel.alsoB.isEmpty
        }
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() where node.endpoints.indices.contains(Int(operation.endpoint)) {
                Self.note(operation, Int32(truncatingIfNeeded: index), of: node, in: &landmarks[number][Int(operation.endpoint)])
            }
        }
        for number in nodes.indices { collectInto(number, landmarks) }
        return landmarks
    }

    func exists(_ endpoint: EndpointID) -> Bool {
        nodes.indices.contains(Int(endpoint.node.index)) && nodes[Int(endpoint.node.index)].endpoints.indices.contains(Int(endpoint.serial))
    }

    /// A stream ends with the first shutdown of its half; without one, with the close.
    private static func note(_ operation: Operation, _ index: Int32, of node: NodeActivity, in landmarks: inout Landmarks) {
        let isClose = operation.kind == .close
        if operation.kind == .connect && landmarks.connect < 0 { landmarks.connect = index }
        if isClose && landmarks.closed < 0 { landmarks.closed = index }
        if (isClose || operation.endsSending) && landmarks.gaveUp < 0 { landmarks.gaveUp = index }
        if (isClose || operation.endsReceiving) && landmarks.stopped < 0 { landmarks.stopped = index }
        guard isClose || operation.kind == .shutdown else { return }
        let owner = node.owner(of: operation.process)
        if isClose || operation.endsSending {
            let first = node.operations[Int(landmarks.gaveUp)]
            if operation.earliest < first.latest && node.owner(of: first.process) != owner { landmarks.isEndContested = true }
        }
        if operation.earliest < landmarks.ended.latest && owner != landmarks.ended.owner { landmarks.isContested = true }
        landmarks.ended = (max(landmarks.ended.latest, operation.latest), owner)
    }

    private mutating func collectInto(_ number: Int, _ landmarks: [[Landmarks]]) {
        let node = nodes[number]
        for (index, operation) in node.operations.enumerated() {
            guard operation.kind == .accept || operation.isEndOfStream, node.endpoints.indices.contains(Int(operation.endpoint)) else {
                continue
            }
            let own = landmarks[number][Int(operation.endpoint)]
            guard let peer = own.peer else { continue }
            let other = landmarks[Int(peer.node.index)][Int(peer.serial)]
            let cause = operation.kind == .accept ? other.connect : other.gaveUp
            guard cause >= 0 else { continue }
            let from = OperationRef(node: peer.node, index: Int(cause))
            let to = OperationRef(node: NodeID(number), index: index)
            if operation.kind == .accept {
                edges.append(Edge(from: from, to: to, kind: .connectAccept, channel: own.channel))
            } else if other.isPassed || own.isPassed || own.stopped >= 0 && own.stopped < index {
                // It may have seen the end that it made itself, or somebody else who has the same socket.
                continue
            } else if !isDoubtful(operation, peer, in: node) || couldPrecede(from, to) {
                edges.append(Edge(from: from, to: to, kind: .endOfStream, channel: own.channel, isOfNode: other.isEndContested))
            }
        }
    }

    /// Whether the end of a stream may have come of something else than what `peer` is known to have done last. Who opened a FIFO sees an
    /// end that is there before anybody writes. Of a peer whose calls are hidden in the syscall buffer, closes are hidden, too: the one
    /// that is seen may have come later.
    private func isDoubtful(_ end: Operation, _ peer: EndpointID, in node: NodeActivity) -> Bool {
        node.endpoints[Int(end.endpoint)].birth == .open
            || nodes[Int(peer.node.index)].endpoints[Int(peer.serial)].opaqueFrom != nil
    }

    /// Whether the clocks let `from` come before `to`: those of two hosts agree only so far, and forbid nothing.
    func couldPrecede(_ from: OperationRef, _ to: OperationRef) -> Bool {
        let (sender, receiver) = (nodes[Int(from.node.index)], nodes[Int(to.node.index)])
        guard sender.host == receiver.host, sender.clockOffset == receiver.clockOffset else { return true }
        return sender.operations[Int(from.index)].earliest &+ sender.clockOffset
            <= receiver.operations[Int(to.index)].latest &+ receiver.clockOffset
    }
}
