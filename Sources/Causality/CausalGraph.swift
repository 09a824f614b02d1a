public import RunModel

/// The recorded order of a run: all operations of a node come one after another, and edges lead from node to node.
///
/// Building it takes O((operations + edges) * log nodes) time, and 24 bytes for each edge and 12 for each operation, besides the nodes
/// themselves.
public struct CausalGraph: Sendable {
    /// The nodes whose operations these are.
    public let nodes: [NodeActivity]
    /// All edges, by target: node, then index; those of a cycle that were dropped are not among them.
    public var edges: [Edge] { table.all }
    /// Edges that were dropped because they closed a cycle.
    public let dropped: [Edge]
    /// One total order that contains the recorded order.
    public let order: TotalOrder
    /// `cycle`: how many edges were dropped.
    public let anomalies: [Anomaly]
    /// The edges, to be looked up by target.
    let table: EdgeTable

    /// The graph of the operations of `nodes`, with their `channels` and `deliveries`.
    public init(nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery]) {
        var collector = EdgeCollector(nodes: nodes, channels: channels)
        collector.collect(deliveries)
        let whole = EdgeTable(collector.edges, nodes: nodes)
        var merge = Merge(nodes: nodes, edges: whole, evidence: channels.map(\.evidence))
        merge.run()
        self.nodes = nodes
        dropped = whole.all.indices.compactMap { merge.isDropped[$0] ? whole.all[$0] : nil }
        table =
            dropped.isEmpty ? whole : EdgeTable(whole.all.indices.compactMap { merge.isDropped[$0] ? nil : whole.all[$0] }, nodes: nodes)
        order = TotalOrder(sequence: merge.sequence, nodes: nodes.count)
        var tally = AnomalyTally()
        for edge in dropped {
            let moment = nodes[Int(edge.to.node.index)].operations[Int(edge.to.index)].at
            tally.add(Anomaly("cycle", first: Position(node: edge.to.node, moment: moment)))
        }
        anomalies = tally.all
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
