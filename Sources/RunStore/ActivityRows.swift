import Foundation
import GRDB
import RunModel

/// Endpoints as rows, operations as blocks.
enum ActivityRows {
    /// Stores what one node did.
    static func save(_ db: Database, _ activity: NodeActivity, node: Int64) throws {
        let insert = try db.makeStatement(sql: "INSERT INTO endpoint VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        for (serial, endpoint) in activity.endpoints.enumerated() {
            let (birth, twin) = code(endpoint.birth)
            try insert.execute(arguments: [
                node, serial, endpoint.kind.rawValue, birth, twin, endpoint.local.map { Data($0.stored) },
                endpoint.remote.map { Data($0.stored) },
                Int64(bitPattern: endpoint.opened.packed), endpoint.established.map { Int64(bitPattern: $0.packed) },
                endpoint.closed.map { Int64(bitPattern: $0.packed) }, endpoint.opaqueFrom.map { Int64(bitPattern: $0.packed) },
                endpoint.identity?.device.map { Int64(bitPattern: $0) }, endpoint.identity.map { Int64(bitPattern: $0.inode) },
                endpoint.access.rawValue, endpoint.processes.map(String.init).joined(separator: " "),
            ])
        }
        try db.execute(
            sql: "INSERT INTO surroundings VALUES (?,?,?,?,?)",
            arguments: [
                node, Data(SurroundingsBlock.encode(activity.addresses)), Data(SurroundingsBlock.encode(activity.links)),
                Data(SurroundingsBlock.encode(activity.memoryOwner)), Data(SurroundingsBlock.encode(activity.passings)),
            ])
        let block = try db.makeStatement(sql: "INSERT INTO operations VALUES (?,?,?,?,?,?,?)")
        let operations = activity.operations
        for (number, start) in stride(from: 0, to: operations.count, by: OperationBlock.capacity).enumerated() {
            let slice = operations[start..<min(start + OperationBlock.capacity, operations.count)]
            guard let first = slice.first, let last = slice.last else { continue }
            try block.execute(arguments: [
                node, number, Int64(bitPattern: first.at.packed), Int64(bitPattern: last.at.packed), slice.count,
                Data(MomentBlock.encode(slice)), Data(OperationBlock.encode(slice)),
            ])
        }
    }

    /// All that one node did; host and clock offset are the caller's to fill in.
    static func load(_ db: Database, node: Int64) throws -> NodeActivity {
        var activity = NodeActivity(endpoints: try endpoints(db, node: node))
        if let row = try Row.fetchOne(db, sql: "SELECT * FROM surroundings WHERE node = ?", arguments: [node]) {
            activity.addresses = try SurroundingsBlock.addresses([UInt8](row.value("addresses") as Data))
            activity.links = try SurroundingsBlock.links([UInt8](row.value("links") as Data))
            activity.memoryOwner = try SurroundingsBlock.memoryOwners([UInt8](row.value("memoryOwners") as Data))
            activity.passings = try SurroundingsBlock.passings([UInt8](row.value("passings") as Data))
        }
        let rows = try Row.fetchCursor(db, sql: "SELECT count, data FROM operations WHERE node = ? ORDER BY block", arguments: [node])
        while let row = try rows.next() {
            activity.operations += try OperationBlock.decode([UInt8](row.value("data") as Data), count: try row.value("count"))
        }
        return activity
    }

    /// The endpoints of one node, in order of their serials.
    static func endpoints(_ db: Database, node: Int64) throws -> [Endpoint] {
        try Row.fetchAll(db, sql: "SELECT * FROM endpoint WHERE node = ? ORDER BY serial", arguments: [node]).map { row in
            guard let kind = Endpoint.Kind(rawValue: try row.value("kind")) else {
                throw IndexError.damaged("endpoint of kind \(try row.value("kind") as Int)")
            }
            var endpoint = Endpoint(
                kind: kind, birth: try birth(row.value("birth"), twin: row.value("twin")),
                opened: Moment(packed: UInt64(bitPattern: try row.value("opened"))),
                local: try (row.value("local") as Data?).map { try Address(stored: [UInt8]($0)) },
                remote: try (row.value("remote") as Data?).map { try Address(stored: [UInt8]($0)) })
            endpoint.established = try row.moment("established")
            endpoint.closed = try row.moment("closed")
            endpoint.opaqueFrom = try row.moment("opaqueFrom")
            endpoint.identity = try row.word("inode").map { inode in Endpoint.FileIdentity(device: try row.word("device"), inode: inode) }
            guard let access = Endpoint.Access(rawValue: try row.value("access")) else {
                throw IndexError.damaged("endpoint of access \(try row.value("access") as Int)")
            }
            endpoint.access = access
            endpoint.processes = try (row.value("processes") as String).split(separator: " ").compactMap { Int32($0) }
            return endpoint
        }
    }

    private static func code(_ birth: Endpoint.Birth) -> (code: Int, twin: Int32?) {
        switch birth {
        case .connect: (0, nil)
        case .accept: (1, nil)
        case .pair(let twin): (2, twin)
        case .inherited: (3, nil)
        case .listen: (4, nil)
        case .open: (5, nil)
        case .made: (6, nil)
        case .passed: (7, nil)
        }
    }

    private static func birth(_ code: Int, twin: Int32?) throws -> Endpoint.Birth {
        switch (code, twin) {
        case (0, _): return .connect
        case (1, _): return .accept
        case (2, let twin?): return .pair(twin: twin)
        case (3, _): return .inherited
        case (4, _): return .listen
        case (5, _): return .open
        case (6, _): return .made
        case (7, _): return .passed
        default: throw IndexError.damaged("endpoint with birth \(code)")
        }
    }
}
