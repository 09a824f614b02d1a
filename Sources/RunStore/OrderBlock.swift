/// A piece of the total order, packed: which node each rank belongs to, as runs. The operations of a node come in their own order, so
/// the node is all there is to say.
enum OrderBlock {
    /// Ranks in a full block.
    static let capacity = 4096

    /// The packed form of `nodes` (lasting numbers, one for each rank).
    static func encode(_ nodes: ArraySlice<Int64>) -> [UInt8] {
        var out = ByteWriter(capacity: nodes.count)
        var rest = nodes
        while let first = rest.first {
            let run = rest.prefix { $0 == first }
            out.unsigned(UInt64(bitPattern: first))
            out.unsigned(UInt64(run.count))
            rest = rest[run.endIndex...]
        }
        return out.bytes
    }

    /// The nodes (lasting numbers) of a packed block.
    static func decode(_ bytes: [UInt8]) throws(IndexError) -> [Int64] {
        var input = ByteReader(bytes)
        var nodes: [Int64] = []
        while !input.isAtEnd {
            let node = Int64(bitPattern: try input.unsigned())
            let count = try input.unsigned()
            guard count <= UInt64(capacity), nodes.count + Int(count) <= capacity else { throw .damaged("order block too long") }
            nodes.append(contentsOf: repeatElement(node, count: Int(count)))
        }
        return nodes
    }
}

/// The ranks of a block of one node's operations, packed as differences: they only ever rise.
enum RankBlock {
    /// The packed form of `ranks`.
    static func encode(_ ranks: ArraySlice<Int>) -> [UInt8] {
        var out = ByteWriter(capacity: ranks.count * 2)
        var previous: Int64 = 0
        for rank in ranks { out.delta(Int64(rank), &previous) }
        return out.bytes
    }

    /// The ranks of a packed block.
    static func decode(_ bytes: [UInt8]) throws(IndexError) -> [Int] {
        var input = ByteReader(bytes)
        var previous: Int64 = 0
        var ranks: [Int] = []
        ranks.reserveCapacity(OperationBlock.capacity)
        while !input.isAtEnd { ranks.append(Int(try input.delta(&previous))) }
        return ranks
    }

    /// The rank at `index` of a packed block: unpacks no more than those before it.
    static func rank(_ index: Int, _ bytes: [UInt8]) throws(IndexError) -> Int {
        var input = ByteReader(bytes)
        var rank: Int64 = 0
        for _ in 0...max(0, index) { _ = try input.delta(&rank) }
        return Int(rank)
    }
}
