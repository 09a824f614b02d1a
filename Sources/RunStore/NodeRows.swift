import Foundation
import GRDB
import RunModel

/// Nodes as rows.
enum NodeRows {
    /// Stores a node: a new row, or the parts of an old one that depend on the other nodes. Returns its lasting number.
    static func save(_ db: Database, _ node: IndexedNode, of run: RunDirectory, isNew: Bool) throws -> Int64 {
        guard isNew else {
            try db.execute(
                sql: "UPDATE node SET clockOffset = ?, hostKey = ? WHERE id = ?", arguments: [node.clockOffset, node.hostKey, node.stored])
            return node.stored
        }
        try db.execute(
            sql: """
                INSERT INTO node (name, tracePath, fingerprint, sidecar, hostName, hostKey, uuid, state, events, operations,
                    firstTime, lastTime, clockOffset, isBuffered, counters, processes) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
                """,
            arguments: [
                node.name, run.stored(node.tracePath), node.fingerprint, try node.sidecar.map { try text($0) }, node.hostName,
                node.hostKey, node.uuid,
                node.state.rawValue, Int64(clamping: node.events), node.operations, node.time.lowerBound, node.time.upperBound,
                node.clockOffset, node.isBuffered, try node.counters.map { try text($0) }, try text(node.processes),
            ])
        return db.lastInsertedRowID
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// All nodes of `run`, by name.
    static func all(_ db: Database, of run: RunDirectory) throws -> [IndexedNode] {
        let decoder = JSONDecoder()
        var nodes = try Row.fetchAll(db, sql: "SELECT * FROM node").map { row in
            var node = IndexedNode(
                name: row["name"], tracePath: run.tracePath(stored: row["tracePath"]), fingerprint: row["fingerprint"])
            node.stored = row["id"]
            node.sidecar = try (row["sidecar"] as String?).map { try decoder.decode(Sidecar.self, from: Data($0.utf8)) }
            node.hostName = row["hostName"]
            node.hostKey = row["hostKey"]
            node.uuid = row["uuid"]
            node.state = IndexedNode.State(rawValue: row["state"]) ?? .failed
            node.events = UInt64(clamping: row["events"] as Int64)
            node.operations = row["operations"]
            let first: Int64 = row["firstTime"]
            node.time = first...max(first, row["lastTime"])
            node.clockOffset = row["clockOffset"]
            node.isBuffered = row["isBuffered"]
            node.counters = try (row["counters"] as String?).map { try decoder.decode(Sidecar.Counters.self, from: Data($0.utf8)) }
            node.processes = try decoder.decode([NodeProcess].self, from: Data((row["processes"] as String).utf8))
            return node
        }
        // Swift's order of strings, not SQLite's: it must be the one of the directory listing.
        nodes.sort { $0.name < $1.name }
        let numbers = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($0.element.stored, NodeID($0.offset)) })
        for index in nodes.indices { nodes[index].anomalies = try AnomalyRows.all(db, node: nodes[index].stored, numbers: numbers) }
        return nodes
    }
}

/// Anomalies as rows.
enum AnomalyRows {
    static func save(_ db: Database, _ anomaly: Anomaly, node: Int64?, stored: [Int64]) throws {
        // A node's own anomalies are about itself, whatever number it had when they were found.
        let firstNode = anomaly.first.flatMap { first in
            node ?? (Int(first.node.index) < stored.count ? stored[Int(first.node.index)] : nil)
        }
        try db.execute(
            sql: "INSERT INTO anomaly VALUES (?,?,?,?,?,?)",
            arguments: [
                node, anomaly.name, anomaly.subject, anomaly.count, firstNode, anomaly.first.map { Int64(bitPattern: $0.moment.packed) },
            ])
    }

    /// The anomalies of one node, or those of the run as a whole.
    static func all(_ db: Database, node: Int64?, numbers: [Int64: NodeID]) throws -> [Anomaly] {
        try Row.fetchAll(db, sql: "SELECT * FROM anomaly WHERE node IS ? ORDER BY name, subject, firstNode", arguments: [node]).map { row in
            var first: Position?
            if let stored = row["firstNode"] as Int64?, let id = numbers[stored], let moment = row["firstMoment"] as Int64? {
                first = Position(node: id, moment: Moment(packed: UInt64(bitPattern: moment)))
            }
            return Anomaly(row["name"], subject: row["subject"], count: row["count"], first: first)
        }
    }
}
