import Foundation
import GRDB
import RunModel

/// Channels as rows, deliveries as blocks by sending node.
enum ChannelRows {
    /// The numbers of one direction, in the order in which they are stored.
    private static let streamFields: [any WritableKeyPath<StreamTotals, UInt64> & Sendable] = [
        \.sent, \.received, \.delivered, \.unread, \.receiverCut, \.senderCut, \.toOutside, \.fromOutside, \.opaqueSent, \.opaqueReceived,
        \.notSent, \.unplacedSent, \.unplacedReceived, \.lostByReset, \.lost, \.discarded, \.duplicated,
    ]

    /// Stores all channels and deliveries.
    static func save(_ db: Database, _ joined: JoinedRun, stored: [Int64]) throws {
        let insert = try db.makeStatement(sql: "INSERT INTO channel VALUES (?,?,?,?,?,?,?,?,?,?)")
        for (index, channel) in joined.channels.enumerated() {
            let (aNode, aSerial, aAddress) = columns(channel.a, stored)
            let (bNode, bSerial, bAddress) = columns(channel.b, stored)
            try insert.execute(arguments: [
                index, channel.kind.rawValue, channel.evidence.rawValue, aNode, aSerial, aAddress, bNode, bSerial, bAddress,
                encode(joined.totals[index]),
            ])
        }
        let block = try db.makeStatement(sql: "INSERT INTO deliveries VALUES (?,?,?,?,?)")
        let sorted = joined.deliveries.sorted { ($0.sent, $0.bytes.lowerBound) < ($1.sent, $1.bytes.lowerBound) }
        var start = 0
        var number = 0
        while start < sorted.count {
            let node = sorted[start].sent.node
            var end = start
            while end < sorted.count, sorted[end].sent.node == node, end - start < DeliveryBlock.capacity { end += 1 }
            try block.execute(arguments: [
                stored[Int(node.index)], number, sorted[start].sent.index, sorted[end - 1].sent.index,
                Data(DeliveryBlock.encode(sorted[start..<end], stored: stored)),
            ])
            start = end
            number += 1
        }
    }

    private static func columns(_ end: Channel.End, _ stored: [Int64]) -> (node: Int64?, serial: Int32?, address: Data?) {
        switch end {
        case .endpoint(let id): (stored[Int(id.node.index)], id.serial, nil)
        case .outside(let address): (nil, nil, address.map { Data($0.stored) })
        }
    }

    private static func encode(_ totals: ChannelTotals) -> Data {
        var out = ByteWriter(capacity: 2 * streamFields.count)
        for direction in [totals.forward, totals.backward] {
            for field in streamFields { out.unsigned(direction[keyPath: field]) }
        }
        return Data(out.bytes)
    }

    private static func decode(_ bytes: Data) throws(IndexError) -> ChannelTotals {
        var input = ByteReader([UInt8](bytes))
        var totals = ChannelTotals()
        for field in streamFields { totals.forward[keyPath: field] = try input.unsigned() }
        for field in streamFields { totals.backward[keyPath: field] = try input.unsigned() }
        return totals
    }

    /// All channels, with where their bytes went.
    static func all(_ db: Database, numbers: [Int64: NodeID]) throws -> [(Channel, ChannelTotals)] {
        try Row.fetchAll(db, sql: "SELECT * FROM channel ORDER BY id").map { row in
            guard let kind = Endpoint.Kind(rawValue: try row.value("kind")),
                let evidence = Channel.Evidence(rawValue: try row.value("evidence"))
            else {
                throw IndexError.damaged("channel \(try row.value("id") as Int)")
            }
            let a = try end(try row.value("aNode"), try row.value("aSerial"), try row.value("aAddress"), numbers)
            let b = try end(try row.value("bNode"), try row.value("bSerial"), try row.value("bAddress"), numbers)
            return (Channel(kind: kind, a: a, b: b, evidence: evidence), try decode(try row.value("totals")))
        }
    }

    private static func end(_ node: Int64?, _ serial: Int?, _ address: Data?, _ numbers: [Int64: NodeID]) throws -> Channel.End {
        guard let node, let serial else { return .outside(try address.map { try Address(stored: [UInt8]($0)) }) }
        guard let id = numbers[node] else { throw IndexError.damaged("channel of node \(node)") }
        return .endpoint(EndpointID(node: id, serial: serial))
    }
}

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
