public import RunModel
public import RunStore

/// A call, and where it stands in the run.
public struct PlacedCall: Sendable {
    /// Its node.
    public let node: NodeID
    /// The rank of the last operation of its node at or before it; 0 before the first.
    public let rank: Int
    /// The call.
    public let call: Call
}

/// Merges the calls of several nodes into one order that never contradicts the total order of operations.
///
/// Only operations have ranks. Every other call stands after its node's last operation before it, and before its node's next one; what
/// that leaves open, the time decides. O(log nodes) for each call; memory: one call of each node.
public final class CallMerge {
    /// An operation of a node: where and when it happened, and its rank.
    public typealias RankedOperation = (at: Moment, time: Int64, rank: Int)

    /// The calls and the operations of one node, each in the node's own order.
    public struct Source {
        let node: NodeID
        let clockOffset: Int64
        let call: () -> Call?
        let operation: () throws(IndexError) -> RankedOperation?

        /// A node whose stamps become comparable by adding `clockOffset`.
        public init(
            node: NodeID, clockOffset: Int64, call: @escaping () -> Call?, operation: @escaping () throws(IndexError) -> RankedOperation?
        ) {
            (self.node, self.clockOffset, self.call, self.operation) = (node, clockOffset, call, operation)
        }
    }

    /// How far a node has come.
    private struct Progress {
        var call: Call?
        var operation: RankedOperation?
        /// The rank of its last operation, and the time from which on its calls can stand.
        var rank = 0
        var floor = Int64.min
    }

    private let sources: [Source]
    private var progress: [Progress]
    /// The nodes whose next call comes before their next operation, by time, then by rank.
    private var ready = Heap<Key>()
    /// The nodes that have a next operation, by its rank.
    private var operations = Heap<Key>()
    /// The time given to the last operation that was passed.
    private var reached = Int64.min

    private struct Key: Comparable {
        var time: Int64
        var rank: Int
        var source: Int
        static func < (a: Key, b: Key) -> Bool { (a.time, a.rank, a.source) < (b.time, b.rank, b.source) }
    }

    /// A merge of `sources`.
    public init(_ sources: [Source]) throws(IndexError) {
        self.sources = sources
        progress = []
        for (index, source) in sources.enumerated() {
            progress.append(Progress(call: source.call(), operation: try source.operation()))
            expect(index)
            settle(index)
        }
    }

    /// The next call; `nil` after the last.
    public func next() throws(IndexError) -> PlacedCall? {
        try passOperations()
        guard let key = ready.popFirst(), let call = progress[key.source].call else { return nil }
        let placed = PlacedCall(node: sources[key.source].node, rank: progress[key.source].rank, call: call)
        progress[key.source].call = sources[key.source].call()
        settle(key.source)
        return placed
    }

    /// Passes the operations, in order of rank, before which no call remains.
    private func passOperations() throws(IndexError) {
        while let key = operations.first, let operation = progress[key.source].operation {
            if let call = progress[key.source].call, call.at < operation.at { return }
            _ = operations.popFirst()
            reached = max(reached, operation.time &+ sources[key.source].clockOffset)
            progress[key.source].floor = reached
            progress[key.source].rank = operation.rank
            progress[key.source].operation = try sources[key.source].operation()
            expect(key.source)
            settle(key.source)
        }
    }

    private func expect(_ source: Int) {
        if let operation = progress[source].operation { operations.insert(Key(time: 0, rank: operation.rank, source: source)) }
    }

    /// Lets a node's next call stand in the queue, if it comes before the node's next operation.
    private func settle(_ source: Int) {
        guard let call = progress[source].call else { return }
        if let operation = progress[source].operation, call.at >= operation.at { return }
        let time = max(call.time &+ sources[source].clockOffset, progress[source].floor)
        ready.insert(Key(time: time, rank: progress[source].rank, source: source))
    }
}

/// A binary heap: the least first.
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    var first: Element? { elements.first }

    /// O(log count).
    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child] < elements[(child - 1) / 2] {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// O(log count).
    mutating func popFirst() -> Element? {
        guard let first = elements.first else { return nil }
        elements.swapAt(0, elements.count - 1)
        elements.removeLast()
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < elements.count else { return first }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < elements[parent] else { return first }
            elements.swapAt(child, parent)
            parent = child
        }
    }
}
