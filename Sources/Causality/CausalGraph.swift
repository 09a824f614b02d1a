public import RunModel

/// What comes before what in a run: one total order, and the two relations that it contains.
///
/// Building it takes O((operations + edges) * log nodes) time; some 100 bytes for each edge and 12 for each operation, besides the nodes
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
    /// All of a node comes one after another.
    public let recorded: RelationGraph
    /// All of an address space comes one after another.
    public let causal: RelationGraph
    /// `cycle`: how many edges were dropped.
    public let anomalies: [Anomaly]
    /// The edges, to be looked up by target.
    private let table: EdgeTable

    /// The graph of the operations of `nodes`, with their `channels` and `deliveries`.
    ///
    /// - Parameter blockCapacity: how many influences a block of a relation has, if not the usual number.
    public init(nodes: [NodeActivity], channels: [Channel], deliveries: [Delivery], blockCapacity: Int? = nil) {
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
        let chains = Chains(nodes)
        let influences = InfluenceTable(table, nodes: nodes, chains: chains)
        let ranks = InfluenceRanks(influences, nodes: nodes, order: order)
        let relation = { [order] (ordering: Ordering) in
            let capacity = blockCapacity ?? RelationGraph.standardCapacity
            return RelationGraph(ordering, influences, chains: chains, capacity: capacity, order: order, ranks: ranks)
        }
        recorded = relation(.recorded)
        causal = chains.isOnePerNode ? recorded.renamed(.causal) : relation(.causal)
        var tally = AnomalyTally()
        for edge in dropped {
            let moment = nodes[Int(edge.to.node.index)].operations[Int(edge.to.index)].at
            tally.add(Anomaly("cycle", first: Position(node: edge.to.node, moment: moment)))
        }
        anomalies = tally.all
    }

    /// The relation of this kind.
    public func relation(_ ordering: Ordering) -> RelationGraph { ordering == .recorded ? recorded : causal }

    /// Both relations in blocks, as an index keeps them; only the recorded one if they are the same.
    public var relations: [Ordering: any Sequence<InfluenceBlock> & Sendable] {
        recorded.chains.isOnePerNode ? [.recorded: recorded.blocks] : [.recorded: recorded.blocks, .causal: causal.blocks]
    }

    /// Whether operation `a` comes before operation `b`. Both must be of the run.
    public func happensBefore(_ a: OperationRef, _ b: OperationRef, _ ordering: Ordering = .causal) -> Bool {
        if case .before = relation(ordering).relation(place(of: a), place(of: b)) { true } else { false }
    }

    /// The place of an operation: its position and its process. It must be one of the run's.
    public func place(of operation: OperationRef) -> Place {
        Place(position(of: operation), process: nodes[Int(operation.node.index)].operations[Int(operation.index)].process)
    }

    /// The position of an operation. It must be one of the run's.
    public func position(of operation: OperationRef) -> Position {
        Position(node: operation.node, moment: nodes[Int(operation.node.index)].operations[Int(operation.index)].at)
    }

    /// The rank of the last operation at or before `position`; `nil` if its node has none. O(log operations).
    public func rank(of position: Position) -> Int? {
        let node = Int(position.node.index)
        guard nodes.indices.contains(node), let index = nodes[node].lastOperation(atOrBefore: position.moment) else { return nil }
        return order.rank(of: OperationRef(node: position.node, index: index))
    }

    /// The first edge that leads into `cut` from outside it; `nil` if the cut is consistent. O(edges).
    public func firstEdgeInto(cut: [Moment?]) -> Edge? {
        let ends = nodes.indices.map { node in
            node < cut.count ? cut[node].flatMap { nodes[node].lastOperation(atOrBefore: $0) } ?? -1 : -1
        }
        return edges.first { Int($0.to.index) <= ends[Int($0.to.node.index)] && Int($0.from.index) > ends[Int($0.from.node.index)] }
    }
}
