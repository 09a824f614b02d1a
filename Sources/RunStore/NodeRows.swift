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
                    firstTime, lastTime, clockOffset, isBuffered, captureName, counters, processes)
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
                """,
            arguments: [
                node.name, run.stored(node.tracePath), node.fingerprint, try node.sidecar.map { try text($0) }, node.hostName,
                node.hostKey, node.uuid,
                node.state.rawValue, Int64(clamping: node.events), node.operations, node.time.lowerBound, node.time.upperBound,
                node.clockOffset, node.isBuffered, node.captureName, try node.counters.map { try text($0) }, try text(node.processes),
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
                name: try row.value("name"), tracePath: run.tracePath(stored: try row.value("tracePath")),
                fingerprint: try row.value("fingerprint"))
            node.stored = try row.value("id")
            node.sidecar = try (row.value("sidecar") as String?).map { try decoder.decode(Sidecar.self, from: Data($0.utf8)) }
            node.hostName = try row.value("hostName")
            node.hostKey = try row.value("hostKey")
            node.uuid = try row.value("uuid")
            node.state = IndexedNode.State(rawValue: try row.value("state")) ?? .failed
            node.events = UInt64(clamping: try row.value("events") as Int64)
            node.operations = try row.value("operations")
            let first: Int64 = try row.value("firstTime")
            node.time = first...max(first, try row.value("lastTime"))
            node.clockOffset = try row.value("clockOffset")
            node.isBuffered = try row.value("isBuffered")
            node.captureName = try row.value("captureName")
            node.counters = try (row.value("counters") as String?).map { try decoder.decode(Sidecar.Counters.self, from: Data($0.utf8)) }
            node.processes = try decoder.decode([NodeProcess].self, from: Data((row.value("processes") as String).utf8))
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
            if let stored = try row.value("firstNode") as Int64?, let id = numbers[stored], let moment = try row.moment("firstMoment") {
                first = Position(node: id, moment: moment)
            }
            return Anomaly(try row.value("name"), subject: try row.value("subject"), count: try row.value("count"), first: first)
        }
    }
}
