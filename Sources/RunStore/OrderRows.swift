import Foundation
import GRDB
import RunModel

/// The total order as blocks, in both directions: the node of a rank, and the ranks of a node.
enum OrderRows {
    /// Stores the order.
    static func save(_ db: Database, _ order: [NodeID], stored: [Int64]) throws {
        let nodes = order.map { stored[Int($0.index)] }
        let insert = try db.makeStatement(sql: "INSERT INTO orders VALUES (?,?)")
        for (number, start) in stride(from: 0, to: nodes.count, by: OrderBlock.capacity).enumerated() {
            let slice = nodes[start..<min(start + OrderBlock.capacity, nodes.count)]
            try insert.execute(arguments: [number, Data(OrderBlock.encode(slice))])
        }
        var ranks: [[Int]] = Array(repeating: [], count: stored.count)
        for (index, node) in order.enumerated() { ranks[Int(node.index)].append(index + 1) }
        let block = try db.makeStatement(sql: "INSERT INTO ranks VALUES (?,?,?)")
        for (node, ranks) in zip(stored, ranks) {
            for (number, start) in stride(from: 0, to: ranks.count, by: OperationBlock.capacity).enumerated() {
                let slice = ranks[start..<min(start + OperationBlock.capacity, ranks.count)]
                try block.execute(arguments: [node, number, Data(RankBlock.encode(slice))])
            }
        }
    }
}
