import RunModel

extension EdgeCollector {
    /// From the send of the first unread byte (or from what ended the stream) to the poll, or the like, that saw that there is something.
    ///
    /// Which byte that was, the receives behind it tell, if none was under way at the time. Nothing is said of datagrams, and of ends that
    /// others share.
    mutating func collectReadiness(_ deliveries: [Delivery], _ landmarks: [[Landmarks]]) {
        let polls = undisturbedPolls(landmarks)
        guard polls.contains(where: { $0.contains { !$0.isEmpty } }) else { return }
        collectReadinessForEnds(polls, landmarks)
        /// The stream that is gone through, and how many of the polls on its end the bytes so far have passed.
        var (channel, isForward, passed): (Int32, Bool, Int) = (-1, true, 0)
        for delivery in deliveries {
            if (channel, isForward) != (delivery.channel, delivery.forward) {
                (channel, isForward, passed) = (delivery.channel, delivery.forward, 0)
            }
            guard isPlain(channel), exists(delivery.received) else { continue }
            let node = delivery.received.node
            let serial = Int(nodes[Int(node.index)].operations[Int(delivery.received.index)].endpoint)
            guard polls[Int(node.index)].indices.contains(serial) else { continue }
            let known = polls[Int(node.index)][serial]
            // What was received before a poll stands before what was received after it.
            while passed < known.count, known[passed] < delivery.received.index {
                let poll = OperationRef(node: node, index: Int(known[passed]))
                if delivery.isCertain { addReadiness(delivery.sent, poll, channel) }
                passed += 1
            }
        }
    }

    /// Those polls after which no bytes were received saw how the stream ended.
    private mutating func collectReadinessForEnds(_ polls: [[[Int32]]], _ landmarks: [[Landmarks]]) {
        var ends: [OperationRef: Edge] = [:]
        for edge in edges where edge.kind == .endOfStream || edge.kind == .reset { ends[edge.to] = edge }
        for (number, node) in nodes.enumerated() where polls[number].contains(where: { !$0.isEmpty }) {
            /// Where each endpoint last received bytes, and what it received behind them.
            var last = [Int32](repeating: -1, count: node.endpoints.count)
            var behind = [[Int32]](repeating: [], count: node.endpoints.count)
            for (index, operation) in node.operations.enumerated() where operation.kind == .receive {
                let (serial, index) = (Int(operation.endpoint), Int32(truncatingIfNeeded: index))
                guard last.indices.contains(serial) else { continue }
                if operation.result > 0 { (last[serial], behind[serial]) = (index, []) } else { behind[serial].append(index) }
            }
            for (serial, polls) in polls[number].enumerated() {
                var next = behind[serial][...]
                for poll in polls where poll > last[serial] {
                    next = next.drop { $0 < poll }
                    guard let index = next.first, let edge = ends[OperationRef(node: NodeID(number), index: Int(index))] else { continue }
                    if let opaque = node.endpoints[serial].opaqueFrom, node.operations[Int(index)].at >= opaque { continue }
                    let cause = edge.kind == .reset ? end(edge, landmarks) : edge.from
                    addReadiness(cause, OperationRef(node: NodeID(number), index: Int(poll)), edge.channel, isOfNode: edge.isOfNode)
                }
            }
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

    /// For each node and endpoint the polls that saw something while nobody received on the endpoint, by their indices.
    private func undisturbedPolls(_ landmarks: [[Landmarks]]) -> [[[Int32]]] {
        nodes.enumerated().map { number, node in
            guard node.operations.contains(where: { $0.kind == .ready }) else { return [] }
            var received = [Moment](repeating: .beginning, count: node.endpoints.count)
            var polls = [[Int32]](repeating: [], count: node.endpoints.count)
            for (index, operation) in node.operations.enumerated() where received.indices.contains(Int(operation.endpoint)) {
                let serial = Int(operation.endpoint)
                // Who shut down its receiving half finds something in any case.
                let stopped = landmarks[number][serial].stopped
                let isOpen = stopped < 0 || index < stopped
                // From there on, somebody may have received of whom nothing is known.
                let isKnown = node.endpoints[serial].opaqueFrom.map { operation.at < $0 } ?? true
                if operation.kind == .ready, operation.result >= 0, received[serial] < operation.entered, isOpen, isKnown {
                    polls[serial].append(Int32(truncatingIfNeeded: index))
                }
                guard operation.kind == .receive else { continue }
                received[serial] = operation.at
                while let last = polls[serial].last, node.operations[Int(last)].at > operation.entered { polls[serial].removeLast() }
            }
            return polls
        }
    }
}
