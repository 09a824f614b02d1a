import RunModel

/// All that leads from one chain to another: the edges between operations, and the links between processes of a node.
///
/// Built in O(influences * log(influences of a node)), with 36 bytes for each.
struct InfluenceTable: Sendable {
    /// By the node they lead to, then by moment.
    private(set) var all: [Influence] = []
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

    /// The table of influences that are sorted already, as `all` is.
    init(sorted: [Influence], chains: Chains) {
        all = sorted
        var start = 0
        for number in 0..<chains.nodeCount {
            var end = start
            while end < all.count, Int(chains.nodes[Int(all[end].toChain)].index) == number { end += 1 }
            into.append(start..<end)
            start = end
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
        let all = all
        for range in from { outgoing[range].sort { (all[Int($0)].from, $0) < (all[Int($1)].from, $1) } }
    }
}
