import RunModel

extension EdgeCollector {
    /// From the listen that made a connection possible to what the connecting process does next. Only where a single listen of the
    /// accepting node comes into question.
    mutating func collectListens(_ landmarks: [[Landmarks]]) {
        let listens = nodes.map { node in
            node.operations.enumerated().filter { $0.element.kind == .listen && $0.element.result >= 0 }.map(\.offset)
        }
        /// For each connecting node, by process: from when on, and the edges, whose target is not known yet.
        var pending: [Int: [Int32: [(established: Moment, edge: Edge)]]] = [:]
        for (index, channel) in channels.enumerated() {
            guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b, exists(a), exists(b) else { continue }
            let (connecting, accepted) = (nodes[Int(a.node.index)], nodes[Int(b.node.index)].endpoints[Int(b.serial)])
            let connect = Int(landmarks[Int(a.node.index)][Int(a.serial)].connect)
            guard accepted.birth == .accept, connect >= 0, let established = connecting.endpoints[Int(a.serial)].established,
                let listen = onlyListen(for: accepted, among: listens[Int(b.node.index)], in: nodes[Int(b.node.index)])
            else { continue }
            let from = OperationRef(node: b.node, index: listen)
            let edge = Edge(from: from, to: from, kind: .listenConnect, channel: Int32(truncatingIfNeeded: index))
            pending[Int(a.node.index), default: [:]][connecting.operations[connect].process, default: []].append((established, edge))
        }
        for (number, processes) in pending.sorted(by: { $0.key < $1.key }) { settle(number, processes) }
    }

    /// Leads each edge to the first operation of its process after the connection was there.
    private mutating func settle(_ number: Int, _ processes: [Int32: [(established: Moment, edge: Edge)]]) {
        /// The next to come is last.
        var waiting = processes.mapValues { $0.sorted { ($0.established, $0.edge.channel) > ($1.established, $1.edge.channel) } }
        for (index, operation) in nodes[number].operations.enumerated() {
            while let next = waiting[operation.process]?.last, next.established < operation.entered {
                waiting[operation.process]?.removeLast()
                var edge = next.edge
                edge.to = OperationRef(node: NodeID(number), index: index)
                if couldPrecede(edge.from, edge.to) { edges.append(edge) }
            }
        }
    }

    /// The listen of a node that `accepted` came out of, if there is one only.
    private func onlyListen(for accepted: Endpoint, among listens: [Int], in node: NodeActivity) -> Int? {
        var found: Int?
        for index in listens {
            let operation = node.operations[index]
            guard node.endpoints.indices.contains(Int(operation.endpoint)), operation.at < accepted.opened else { continue }
            let listener = node.endpoints[Int(operation.endpoint)]
            guard listener.kind == accepted.kind, couldHear(listener.local, accepted.local) else { continue }
            if found != nil { return nil }
            found = index
        }
        return found
    }

    /// Whether who listens at one address may get a connection to another. An address that is not known may be any.
    private func couldHear(_ listening: Address?, _ address: Address?) -> Bool {
        switch (listening, address) {
        case (nil, _), (_, nil): true
        case (.ipv4(let any, let port)?, .ipv4(_, let other)?) where any == 0: port == other
        case (.ipv6(0, 0, let port)?, .ipv6(_, _, let other)?), (.ipv6(0, 0, let port)?, .ipv4(_, let other)?): port == other
        default: listening == address
        }
    }
}
