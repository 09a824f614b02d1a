public import RunModel

/// All operations of a run, one after another: each node's in their own order, and none before what it depends on.
///
/// Eight bytes for each operation.
public struct TotalOrder: Sendable {
    /// The node of each rank.
    public let sequence: [NodeID]
    /// For each node the ranks of its operations.
    private let ranks: [[Int32]]

    /// The order in which the next operation comes from the node that `sequence` names; nodes beyond `nodes` are ignored.
    public init(sequence: [NodeID], nodes: Int) {
        let sequence = sequence.filter { $0.index >= 0 && $0.index < nodes }
        var ranks = [[Int32]](repeating: [], count: nodes)
        for (rank, node) in sequence.enumerated() { ranks[Int(node.index)].append(Int32(truncatingIfNeeded: rank)) }
        self.sequence = sequence
        self.ranks = ranks
    }

    /// How many operations there are.
    public var count: Int { sequence.count }

    /// The rank of an operation; `nil` if the order has no such operation. O(1).
    public func rank(of operation: OperationRef) -> Int? {
        let (node, index) = (Int(operation.node.index), Int(operation.index))
        guard ranks.indices.contains(node), ranks[node].indices.contains(index) else { return nil }
        return Int(ranks[node][index])
    }

    /// The operation at `rank`; `nil` if there is none. O(log operations).
    public func operation(atRank rank: Int) -> OperationRef? {
        guard sequence.indices.contains(rank) else { return nil }
        let node = sequence[rank]
        return OperationRef(node: node, index: operations(of: node, before: rank))
    }

    /// How many operations of `node` have a rank below `rank`. O(log operations).
    public func operations(of node: NodeID, before rank: Int) -> Int {
        guard ranks.indices.contains(Int(node.index)) else { return 0 }
        let own = ranks[Int(node.index)]
        var (low, high) = (0, own.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(own[middle]) >= rank { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Merges the operations of all nodes into one order, closest to the aligned clocks: of all operations that depend on
/// nothing unmerged the one with the earliest time comes next, and of several such the first node's.
struct Merge {
    private let nodes: [NodeActivity]
    private let evidence: [Channel.Evidence]
    let edges: [Edge]
    private(set) var isDropped: [Bool]
    private(set) var sequence: [NodeID] = []

    /// For each node: how many of its operations are merged, the first edge that leads to an unmerged one, the end of its edges, and its time so far.
    private var merged: [Int32]
    private var nextEdge: [Int]
    private var lastEdge: [Int]
    private var time: [Int64]
    /// For each node those that wait for it; for each waiting node the edge it waits for.
    private var waiting: [[Int]]
    private var awaited: [Int?]
    private var ready = ReadyNodes()

    init(nodes: [NodeActivity], edges: [Edge], evidence: [Channel.Evidence]) {
        self.nodes = nodes
        self.evidence = evidence
        self.edges = edges
        isDropped = [Bool](repeating: false, count: edges.count)
        merged = [Int32](repeating: 0, count: nodes.count)
        let ranges = CausalGraph.rangesByTarget(edges, nodes: nodes.count)
        nextEdge = ranges.map(\.lowerBound)
        lastEdge = ranges.map(\.upperBound)
        time = [Int64](repeating: .min, count: nodes.count)
        waiting = [[Int]](repeating: [], count: nodes.count)
        awaited = [Int?](repeating: nil, count: nodes.count)
    }

    /// Merges everything. O((operations + edges) * log nodes), plus O(nodes) for each cycle.
    mutating func run() {
        let total = nodes.reduce(0) { $0 + $1.operations.count }
        sequence.reserveCapacity(total)
        for node in nodes.indices { settle(node) }
        while sequence.count < total {
            guard let node = ready.popFirst() else {
                breakCycle()
                continue
            }
            sequence.append(NodeID(node))
            merged[node] += 1
            settle(node)
            release(node)
        }
    }

    /// Makes `node` ready if its next operation depends on nothing unmerged; else lets it wait.
    private mutating func settle(_ node: Int) {
        let index = Int(merged[node])
        guard index < nodes[node].operations.count else { return }
        while nextEdge[node] < lastEdge[node], Int(edges[nextEdge[node]].to.index) <= index {
            let source = edges[nextEdge[node]].from
            if !isDropped[nextEdge[node]] && merged[Int(source.node.index)] <= source.index {
                awaited[node] = nextEdge[node]
                waiting[Int(source.node.index)].append(node)
                return
            }
            nextEdge[node] += 1
        }
        let operation = nodes[node].operations[index]
        time[node] = max(time[node], operation.happened &+ nodes[node].clockOffset)
        ready.insert(node, time: time[node])
    }

    /// Looks again at those that waited for what `node` has just merged.
    private mutating func release(_ node: Int) {
        guard !waiting[node].isEmpty else { return }
        let list = waiting[node]
        waiting[node] = []
        for other in list {
            guard let edge = awaited[other] else { continue }
            if edges[edge].from.index < merged[node] {
                awaited[other] = nil
                settle(other)
            } else {
                waiting[node].append(other)
            }
        }
    }

    /// Every node that is not done waits for another: follows the waits round to a cycle, and drops its weakest edge.
    private mutating func breakCycle() {
        var seen = [Bool](repeating: false, count: nodes.count)
        guard var node = awaited.indices.first(where: { awaited[$0] != nil }) else { return }
        while !seen[node], let edge = awaited[node] {
            seen[node] = true
            node = Int(edges[edge].from.node.index)
        }
        let start = node
        var weakest: Int?
        repeat {
            guard let edge = awaited[node] else { break }
            if weakest.map({ isWeaker(edge, than: $0) }) ?? true { weakest = edge }
            node = Int(edges[edge].from.node.index)
        } while node != start
        guard let weakest else { return }
        isDropped[weakest] = true
        let target = Int(edges[weakest].to.node.index)
        waiting[Int(edges[weakest].from.node.index)].removeAll { $0 == target }
        awaited[target] = nil
        settle(target)
    }

    private func isWeaker(_ one: Int, than other: Int) -> Bool {
        let (a, b) = (evidence(of: edges[one]), evidence(of: edges[other]))
        return a != b ? a > b : one > other
    }

    private func evidence(of edge: Edge) -> Channel.Evidence {
        evidence.indices.contains(Int(edge.channel)) ? evidence[Int(edge.channel)] : .alone
    }
}

extension Operation {
    /// The best single time for it: what gives happens where it is entered, what takes where it returns.
    var happened: Int64 {
        switch kind {
        case .connect, .send, .shutdown, .close: earliest
        case .accept, .receive, .listen: latest
        }
    }
}

/// The nodes whose next operation may be merged, earliest first: a binary heap.
private struct ReadyNodes {
    private var heap: [(time: Int64, node: Int)] = []

    mutating func insert(_ node: Int, time: Int64) {
        heap.append((time, node))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> Int? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.node }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count && heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < heap[parent] else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first.node
    }
}
