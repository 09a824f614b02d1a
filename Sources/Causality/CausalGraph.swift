public import RunModel

/// The recorded order of a run: all operations of a node come one after another, and edges lead from node to node.
///
/// Building it takes O((operations + edges) * log nodes) time, and 24 bytes for each edge besides the nodes themselves.
public struct CausalGraph: Sendable {
    /// The nodes whose operations these are.
    public let nodes: [NodeActivity]
    /// All edges, by target: node, then index; those of a cycle that were dropped are not among them.
    public let edges: [Edge]
    /// Edges that were dropped because they closed a cycle.
    public let dropped: [Edge]
    /// One total order that contains the recorded order.
    public let order: TotalOrder
    /// `cycle`: how many edges were dropped.
    public let anomalies: [Anomaly]
    /// Where the edges into each node begin in `edges`, and their end.
    let edgesInto: [Range<Int>]

    /// The graph of the operations of `nodes`, with their `channels` and `deliveries`.
    public init(nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery]) {
        var collector = EdgeCollector(nodes: nodes, channels: channels)
        collector.collect(deliveries)
        var merge = Merge(nodes: nodes, edges: collector.sorted(), evidence: channels.map(\.evidence))
        merge.run()
        self.nodes = nodes
        edges = merge.edges.indices.compactMap { merge.isDropped[$0] ? nil : merge.edges[$0] }
        dropped = merge.edges.indices.compactMap { merge.isDropped[$0] ? merge.edges[$0] : nil }
        order = TotalOrder(sequence: merge.sequence, nodes: nodes.count)
        edgesInto = Self.rangesByTarget(edges, nodes: nodes.count)
        var tally = AnomalyTally()
        for edge in dropped {
            let moment = nodes[Int(edge.to.node.index)].operations[Int(edge.to.index)].at
            tally.add(Anomaly("cycle", first: Position(node: edge.to.node, moment: moment)))
        }
        anomalies = tally.all
    }

    /// For each node where its edges lie in `edges`, which are sorted by target.
    static func rangesByTarget(_ edges: [Edge], nodes: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for node in 0..<nodes {
            var end = start
            while end < edges.count && edges[end].to.node.index == node { end += 1 }
            ranges.append(start..<end)
            start = end
        }
        return ranges
    }

    /// The rank of the last operation at or before `position`; `nil` if its node has none. O(log operations).
    public func rank(of position: Position) -> Int? {
        let node = Int(position.node.index)
        guard nodes.indices.contains(node), let index = nodes[node].lastOperation(atOrBefore: position.moment) else { return nil }
        return order.rank(of: OperationRef(node: position.node, index: index))
    }

    /// The place of an operation. It must be one of the run's.
    public func position(of operation: OperationRef) -> Position {
        Position(node: operation.node, moment: nodes[Int(operation.node.index)].operations[Int(operation.index)].at)
    }
}

/// Finds the edges of a run.
struct EdgeCollector {
    private let nodes: [NodeActivity]
    private let channels: [Channel]
    private var edges: [Edge] = []

    init(nodes: [NodeActivity], channels: [Channel]) {
        self.nodes = nodes
        self.channels = channels
    }

    mutating func collect(_ deliveries: [Delivery]) {
        edges.reserveCapacity(deliveries.count + 4 * channels.count)
        for delivery in deliveries where exists(delivery.sent) && exists(delivery.received) {
            edges.append(Edge(from: delivery.sent, to: delivery.received, kind: .delivery, channel: delivery.channel))
        }
        collectOpeningsAndEnds()
    }

    /// By target, then source: an order that does not depend on how the edges were found.
    func sorted() -> [Edge] {
        edges.sorted { ($0.to, $0.from, $0.kind.rawValue) < ($1.to, $1.from, $1.kind.rawValue) }
    }

    private func exists(_ operation: OperationRef) -> Bool {
        nodes.indices.contains(Int(operation.node.index))
            && nodes[Int(operation.node.index)].operations.indices.contains(Int(operation.index))
    }

    /// What ends and begins the streams of one endpoint: indices of operations, -1 for none.
    private struct Landmarks {
        var channel: Int32 = -1
        var peer: EndpointID?
        var connect: Int32 = -1
        var gaveUp: Int32 = -1
        var isShutDown = false
    }

    private mutating func collectOpeningsAndEnds() {
        var landmarks = nodes.map { [Landmarks](repeating: Landmarks(), count: $0.endpoints.count) }
        for (index, channel) in channels.enumerated() {
            guard case .endpoint(let a) = channel.a, case .endpoint(let b) = channel.b, exists(a), exists(b), a != b else { continue }
            landmarks[Int(a.node.index)][Int(a.serial)].channel = Int32(truncatingIfNeeded: index)
            landmarks[Int(a.node.index)][Int(a.serial)].peer = b
            landmarks[Int(b.node.index)][Int(b.serial)].channel = Int32(truncatingIfNeeded: index)
            landmarks[Int(b.node.index)][Int(b.serial)].peer = a
        }
        for (number, node) in nodes.enumerated() {
            for (index, operation) in node.operations.enumerated() where node.endpoints.indices.contains(Int(operation.endpoint)) {
                Self.note(operation, Int32(truncatingIfNeeded: index), in: &landmarks[number][Int(operation.endpoint)])
            }
        }
        for number in nodes.indices { collectInto(number, landmarks) }
    }

    private func exists(_ endpoint: EndpointID) -> Bool {
        nodes.indices.contains(Int(endpoint.node.index)) && nodes[Int(endpoint.node.index)].endpoints.indices.contains(Int(endpoint.serial))
    }

    /// The stream ends with the first shutdown; without one, with the close.
    private static func note(_ operation: Operation, _ index: Int32, in landmarks: inout Landmarks) {
        switch operation.kind {
        case .connect where landmarks.connect < 0: landmarks.connect = index
        case .shutdown where operation.result >= 0 && !landmarks.isShutDown:
            landmarks.isShutDown = true
            landmarks.gaveUp = index
        case .close where landmarks.gaveUp < 0: landmarks.gaveUp = index
        default: break
        }
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
            } else if !own.isShutDown || couldPrecede(from, to) {
                edges.append(Edge(from: from, to: to, kind: .endOfStream, channel: own.channel))
            }
        }
    }

    /// Whether the clocks let `from` come before `to`. Who shut down both halves itself sees an end that the peer did not cause.
    private func couldPrecede(_ from: OperationRef, _ to: OperationRef) -> Bool {
        let (sender, receiver) = (nodes[Int(from.node.index)], nodes[Int(to.node.index)])
        return sender.operations[Int(from.index)].earliest &+ sender.clockOffset
            <= receiver.operations[Int(to.index)].latest &+ receiver.clockOffset
    }
}
