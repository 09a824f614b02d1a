import RunModel

extension EdgeCollector {
    /// What a call returns that finds its connection reset, or nobody at the other end any more.
    private enum Failure {
        static let brokenPipe: Int64 = -32
        static let connectionReset: Int64 = -104
    }

    /// From the last close of one end to the failing calls of the other. A receive fails where it returns. A send is known by where it was
    /// entered, which may be before the close: what certainly comes after is what its task does next.
    mutating func collectResets(_ number: Int, _ landmarks: [[Landmarks]]) {
        let node = nodes[number]
        /// For each task the edge to what it does next.
        var failed: [Int32: (edge: Edge, at: Moment)] = [:]
        for (index, operation) in node.operations.enumerated() {
            let here = OperationRef(node: NodeID(number), index: index)
            if !failed.isEmpty, let (edge, at) = failed[operation.task], operation.entered > at {
                failed[operation.task] = nil
                edges.append(Edge(from: edge.from, to: here, kind: edge.kind, channel: edge.channel))
            }
            guard operation.result == Failure.connectionReset || operation.result == Failure.brokenPipe,
                operation.kind == .send || operation.kind == .receive, node.endpoints.indices.contains(Int(operation.endpoint))
            else { continue }
            let own = landmarks[number][Int(operation.endpoint)]
            guard let peer = own.peer, nodes[Int(peer.node.index)].endpoints[Int(peer.serial)].opaqueFrom == nil else { continue }
            let other = landmarks[Int(peer.node.index)][Int(peer.serial)]
            // Who shut down itself may not send any more, whatever the peer does; nor may one whose peer shut down its receiving half.
            guard other.closed >= 0, operation.result == Failure.connectionReset || !(own.isShutDown || other.isShutDown) else { continue }
            let edge = Edge(from: OperationRef(node: peer.node, index: Int(other.closed)), to: here, kind: .reset, channel: own.channel)
            guard couldPrecede(edge.from, here) else { continue }
            if operation.kind == .receive { edges.append(edge) } else { failed[operation.task] = (edge, operation.at) }
        }
    }
}
