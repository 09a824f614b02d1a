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
        let insert = try db.makeStatement(sql: "INSERT INTO channel VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        for (index, channel) in joined.channels.enumerated() {
            let (aNode, aSerial, aAddress) = columns(channel.a, stored)
            let (bNode, bSerial, bAddress) = columns(channel.b, stored)
            try insert.execute(arguments: [
                index, channel.kind.rawValue, channel.evidence.rawValue, aNode, aSerial, aAddress, bNode, bSerial, bAddress,
                encode(joined.totals[index]), stored[Int(joined.opened[index].node.index)],
                Int64(bitPattern: joined.opened[index].moment.packed), encode(channel.alsoA, stored), encode(channel.alsoB, stored),
                channel.isAmbiguous,
            ])
        }
        let block = try db.makeStatement(sql: "INSERT INTO deliveries VALUES (?,?,?,?,?)")
        let deliveries = joined.deliveries
        // Numbers are sorted, not the deliveries, which are ten times as large.
        let sorted = deliveries.indices.map { Int32(truncatingIfNeeded: $0) }.sorted {
            let (a, b) = (deliveries[Int($0)], deliveries[Int($1)])
            return (a.sent, a.bytes.lowerBound) < (b.sent, b.bytes.lowerBound)
        }
        var start = 0
        var number = 0
        while start < sorted.count {
            let node = deliveries[Int(sorted[start])].sent.node
            let slice = sorted[start...].prefix(DeliveryBlock.capacity).map { deliveries[Int($0)] }.prefix { $0.sent.node == node }
            try block.execute(arguments: [
                stored[Int(node.index)], number, slice[0].sent.index, slice[slice.count - 1].sent.index,
                Data(DeliveryBlock.encode(slice, stored: stored)),
            ])
            start += slice.count
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

    private static func encode(_ ends: [EndpointID], _ stored: [Int64]) -> Data? {
        if ends.isEmpty { return nil }
        var out = ByteWriter(capacity: 4 * ends.count)
        for end in ends {
            out.signed(stored[Int(end.node.index)])
            out.unsigned(UInt64(end.serial))
        }
        return Data(out.bytes)
    }

    private static func ends(_ bytes: Data?, _ numbers: [Int64: NodeID]) throws(IndexError) -> [EndpointID] {
        var input = ByteReader([UInt8](bytes ?? Data()))
        var ends: [EndpointID] = []
        while !input.isAtEnd {
            let node = try input.signed()
            guard let id = numbers[node] else { throw .damaged("channel of node \(node)") }
            ends.append(EndpointID(node: id, serial: Int(truncatingIfNeeded: try input.unsigned())))
        }
        return ends
    }

    /// A channel as it is stored.
    struct Stored {
        var channel: Channel
        var totals: ChannelTotals
        var opened: Position
    }

    /// All channels, with where their bytes went.
    static func all(_ db: Database, numbers: [Int64: NodeID]) throws -> [Stored] {
        try Row.fetchAll(db, sql: "SELECT * FROM channel ORDER BY id").map { row in
            guard let kind = Endpoint.Kind(rawValue: try row.value("kind")),
                let evidence = Channel.Evidence(rawValue: try row.value("evidence"))
            else {
                throw IndexError.damaged("channel \(try row.value("id") as Int)")
            }
            let a = try end(try row.value("aNode"), try row.value("aSerial"), try row.value("aAddress"), numbers)
            let b = try end(try row.value("bNode"), try row.value("bSerial"), try row.value("bAddress"), numbers)
            var channel = Channel(kind: kind, a: a, b: b, evidence: evidence)
            channel.alsoA = try ends(try row.value("alsoA"), numbers)
            channel.alsoB = try ends(try row.value("alsoB"), numbers)
            channel.isAmbiguous = try row.value("ambiguous")
            guard let node = numbers[try row.value("openedNode")] else { throw IndexError.damaged("channel opened by no node") }
            let opened = Position(node: node, moment: Moment(packed: UInt64(bitPattern: try row.value("opened"))))
            return Stored(channel: channel, totals: try decode(try row.value("totals")), opened: opened)
        }
    }

    private static func end(_ node: Int64?, _ serial: Int?, _ address: Data?, _ numbers: [Int64: NodeID]) throws -> Channel.End {
        guard let node, let serial else { return .outside(try address.map { try Address(stored: [UInt8]($0)) }) }
        guard let id = numbers[node] else { throw IndexError.damaged("channel of node \(node)") }
        return .endpoint(EndpointID(node: id, serial: serial))
    }
}
