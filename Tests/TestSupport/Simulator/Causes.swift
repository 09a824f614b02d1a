public import RunModel

/// Which recorded operations truly came before which, by one of the two orderings: a transitive closure, computed the plain way.
///
/// O(operations * operations / 64) time and memory.
public struct TrueRelation: Sendable {
    /// For each operation, counting through all nodes, the set of those that come before it.
    private let past: [[UInt64]]
    /// The number of each node's first operation.
    private let base: [Int]

    /// Something that happens in a chain: an operation, the return of one that another brought about, or one end of a link.
    private struct Item {
        var time: Int64
        var chain: Chain
        var operation: Int?
        var cause: Int?
        /// Links begin and end here.
        var gives: Int?
        var takes: Int?
    }

    private struct Chain: Hashable {
        var node: Int
        var process: Int32
    }

    /// The relation that follows from the chains of `ordering`, the links of the nodes, and `edges`.
    init(_ simulation: Simulation, _ ordering: Ordering, edges: [Simulation.Edge]) {
        var base = [0]
        for node in simulation.nodes { base.append(base[base.count - 1] + node.operations.count) }
        self.base = base
        let number = { (ref: OperationRef) in base[Int(ref.node.index)] + Int(ref.index) }
        let count = base[base.count - 1]
        let words = (count + 63) / 64
        let none = [UInt64](repeating: 0, count: words)
        var past = [[UInt64]](repeating: none, count: count)
        var chains: [Chain: [UInt64]] = [:]
        var links: [Int: [UInt64]] = [:]
        for item in Self.items(simulation, ordering, edges, number) {
            var known = chains[item.chain] ?? none
            if let link = item.takes, let brought = links[link] { known = zip(known, brought).map { $0 | $1 } }
            if let cause = item.cause {
                for word in 0..<words { known[word] |= past[cause][word] }
                known[cause / 64] |= 1 << UInt64(cause % 64)
            }
            if let operation = item.operation {
                past[operation] = known
                known[operation / 64] |= 1 << UInt64(operation % 64)
            }
            if let link = item.gives { links[link] = known }
            chains[item.chain] = known
        }
        self.past = past
    }

    /// All that happens, in the order in which it truly did.
    private static func items(
        _ simulation: Simulation, _ ordering: Ordering, _ edges: [Simulation.Edge], _ number: (OperationRef) -> Int
    ) -> [Item] {
        func chain(_ node: Int, _ process: Int32) -> Chain {
            Chain(node: node, process: ordering == .recorded ? 0 : simulation.nodes[node].memoryOwner[process] ?? process)
        }
        var items = simulation.order.enumerated().map { place, ref in
            let process = simulation.nodes[Int(ref.node.index)].operations[Int(ref.index)].process
            return Item(time: simulation.times[place], chain: chain(Int(ref.node.index), process), operation: number(ref))
        }
        for (index, link) in simulation.links.enumerated() {
            items.append(Item(time: link.given, chain: chain(link.node, link.link.fromProcess), gives: index))
            items.append(Item(time: link.taken, chain: chain(link.node, link.link.toProcess), takes: index))
        }
        for edge in edges {
            let process = simulation.nodes[Int(edge.to.node.index)].operations[Int(edge.to.index)].process
            // An operation that happens where it returns comes right after what brought it about.
            items.append(Item(time: edge.felt, chain: chain(Int(edge.to.node.index), process), cause: number(edge.from)))
        }
        return items.sorted { ($0.time, $0.cause == nil ? 1 : 0) < ($1.time, $1.cause == nil ? 1 : 0) }
    }

    /// Whether `a` came before `b`.
    public func isBefore(_ a: OperationRef, _ b: OperationRef) -> Bool {
        let (a, b) = (base[Int(a.node.index)] + Int(a.index), base[Int(b.node.index)] + Int(b.index))
        return past[b][a / 64] >> UInt64(a % 64) & 1 == 1
    }
}

/// A link, with the times of its ends in the world.
public struct TrueLink: Sendable {
    /// Index of the node in the recordings.
    public var node: Int
    /// The link as it was recorded.
    public var link: Link
    var given: Int64
    var taken: Int64
}
