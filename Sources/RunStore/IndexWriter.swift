import Foundation
import GRDB
public import RunModel

/// What joining all nodes gave, ready to be stored.
public struct JoinedRun: Sendable {
    /// The channels.
    public var channels: [Channel]
    /// Where the bytes of each channel went.
    public var totals: [ChannelTotals]
    /// Where each channel was opened.
    public var opened: [Position]
    /// The deliveries.
    public var deliveries: [Delivery]
    /// For each node the operations that their endpoints do not place, sorted by operation.
    public var placements: [[Placement]]
    /// The node of each rank.
    public var order: [NodeID]
    /// How many messages there are.
    public var messages: Int
    /// What could not be decided.
    public var anomalies: [Anomaly]
    /// The chain of each process.
    public var chains: [ProcessChain] = []
    /// What leads from chain to chain, in blocks. If every node is one chain, the recorded order is all there is.
    public var relations: [Ordering: any Sequence<InfluenceBlock> & Sendable] = [:]
    /// The user's decisions that were honoured: the text of their file.
    public var decisions = ""

    /// All parts together.
    public init(
        channels: [Channel], totals: [ChannelTotals], opened: [Position], deliveries: [Delivery], placements: [[Placement]],
        order: [NodeID], messages: Int, anomalies: [Anomaly]
    ) {
        self.channels = channels
        self.totals = totals
        self.opened = opened
        self.deliveries = deliveries
        self.placements = placements
        self.order = order
        self.messages = messages
        self.anomalies = anomalies
    }
}

/// Writes the index of a run.
public struct IndexWriter {
    private let file: IndexFile

    /// Opens the index of `run`, or makes one.
    ///
    /// - Throws: `IndexError` if it cannot be opened or made.
    public init(_ run: RunDirectory) throws(IndexError) { file = try IndexFile(run, writable: true) }

    /// The nodes that the index holds, by name.
    public func nodes() throws(IndexError) -> [IndexedNode] { try file.read { db in try NodeRows.all(db, of: file.run) } }

    /// The text of the user's decisions that this index honours.
    public func decisions() throws(IndexError) -> String {
        try file.read { db in try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'decisions'") } ?? ""
    }

    /// The stored endpoints and operations of a node of this index.
    public func activity(of node: IndexedNode) throws(IndexError) -> NodeActivity {
        try file.read { db in try ActivityRows.load(db, node: node.stored) }
    }

    /// Replaces the index, in one transaction.
    ///
    /// - Parameters:
    ///   - nodes: all nodes of the run, in the order of their numbers.
    ///   - fresh: for the nodes that were read anew, by index, what was found; the others keep what is stored.
    ///   - joined: what joining them gave.
    public func commit(nodes: [IndexedNode], fresh: [Int: NodeActivity], joined: JoinedRun) throws(IndexError) {
        try file.write { db in
            let kept = Set(nodes.indices.filter { fresh[$0] == nil }.map { nodes[$0].stored })
            for old in try Int64.fetchAll(db, sql: "SELECT id FROM node") where !kept.contains(old) {
                for table in Schema.perNode { try db.execute(sql: "DELETE FROM \(table) WHERE node = ?", arguments: [old]) }
                try db.execute(sql: "DELETE FROM node WHERE id = ?", arguments: [old])
            }
            for table in Schema.joined + ["anomaly"] { try db.execute(sql: "DELETE FROM \(table)") }
            var stored: [Int64] = []
            for (index, node) in nodes.enumerated() {
                let id = try NodeRows.save(db, node, of: file.run, isNew: fresh[index] != nil)
                stored.append(id)
                if let activity = fresh[index] { try ActivityRows.save(db, activity, node: id) }
                for anomaly in node.anomalies { try AnomalyRows.save(db, anomaly, node: id, stored: stored) }
            }
            for anomaly in joined.anomalies { try AnomalyRows.save(db, anomaly, node: nil, stored: stored) }
            try ChannelRows.save(db, joined, stored: stored)
            try PlacementRows.save(db, joined.placements, stored: stored)
            try OrderRows.save(db, joined.order, stored: stored)
            try InfluenceRows.save(db, joined, stored: stored)
            try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES ('messages', ?)", arguments: [String(joined.messages)])
            try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES ('decisions', ?)", arguments: [joined.decisions])
        }
    }
}
