public import RunModel

/// A reason why one operation comes before another, which need not be of the same node.
public struct Edge: Hashable, Sendable {
    /// The operation that comes before.
    public var from: OperationRef
    /// The operation that comes after.
    public var to: OperationRef
    /// Why.
    public var kind: Influence.Kind
    /// Index of the channel it goes through.
    public var channel: Int32
    /// It holds in the recorded order only: something that came after `from` in its node, perhaps in another chain, is what comes before.
    public var isOfNode: Bool

    /// The edge of `kind` through `channel`.
    public init(from: OperationRef, to: OperationRef, kind: Influence.Kind, channel: Int32, isOfNode: Bool = false) {
        self.from = from
        self.to = to
        self.kind = kind
        self.channel = channel
        self.isOfNode = isOfNode
    }
}

/// Edges sorted by target: node, then index, and in the order given where several have the same.
///
/// Built in O(edges + operations), with 4 bytes for each operation.
struct EdgeTable: Sendable {
    private(set) var all: [Edge]
    /// For each node the number of its first operation, counting through all nodes; for each such number its first edge.
    private let base: [Int]
    private let starts: [Int32]

    /// The table of `edges`, all of which lead between operations of `nodes`.
    init(_ edges: [Edge], nodes: [NodeActivity]) {
        var base = [0]
        for node in nodes { base.append(base[base.count - 1] + node.operations.count) }
        var starts = [Int32](repeating: 0, count: base[nodes.count] + 1)
        for edge in edges { starts[base[Int(edge.to.node.index)] + Int(edge.to.index) + 1] += 1 }
        for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
        all = edges
        var next = starts
        for edge in edges {
            let target = base[Int(edge.to.node.index)] + Int(edge.to.index)
            all[Int(next[target])] = edge
            next[target] += 1
        }
        self.base = base
        self.starts = starts
    }

    /// Where the edges to an operation lie in `all`.
    func into(_ node: Int, _ index: Int) -> Range<Int> {
        let target = base[node] + index
        return Int(starts[target])..<Int(starts[target + 1])
    }

    /// Where the edges to all operations of `node` lie in `all`.
    func into(_ node: Int) -> Range<Int> { Int(starts[base[node]])..<Int(starts[base[node + 1]]) }
}

extension NodeActivity {
    /// The index of the last operation at or before `moment`; `nil` if all are later. O(log operations).
    public func lastOperation(atOrBefore moment: Moment) -> Int? {
        let behind = firstOperation { $0.at > moment }
        return behind == 0 ? nil : behind - 1
    }

    /// The index of the first operation at or after `moment`; the number of operations if all are earlier. O(log operations).
    public func firstOperation(atOrAfter moment: Moment) -> Int { firstOperation { $0.at >= moment } }

    private func firstOperation(where isBehind: (Operation) -> Bool) -> Int {
        var (low, high) = (0, operations.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(operations[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
