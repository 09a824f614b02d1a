public import RunModel

/// One of the two relations over a run, in memory: for each line the influences on it, in blocks with checkpoints.
///
/// Four bytes for each influence besides those that both relations share, and eight for each line at each checkpoint.
public struct RelationGraph: InfluenceSource, Sendable {
    /// Which of the two.
    public let ordering: Ordering
    /// The chains of the run.
    public let chains: Chains
    let table: InfluenceTable
    /// How many influences a block has.
    let capacity: Int
    /// Indices of `table.all`: the influences on each line, by moment.
    private let members: [[Int32]]
    /// For each line, the checkpoint of each of its blocks but the first; `nil` where it was not worked out.
    private let checkpoints: [[[Moment]?]]

    /// The relation that `table` makes, with a checkpoint after every `capacity` influences on a line.
    ///
    /// - Parameter order: a linear extension of the recorded order, by which checkpoints are worked out; their number is its nodes'.
    init(_ ordering: Ordering, _ table: InfluenceTable, chains: Chains, capacity: Int, nodes: [NodeActivity], order: TotalOrder) {
        var sweep = CheckpointSweep(ordering, table, chains: chains, capacity: capacity)
        sweep.run(nodes: nodes, order: order)
        self.ordering = ordering
        self.chains = chains
        self.table = table
        self.capacity = capacity
        members = sweep.members
        checkpoints = sweep.checkpoints
    }

    private init(_ other: RelationGraph, as ordering: Ordering) {
        self.ordering = ordering
        chains = other.chains
        table = other.table
        capacity = other.capacity
        members = other.members
        checkpoints = other.checkpoints
    }

    /// The same under the other name: for runs whose nodes are a chain each.
    func renamed(_ ordering: Ordering) -> RelationGraph { RelationGraph(self, as: ordering) }

    /// How many influences a block of a relation with so many lines has: then checkpoints take no more room than influences.
    static func capacity(lines: Int) -> Int { max(minimumCapacity, lines) }

    /// The smallest number of influences in a full block.
    private static let minimumCapacity = 256

    /// The block of `line` with the last influence at or before `moment`; `nil` if there is none.
    public func block(of line: Int, atOrBefore moment: Moment) -> InfluenceBlock? {
        let own = members[line]
        let end = own.countBefore { table.all[Int($0)].to > moment }
        return end == 0 ? nil : block((end - 1) / capacity, of: line)
    }

    /// Block `number` of `line`; `nil` if there is none.
    public func block(_ number: Int, of line: Int) -> InfluenceBlock? {
        let start = number * capacity
        guard number >= 0, start < members[line].count else { return nil }
        let slice = members[line][start..<min(start + capacity, members[line].count)]
        return InfluenceBlock(
            line: Int32(truncatingIfNeeded: line), number: Int32(truncatingIfNeeded: number),
            influences: slice.map { table.all[Int($0)] }, checkpoint: number == 0 ? nil : checkpoints[line][number - 1])
    }

    /// The checkpoint of block `number` of `line`, if there is one.
    public func checkpoint(_ number: Int, of line: Int) -> [Moment]? {
        checkpoints[line].indices.contains(number - 1) ? checkpoints[line][number - 1] : nil
    }

    /// All blocks, by line and number.
    public var blocks: some Sequence<InfluenceBlock> & Sendable { RelationBlocks(graph: self) }

    /// For each line the first moment that `place` can have influenced; `nil` for none. For its own line, its moment.
    ///
    /// O(influences after it) if nodes have few chains; each chain goes over its whole node's.
    public func future(of place: Place) -> [Moment?] {
        var earliest = [Moment?](repeating: nil, count: lineCount)
        guard let start = line(of: place) else { return earliest }
        earliest[start] = place.position.moment
        var open = [start]
        /// For each line, from where on its influences on others were followed.
        var followed = [Int](repeating: .max, count: lineCount)
        while let line = open.popLast() {
            guard let moment = earliest[line] else { continue }
            let range = table.from[node(of: line)]
            let first = range.lowerBound + table.outgoing[range].countBefore { table.all[Int($0)].from >= moment }
            for index in first..<max(first, min(followed[line], range.upperBound)) {
                let influence = table.all[Int(table.outgoing[index])]
                let target = chains.line(of: influence.toChain, ordering)
                guard chains.line(of: influence.fromChain, ordering) == line, target != line else { continue }
                if earliest[target].map({ influence.to < $0 }) ?? true {
                    earliest[target] = influence.to
                    open.append(target)
                }
            }
            followed[line] = min(followed[line], first)
        }
        return earliest
    }

    private func node(of line: Int) -> Int { ordering == .recorded ? line : Int(chains.nodes[line].index) }
}

/// Goes over the blocks of a relation.
private struct RelationBlocks: Sequence, IteratorProtocol, Sendable {
    let graph: RelationGraph
    var line = 0
    var number = 0

    mutating func next() -> InfluenceBlock? {
        while line < graph.lineCount {
            if let block = graph.block(number, of: line) {
                number += 1
                return block
            }
            line += 1
            number = 0
        }
        return nil
    }
}

extension RandomAccessCollection {
    /// How many elements come before the first for which `isBehind` is true; all after it must be, too. O(log count).
    func countBefore(where isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[index(startIndex, offsetBy: middle)]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
