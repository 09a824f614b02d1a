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

    /// The ranks of a node's operations.
    func ranks(of node: NodeID) -> [Int32] { ranks.indices.contains(Int(node.index)) ? ranks[Int(node.index)] : [] }

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
