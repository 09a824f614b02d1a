import Foundation
import GRDB
public import RunModel

/// Chains as rows, what leads from chain to chain as blocks by the line it leads to.
enum InfluenceRows {
    /// Stores the chains and both relations.
    static func save(_ db: Database, _ joined: JoinedRun, stored: [Int64]) throws {
        let chain = try db.makeStatement(sql: "INSERT INTO chain VALUES (?,?,?)")
        for row in joined.chains { try chain.execute(arguments: [stored[Int(row.node.index)], row.process, row.chain]) }
        for (ordering, blocks) in joined.relations.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let insert = try db.makeStatement(sql: "INSERT INTO influences VALUES (?,?,?,?,?,?)")
            for block in blocks {
                guard let first = block.influences.first else { continue }
                try insert.execute(arguments: [
                    ordering.rawValue, block.line, block.number, Int64(bitPattern: first.to.packed),
                    Data(InfluenceCoding.encode(block.influences)), block.checkpoint.map { Data(InfluenceCoding.encode(checkpoint: $0)) },
                ])
            }
        }
    }

    /// All chains, by node and process.
    static func chains(_ db: Database, numbers: [Int64: NodeID]) throws -> [ProcessChain] {
        var next: Int32 = 0
        return try Row.fetchAll(db, sql: "SELECT node, process, chain FROM chain ORDER BY chain, process").map { row in
            let (number, stored): (Int64, Int64) = (try row.value("chain"), try row.value("node"))
            guard let node = numbers[stored], let chain = Int32(exactly: number), chain >= 0, chain == next - 1 || chain == next else {
                throw IndexError.damaged("chain \(number) of node \(stored)")
            }
            next = max(next, chain + 1)
            return ProcessChain(node: node, process: try row.value("process"), chain: chain)
        }
    }
}

/// Reads what leads to the lines of one relation, within one transaction. What was read last of each line is kept.
public final class InfluenceReader {
    private let db: Database
    private let path: String
    private let ordering: Ordering
    private let chains: Int
    private var last: [Int: InfluenceBlock] = [:]

    init(_ db: Database, path: String, _ ordering: Ordering, chains: Int) {
        self.db = db
        self.path = path
        self.ordering = ordering
        self.chains = chains
    }

    /// The block of `line` with the last influence at or before `moment`; `nil` if there is none.
    public func block(of line: Int, atOrBefore moment: Moment) throws(IndexError) -> InfluenceBlock? {
        if let block = last[line], let first = block.influences.first, let end = block.influences.last, first.to <= moment, moment < end.to
        {
            return block
        }
        return try block(
            """
            SELECT block, data, checkpoint FROM influences WHERE relation = ? AND line = ? AND first <= ?
            ORDER BY first DESC, block DESC LIMIT 1
            """, line, Int64(bitPattern: moment.packed))
    }

    /// Block `number` of `line`; `nil` if there is none.
    public func block(_ number: Int, of line: Int) throws(IndexError) -> InfluenceBlock? {
        if let block = last[line], Int(block.number) == number { return block }
        return try block(
            "SELECT block, data, checkpoint FROM influences WHERE relation = ? AND line = ? AND block = ?", line, Int64(number))
    }

    /// The checkpoint of block `number` of `line`, if there is one.
    public func checkpoint(_ number: Int, of line: Int) throws(IndexError) -> [Reach]? {
        let row = try row("SELECT checkpoint FROM influences WHERE relation = ? AND line = ? AND block = ?", line, Int64(number))
        return try checkpoint(row)
    }

    private func block(_ sql: String, _ line: Int, _ key: Int64) throws(IndexError) -> InfluenceBlock? {
        guard let row = try row(sql, line, key) else { return nil }
        let block = InfluenceBlock(
            line: Int32(truncatingIfNeeded: line), number: Int32(truncatingIfNeeded: try row.value("block") as Int64),
            influences: try InfluenceCoding.decode([UInt8](row.value("data") as Data), chains: chains), checkpoint: try checkpoint(row))
        last[line] = block
        return block
    }

    private func checkpoint(_ row: Row?) throws(IndexError) -> [Reach]? {
        guard let bytes: Data = try row?.value("checkpoint") as Data?? ?? nil else { return nil }
        return try InfluenceCoding.decode(checkpoint: [UInt8](bytes))
    }

    private func row(_ sql: String, _ line: Int, _ key: Int64) throws(IndexError) -> Row? {
        do {
            return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [ordering.rawValue, line, key])
        } catch { throw IndexError(error, path: path) }
    }
}

extension RunIndex {
    /// The chains of the run, one row for each process.
    public func chainRows() throws(IndexError) -> [ProcessChain] {
        let numbers = numbers
        return try file.read { db in try InfluenceRows.chains(db, numbers: numbers) }
    }

    /// Lets `body` read what leads to the lines of a relation, between `chains` chains.
    ///
    /// A run whose nodes are a chain each has only one relation on disk: for the other, too, ask for the recorded one.
    public func influences<T>(_ ordering: Ordering, chains: Int, _ body: (InfluenceReader) throws -> T) throws(IndexError) -> T {
        try file.read { db in try body(InfluenceReader(db, path: file.path, ordering, chains: chains)) }
    }

    /// The lasting name of channel `index` of the run's list, without reading the others.
    public func channelName(_ index: Int) throws(IndexError) -> String {
        let row = try file.read { db in
            try Row.fetchOne(db, sql: "SELECT openedNode AS node, opened FROM channel WHERE id = ?", arguments: [index])
        }
        guard let row, let node = numbers[try row.value("node")], let opened = try row.moment("opened") else {
            throw .damaged("no channel \(index)")
        }
        return text(Position(node: node, moment: opened))
    }

    /// The ranks of positions: of the last operation of the node up to there, counting from 1; 0 if there is none.
    public func ranks(of positions: [Position]) throws(IndexError) -> [Int] {
        try file.read { db in
            let operations = try db.cachedStatement(
                sql: "SELECT block, moments FROM operations WHERE node = ? AND first <= ? ORDER BY first DESC, block DESC LIMIT 1")
            let ranks = try db.cachedStatement(sql: "SELECT data FROM ranks WHERE node = ? AND block = ?")
            return try positions.map { position in
                let stored = nodes[Int(position.node.index)].stored
                let key = Int64(bitPattern: position.moment.packed)
                guard let row = try Row.fetchOne(operations, arguments: [stored, key]) else { return 0 }
                guard let index = try MomentBlock.last(atOrBefore: position.moment, [UInt8](row.value("moments") as Data)),
                    let data = try Data.fetchOne(ranks, arguments: [stored, row.value("block") as Int])
                else { return 0 }
                return try RankBlock.rank(index, [UInt8](data))
            }
        }
    }
}
