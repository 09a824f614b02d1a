import RunModel

/// Merges the operations of all nodes into one order, closest to the aligned clocks: of all operations that depend on
/// nothing unmerged the one with the earliest time comes next, and of several such the first node's.
struct Merge {
    private let nodes: [NodeActivity]
    private let edges: EdgeTable
    private let evidence: [Channel.Evidence]
    private(set) var isDropped: [Bool]
    private(set) var sequence: [NodeID] = []

    /// What is known of each node on the way.
    private struct Progress {
        /// How many of its operations are merged.
        var merged = 0
        /// The first edge to the next one that was not looked at.
        var edge = 0
        /// The edge that it waits for; -1 for none.
        var awaited = -1
        /// Its time so far.
        var time = Int64.min
        /// Those that wait for it, by the operation they wait for.
        var waiting = NodeQueue()
    }
    private var progress: [Progress]
    /// The nodes whose next operation depends on nothing unmerged, by its time.
    private var ready = NodeQueue()

    init(nodes: [NodeActivity], edges: EdgeTable, evidence: [Channel.Evidence]) {
        self.nodes = nodes
        self.edges = edges
        self.evidence = evidence
        isDropped = [Bool](repeating: false, count: edges.all.count)
        progress = [Progress](repeating: Progress(), count: nodes.count)
    }

    /// Merges everything. O((operations + edges) * log nodes), plus O(nodes) for each cycle.
    mutating func run() {
        let total = nodes.reduce(0) { $0 + $1.operations.count }
        sequence.reserveCapacity(total)
        for node in nodes.indices { enter(node) }
        while sequence.count < total {
            guard let node = ready.popFirst() else {
                breakCycle()
                continue
            }
            sequence.append(NodeID(node))
            progress[node].merged += 1
            enter(node)
            while let first = progress[node].waiting.first, first.key < progress[node].merged {
                guard let other = progress[node].waiting.popFirst() else { break }
                progress[other].awaited = -1
                settle(other)
            }
        }
    }

    /// Turns to the next operation of `node`.
    private mutating func enter(_ node: Int) {
        let index = progress[node].merged
        guard index < nodes[node].operations.count else { return }
        progress[node].edge = edges.into(node, index).lowerBound
        settle(node)
    }

    /// Makes `node` ready if its next operation depends on nothing unmerged; else lets it wait.
    private mutating func settle(_ node: Int) {
        let index = progress[node].merged
        let end = edges.into(node, index).upperBound
        while progress[node].edge < end {
            let edge = progress[node].edge
            let source = edges.all[edge].from
            if Int(source.index) >= progress[Int(source.node.index)].merged && !isDropped[edge] {
                progress[node].awaited = edge
                progress[Int(source.node.index)].waiting.insert(node, key: Int64(source.index))
                return
            }
            progress[node].edge += 1
        }
        let time = max(progress[node].time, nodes[node].operations[index].happened &+ nodes[node].clockOffset)
        progress[node].time = time
        ready.insert(node, key: time)
    }

    /// Every node that is not done waits for another: follows the waits round to a cycle, and drops its weakest edge.
    private mutating func breakCycle() {
        var seen = [Bool](repeating: false, count: nodes.count)
        guard var node = progress.firstIndex(where: { $0.awaited >= 0 }) else { return }
        while !seen[node] {
            seen[node] = true
            node = Int(edges.all[progress[node].awaited].from.node.index)
        }
        let start = node
        var weakest = progress[start].awaited
        repeat {
            let edge = progress[node].awaited
            if isWeaker(edge, than: weakest) { weakest = edge }
            node = Int(edges.all[edge].from.node.index)
        } while node != start
        isDropped[weakest] = true
        let target = Int(edges.all[weakest].to.node.index)
        progress[Int(edges.all[weakest].from.node.index)].waiting.remove(target)
        progress[target].awaited = -1
        settle(target)
    }

    /// By evidence; among equals the later one in the table.
    private func isWeaker(_ one: Int, than other: Int) -> Bool {
        let (a, b) = (evidence(of: edges.all[one]), evidence(of: edges.all[other]))
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
        case .accept, .receive, .listen, .ready: latest
        }
    }
}

/// Nodes by a key, least first, then by node: a binary heap.
private struct NodeQueue {
    private var heap: [(key: Int64, node: Int)] = []

    var first: (key: Int64, node: Int)? { heap.first }

    /// O(nodes).
    mutating func remove(_ node: Int) {
        let rest = heap.filter { $0.node != node }
        heap = []
        for (key, node) in rest { insert(node, key: key) }
    }

    mutating func insert(_ node: Int, key: Int64) {
        heap.append((key, node))
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
