import Foundation
import GRDB
import RunModel

/// Placements of one node, packed, in the order of their operations.
enum PlacementBlock {
    /// Placements in a full block.
    static let capacity = 1024

    /// The packed form of `placements`.
    static func encode(_ placements: ArraySlice<Placement>) -> [UInt8] {
        var out = ByteWriter(capacity: placements.count * 5)
        var (operation, channel, start): (Int64, Int64, Int64) = (0, 0, 0)
        for placement in placements {
            out.delta(Int64(placement.operation), &operation)
            out.delta(Int64(placement.channel), &channel)
            out.delta(Int64(bitPattern: placement.start), &start)
        }
        return out.bytes
    }

    /// The placements of a packed block.
    static func decode(_ bytes: [UInt8]) throws(IndexError) -> [Placement] {
        var input = ByteReader(bytes)
        var (operation, channel, start): (Int64, Int64, Int64) = (0, 0, 0)
        var placements: [Placement] = []
        while !input.isAtEnd {
            placements.append(
                Placement(
                    operation: Int32(truncatingIfNeeded: try input.delta(&operation)),
                    channel: Int32(truncatingIfNeeded: try input.delta(&channel)), start: UInt64(bitPattern: try input.delta(&start))))
        }
        return placements
    }
}

/// Placements as blocks by node.
enum PlacementRows {
    /// Stores the placements of all nodes, each sorted by operation.
    static func save(_ db: Database, _ placements: [[Placement]], stored: [Int64]) throws {
        let insert = try db.makeStatement(sql: "INSERT INTO placements VALUES (?,?,?,?,?)")
        for (node, all) in placements.enumerated() {
            for (number, start) in stride(from: 0, to: all.count, by: PlacementBlock.capacity).enumerated() {
                let slice = all[start..<min(start + PlacementBlock.capacity, all.count)]
                guard let first = slice.first, let last = slice.last else { continue }
                try insert.execute(arguments: [
                    stored[node], number, first.operation, last.operation, Data(PlacementBlock.encode(slice)),
                ])
            }
        }
    }

    /// All placements of a node.
    static func all(_ db: Database, node: Int64) throws -> [Placement] {
        try Data.fetchAll(db, sql: "SELECT data FROM placements WHERE node = ? ORDER BY block", arguments: [node])
            .flatMap { try PlacementBlock.decode([UInt8]($0)) }
    }
}
