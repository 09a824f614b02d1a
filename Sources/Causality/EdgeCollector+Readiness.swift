import RunModel

extension EdgeCollector {
    /// From the send of the first unread byte (or from what ended the stream) to the poll, or the like, that saw that there is something.
    ///
    /// Which byte that was, the next receive tells: if no other call took bytes of the stream at the time, and it took them in order.
    /// Nothing is said of datagrams, and of ends that others share.
    mutating func collectReadiness(_ deliveries: [Delivery], _ landmarks: [[Landmarks]]) {
        let seen = readyBefore(landmarks)
        guard !seen.isEmpty else { return }
        for edge in edges where edge.kind == .endOfStream || edge.kind == .reset {
            for ready in seen[edge.to] ?? [] {
                let cause = edge.kind == .reset ? end(edge, landmarks) : edge.from
                addReadiness(cause, ready, edge.channel, isOfNode: edge.isOfNode)
            }
        }
        /// The stream that is gone through, and the latest receive of it so far.
        var (channel, isForward, latest): (Int32, Bool, Int32) = (-1, true, -1)
        for delivery in deliveries {
            if (channel, isForward) != (delivery.channel, delivery.forward) {
                (channel, isForward, latest) = (delivery.channel, delivery.forward, -1)
            }
            // A receive's first bytes, and no bytes before them were received later.
            if latest < delivery.received.index, let ready = seen[delivery.received], delivery.isCertain, isPlain(channel) {
                for ready in ready { addReadiness(delivery.sent, ready, channel) }
            }
            latest = max(latest, delivery.received.index)
        }
    }

    /// Who finds the connection reset may have seen, before that, merely the end of the stream.
    private func end(_ reset: Edge, _ landmarks: [[Landmarks]]) -> OperationRef {
        let operation = nodes[Int(reset.from.node.index)].operations[Int(reset.from.index)]
        let gaveUp = landmarks[Int(reset.from.node.index)][Int(operation.endpoint)].gaveUp
        return gaveUp < 0 ? reset.from : OperationRef(node: reset.from.node, index: min(Int(gaveUp), Int(reset.from.index)))
    }

    private mutating func addReadiness(_ from: OperationRef, _ ready: OperationRef, _ channel: Int32, isOfNode: Bool = false) {
        guard exists(from), from.node != ready.node || from.index < ready.index else { return }
        edges.append(Edge(from: from, to: ready, kind: .ready, channel: channel, isOfNode: isOfNode))
    }

    /// Whether one end gives and one takes, and bytes come in order.
    private func isPlain(_ channel: Int32) -> Bool {
        guard channels.indices.contains(Int(channel)) else { return false }
        let channel = channels[Int(channel)]
        return !channel.kind.isDatagram && channel.alsoA.isEmpty && channel.alsoB.isEmpty
    }

    /// For receives, those calls before that saw the same bytes without taking them, while nobody else received on the endpoint.
    private func readyBefore(_ landmarks: [[Landmarks]]) -> [OperationRef: [OperationRef]] {
        var found: [OperationRef: [OperationRef]] = [:]
        for (number, node) in nodes.enumerated() where node.operations.contains(where: { $0.kind == .ready }) {
            var received = [Moment](repeating: .beginning, count: node.endpoints.count)
            var open: [Int: [Int]] = [:]
            var lastBytes = [Int](repeating: -1, count: node.endpoints.count)
            var ends: [OperationRef] = []
            for (index, operation) in node.operations.enumerated() where received.indices.contains(Int(operation.endpoint)) {
                let serial = Int(operation.endpoint)
                // Who shut down its receiving half finds something in any case.
                let stopped = landmarks[number][serial].stopped
                let isOpen = stopped < 0 || index < stopped
                if operation.kind == .ready, operation.result >= 0, received[serial] < operation.entered, isOpen {
                    open[serial, default: []].append(index)
                }
                guard operation.kind == .receive else { continue }
                received[serial] = operation.at
                if operation.result > 0 { lastBytes[serial] = index }
                // From there on, somebody may have received of whom nothing is known.
                let isKnown = node.endpoints[serial].opaqueFrom.map { operation.at < $0 } ?? true
                guard let ready = open.removeValue(forKey: serial), isKnown else { continue }
                let before = ready.filter { node.operations[$0].at < operation.entered }
                if !before.isEmpty {
                    let receive = OperationRef(node: NodeID(number), index: index)
                    found[receive] = before.map { OperationRef(node: NodeID(number), index: $0) }
                    if operation.result <= 0 { ends.append(receive) }
                }
            }
            // Bytes that a slower call took came before the end that this one saw.
            for end in ends where lastBytes[Int(node.operations[Int(end.index)].endpoint)] > Int(end.index) { found[end] = nil }
        }
        return found
    }
}
