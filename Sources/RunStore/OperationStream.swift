import Foundation
import GRDB
public import RunModel

/// The operations of one node, read from the index one block at a time.
///
/// Reading in order, or near to it, reads each block once; a jump reads one block.
public final class OperationStream {
    /// The node.
    public let node: NodeID
    /// How many operations it has.
    public let count: Int

    private let file: IndexFile
    private let stored: Int64
    private let numbers: [Int64: NodeID]
    private var block: (number: Int, operations: [RunModel.Operation]) = (-1, [])
    private var ranks: (number: Int, ranks: [Int]) = (-1, [])
    /// A block of placements: the number of the first operation in it, and of the last before the next block.
    private var placements: (first: Int, last: Int, all: [Placement]) = (0, -1, [])
    /// A block of deliveries: the numbers of the first and last send in it.
    private var deliveries: (first: Int, last: Int, all: [Delivery]) = (0, -1, [])

    init(_ file: IndexFile, _ indexed: IndexedNode, node: NodeID, numbers: [Int64: NodeID]) {
        self.file = file
        self.node = node
        self.numbers = numbers
        stored = indexed.stored
        count = indexed.operations
    }

    /// The `index`-th operation.
    public func operation(_ index: Int) throws(IndexError) -> RunModel.Operation {
        let number = index / OperationBlock.capacity
        if block.number != number {
            let row = try file.read { [stored] db in
                try Row.fetchOne(db, sql: "SELECT count, data FROM operations WHERE node = ? AND block = ?", arguments: [stored, number])
            }
            guard let row else { throw .damaged("no block \(number) of operations") }
            block = (number, try OperationBlock.decode([UInt8](row.value("data") as Data), count: try row.value("count")))
        }
        guard index >= 0, index % OperationBlock.capacity < block.operations.count else { throw .damaged("no operation \(index)") }
        return block.operations[index % OperationBlock.capacity]
    }

    /// The rank of the `index`-th operation, counting from 1.
    public func rank(_ index: Int) throws(IndexError) -> Int {
        let number = index / OperationBlock.capacity
        if ranks.number != number {
            let data = try file.read { [stored] db in
                try Data.fetchOne(db, sql: "SELECT data FROM ranks WHERE node = ? AND block = ?", arguments: [stored, number])
            }
            guard let data else { throw .damaged("no block \(number) of ranks") }
            ranks = (number, try RankBlock.decode([UInt8](data)))
        }
        guard index >= 0, index % OperationBlock.capacity < ranks.ranks.count else { throw .damaged("no rank of operation \(index)") }
        return ranks.ranks[index % OperationBlock.capacity]
    }

    /// The index of the last operation at or before `moment`; `nil` if there is none.
    public func last(atOrBefore moment: Moment) throws(IndexError) -> Int? {
        let packed = Int64(bitPattern: moment.packed)
        let row = try file.read { [stored] db in
            try Row.fetchOne(
                db, sql: "SELECT block, moments FROM operations WHERE node = ? AND first <= ? ORDER BY first DESC, block DESC LIMIT 1",
                arguments: [stored, packed])
        }
        guard let row else { return nil }
        let number: Int = try row.value("block")
        guard number >= 0, number <= count / OperationBlock.capacity else { throw .damaged("block \(number) of \(count) operations") }
        return try MomentBlock.last(atOrBefore: moment, [UInt8](row.value("moments") as Data)).map { number * OperationBlock.capacity + $0 }
    }

    /// How many of its operations have a rank below `rank`. O(log n) blocks.
    public func count(beforeRank rank: Int) throws(IndexError) -> Int {
        var range = 0..<count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range = try self.rank(middle) < rank ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// The operations at exactly `moment`, by index: where they happened, or else where they were entered.
    public func operations(at moment: Moment) throws(IndexError) -> [Int] {
        guard var index = try last(atOrBefore: moment) else { return [] }
        var found: [Int] = []
        while index >= 0, try operation(index).at == moment {
            found.append(index)
            index -= 1
        }
        return found.reversed()
    }

    /// The placement of the `index`-th operation, if it has one.
    public func placement(_ index: Int) throws(IndexError) -> Placement? {
        if index < placements.first || index > placements.last { try loadPlacements(of: index) }
        return placements.all.of(index)
    }

    private func loadPlacements(of index: Int) throws(IndexError) {
        let (row, next) = try file.read { [stored] db in
            (
                try Row.fetchOne(
                    db, sql: "SELECT first, data FROM placements WHERE node = ? AND first <= ? ORDER BY block DESC LIMIT 1",
                    arguments: [stored, index]),
                try Int.fetchOne(db, sql: "SELECT min(first) FROM placements WHERE node = ? AND first > ?", arguments: [stored, index])
            )
        }
        let (last, overflow) = (next ?? Int.max).subtractingReportingOverflow(1)
        if overflow { throw .damaged("placements of operation \(next ?? 0)") }
        guard let row else {
            placements = (0, last, [])
            return
        }
        let data: Data = try row.value("data")
        placements = (try row.value("first"), last, try PlacementBlock.decode([UInt8](data)))
    }

    /// The deliveries of the `index`-th operation, a send, in stream order.
    public func deliveries(of index: Int) throws(IndexError) -> [Delivery] {
        if index < deliveries.first || index > deliveries.last { try loadDeliveries(of: index) }
        var low = 0
        var high = deliveries.all.count
        while low < high {
            let middle = (low + high) / 2
            if deliveries.all[middle].sent.index < index { low = middle + 1 } else { high = middle }
        }
        return Array(deliveries.all[low...].prefix { $0.sent.index == index })
    }

    /// Loads the deliveries of a send, with as many of its neighbours' as lie in the same block.
    private func loadDeliveries(of index: Int) throws(IndexError) {
        let rows = try file.read { [stored] db in
            try Row.fetchAll(
                db, sql: "SELECT first, last, data FROM deliveries WHERE node = ? AND last >= ? ORDER BY block LIMIT 1",
                arguments: [stored, index])
        }
        guard let row = rows.first else {
            deliveries = (index, Int.max, [])
            return
        }
        let (first, last): (Int, Int) = (try row.value("first"), try row.value("last"))
        guard first >= 0, first <= last else { throw .damaged("deliveries of sends \(first) to \(last)") }
        // No delivery of the sends before this block's first.
        guard first <= index else {
            deliveries = (index, first - 1, [])
            return
        }
        guard last == index else {
            deliveries = (first == index ? first : first + 1, last - 1, try decode(row))
            return
        }
        // The last send of a block may have more deliveries in the blocks that follow.
        deliveries = (index, index, try continued(from: index))
    }

    private func continued(from index: Int) throws(IndexError) -> [Delivery] {
        let rows = try file.read { [stored] db in
            try Row.fetchAll(
                db, sql: "SELECT data FROM deliveries WHERE node = ? AND last >= ? AND first <= ? ORDER BY block",
                arguments: [stored, index, index])
        }
        var all: [Delivery] = []
        for row in rows { all += try decode(row) }
        return all
    }

    private func decode(_ row: Row) throws(IndexError) -> [Delivery] {
        try DeliveryBlock.decode([UInt8](row.value("data") as Data), sender: node, node: numbers)
    }
}
