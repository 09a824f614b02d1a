import RunModel

/// Merges the operations of all nodes into one order, closest to the aligned clocks: of all operations that depend on
/// nothing unmerged the one with the earliest time comes next, and of several such the first node's.
struct Merge {
    private let nodes: [NodeActivity]
    /// For each node the time of each operation, packed apart from the rest: they are gone through in an order that no cache foresees.
    private let times: [[Int64]]
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
        times = nodes.map { node in node.operations.map { $0.happened &+ node.clockOffset } }
        self.edges = edges
        self.evidence = evidence
        isDropped = [Bool](repeating: false, count: edges.all.count)
        progress = [Progress](repeating: Progress(), count: nodes.count)
    }

    /// Merges everything. O((operations + edges) * log nodes), plus O(nodes) for each cycle.
    mutating func run() {
        let total = nodes.reduce(0) { $0 + $1.operations.count }
        sequence.reserveCapacity(total)
        for node in nodes.indices { if let time = enter(node) { ready.insert(node, key: time) } }
        while sequence.count < total {
            guard let node = ready.first?.node else {
                breakCycle()
                continue
            }
            sequence.append(NodeID(node))
            progress[node].merged += 1
            if let time = enter(node) { ready.replaceFirst(key: time) } else { ready.removeFirst() }
            while let first = progress[node].waiting.first, first.key < progress[node].merged {
                progress[node].waiting.removeFirst()
                progress[first.node].awaited = -1
                if let time = settle(first.node) { ready.insert(first.node, key: time) }
            }
        }
    }

    /// Turns to the next operation of `node`; its time, if it depends on nothing unmerged.
    private mutating func enter(_ node: Int) -> Int64? {
        let index = progress[node].merged
        guard index < times[node].count else { return nil }
        progress[node].edge = edges.into(node, index).lowerBound
        return settle(node)
    }

    /// The time of the next operation of `node`, if it depends on nothing unmerged; else lets the node wait.
    private mutating func settle(_ node: Int) -> Int64? {
        let index = progress[node].merged
        let end = edges.into(node, index).upperBound
        while progress[node].edge < end {
            let edge = progress[node].edge
            let source = edges.all[edge].from
            if Int(source.index) >= progress[Int(source.node.index)].merged && !isDropped[edge] {
                progress[node].awaited = edge
                progress[Int(source.node.index)].waiting.insert(node, key: Int64(source.index))
                return nil
            }
            progress[node].edge += 1
        }
        let time = max(progress[node].time, times[node][index])
        progress[node].time = time
        return time
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
        if let time = settle(target) { ready.insert(target, key: time) }
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
    struct Waiting {
        var key: Int64
        var node: Int

        static func < (a: Waiting, b: Waiting) -> Bool { a.key != b.key ? a.key < b.key : a.node < b.node }
    }

    private var heap: [Waiting] = []

    var first: Waiting? { heap.first }

    /// O(nodes).
    mutating func remove(_ node: Int) {
        let rest = heap.filter { $0.node != node }
        heap = []
        for entry in rest { insert(entry.node, key: entry.key) }
    }

    mutating func insert(_ node: Int, key: Int64) {
        heap.append(Waiting(key: key, node: node))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Gives the first another key.
    mutating func replaceFirst(key: Int64) {
        heap[0].key = key
        sink()
    }

    /// Removes the first, if there is one.
    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        sink()
    }

    /// Puts the first where it belongs.
    private mutating func sink() {
        let entry = heap[0]
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count && heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < entry else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = entry
    }
}
