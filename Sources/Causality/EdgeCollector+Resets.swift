import RunModel

extension EdgeCollector {
    /// What a call returns that finds its connection reset, or nobody at the other end any more.
    private enum Failure {
        static let brokenPipe: Int64 = -32
        static let connectionReset: Int64 = -104
    }

    /// From what one end did to the connection to the failing calls of the other. A receive fails where it returns. A send is known by
    /// where it was entered, which may be before that: what certainly comes after is what its task does next.
    mutating func collectResets(_ number: Int, _ landmarks: [[Landmarks]]) {
        let node = nodes[number]
        /// For each task the edge to what it does next, and the failing send.
        var failed: [Int32: (edge: Edge, send: Int)] = [:]
        for (index, operation) in node.operations.enumerated() {
            let here = OperationRef(node: NodeID(number), index: index)
            if !failed.isEmpty, let (edge, send) = failed[operation.task], operation.entered > node.operations[send].at {
                failed[operation.task] = nil
                if !isSelfMade(node.operations[send], landmarks[number][Int(node.operations[send].endpoint)], before: index) {
                    edges.append(Edge(from: edge.from, to: here, kind: edge.kind, channel: edge.channel, isOfNode: edge.isOfNode))
                }
            }
            guard operation.result == Failure.connectionReset || operation.result == Failure.brokenPipe,
                operation.kind == .send || operation.kind == .receive, node.endpoints.indices.contains(Int(operation.endpoint))
            else { continue }
            let own = landmarks[number][Int(operation.endpoint)]
            guard let peer = own.peer, nodes[Int(peer.node.index)].endpoints[Int(peer.serial)].opaqueFrom == nil else { continue }
            let other = landmarks[Int(peer.node.index)][Int(peer.serial)]
            let cause = cause(of: operation.result, other, own.channel)
            let from = OperationRef(node: peer.node, index: Int(cause))
            let edge = Edge(from: from, to: here, kind: .reset, channel: own.channel, isOfNode: other.isContested)
            guard cause >= 0, couldPrecede(edge.from, here), !own.isPassed, !other.isPassed else { continue }
            if operation.kind == .send {
                failed[operation.task] = (edge, index)
            } else if !isSelfMade(operation, own, before: index) {
                edges.append(edge)
            }
        }
    }

    /// Whether an end may have brought about itself, by an operation before that of `index`, that its call failed: who shut down the
    /// sending half may not send any more, and who shut down both halves resets the connection when something arrives.
    private func isSelfMade(_ failed: Operation, _ own: Landmarks, before index: Int) -> Bool {
        let cause = failed.result == Failure.brokenPipe ? own.gaveUp : own.left
        return cause >= 0 && cause < index
    }

    /// What the other end did last, after which a call may fail so: the index of an operation, or -1.
    ///
    /// TCP resets a connection, and breaks it, when bytes arrive at an end with both halves shut down, or unread ones are left when it is
    /// closed. Of the others, sends fail as soon as the other end will not receive, and only a close resets.
    private func cause(of failure: Int64, _ other: Landmarks, _ channel: Int32) -> Int32 {
        if channels[Int(channel)].kind == .tcp { return other.left }
        return failure == Failure.brokenPipe ? other.stopped : other.closed
    }
}
