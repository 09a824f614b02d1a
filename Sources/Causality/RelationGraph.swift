public import RunModel

/// One of the two relations over a run, in memory: for each line the influences on it, in blocks with checkpoints.
///
/// Four bytes for each influence besides those that both relations share, and at most sixteen for checkpoints.
public struct RelationGraph: InfluenceSource, Sendable {
    /// Which of the two.
    public private(set) var ordering: Ordering
    /// The chains of the run.
    public let chains: Chains
    let table: InfluenceTable
    /// How many influences a block has.
    let capacity: Int
    /// Indices of `table.all`: the influences on each line, by moment.
    let members: [[Int32]]
    /// For each line, the checkpoints of its blocks, by block.
    private var checkpoints: [[Int: [Reach]]]

    /// How many influences a full block has, if nothing else is asked for.
    static let standardCapacity = 128

    /// The relation that `table` makes, in blocks of `capacity` influences.
    ///
    /// - Parameter order: a linear extension of the recorded order, by which checkpoints are chosen; `ranks` are of it.
    init(_ ordering: Ordering, _ table: InfluenceTable, chains: Chains, capacity: Int, order: TotalOrder, ranks: InfluenceRanks) {
        self.ordering = ordering
        self.chains = chains
        self.table = table
        self.capacity = capacity
        var members = [[Int32]](repeating: [], count: chains.lineCount(ordering))
        for index in table.all.indices {
            if let line = Self.target(index, ordering, table, chains) { members[line].append(Int32(truncatingIfNeeded: index)) }
        }
        self.members = members
        checkpoints = Array(repeating: [:], count: members.count)
        var sweep = CheckpointSweep(self)
        sweep.run(ranks, order: order)
        checkpoints = sweep.graph.checkpoints
    }

    /// The line that an influence, by its index in `table.all`, leads to from another; `nil` if it is none of this relation.
    func target(_ index: Int) -> Int? { Self.target(index, ordering, table, chains) }

    private static func target(_ index: Int, _ ordering: Ordering, _ table: InfluenceTable, _ chains: Chains) -> Int? {
        let influence = table.all[index]
        let line = chains.line(of: influence.toChain, ordering)
        guard line != chains.line(of: influence.fromChain, ordering) else { return nil }
        return ordering == .causal && table.ofNodes.contains(Int32(truncatingIfNeeded: index)) ? nil : line
    }

    /// The same under the other name: for runs whose nodes are a chain each.
    func renamed(_ ordering: Ordering) -> RelationGraph {
        var other = self
        other.ordering = ordering
        return other
    }

    /// Works out what comes before block `number` of `line`, from the checkpoints that there are. Returns how many lines have come
    /// anywhere, and how many influences were gone over.
    mutating func addCheckpoint(_ number: Int, of line: Int) -> (reaches: Int, visited: Int) {
        let first = table.all[Int(members[line][number * capacity])].to
        var walk = Walk<Never>(self, from: line, first, block: number - 1)
        _ = walk.run()
        var reaches: [Reach] = []
        for (other, moment) in walk.latest.enumerated() where moment != .beginning && other != line {
            reaches.append(Reach(line: Int32(truncatingIfNeeded: other), moment: moment))
        }
        // Of the line itself, all but what follows in this block: several influences may lead to one moment.
        reaches.append(Reach(line: Int32(truncatingIfNeeded: line), moment: Moment(packed: first.packed &- 1)))
        checkpoints[line][number] = reaches
        return (reaches.count, walk.visited)
    }

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
            influences: slice.map { table.all[Int($0)] }, checkpoint: checkpoints[line][number])
    }

    /// The checkpoint of block `number` of `line`, if there is one.
    public func checkpoint(_ number: Int, of line: Int) -> [Reach]? { checkpoints[line][number] }

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
                guard chains.line(of: influence.fromChain, ordering) == line, let target = target(Int(table.outgoing[index])) else {
                    continue
                }
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
