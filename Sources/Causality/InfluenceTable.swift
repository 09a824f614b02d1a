import RunModel

/// All that leads from one chain to another: the edges between operations, and the links between processes of a node.
///
/// Built in O(influences * log(influences of a node)), with 36 bytes for each.
struct InfluenceTable: Sendable {
    /// By the node they lead to, then by moment.
    private(set) var all: [Influence] = []
    /// Those, as indices of `all`, that hold in the recorded order only.
    private(set) var ofNodes: Set<Int32> = []
    /// For each node, where those that lead into it lie in `all`.
    private(set) var into: [Range<Int>] = []
    /// Indices of `all`, by the node they come from, then by moment.
    private(set) var outgoing: [Int32] = []
    /// For each node, where those that come from it lie in `outgoing`.
    private(set) var from: [Range<Int>] = []

    /// What `edges` and the links of `nodes` amount to. What leads from a chain to itself says nothing new, and is left out.
    init(_ edges: EdgeTable, nodes: [NodeActivity], chains: Chains) {
        all.reserveCapacity(edges.all.count)
        for number in nodes.indices {
            let start = all.count
            collect(edges, nodes, chains, into: number)
            into.append(start..<all.count)
        }
        sortOutgoing(chains)
    }

    /// Merges edges and links into one node; both are sorted by the moment they lead to.
    private mutating func collect(_ edges: EdgeTable, _ nodes: [NodeActivity], _ chains: Chains, into number: Int) {
        let links = nodes[number].links
        var link = links.startIndex
        for edge in edges.all[edges.into(number)] {
            let (source, target) = (Int(edge.from.node.index), nodes[number].operations[Int(edge.to.index)])
            let cause = nodes[source].operations[Int(edge.from.index)]
            while link < links.endIndex, links[link].to <= target.at {
                add(links[link], number, chains)
                link += 1
            }
            guard let fromChain = chains.chain(of: cause.process, in: edge.from.node),
                let toChain = chains.chain(of: target.process, in: edge.to.node),
                fromChain != toChain, source != number || cause.at < target.at
            else { continue }
            if edge.isOfNode { ofNodes.insert(Int32(truncatingIfNeeded: all.count)) }
            all.append(
                Influence(
                    kind: edge.kind, from: cause.at, fromChain: fromChain, to: target.at, toChain: toChain, channel: edge.channel))
        }
        for link in links[link...] { add(link, number, chains) }
    }

    private mutating func add(_ link: Link, _ number: Int, _ chains: Chains) {
        guard let fromChain = chains.chain(of: link.fromProcess, in: NodeID(number)),
            let toChain = chains.chain(of: link.toProcess, in: NodeID(number)),
            fromChain != toChain, link.from < link.to
        else { return }
        all.append(
            Influence(kind: Influence.Kind(link.kind), from: link.from, fromChain: fromChain, to: link.to, toChain: toChain))
    }

    private mutating func sortOutgoing(_ chains: Chains) {
        var starts = [Int](repeating: 0, count: chains.nodeCount + 1)
        for influence in all { starts[Int(chains.nodes[Int(influence.fromChain)].index) + 1] += 1 }
        for node in 0..<chains.nodeCount { starts[node + 1] += starts[node] }
        from = (0..<chains.nodeCount).map { starts[$0]..<starts[$0 + 1] }
        outgoing = [Int32](repeating: 0, count: all.count)
        for (index, influence) in all.enumerated() {
            let node = Int(chains.nodes[Int(influence.fromChain)].index)
            outgoing[starts[node]] = Int32(truncatingIfNeeded: index)
            starts[node] += 1
        }
        for range in from {
            var keys: [(moment: UInt64, index: Int32)] = outgoing[range].map { (all[Int($0)].from.packed, $0) }
            keys.sort { (a, b) -> Bool in a.moment != b.moment ? a.moment < b.moment : a.index < b.index }
            for (place, key) in zip(range, keys) { outgoing[place] = key.index }
        }
    }
}

/// Where influences stand in the total order. Packed apart from the rest, since they are gone through in an order that no cache foresees.
struct InfluenceRanks {
    /// For each of `table.all`, the rank of the first operation of its node at or after the moment that it leads to.
    private(set) var to: [Int32] = []
    /// For each of `table.outgoing`, the same of the moment it comes from.
    private(set) var from: [Int32] = []
    /// For each of `table.outgoing`, the chain it comes from.
    private(set) var fromChain: [Int32] = []

    /// The ranks in `order`. O(operations + influences).
    init(_ table: InfluenceTable, nodes: [NodeActivity], order: TotalOrder) {
        to.reserveCapacity(table.all.count)
        from.reserveCapacity(table.all.count)
        fromChain.reserveCapacity(table.all.count)
        for (number, node) in nodes.enumerated() {
            let ranks = order.ranks(of: NodeID(number))
            var next = 0
            let rank = { (moment: Moment) -> Int32 in
                while next < node.operations.count && node.operations[next].at < moment { next += 1 }
                return next < ranks.count ? ranks[next] : .max
            }
            for influence in table.all[table.into[number]] { to.append(rank(influence.to)) }
            next = 0
            for index in table.outgoing[table.from[number]] {
                from.append(rank(table.all[Int(index)].from))
                fromChain.append(table.all[Int(index)].fromChain)
            }
        }
    }
}
